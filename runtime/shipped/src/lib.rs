//! The standard plugins, built into the binary.
//!
//! What `std:…` means in a blueprint, in a grant and in evidence: these bytes
//! and no others.

/// A standard plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// `std:` and a word.
    pub name: &'static str,
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
