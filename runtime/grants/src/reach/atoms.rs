//! The atoms of each kind of capability: how one takes a deed, and how two of
//! them relate.

use std::collections::BTreeSet;
use std::fmt;

use super::set::Atom;
use crate::marks::{Mark, MarkKind, marks};
use crate::rules::opened_marks;
use crate::{AgentAsk, CommandPattern, PathPattern};

/// Paths, and which marked files among them are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) pattern: PathPattern,
    pub(crate) opens: Opens,
    /// Of changes, protected files are marked too.
    pub(crate) changes: bool,
}

/// Which of its marked files a pattern takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    /// None.
    Nothing,
    /// Those that it names.
    Named,
    /// All: so a deny takes them.
    All,
}

impl Paths {
    fn marked(&self, path: &str) -> Vec<Mark> {
        let mut marks = marks(path);
        marks.retain(|mark| mark.kind == MarkKind::Secret || self.changes);
        marks
    }

    /// Whether it takes the files that `other` opens by naming them.
    fn opens_what(&self, other: &Self) -> bool {
        match (self.opens, other.opens) {
            (Opens::All, _) | (_, Opens::Nothing) => true,
            (_, Opens::All) => false,
            (Opens::Nothing, Opens::Named) => other.named_marks().is_empty(),
            (Opens::Named, Opens::Named) => {
                let marks = other.named_marks();
                let names = |&(mark, parts): &(Mark, usize)| {
                    self.pattern.names(mark.start, mark.end, parts)
                };
                marks.iter().all(names)
            }
        }
    }

    /// The marks that its pattern opens by naming them, each with how many parts
    /// the path has. `x/**` takes `x` too.
    fn named_marks(&self) -> Vec<(Mark, usize)> {
        let text = self.pattern.as_str();
        let folder = text.strip_suffix("/**").and_then(|text| text.parse().ok());
        let of = |pattern: &PathPattern| {
            let parts = pattern.as_str().split('/').count();
            let marks = opened_marks(pattern, self.changes).into_iter();
            marks.map(|mark| (mark, parts)).collect::<Vec<_>>()
        };
        let mut marks = of(&self.pattern);
        marks.extend(folder.iter().flat_map(of));
        marks.retain(|&(mark, parts)| self.pattern.names(mark.start, mark.end, parts));
        marks
    }
}

impl Atom for Paths {
    type Deed = str;

    fn takes(&self, path: &str) -> bool {
        let parts = path.split('/').count();
        let open = |mark: &Mark| match self.opens {
            Opens::Nothing => false,
            Opens::Named => self.pattern.names(mark.start, mark.end, parts),
            Opens::All => true,
        };
        self.pattern.matches(path) && self.marked(path).iter().all(open)
    }

    fn covers(&self, other: &Self) -> bool {
        self.pattern.covers(&other.pattern) && self.opens_what(other)
    }

    fn overlaps(&self, other: &Self) -> bool {
        // All that a pattern within the other takes has the marks that it names;
        // but what lies in a folder may have none.
        let closed = |wide: &Self, narrow: &Self| {
            wide.pattern.covers(&narrow.pattern)
                && !narrow.pattern.as_str().ends_with("**")
                && narrow.opens == Opens::Named
                && !wide.opens_what(narrow)
        };
        self.pattern.overlaps(&other.pattern) && !closed(self, other) && !closed(other, self)
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.pattern, f)
    }
}

/// A command as it would be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// A bare name.
    pub program: String,
    /// One by one, as the program gets them.
    pub arguments: Vec<String>,
}

impl Atom for CommandPattern {
    type Deed = CommandLine;

    fn takes(&self, line: &CommandLine) -> bool {
        self.matches(&line.program, &line.arguments)
    }

    fn covers(&self, other: &Self) -> bool {
        self.covers(other)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.overlaps(other)
    }
}

/// Names of models or tools: these, or all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Names {
    Only(BTreeSet<String>),
    AllBut(BTreeSet<String>),
}

impl Names {
    pub(crate) fn any() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(name),
            Self::AllBut(names) => !names.contains(name),
        }
    }

    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Only(theirs)) => theirs.iter().all(|name| self.has(name)),
            (Self::AllBut(own), Self::AllBut(theirs)) => own.is_subset(theirs),
            (Self::Only(_), Self::AllBut(_)) => false,
        }
    }

    pub(crate) fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::AllBut(own), Self::AllBut(theirs)) => Self::AllBut(own | theirs),
            (Self::Only(names), rest) | (rest, Self::Only(names)) => {
                let both = names.iter().filter(|name| rest.has(name));
                Self::Only(both.cloned().collect())
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Only(names) if names.is_empty())
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |names: &BTreeSet<String>| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            names.join(",")
        };
        match self {
            Self::Only(names) => f.write_str(&joined(names)),
            Self::AllBut(names) if names.is_empty() => f.write_str("any"),
            Self::AllBut(names) => write!(f, "any but {}", joined(names)),
        }
    }
}

/// What may be done with a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Models {
    pub(crate) names: Names,
    pub(crate) tools: Names,
    pub(crate) max_turns: u32,
    pub(crate) max_tokens: u64,
}

/// One call of a model, with all that comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCall {
    /// The operator's name of the model.
    pub model: String,
    /// The tools that are called.
    pub tools: Vec<String>,
    /// Turns that are taken.
    pub turns: u32,
    /// Tokens that are spent.
    pub tokens: u64,
}

impl From<&AgentAsk> for Models {
    fn from(ask: &AgentAsk) -> Self {
        Self {
            names: Names::Only(BTreeSet::from([ask.model.clone()])),
            tools: Names::Only(ask.tools.iter().cloned().collect()),
            max_turns: ask.max_turns,
            max_tokens: ask.max_tokens,
        }
    }
}

impl Atom for Models {
    type Deed = ModelCall;

    fn takes(&self, call: &ModelCall) -> bool {
        self.names.has(&call.model)
            && call.tools.iter().all(|tool| self.tools.has(tool))
            && call.turns <= self.max_turns
            && call.tokens <= self.max_tokens
    }

    fn covers(&self, other: &Self) -> bool {
        self.names.covers(&other.names)
            && self.tools.covers(&other.tools)
            && self.max_turns >= other.max_turns
            && self.max_tokens >= other.max_tokens
    }

    fn overlaps(&self, other: &Self) -> bool {
        !self.names.meet(&other.names).is_empty()
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        Some(Self {
            names: self.names.meet(&other.names),
            tools: self.tools.meet(&other.tools),
            max_turns: self.max_turns.min(other.max_turns),
            max_tokens: self.max_tokens.min(other.max_tokens),
        })
    }
}

impl fmt::Display for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model={} tools={}", self.names, self.tools)?;
        if self.max_turns != u32::MAX {
            write!(f, " max-turns={}", self.max_turns)?;
        }
        if self.max_tokens != u64::MAX {
            write!(f, " max-tokens={}", self.max_tokens)?;
        }
        Ok(())
    }
}
