//! Text from outside, made fit to show: harmless, masked, and cut to a width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

pub use crate::model::counted;
use crate::model::mask_text;

/// The longest word that [`wrap`] leaves whole, in columns: an address, an id.
const WORD_MAX: usize = 200;

/// Returns `text` with every character that could move the cursor or reorder the line made visible.
///
/// C0 and C1 controls (tabs too), DEL, and the bidirectional and invisible format characters become
/// `\x1b`, `\u{202e}`. Nothing is copied when there is nothing to change.
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Most text is printable ASCII; without an early end the compiler looks at many bytes at once.
    let plain = text.bytes().fold(true, |plain, byte| plain & (byte.wrapping_sub(0x20) < 0x5f));
    if plain || !text.chars().any(is_harmful) {
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

/// Returns a JSON document with the characters escaped that could move a terminal's cursor or
/// reorder its line; they only occur within its strings.
pub fn harmless_json(document: &str) -> Cow<'_, str> {
    let harmful = |character: char| is_harmful(character) && character != '\n';
    if !document.chars().any(harmful) {
        return Cow::Borrowed(document);
    }
    let mut made = String::with_capacity(document.len() + 16);
    for character in document.chars() {
        if !harmful(character) {
            made.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            made.push_str("\\u");
            made.extend([12, 8, 4, 0].map(|shift| hex_digit(u32::from(*unit) >> shift & 15)));
        }
    }
    Cow::Owned(made)
}

/// Returns a length of time in seconds, to the tenth: `1.5s`.
pub fn seconds(length: std::time::Duration) -> String {
    let tenths = (length.as_millis() + 50) / 100;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if tenth == 0 { format!("{whole}s") } else { format!("{whole}.{tenth}s") }
}

/// Returns an id as a word to paste into a shell: in quotes where the shell would read more into it.
///
/// Ids come from clients: a printed command must not run what one of them sent.
pub fn word(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if !id.is_empty() && !id.starts_with('-') && id.bytes().all(plain) {
        return id.to_owned();
    }
    format!("'{}'", harmless(id).replace('\'', r"'\''"))
}

/// Returns `text` with what looks like a secret masked, unless secrets are to be shown.
pub fn masked(text: &str, show_secrets: bool) -> Cow<'_, str> {
    if show_secrets { Cow::Borrowed(text) } else { mask_text(text) }
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
    let room = width - 1 - columns(&head);
    let starts = text.char_indices().rev().map(|(start, _)| start);
    let tails = starts.filter_map(|start| text.get(start..));
    // A sequence can be wider or narrower than its characters, so whole tails are measured.
    let tail =
        tails.take_while(|tail| tail.len() <= 8 * room + 8).filter(|tail| columns(tail) <= room);
    Cow::Owned(format!("{head}…{}", tail.last().unwrap_or_default()))
}

/// Returns a drawn answer with our own separators and cut marks in ASCII.
pub fn ascii(drawn: &str) -> String {
    let pairs = [('·', "|"), ('…', "~"), ('→', "->"), ('—', "-"), ('×', "x"), ('↳', "->")];
    pairs.iter().fold(drawn.to_owned(), |drawn, (symbol, plain)| drawn.replace(*symbol, plain))
}

/// Returns harmless `text` as lines of at most `width` columns, broken at blanks where there are any;
/// all lines but the first begin with `indent` blanks.
///
/// A longer word is whole on a line of its own, as somebody may want to copy it; nobody copies one of more
/// than `WORD_MAX` columns, which is broken where a line ends.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let begins = line.trim().is_empty();
        if !begins && columns(&line) + 1 + columns(word) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
        } else if !begins {
            line.push(' ');
        }
        if columns(word) <= WORD_MAX.max(width) {
            line.push_str(word);
            continue;
        }
        for character in word.chars() {
            line.push(character);
            if columns(&line) >= width.max(indent + 2) {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            }
        }
    }
    lines.push(line);
    lines
}

/// Returns harmless `text` cut or filled with blanks to exactly `width` columns.
pub fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let fill = width.saturating_sub(columns(&cut));
    format!("{cut}{}", " ".repeat(fill))
}

/// Returns a start of `text` that takes at most `width` columns.
fn head(text: &str, width: usize) -> String {
    let mut made = String::new();
    for character in text.chars() {
        made.push(character);
        // The whole is measured: an emoji with a variation selector is wider than its characters.
        if columns(&made) > width {
            made.pop();
            break;
        }
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
    fn an_id_in_a_printed_command_is_one_word() {
        assert_eq!(word("018f3c1e-9b7a"), "018f3c1e-9b7a");
        assert_eq!(word("id;touch x"), "'id;touch x'");
        assert_eq!(word("a'$(b)"), r"'a'\''$(b)'");
        assert_eq!(word("-rf"), "'-rf'");
    }

    #[test]
    fn long_text_is_broken_at_blanks() {
        assert_eq!(wrap("one two three", 7, 2), ["one two", "  three"]);
        assert_eq!(wrap("a/path/without/blanks", 7, 2), ["a/path/without/blanks"]);
        let endless = wrap(&format!("says {}", "x".repeat(512)), 40, 2);
        assert!(endless.len() > 12 && endless.iter().all(|line| line.len() <= 40), "{endless:?}");
    }

    #[test]
    fn a_document_stays_the_same_document() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{202e}\u{e0001}\n", "plain ü"] });
        let document = serde_json::to_string_pretty(&value).unwrap();
        let escaped = harmless_json(&document);
        assert!(!escaped.chars().any(|character| is_harmful(character) && character != '\n'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn text_is_cut_by_columns_and_says_so() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_middle("http://127.0.0.1/stock/SKU-9", 11), "http:…SKU-9");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(columns(&cut(&"❤\u{fe0f}".repeat(10), 9)), 9);
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
