//! JSON as clients write it that cut text at a length.
//!
//! JavaScript and Java cut between the halves of a surrogate pair and then write `"\ud83d"`, which no
//! UTF-8 text can hold; others cut within a UTF-8 sequence. An error event must not be lost for that.

use serde_json::Value;

use super::WireError;

/// Reads a document; half a surrogate pair becomes U+FFFD.
pub(super) fn json_value(text: &[u8]) -> Result<Value, WireError> {
    serde_json::from_slice(text)
        .or_else(|error| serde_json::from_slice(&without_half_pairs(text)).map_err(|_| error))
        .map_err(|error| WireError::Json(error.to_string()))
}

fn without_half_pairs(text: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (taken, written): (usize, Option<&[u8]>) = match (first, code_unit(rest)) {
            (_, Some(0xd800..=0xdbff)) => match rest.get(6..).and_then(code_unit) {
                Some(0xdc00..=0xdfff) => (12, None),
                _ => (6, Some(b"\\ufffd")),
            },
            (_, Some(0xdc00..=0xdfff)) => (6, Some(b"\\ufffd")),
            // What a backslash escapes is not the start of another escape.
            (b'\\', _) if !after.is_empty() => (2, None),
            _ => (1, None),
        };
        let (taken, tail) = rest.split_at(taken);
        mended.extend_from_slice(written.unwrap_or(taken));
        rest = tail;
    }
    mended
}

/// Returns the number of the `\u` and four hex digits at the start.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_pair_is_replaced_and_a_whole_one_kept() {
        for (sent, read) in [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ude00\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\ud83d\ude00\n\\ud83d""#, "\u{fffd}\u{1f600}\n\\ud83d"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(json_value(sent.as_bytes()).unwrap(), read, "{sent}");
        }
    }

    #[test]
    fn what_is_no_json_for_another_reason_stays_refused() {
        for sent in [r#"{"a":"\ud83d""#, r#""\ud83"#, r#""\"#, "", "\\"] {
            assert!(json_value(sent.as_bytes()).is_err(), "{sent}");
        }
    }

    proptest::proptest! {
        #[test]
        fn mending_never_panics(text in r#"[ud8f3\\"a{}]{0,40}"#) {
            drop(json_value(text.as_bytes()));
        }
    }
}
