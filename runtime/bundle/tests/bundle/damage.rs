//! Whatever happens to a file on its way, reading it ends in an answer.

use std::sync::OnceLock;

use minion_bundle::{read, read_knowing};
use minion_grants::Digest;
use proptest::prelude::*;

use crate::made::Made;

fn whole() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let plugin = Made::plugin().file();
        Made::blueprint()
            .with_plugin("std:lint", &plugin)
            .with_prompt("p.md", "Mend it.")
            .file()
    })
}

/// The file with another instruction at the start of its first function: a `drop` of
/// nothing, which no validator lets through.
fn with_broken_function(file: &[u8]) -> Vec<u8> {
    let body = wasmparser::Parser::new(0)
        .parse_all(file)
        .find_map(|payload| {
            let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() else {
                return None;
            };
            Some(body.get_operators_reader().unwrap().original_position())
        });
    let mut broken = file.to_vec();
    broken[usize::try_from(body.unwrap()).unwrap()] = 0x1a;
    broken
}

#[test]
fn code_is_trusted_by_the_digest_of_the_very_bytes_and_by_nothing_else() {
    let good = Made::plugin().file();
    let broken = with_broken_function(&good);
    let (known, other) = (Digest::of(&good), Digest::of(&broken));
    let refused = |file: &[u8], sound: &[Digest]| {
        let error = read_knowing(file, sound).unwrap_err().to_string();
        assert!(
            error.contains("expected a type but nothing on stack"),
            "{error}"
        );
    };

    refused(&broken, &[]);
    refused(&broken, &[known]);
    // That it is taken here shows that the test can fail.
    assert_eq!(read_knowing(&broken, &[other]).unwrap().digest, other);

    let holding = |plugin: &[u8]| Made::blueprint().with_plugin("std:lint", plugin).file();
    refused(&holding(&broken), &[known]);
    let (plain, knowing) = (
        read(&holding(&good)),
        read_knowing(&holding(&good), &[known]),
    );
    assert_eq!(
        format!("{:?}", plain.unwrap()),
        format!("{:?}", knowing.unwrap())
    );
}

#[test]
fn all_but_the_code_of_a_known_file_is_read_as_ever() {
    let mut file = Made::plugin().file();
    file.truncate(file.len() - 1);
    assert!(read_knowing(&file, &[Digest::of(&file)]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn truncated_files_are_refused(cut in 0..whole().len()) {
        prop_assert!(read(&whole()[..cut]).is_err());
    }

    #[test]
    fn flipped_bits_never_panic(flips in prop::collection::vec((0..whole().len(), 0_u8..8), 1..8)) {
        let mut file = whole().to_vec();
        for (at, bit) in flips {
            file[at] ^= 1 << bit;
        }
        if let Ok(bundle) = read(&file) {
            prop_assert_eq!(bundle.bytes, file);
        }
    }

    #[test]
    fn moved_pieces_never_panic(from in 0..whole().len(), to in 0..whole().len(), count in 1_usize..64) {
        let mut file = whole().to_vec();
        let piece: Vec<u8> = file[from..].iter().copied().take(count).collect();
        file.splice(to..to, piece);
        let _ = read(&file);
    }

    #[test]
    fn noise_behind_a_header_never_panics(noise in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut file = b"\0asm\x0d\0\x01\0".to_vec();
        file.extend(noise);
        prop_assert!(read(&file).is_err());
    }
}
