//! Lists in the operator's file, edited so that its comments and its look stay.

use toml_edit::{Array, Value};

/// What becomes of an entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// It stays.
    Whole,
    /// These stand in its place; none of them: it is gone.
    As(Vec<String>),
}

impl Kept {
    pub(super) fn or_gone(stays: bool) -> Self {
        if stays {
            Self::Whole
        } else {
            Self::As(Vec::new())
        }
    }
}

/// Edits a list; gives what is gone from it and what is new.
pub(super) fn apply(
    array: &mut Array,
    texts: &[String],
    kept: Vec<Kept>,
) -> (Vec<String>, Vec<String>) {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    if kept.iter().all(|kept| *kept == Kept::Whole) {
        return (removed, added);
    }
    let mut there: Vec<String> = texts
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| **kept == Kept::Whole)
        .map(|(text, _)| text.clone())
        .collect();
    let mut out = Array::new();
    // Comments above an entry that is gone stay above the next one.
    let mut comments = String::new();
    for ((item, text), kept) in array.iter().zip(texts).zip(kept) {
        let new = match kept {
            Kept::Whole => {
                push(&mut out, item.clone(), &mut comments);
                continue;
            }
            Kept::As(new) => new,
        };
        removed.push(text.clone());
        let mut above = prefix(item);
        for text in new {
            if there.contains(&text) {
                continue;
            }
            let mut value = Value::from(text.as_str());
            value.decor_mut().set_prefix(above.clone());
            push(&mut out, value, &mut comments);
            above = blank(&above);
            there.push(text.clone());
            added.push(text);
        }
        comments.push_str(&said(&above));
    }
    out.set_trailing_comma(array.trailing_comma());
    let end = array.trailing().as_str().unwrap_or_default();
    out.set_trailing(format!("{comments}{end}"));
    *out.decor_mut() = array.decor().clone();
    *array = out;
    (removed, added)
}

fn push(out: &mut Array, mut value: Value, comments: &mut String) {
    let above = format!("{}{}", std::mem::take(comments), prefix(&value));
    // A list in one line begins right after its bracket, and has a space between its entries.
    let above = match (out.is_empty(), above.contains('\n')) {
        (_, true) => above,
        (true, false) => String::new(),
        (false, false) => " ".to_owned(),
    };
    value.decor_mut().set_prefix(above);
    out.push_formatted(value);
}

fn prefix(value: &Value) -> String {
    let prefix = value.decor().prefix().and_then(|prefix| prefix.as_str());
    prefix.unwrap_or_default().to_owned()
}

/// The comments above an entry, up to the end of the last one.
fn said(above: &str) -> String {
    match above.rsplit_once('\n') {
        Some((comments, _)) if comments.contains('#') => comments.to_owned(),
        _ => String::new(),
    }
}

/// What stands above an entry, without its comments.
fn blank(above: &str) -> String {
    match above.rsplit_once('\n') {
        Some((_, last)) => format!("\n{last}"),
        None => above.to_owned(),
    }
}
