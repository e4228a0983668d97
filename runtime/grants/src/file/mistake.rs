//! What the TOML reader says of a mistake, in the words of whoever made it: the
//! key, what it wants, and the name that was meant.

/// A message about `row`, the line at which the reader stopped.
pub(super) fn told(row: &str, message: &str) -> String {
    let key = row.split_once('=').map(|(key, _)| key.trim());
    if let Some(unknown) = unknown(message) {
        return unknown;
    }
    if row.trim() == "[grant]" {
        return "`[grant]` is one of many: write `[[grant]]`".to_owned();
    }
    if let Some(wanted) = key.and_then(|key| wanted(key, row, message)) {
        return wanted;
    }
    let message = crate::shown(message);
    match key {
        Some(key) if !message.contains(key) => format!("`{}`: {message}", crate::shown(key)),
        _ => message,
    }
}

/// A key that is not known, with the one that it is nearly.
fn unknown(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (key, known) = rest.split_once('`')?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let meant = known.iter().find(|known| nearly(key, known));
    let key = crate::shown(key);
    Some(match meant {
        Some(&"deny") if key != "deny" => format!("`{key}` is not known; did you mean `[[deny]]`?"),
        Some(&"grant") => format!("`{key}` is not known; did you mean `[[grant]]`?"),
        Some(meant) => format!("`{key}` is not known; did you mean `{meant}`?"),
        None => format!("`{key}` is not known; known are `{}`", known.join("`, `")),
    })
}

/// What the value of a known key has to be.
fn wanted(key: &str, row: &str, message: &str) -> Option<String> {
    let (_, expected) = message.rsplit_once("expected ")?;
    if !message.starts_with("invalid type: ") {
        return None;
    }
    let (_, value) = row.split_once('=')?;
    let (name, value) = (crate::shown(key), crate::shown(value.trim()));
    match expected {
        "a sequence" if value.starts_with('"') => {
            Some(format!("`{name}` wants a list: `{name} = [{value}]`"))
        }
        "a sequence" => Some(format!("`{name}` wants a list: `{name} = [\"…\"]`")),
        "a TOML datetime" => Some(format!("`{name}` is {DAY}")),
        "u32" | "u64" => Some(format!("`{name}` wants a whole number, without quotes")),
        _ => None,
    }
}

/// How the last day of a grant is written.
pub(super) const DAY: &str = "a day, written 2027-03-12 without quotes";

/// Whether one letter too many, too few or another lies between them.
fn nearly(said: &str, meant: &str) -> bool {
    let (said, meant): (Vec<char>, Vec<char>) = (said.chars().collect(), meant.chars().collect());
    let same = said.iter().zip(&meant).take_while(|(a, b)| a == b).count();
    let (said, meant) = (&said[same..], &meant[same..]);
    let rest = |letters: &[char], from: usize| letters.get(from..).unwrap_or_default().to_vec();
    let another = rest(said, 1) == rest(meant, 1);
    another || rest(said, 1) == meant || rest(meant, 1) == said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_one_letter_of_difference_are_meant() {
        for said in ["grants", "gran", "grent", "xgrant", "rant"] {
            assert!(nearly(said, "grant"), "{said}");
        }
        for said in ["", "gr", "tnarg", "delivery", "grantees"] {
            assert!(!nearly(said, "grant"), "{said}");
        }
    }

    #[test]
    fn a_key_that_is_not_known_stays_escaped() {
        let told = told("", "unknown field `a\u{1b}[31m`, expected `grant`");
        assert_eq!(told, "`a\\u{1b}[31m` is not known; known are `grant`");
    }
}
