//! Text from outside, made fit to show: harmless, masked, and cut to a width.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use crate::model::mask_text;

/// Returns `text` with every character that could move the cursor or reorder the line made visible.
///
/// C0 and C1 controls (tabs too), DEL, and the bidirectional and invisible format characters become
/// `\x1b`, `\u{202e}`. Nothing is copied when there is nothing to change.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => made.push_str("\\t"),
            '\n' => made.push_str("\\n"),
            '\r' => made.push_str("\\r"),
            harmful if is_harmful(harmful) && u32::from(harmful) < 0x100 => {
                made.push_str("\\x");
                made.extend([4, 0].map(|shift| hex_digit(u32::from(harmful) >> shift & 15)));
            }
            harmful if is_harmful(harmful) => made.extend(harmful.escape_unicode()),
            other => made.push(other),
        }
    }
    Cow::Owned(made)
}

/// Returns `text` harmless and with what looks like a secret masked.
pub fn shown(text: &str) -> String {
    harmless(&mask_text(text)).into_owned()
}

fn hex_digit(nibble: u32) -> char {
    char::from_digit(nibble, 16).unwrap_or('0')
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{061c}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns the columns that harmless `text` takes.
pub fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Returns harmless `text` cut at its end to `width` columns, with `…` in the last when cut.
pub fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut made = head(text, width.saturating_sub(1));
    if width > 0 {
        made.push('…');
    }
    Cow::Owned(made)
}

/// Returns harmless `text` cut in its middle to `width` columns: both ends of a path tell something.
pub fn cut_middle(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width || width < 3 {
        return cut(text, width);
    }
    let head = head(text, (width - 1).div_ceil(2));
    let mut tail: Vec<char> = Vec::new();
    let mut room = width - 1 - columns(&head);
    for character in text.chars().rev() {
        let needed = character.width().unwrap_or(0);
        if needed > room {
            break;
        }
        room -= needed;
        tail.push(character);
    }
    Cow::Owned(format!("{head}…{}", tail.iter().rev().collect::<String>()))
}

/// Returns harmless `text` cut or filled with blanks to exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let fill = width.saturating_sub(columns(&cut));
    format!("{cut}{}", " ".repeat(fill))
}

/// Returns the longest start of `text` that takes at most `width` columns.
fn head(text: &str, width: usize) -> String {
    let mut room = width;
    let mut made = String::new();
    for character in text.chars() {
        let needed = character.width().unwrap_or(0);
        if needed > room {
            break;
        }
        room -= needed;
        made.push(character);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{9b}c\u{202e}d\te"), r"a\x1b[2Jb\x9bc\u{202e}d\te");
        assert!(matches!(harmless("plain ünïcode ✓"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_is_cut_by_columns_and_says_so() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_middle("http://127.0.0.1/stock/SKU-9", 11), "http:…SKU-9");
        assert_eq!(fit("ab", 4), "ab  ");
    }

    proptest::proptest! {
        #[test]
        fn nothing_harmful_is_left(text in ".{0,200}") {
            proptest::prop_assert!(!harmless(&text).chars().any(is_harmful));
        }

        #[test]
        fn a_fitted_text_has_exactly_the_columns(text in "\\PC{0,60}", width in 0_usize..40) {
            let harmless = harmless(&text).into_owned();
            proptest::prop_assert_eq!(columns(&fit(&harmless, width)), width);
            proptest::prop_assert!(columns(&cut_middle(&harmless, width)) <= width);
        }
    }
}
