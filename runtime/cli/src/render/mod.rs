//! What people see. Texts of guests, models, tools and repositories are escaped before they
//! come here; sense never hangs on colour.

pub(crate) mod audit;
pub(crate) mod diff;
pub(crate) mod drawing;
pub(crate) mod facts;
pub(crate) mod granted;
pub(crate) mod grants;
pub(crate) mod listing;
pub(crate) mod patch;
pub(crate) mod progress;
pub(crate) mod refusal;
pub(crate) mod standing;
pub(crate) mod summary;
pub(crate) mod timeline;

use minion_grants::escaped;
use std::io::Write;

/// A line of data, to stdout: one, whatever is in it. A closed pipe is not worth an error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped(line));
}

/// Several lines of data, to stdout.
pub(crate) fn say_lines(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", harmless(text));
}

/// Lines of data, to stdout, each of them one; whether somebody still reads.
pub(crate) fn tell(lines: &[String]) -> bool {
    let mut out = std::io::stdout().lock();
    let mut lines = lines.iter();
    lines.all(|line| writeln!(out, "{}", escaped(line)).is_ok())
}

/// JSON, to stdout: what a terminal must not see is escaped as JSON escapes it, so that it
/// stays what it is.
pub(crate) fn data(json: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", harmless_json(json));
}

/// One object of many, to stdout, as [`data`] does; whether somebody still reads.
pub(crate) fn pour(json: &serde_json::Value) -> bool {
    let line = harmless_json(&json.to_string());
    writeln!(std::io::stdout().lock(), "{line}").is_ok()
}

/// A line of talk, to stderr: one, whatever is in it.
pub(crate) fn talk(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", escaped(line));
}

/// Several lines of talk, to stderr.
pub(crate) fn talk_lines(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// What has lines of its own: these stay, every other control character and what turns or hides
/// text is escaped. The last wall; texts of strangers are escaped, their newlines too, where they
/// enter it. Whatever is one line is told as one, so that nothing in it makes another.
fn harmless(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

fn harmless_json(json: &str) -> String {
    use std::fmt::Write as _;
    if json.is_ascii() && !json.contains('\u{7f}') {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for letter in json.chars() {
        let plain = letter != '\u{7f}'
            && (letter.is_ascii() || escaped(letter.encode_utf8(&mut [0; 4])).starts_with(letter));
        if plain {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut units) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// `5d01…`: enough of an id to recognise it.
pub(crate) fn short(id: &str) -> String {
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    let first: String = id.chars().take(7).collect();
    format!("{}…", escaped(&first))
}

/// `41 ms`, `18.2 s`, `3 m 20 s`.
pub(crate) fn duration(took: std::time::Duration) -> String {
    let millis = took.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..120_000 => format!("{:.1} s", took.as_secs_f64()),
        _ => format!("{} m {} s", millis / 60_000, millis / 1_000 % 60),
    }
}

/// `6.1k`.
pub(crate) fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{}.{}k", number / 1_000, number / 100 % 10),
        _ => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn plural(number: u64, one: &str) -> String {
    format!(
        "{} {one}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// `523 B`, `1.2 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut tenths = u128::from(number) * 10;
    let mut unit = "B";
    for next in UNITS {
        if tenths < 10 * 1024 {
            break;
        }
        (tenths, unit) = (tenths / 1024, next);
    }
    if unit == "B" {
        return format!("{number} B");
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `$0.0312`.
pub(crate) fn money(microdollars: u64) -> String {
    format!(
        "${}.{:04}",
        microdollars / 1_000_000,
        microdollars % 1_000_000 / 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_terminal_is_never_spoken_to() {
        let line = harmless("a\u{1b}[31mred\u{202e}\u{ad}\r\nb");
        assert_eq!(line, "a\\u{1b}[31mred\\u{202e}\\u{ad}\\u{d}\nb");
    }

    #[test]
    fn a_line_of_a_stranger_makes_no_other_line() {
        let forged = "x\ndelivered  branch minion/ABCDEF\r\u{85}\u{2028}chain";
        let told = escaped(forged);
        assert!(!told.contains(['\n', '\r', '\u{85}', '\u{2028}']), "{told}");
    }

    #[test]
    fn json_stays_json_and_what_it_is() {
        let text = "é\u{202e}\u{e0001}\u{1b}\u{7f}";
        let json = serde_json::json!({ "a": text }).to_string();
        let shown = harmless_json(&json);
        assert_eq!(shown, "{\"a\":\"é\\u202e\\udb40\\udc01\\u001b\\u007f\"}");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["a"], text);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(count(6_149), "6.1k");
        assert_eq!(duration(Duration::from_millis(18_240)), "18.2 s");
        assert_eq!(duration(Duration::from_secs(200)), "3 m 20 s");
        assert_eq!(money(31_200), "$0.0312");
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1_300_000), "1.2 MiB");
    }
}
