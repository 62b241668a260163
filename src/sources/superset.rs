//! A regular expression of Rust's in the words of RE2, which Loki and `VictoriaLogs` speak.
//!
//! What it matches is at least what the original matches: each line is judged again here, so a backend
//! may give too much and never too little.

use std::fmt::Write as _;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// The most ranges that a class is written out with; larger ones become any character.
const RANGES_MAX: usize = 16;

/// The longest repetition that RE2 takes.
const REPEAT_MAX: u32 = 1_000;

/// The longest expression that is sent, in bytes.
const BYTES_MAX: usize = 2_000;

/// Any character at all.
const ANY: &str = "(?s:.)";

/// Returns the expression for RE2; `None` where it would match everything, or be too long to send.
///
/// Anchors and word boundaries are left out: the two languages do not agree on what a word is.
pub(super) fn for_re2(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    if hir.properties().minimum_len().is_none_or(|length| length == 0) {
        return None;
    }
    let mut text = String::new();
    write(&hir, &mut text);
    (text.len() <= BYTES_MAX).then_some(text)
}

fn write(hir: &Hir, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => text.push_str(&regex_syntax::escape(literal)),
            Err(_) => text.push_str("(?s:.)*"),
        },
        HirKind::Class(class) => write_class(class, text),
        HirKind::Capture(capture) => group(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, text)),
        HirKind::Alternation(parts) => {
            text.push_str("(?:");
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    text.push('|');
                }
                write(part, text);
            }
            text.push(')');
        }
        HirKind::Repetition(repetition) => repeat(repetition, text),
    }
}

fn group(hir: &Hir, text: &mut String) {
    text.push_str("(?:");
    write(hir, text);
    text.push(')');
}

fn repeat(Repetition { min, max, sub, .. }: &Repetition, text: &mut String) {
    group(sub, text);
    let times = match (*min, *max) {
        (0, Some(1)) => "?".to_owned(),
        (0, max) if max.is_none_or(|max| max > REPEAT_MAX) => "*".to_owned(),
        (min, _) if min > REPEAT_MAX => "+".to_owned(),
        (1, None) => "+".to_owned(),
        (min, Some(max)) if max <= REPEAT_MAX => format!("{{{min},{max}}}"),
        (min, _) => format!("{{{min},}}"),
    };
    text.push_str(&times);
}

fn write_class(class: &Class, text: &mut String) {
    let Class::Unicode(class) = class else { return text.push_str(ANY) };
    let ranges = class.ranges();
    if ranges.is_empty() || ranges.len() > RANGES_MAX {
        return text.push_str(ANY);
    }
    text.push('[');
    for range in ranges {
        let (start, end) = (u32::from(range.start()), u32::from(range.end()));
        // A String takes every write.
        let _ = write!(text, "\\x{{{start:x}}}-\\x{{{end:x}}}");
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(for_re2("timed? ?out").as_deref(), Some("time(?:d)?(?: )?out"));
        assert_eq!(for_re2(r"status=5\d\d$").unwrap().matches(ANY).count(), 2);
        assert_eq!(for_re2("a|b").as_deref(), Some("[\\x{61}-\\x{62}]"));
    }

    #[test]
    fn what_matches_everything_is_not_sent() {
        for pattern in ["", ".*", "a?", r"\b", "("] {
            assert_eq!(for_re2(pattern), None, "{pattern}");
        }
        assert_eq!(for_re2(&"a".repeat(3_000)), None);
    }

    proptest::proptest! {
        /// Rust reads everything here as RE2 does: classes by number, groups, repetitions.
        #[test]
        fn whatever_the_original_matches_it_matches(
            pattern in r"(\(\?i\))?([abé]|\.|\\d|\\w|\\b|\[a-c\]|\[\^x\]|\(a\|b\)|a\{2,3\}|b\+|é\*|\^|\$|\\s){1,6}",
            text in "[abcéx0٣ \n_-]{0,12}"
        ) {
            let Ok(original) = regex::Regex::new(&pattern) else { return Ok(()) };
            if let Some(sent) = for_re2(&pattern) {
                let sent = regex::Regex::new(&sent).unwrap();
                proptest::prop_assert!(!original.is_match(&text) || sent.is_match(&text), "{}", sent);
            }
        }
    }
}
