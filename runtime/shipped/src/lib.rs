//! The standard plugins, built into the binary.
//!
//! What `std:…` means in a blueprint, in a grant and in evidence: these bytes
//! and no others.

use minion_grants::Digest;

/// A standard plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// `std:` and a word.
    pub name: &'static str,
    /// Of the bytes.
    pub digest: Digest,
    /// The whole file, as `minion-rt build` makes it.
    pub bytes: &'static [u8],
}

static PLUGINS: &[Shipped] = include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

/// All of them, sorted by name.
pub fn plugins() -> &'static [Shipped] {
    PLUGINS
}

/// The one with this name.
pub fn find(name: &str) -> Option<&'static Shipped> {
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

/// The digest of the one with this name.
pub fn digest(name: &str) -> Option<Digest> {
    find(name).map(|plugin| plugin.digest)
}

#[cfg(test)]
mod tests {
    use minion_bundle::read;
    use minion_grants::ComponentKind;

    use super::*;

    #[test]
    fn each_is_a_plugin_that_reads_back_under_its_digest() {
        assert_eq!(plugins().len(), 3);
        for plugin in plugins() {
            let bundle = read(plugin.bytes).unwrap();
            assert_eq!(bundle.kind, ComponentKind::Plugin, "{}", plugin.name);
            assert_eq!(bundle.digest, plugin.digest, "{}", plugin.name);
        }
    }

    #[test]
    fn lint_and_test_may_stand_as_gates_and_autofix_may_not() {
        let gate = |name| {
            read(find(name).unwrap().bytes)
                .unwrap()
                .manifest
                .gate
                .is_some()
        };
        assert!(gate("std:lint") && gate("std:test"));
        assert!(!gate("std:autofix"));
    }

    #[test]
    fn none_imports_anything_but_our_interfaces() {
        for plugin in plugins() {
            let bundle = read(plugin.bytes).unwrap();
            let foreign = bundle
                .imports
                .iter()
                .find(|import| !import.name.starts_with("minion:"));
            assert_eq!(foreign, None, "{}", plugin.name);
        }
    }

    #[test]
    fn names_are_sorted_and_an_unknown_one_is_none() {
        assert!(plugins().is_sorted_by_key(|plugin| plugin.name));
        assert_eq!(find("std:nope"), None);
        assert_eq!(
            digest("std:lint"),
            find("std:lint").map(|plugin| plugin.digest)
        );
    }
}
