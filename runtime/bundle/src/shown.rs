//! Text of an unknown file, made fit to be shown: one line, no control or
//! direction characters, cut to a length.

/// Escapes and shortens what somebody else wrote.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut safe = String::new();
    for character in text.chars() {
        if safe.len() >= LONGEST {
            safe.push('…');
            break;
        }
        if plain(character) {
            safe.push(character);
        } else {
            safe.extend(character.escape_unicode());
        }
    }
    safe
}

/// Letters of any script stay; what moves the cursor, hides or turns text does not.
fn plain(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn escape_sequences_and_hidden_characters_are_spelled_out() {
        assert_eq!(shown("a\u{1b}[2J\n"), "a\\u{1b}[2J\\u{a}");
        assert_eq!(shown("x\u{202e}y\u{200b}"), "x\\u{202e}y\\u{200b}");
        assert_eq!(shown("für"), "für");
    }

    #[test]
    fn long_text_is_cut() {
        assert!(shown(&"é".repeat(100_000)).len() < 210);
    }
}
