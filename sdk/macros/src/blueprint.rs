//! `blueprint!`: text in (`parse`), what is wrong with it (`check`), code out
//! (`expand`). What can be known while compiling is refused here, at the word
//! that is wrong; the host checks the finished graph again.

mod check;
mod expand;
mod parse;

pub(crate) use check::check;
pub(crate) use expand::expand;

use proc_macro2::{Span, TokenStream};
use syn::{LitInt, LitStr, Path, Type};

/// All that stands in one `blueprint!`.
pub(crate) struct Declared {
    pub(crate) state: Type,
    pub(crate) start: Word,
    pub(crate) nodes: Vec<Node>,
}

/// A name, written as an identifier or as a string (for names with dashes).
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Deterministic,
    Agentic,
    Gate,
    Approval,
}

pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) id: Word,
    pub(crate) plugin: Option<Plugin>,
    pub(crate) entries: Entries,
}

/// `= "std:lint"({ … })`
pub(crate) struct Plugin {
    pub(crate) name: LitStr,
    pub(crate) parameters: Option<TokenStream>,
}

/// What stands between the braces of a node.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) needs: Vec<Word>,
    pub(crate) prompts: Vec<LitStr>,
    pub(crate) tools: Vec<LitStr>,
    pub(crate) output: Option<Path>,
    pub(crate) max_turns: Option<LitInt>,
    pub(crate) max_tokens: Option<LitInt>,
    pub(crate) max_seconds: Option<LitInt>,
    pub(crate) max_visits: Option<LitInt>,
    pub(crate) then: Option<Word>,
    pub(crate) edges: Vec<(Word, Word)>,
}

#[cfg(test)]
mod tests;
