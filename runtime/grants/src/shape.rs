//! The usual shapes of a path pattern, `**`, `x/**` and `x` without wildcards:
//! letters are compared, where the others need an automaton.
//!
//! Only a shortcut: it answers as the matcher and the relations do, and a test
//! holds them together.

/// What a pattern looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `**`.
    Everything,
    /// `x/**`: the length of `x`, in bytes.
    Beneath(usize),
    /// `x`.
    Exactly,
    /// Anything else.
    Other,
}

impl Shape {
    pub(crate) fn of(pattern: &str) -> Self {
        let written_out = |text: &str| !text.contains(['*', '?']);
        match pattern.strip_suffix("/**") {
            _ if pattern == "**" => Self::Everything,
            Some(folder) if written_out(folder) => Self::Beneath(folder.len()),
            None if written_out(pattern) => Self::Exactly,
            _ => Self::Other,
        }
    }

    /// Whether `pattern`, which is of this shape, matches a path that is not
    /// empty; `None`: ask the matcher.
    pub(crate) fn matches(self, pattern: &str, path: &str) -> Option<bool> {
        match self {
            Self::Everything => Some(true),
            Self::Beneath(folder) => Some(lies_in(path, &pattern[..folder])),
            Self::Exactly => Some(path == pattern),
            Self::Other => None,
        }
    }

    /// Whether something at or beneath the folder `path` can match; `None`: ask
    /// the relations.
    pub(crate) fn reaches_into(self, pattern: &str, path: &str) -> Option<bool> {
        let folder = match self {
            Self::Everything => return Some(true),
            Self::Beneath(folder) => &pattern[..folder],
            Self::Exactly => pattern,
            Self::Other => return None,
        };
        let whole = !path.starts_with('/') && !path.ends_with('/') && !path.contains("//");
        let above = path.is_empty() || lies_in(folder, path);
        let within = self != Self::Exactly && lies_in(path, folder);
        whole.then_some(above || within)
    }
}

/// Whether a path is the folder or lies in it.
fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
