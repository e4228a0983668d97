//! Most paths of a tree, told by one look at their bytes: ASCII, no dots in
//! front, no name that any rule of ours speaks of.
//!
//! Only a shortcut. It says yes where [`closed`](crate::authority) and
//! [`marks`](crate::marks) are sure to have nothing to say, and no wherever
//! they might; what they then say counts. A test holds the two together.

use std::sync::LazyLock;

use crate::marks::{first_words, key_names, secret_endings};

/// A longer path, or one with more parts, is looked at properly.
const BYTES: usize = 256;

/// Whether nothing closes the path and no mark lies on it, by one look. No
/// means nothing.
pub(crate) fn harmless(path: &str) -> bool {
    let path = path.as_bytes();
    path.len() <= BYTES
        && path.iter().fold(true, |so_far, &byte| so_far & plain(byte))
        && path.split(|&byte| byte == b'/').all(harmless_part)
}

/// Neither a control, nor what starts a stream, ends a part elsewhere, stands
/// in short names, or needs more than a byte.
const fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b':' | b'\\' | b'~')
}

fn harmless_part(part: &[u8]) -> bool {
    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return false;
    };
    *first != b'.' && !matches!(last, b'.' | b' ') && !WORDS.has(part) && !ends_as_secret(part)
}

fn ends_as_secret(part: &[u8]) -> bool {
    part.iter()
        .rposition(|&byte| byte == b'.')
        .is_some_and(|dot| ENDINGS.has(&part[dot..]))
}

/// A few names, without regard to case.
struct Names {
    names: Vec<&'static str>,
    /// Their lengths, a bit each: none of ours has 64 letters.
    lengths: u64,
}

impl Names {
    fn new(names: impl Iterator<Item = &'static str>) -> Self {
        let names: Vec<_> = names.collect();
        let lengths = names.iter().fold(0, |all, name| all | 1_u64 << name.len());
        Self { names, lengths }
    }

    fn has(&self, name: &[u8]) -> bool {
        name.len() < 64
            && self.lengths >> name.len() & 1 == 1
            && self
                .names
                .iter()
                .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
    }
}

/// Names that begin an entry of a table. Those with a dot in front need not be
/// known here.
static WORDS: LazyLock<Names> = LazyLock::new(|| {
    let names = first_words().chain(key_names());
    Names::new(names.filter(|name| !name.starts_with('.')))
});

/// Endings of names, each a dot and what follows.
static ENDINGS: LazyLock<Names> = LazyLock::new(|| Names::new(secret_endings()));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::closed;
    use crate::marks::marks;
    use proptest::prelude::*;

    fn all_names() -> impl Iterator<Item = &'static str> {
        first_words()
            .chain(key_names())
            .chain(secret_endings())
            .chain([".git", "git~1", "gi7eba~1"])
    }

    fn nothing_to_say(path: &str) -> bool {
        closed(path).is_none() && marks(path).is_empty()
    }

    #[test]
    fn usual_paths_are_told_by_one_look() {
        for path in [
            "src",
            "src/lib.rs",
            "Cargo.toml",
            "a b/c-d_e.2.py",
            "docs/README.md",
        ] {
            assert!(harmless(path), "{path}");
        }
    }

    #[test]
    fn no_name_of_a_table_passes_in_any_case_or_place() {
        for name in all_names() {
            for path in [
                name.to_owned(),
                name.to_uppercase(),
                format!("a/{name}"),
                format!("{name}/b"),
            ] {
                assert!(!harmless(&path) || nothing_to_say(&path), "{path}");
            }
        }
        for ending in secret_endings() {
            assert!(
                ending.rfind('.') == Some(0),
                "{ending} is not one dot and what follows"
            );
            assert!(!harmless(&format!("a{}", ending.to_uppercase())));
        }
        for path in [
            "",
            "/a",
            "a/",
            "a//b",
            "a/..",
            "a:b",
            "a\\b",
            "git~1",
            "a ",
            "a.",
            "é",
            "a\nb",
            &"a/".repeat(300),
        ] {
            assert!(!harmless(path), "{path}");
        }
    }

    fn part() -> impl Strategy<Value = String> {
        let names: Vec<_> = all_names().collect();
        let name = prop::sample::select(names).prop_map(str::to_owned);
        prop_oneof![
            name.clone(),
            name.clone().prop_map(|name| name.to_uppercase()),
            (name.clone(), ".{0,2}").prop_map(|(name, end)| name + &end),
            (".{0,2}", name).prop_map(|(start, name)| start + &name),
            "[a-zA-Z0-9._ ~:-]{0,6}",
            ".{0,4}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn what_one_look_passes_nothing_closes_or_marks(parts in prop::collection::vec(part(), 0..4)) {
            let path = parts.join("/");
            if harmless(&path) {
                prop_assert!(nothing_to_say(&path), "{path:?}");
            }
        }
    }
}
