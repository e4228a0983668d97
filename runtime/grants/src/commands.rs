//! Command patterns: `cargo test *`, `git log --oneline -- *`.
//!
//! A pattern is a program and its arguments by position, separated by spaces;
//! there is no shell and no quoting. The program is a bare name, written out.
//!
//! | word | takes |
//! |---|---|
//! | `test`, `--offline` | exactly this argument |
//! | `test_*`, `--features=*` | one argument that begins so |
//! | `*` | one *plain* argument; as the last word any number of them |
//! | `**` (last) | any arguments whatever, options too |
//! | `[--release]`, `[--features=*]` | nothing by itself: makes the option known to each `*` of the pattern |
//!
//! A plain argument does not begin with `-`, `@` or `+`: options smuggle
//! execution (`--config`, `-c core.pager=…`), files (`--output=/x`, `@args`)
//! or another program (`+toolchain`). So a `*` takes an option only where the
//! pattern names it in brackets, or where it is one of the few that are known
//! to do no such thing for the words that the pattern begins with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::options::{self, Vocabulary};
use crate::relate::{self, Step};

const PATTERN_BYTES: usize = 1024;

/// One word of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Exactly(String),
    BeginsWith(String),
    Plain,
    Any,
}

/// How far a line got with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The pattern takes it.
    Fits,
    /// Only the options stand in the way; the index is that of the first.
    Option(usize),
    /// It is another command.
    Misses,
}

/// A checked pattern of commands.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandPattern {
    text: String,
    program: String,
    words: Vec<Step<Word>>,
    /// Options named in brackets.
    named: Vec<Word>,
    vocabulary: Option<&'static Vocabulary>,
}

impl CommandPattern {
    /// Whether the pattern takes the command.
    pub fn matches(&self, program: &str, arguments: &[String]) -> bool {
        self.fit(program, arguments) == Fit::Fits
    }

    /// The program, a bare name.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether some command is taken by both. May say yes where it is no.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.program == other.program
            && relate::overlaps(&self.words, &other.words, |a, b| {
                self.takes(a, b) || other.takes(b, a)
            })
    }

    /// Whether every command that `other` takes is taken by this one too.
    /// `false` may also mean that it could not be shown.
    pub fn covers(&self, other: &Self) -> bool {
        if self.text == other.text {
            return true;
        }
        if let Some(arguments) = other.literal() {
            return self.matches(&other.program, &arguments);
        }
        self.program == other.program
            && relate::covers(&self.words, &other.words, |wide, narrow| {
                self.surely_takes(wide, narrow, other)
            })
    }

    /// Whether what it allows runs code of the workspace.
    pub fn runs_workspace_code(&self) -> bool {
        options::runs_workspace_code(&self.lead())
    }

    /// Whether it ends in `**`: any argument whatever.
    pub fn takes_any_option(&self) -> bool {
        self.words
            .iter()
            .any(|step| matches!(step, Step::Many(Word::Any)))
    }

    /// The same to deny by: what `*` would not take because it is an option is
    /// denied too.
    pub(crate) fn denying(mut self) -> Self {
        for step in &mut self.words {
            match step {
                Step::One(word) | Step::Many(word) if *word == Word::Plain => *word = Word::Any,
                Step::One(_) | Step::Many(_) => {}
            }
        }
        self
    }

    /// How far a command gets with the pattern.
    pub(crate) fn fit(&self, program: &str, arguments: &[String]) -> Fit {
        if program != self.program {
            return Fit::Misses;
        }
        let dashes = arguments.iter().position(|argument| argument == "--");
        let mut refused = None;
        let mut rest = arguments.iter().enumerate();
        for step in &self.words {
            match step {
                Step::One(word) => {
                    let Some((index, argument)) = rest.next() else {
                        return Fit::Misses;
                    };
                    match self.word_takes(word, argument, dashes.is_some_and(|at| at < index)) {
                        Some(true) => {}
                        Some(false) => refused = refused.or(Some(index)),
                        None => return Fit::Misses,
                    }
                }
                Step::Many(word) => {
                    for (index, argument) in rest.by_ref() {
                        let after = dashes.is_some_and(|at| at < index);
                        if self.word_takes(word, argument, after) != Some(true) {
                            refused = refused.or(Some(index));
                        }
                    }
                }
            }
        }
        match (rest.next(), refused) {
            (Some(_), _) => Fit::Misses,
            (None, Some(index)) => Fit::Option(index),
            (None, None) => Fit::Fits,
        }
    }

    /// `Some(false)`: a wildcard that would take it, were it no option.
    fn word_takes(&self, word: &Word, argument: &str, after_dashes: bool) -> Option<bool> {
        match word {
            Word::Exactly(text) => (argument == text).then_some(true),
            Word::BeginsWith(start) => argument.starts_with(start.as_str()).then_some(true),
            Word::Any => Some(true),
            Word::Plain => Some(
                is_plain(argument)
                    || self.names(argument)
                    || self
                        .vocabulary
                        .is_some_and(|known| known.knows(argument, after_dashes)),
            ),
        }
    }

    fn names(&self, argument: &str) -> bool {
        self.named.iter().any(|word| match word {
            Word::Exactly(text) => argument == text,
            Word::BeginsWith(start) => argument.starts_with(start.as_str()),
            Word::Plain | Word::Any => false,
        })
    }

    /// Whether `wide`, a word of this pattern, can take what `narrow` takes.
    fn takes(&self, wide: &Word, narrow: &Word) -> bool {
        let known = |option: &str| {
            self.names(option)
                || self
                    .vocabulary
                    .is_some_and(|all| all.knows(option, false) || all.knows(option, true))
        };
        match (wide, narrow) {
            (Word::Any, _) | (Word::Plain, Word::Plain) => true,
            (Word::Plain, Word::Exactly(text)) => is_plain(text) || known(text),
            // Some option that begins so may be known.
            (Word::Plain, Word::BeginsWith(start)) => {
                is_plain(start) || self.vocabulary.is_some() || !self.named.is_empty()
            }
            (Word::Exactly(a), Word::Exactly(b)) => a == b,
            (Word::BeginsWith(start), Word::Exactly(text)) => text.starts_with(start.as_str()),
            (Word::BeginsWith(a), Word::BeginsWith(b)) => {
                a.starts_with(b.as_str()) || b.starts_with(a.as_str())
            }
            _ => false,
        }
    }

    fn surely_takes(&self, wide: &Word, narrow: &Word, other: &Self) -> bool {
        match (wide, narrow) {
            (Word::Any, _) => true,
            (Word::Plain, Word::Plain) => {
                (other.vocabulary.is_none() || other.vocabulary == self.vocabulary)
                    && other.named.iter().all(|option| self.named.contains(option))
            }
            (Word::Plain, Word::Exactly(text) | Word::BeginsWith(text)) => {
                is_plain(text) && !text.is_empty()
            }
            (Word::Exactly(a), Word::Exactly(b)) => a == b,
            (Word::BeginsWith(start), Word::Exactly(text) | Word::BeginsWith(text)) => {
                text.starts_with(start.as_str())
            }
            _ => false,
        }
    }

    /// The arguments, where the pattern takes exactly one command.
    fn literal(&self) -> Option<Vec<String>> {
        let word = |step: &Step<Word>| match step {
            Step::One(Word::Exactly(text)) => Some(text.clone()),
            _ => None,
        };
        self.words.iter().map(word).collect()
    }

    fn lead(&self) -> Vec<&str> {
        let word = |step| match step {
            &Step::One(Word::Exactly(ref text)) => Some(text.as_str()),
            _ => None,
        };
        std::iter::once(self.program.as_str())
            .chain(self.words.iter().map_while(word))
            .collect()
    }
}

