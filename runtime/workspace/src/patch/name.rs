//! Paths in a patch: git quotes those that would be read as something else.

use std::fmt::Write as _;

/// A path behind its prefix, quoted like a string of C where it has to be.
pub(super) fn quoted(prefix: &str, path: &str) -> String {
    let plain = |byte: u8| byte >= 0x20 && byte != 0x7f && byte != b'"' && byte != b'\\';
    if path.bytes().all(plain) {
        return format!("{prefix}{path}");
    }
    let mut text = format!("\"{prefix}");
    for letter in path.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\0'..='\x1f' | '\x7f' => {
                let _ = write!(text, "\\{:03o}", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
    text.push('"');
    text
}

/// The name in a `---` or `+++` line. A tab ends one that holds spaces.
pub(super) fn line_name(prefix: &str, path: Option<&str>) -> String {
    let Some(path) = path else {
        return "/dev/null".to_owned();
    };
    let mut name = quoted(prefix, path);
    if path
        .bytes()
        .any(|byte| matches!(byte, b' ' | b'\t'..=b'\r'))
    {
        name.push('\t');
    }
    name
}
