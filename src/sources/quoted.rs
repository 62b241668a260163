//! Text as a string of `LogQL` and `LogsQL`, which nothing in it can end.

use std::fmt::Write as _;

/// Returns the text in double quotes, written as Go writes strings.
///
/// Source: The Go Programming Language Specification, interpreted string literals.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                // A String takes every write.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_string_is_escaped() {
        assert_eq!(quoted(r#"a"} |= "b\"#), r#""a\"} |= \"b\\""#);
        assert_eq!(quoted("a\nb\u{7}"), "\"a\\nb\\u0007\"");
    }

    proptest::proptest! {
        /// JSON reads these escapes as Go does, and nothing else is one.
        #[test]
        fn whatever_the_text_the_string_is_that_text(text in "(\\PC|[\"\\\\\n\r\t\u{0}-\u{1f}]){0,20}") {
            let read: String = serde_json::from_str(&quoted(&text)).unwrap();
            proptest::prop_assert_eq!(read, text);
        }
    }
}
