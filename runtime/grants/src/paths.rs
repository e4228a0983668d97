//! Path patterns: `src/**`, `tests/*.rs`, `Cargo.toml`.
//!
//! A pattern is relative to the root of the workspace, `/` between the parts.
//! `*` stands for any letters within one part, `?` for one, `**` as a whole
//! part for any number of parts, also none: `x/**` covers `x` itself. Every
//! other letter, brackets too, stands for itself. Letters count as written:
//! there is no folding of case.
//!
//! Refused: absolute paths, `.` and `..`, empty parts, negation, `\`, control
//! characters, and patterns that end in `.git` territory.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::marks::git_part;
use crate::relate::{self, Step};
use crate::shape::Shape;
use crate::shown::deceives;

const PATTERN_BYTES: usize = 512;

/// A letter of a part, or any letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letter {
    Any,
    Is(char),
}

/// A part of a path: its letters, or any part (only within `**`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Any,
    Letters(Vec<Step<Letter>>),
}

/// A checked pattern of paths.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: String,
    shape: Shape,
    segments: Vec<Step<Segment>>,
    /// Where the shape does not tell.
    matcher: Option<Matcher>,
}

/// An automaton takes as long to make as a hundred usual patterns do to be held against a
/// path, so only those that need one have it.
#[derive(Clone)]
struct Matcher {
    whole: GlobMatcher,
    /// For `x/**`: the matcher of `x` itself.
    itself: Option<GlobMatcher>,
}

impl PathPattern {
    /// Whether the pattern matches a path that is relative and resolved; `""`
    /// is the root.
    pub fn matches(&self, path: &str) -> bool {
        if path.is_empty() {
            return self.text == "**";
        }
        let told = self.shape.matches(&self.text, path);
        told.unwrap_or_else(|| self.matcher.as_ref().is_some_and(|m| m.is_match(path)))
    }

    /// Whether something at or beneath the folder `path` can match.
    pub fn reaches_into(&self, path: &str) -> bool {
        let told = self.shape.reaches_into(&self.text, path);
        told.unwrap_or_else(|| self.overlaps_beneath(path))
    }

    fn overlaps_beneath(&self, path: &str) -> bool {
        let mut beneath: Vec<_> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(exactly)
            .collect();
        beneath.push(Step::Many(Segment::Any));
        relate::overlaps(&self.segments, &beneath, meet)
    }

    /// Whether some path matches both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        relate::overlaps(&self.segments, &other.segments, meet)
    }

    /// Whether every path that matches `other` matches this one too. `false`
    /// may also mean that it could not be shown.
    pub fn covers(&self, other: &Self) -> bool {
        relate::covers(&self.segments, &other.segments, over)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names one path, without any wildcard.
    pub fn is_literal(&self) -> bool {
        self.literal_lead() == self.segments.len()
    }

    /// Whether it names the parts `start..end` of a path of `parts` parts that
    /// it matches: written out, not swept in by a wildcard.
    pub(crate) fn names(&self, start: usize, end: usize, parts: usize) -> bool {
        self.literal_lead() >= end || (end == parts && self.literal_tail() >= end - start)
    }

    /// How many parts stand written out from the start.
    pub(crate) fn literal_lead(&self) -> usize {
        self.segments
            .iter()
            .take_while(|step| is_literal(step))
            .count()
    }

    fn literal_tail(&self) -> usize {
        self.segments
            .iter()
            .rev()
            .take_while(|step| is_literal(step))
            .count()
    }
}

impl FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, PathPatternError> {
        let refuse = |why| PathPatternError {
            pattern: crate::shown(text),
            why,
        };
        check(text).map_err(refuse)?;
        let shape = Shape::of(text);
        let matcher = match shape {
            Shape::Other => Some(Matcher::of(text).map_err(|_| refuse("it cannot be compiled"))?),
            _ => None,
        };
        Ok(Self {
            text: text.to_owned(),
            shape,
            segments: text.split('/').map(segment).collect(),
            matcher,
        })
    }
}

impl Matcher {
    fn of(text: &str) -> Result<Self, globset::Error> {
        let compile = |text: &str| {
            GlobBuilder::new(&escaped(text))
                .literal_separator(true)
                .backslash_escape(false)
                .build()
                .map(|glob| glob.compile_matcher())
        };
        Ok(Self {
            whole: compile(text)?,
            itself: text.strip_suffix("/**").map(compile).transpose()?,
        })
    }

    fn is_match(&self, path: &str) -> bool {
        self.whole.is_match(path) || self.itself.as_ref().is_some_and(|own| own.is_match(path))
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty; `**` means everything");
    }
    if text.len() > PATTERN_BYTES {
        return Err("it is longer than 512 bytes");
    }
    if text.starts_with('!') {
        return Err("there is no negation; list what is allowed");
    }
    if text.contains('\\') || text.chars().any(deceives) {
        return Err("it contains `\\`, a control or an invisible character");
    }
    if text.contains("**/**") {
        return Err("`**/**` says no more than `**`");
    }
    text.split('/').try_for_each(check_part)
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part {
        "" => Err("it has an empty part; write it relative to the root, and a folder as `x/**`"),
        "." | ".." => Err("`.` and `..` are no parts of a resolved path"),
        "**" => Ok(()),
        _ if part.contains("**") => Err("`**` stands only as a whole part"),
        _ if git_part(part) => Err("`.git` is closed and cannot be opened by any rule"),
        _ => Ok(()),
    }
}

/// Brackets and braces mean nothing in our patterns; they do in globset's.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '[' | ']' | '{' | '}') {
            out.extend(['[', letter, ']']);
        } else {
            out.push(letter);
        }
    }
    out
}

pub(crate) fn segment(part: &str) -> Step<Segment> {
    if part == "**" {
        return Step::Many(Segment::Any);
    }
    let letter = |letter| match letter {
        '*' => Step::Many(Letter::Any),
        '?' => Step::One(Letter::Any),
        other => Step::One(Letter::Is(other)),
    };
    Step::One(Segment::Letters(part.chars().map(letter).collect()))
}

pub(crate) fn exactly(part: &str) -> Step<Segment> {
    Step::One(Segment::Letters(
        part.chars()
            .map(|letter| Step::One(Letter::Is(letter)))
            .collect(),
    ))
}

fn is_literal(step: &Step<Segment>) -> bool {
    match step {
        Step::One(Segment::Letters(letters)) => letters
            .iter()
            .all(|letter| matches!(letter, Step::One(Letter::Is(_)))),
        _ => false,
    }
}

pub(crate) fn meet(a: &Segment, b: &Segment) -> bool {
    match (a, b) {
        (Segment::Letters(a), Segment::Letters(b)) => relate::overlaps(a, b, |a, b| {
            *a == Letter::Any || *b == Letter::Any || a == b
        }),
        _ => true,
    }
}

pub(crate) fn over(wide: &Segment, narrow: &Segment) -> bool {
    match (wide, narrow) {
        (Segment::Any, _) => true,
        (Segment::Letters(_), Segment::Any) => false,
        (Segment::Letters(wide), Segment::Letters(narrow)) => {
            relate::covers(wide, narrow, |wide, narrow| {
                *wide == Letter::Any || wide == narrow
            })
        }
    }
}

impl TryFrom<String> for PathPattern {
    type Error = PathPatternError;

    fn try_from(text: String) -> Result<Self, PathPatternError> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathPattern {}

/// The text is no pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no path pattern: {why}")]
pub struct PathPatternError {
    pattern: String,
    why: &'static str,
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
