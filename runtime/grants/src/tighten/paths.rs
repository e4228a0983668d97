//! Which path patterns were used, and by what narrower ones they can be replaced: the folders
//! at the top that the used paths lie in.

use std::collections::BTreeSet;

use super::Uses;
use super::edit::Kept;
use crate::admission::as_rules;
use crate::marks::marks;
use crate::rules::grants_some;
use crate::{Ask, Capability, PathPattern};

/// More narrow patterns than this in the place of one are no help to who reads them.
const MOST: usize = 8;

/// What becomes of each pattern.
pub(super) fn kept(texts: &[String], uses: &Uses, asks: &[Ask], writes: bool) -> Vec<Kept> {
    let patterns: Vec<Option<PathPattern>> = texts.iter().map(|text| text.parse().ok()).collect();
    let narrow = |pattern: &Option<PathPattern>| {
        pattern
            .as_ref()
            .map_or(Kept::Whole, |pattern| narrowed(pattern, uses, writes))
    };
    let mut kept: Vec<Kept> = patterns.iter().map(narrow).collect();
    for asked in asks.iter().filter_map(|ask| asked(ask, writes)) {
        let left: Vec<PathPattern> = patterns.iter().zip(&kept).flat_map(left).collect();
        if grants_any(&left, asked, writes) {
            continue;
        }
        let gives = |pattern: &Option<PathPattern>| {
            pattern
                .as_ref()
                .is_some_and(|pattern| grants_any(std::slice::from_ref(pattern), asked, writes))
        };
        if let Some(first) = patterns.iter().position(gives) {
            kept[first] = Kept::Whole;
        }
    }
    kept
}

fn asked(ask: &Ask, writes: bool) -> Option<&[PathPattern]> {
    match &ask.capability {
        Capability::Files(files) if writes => Some(&files.write),
        Capability::Files(files) => Some(&files.read),
        _ => None,
    }
}

/// What is left of a pattern.
fn left((pattern, kept): (&Option<PathPattern>, &Kept)) -> Vec<PathPattern> {
    match kept {
        Kept::Whole => pattern.iter().cloned().collect(),
        Kept::As(texts) => texts.iter().filter_map(|text| text.parse().ok()).collect(),
    }
}

/// Whether something of an ask is granted, as admission asks it.
fn grants_any(patterns: &[PathPattern], asked: &[PathPattern], writes: bool) -> bool {
    let rules = as_rules(patterns, "", true);
    asked.is_empty() || asked.iter().any(|asked| grants_some(&rules, asked, writes))
}

fn narrowed(pattern: &PathPattern, uses: &Uses, writes: bool) -> Kept {
    let (files, folders) = if writes {
        (&uses.written, None)
    } else {
        (&uses.read, Some(&uses.looked))
    };
    let mut narrow = BTreeSet::new();
    for file in files.iter().filter(|file| pattern.matches(file)) {
        // What opens such a file is written out by hand, or should be.
        if !marks(file).is_empty() {
            return Kept::Whole;
        }
        narrow.insert(match file.split_once('/') {
            Some((top, _)) => format!("{top}/**"),
            None => file.clone(),
        });
    }
    for folder in folders.into_iter().flatten() {
        if !pattern.reaches_into(folder) {
            continue;
        }
        let Some(top) = folder.split('/').next().filter(|top| !top.is_empty()) else {
            return Kept::Whole;
        };
        narrow.insert(format!("{top}/**"));
    }
    let within = |text: &String| {
        let narrow = text.parse::<PathPattern>();
        narrow.is_ok_and(|narrow| pattern.covers(&narrow) && narrow != *pattern)
    };
    if narrow.len() > MOST || !narrow.iter().all(within) {
        return Kept::Whole;
    }
    Kept::As(narrow.into_iter().collect())
}
