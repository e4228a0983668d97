//! Text of guests, models and repositories made fit to be shown: in denials,
//! errors and on the terminal.

use std::fmt::Write as _;

/// Longer text is cut here; the end is marked with `…`.
const SHOWN_CHARS: usize = 200;

/// Escapes what a terminal or a reader could be fooled with (controls, line
/// breaks, bidirectional and invisible characters) and bounds the length.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", escaped(&text[..end])),
        None => escaped(text),
    }
}

/// The same for text whose length is bounded elsewhere.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if deceives(letter) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Whether a character is invisible, a control, or turns the order of others.
pub(crate) fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_can_move_the_cursor_or_forge_a_line() {
        let text = shown("a\u{1b}[2J\nrun ok\u{202e}x\u{200b}");
        assert_eq!(text, "a\\u{1b}[2J\\u{a}run ok\\u{202e}x\\u{200b}");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), SHOWN_CHARS + 1);
    }
}