/// Whether no program takes the argument for an option or a file of them.
fn is_plain(argument: &str) -> bool {
    !argument.starts_with(['-', '@', '+'])
}

impl FromStr for CommandPattern {
    type Err = CommandPatternError;

    fn from_str(text: &str) -> Result<Self, CommandPatternError> {
        parse(text).map_err(|why| CommandPatternError {
            pattern: crate::shown(text),
            why,
        })
    }
}

fn parse(text: &str) -> Result<CommandPattern, &'static str> {
    if text.len() > PATTERN_BYTES {
        return Err("it is longer than 1,024 bytes");
    }
    if text.chars().any(crate::shown::deceives) {
        return Err("it contains a control or an invisible character");
    }
    if text.contains(['\'', '"', '\\', '`', ';', '|', '&', '<', '>', '$']) {
        return Err("it is no shell line: no quoting, no `|`, `&`, `;`, `<`, `>`, `$`");
    }
    let mut tokens = text.split_whitespace();
    let program = check_program(tokens.next().ok_or("it is empty")?)?.to_owned();
    let tokens: Vec<&str> = tokens.collect();
    let mut pattern = CommandPattern {
        text: std::iter::once(program.as_str())
            .chain(tokens.iter().copied())
            .collect::<Vec<_>>()
            .join(" "),
        program,
        words: Vec::new(),
        named: Vec::new(),
        vocabulary: None,
    };
    let last = tokens.iter().rposition(|token| !token.starts_with("[-"));
    for (index, token) in tokens.iter().enumerate() {
        if let Some(option) = token
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            pattern.named.push(option_word(option)?);
        } else {
            pattern.words.push(step(token, Some(index) == last)?);
        }
    }
    pattern.vocabulary = Vocabulary::of(&pattern.lead());
    Ok(pattern)
}

fn check_program(program: &str) -> Result<&str, &'static str> {
    if program.contains(['*', '[', ']']) {
        return Err("the program must be written out");
    }
    if program.contains('/') || program.starts_with(['.', '-']) {
        return Err("the program is a bare name; it is found outside of the workspace");
    }
    Ok(program)
}

fn step(token: &str, last: bool) -> Result<Step<Word>, &'static str> {
    match (token, last) {
        ("*", true) => Ok(Step::Many(Word::Plain)),
        ("*", false) => Ok(Step::One(Word::Plain)),
        ("**", true) => Ok(Step::Many(Word::Any)),
        ("**", false) => Err("`**` stands only at the end"),
        _ => word(token).map(Step::One),
    }
}

fn word(token: &str) -> Result<Word, &'static str> {
    match token.strip_suffix('*') {
        None if token.contains('*') => Err("within a word `*` stands only at its end"),
        None => Ok(Word::Exactly(token.to_owned())),
        Some(start) if start.contains('*') => Err("within a word `*` stands only once, at its end"),
        Some("-" | "--" | "@" | "+") => Err("name the option; `**` at the end takes any"),
        Some(start) => Ok(Word::BeginsWith(start.to_owned())),
    }
}

fn option_word(option: &str) -> Result<Word, &'static str> {
    if !option.starts_with('-') {
        return Err("brackets name an option: `[--release]`, `[--features=*]`");
    }
    word(option)
}

impl TryFrom<String> for CommandPattern {
    type Error = CommandPatternError;

    fn try_from(text: String) -> Result<Self, CommandPatternError> {
        text.parse()
    }
}

impl From<CommandPattern> for String {
    fn from(pattern: CommandPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for CommandPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CommandPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for CommandPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CommandPattern {}

/// The text is no pattern of commands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no command pattern: {why}")]
pub struct CommandPatternError {
    pattern: String,
    why: &'static str,
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
