//! Whatever happens to a file on its way, reading it ends in an answer.

use std::sync::OnceLock;

use minion_bundle::read;
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
