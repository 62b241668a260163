//! What must not be shown: secrets by the name of their key, and secrets by their shape.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

/// What stands in a masked value's place.
const MASK: &str = "[masked]";

/// Says whether a value under this key is a secret: authorization, cookies, passwords, tokens, keys.
///
/// Compares the last dotted part without case, dashes or underscores.
pub fn is_secret_key(key: &str) -> bool {
    const SECRET: [&str; 7] = [
        "authorization",
        "proxyauthorization",
        "cookie",
        "setcookie",
        "pwd",
        "privatekey",
        "xsentryauth",
    ];
    const SECRET_ENDS: [&str; 7] =
        ["password", "passwd", "secret", "token", "apikey", "accesskey", "secretkey"];
    let last = key.rsplit('.').next().unwrap_or(key);
    // Every one of them ends in one of these letters, and most keys do not.
    let end = last.bytes().rev().find(u8::is_ascii_alphanumeric).unwrap_or_default();
    if !matches!(end.to_ascii_lowercase(), b'd' | b'e' | b'h' | b'n' | b't' | b'y') {
        return false;
    }
    let plain: String =
        last.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET.contains(&plain.as_str()) || SECRET_ENDS.iter().any(|end| plain.ends_with(end))
}

/// Returns `value` as it may be shown under `key`: masked whole, or with the secrets in it masked.
pub fn mask_value<'a>(key: &str, value: &'a str) -> Cow<'a, str> {
    match key {
        // What is asked for by its id must be told by its id, whatever it looks like.
        "request_id" | "trace_id" | "span_id" => Cow::Borrowed(value),
        key if is_secret_key(key) && !value.is_empty() => Cow::Borrowed(MASK),
        _ => mask_text(value),
    }
}

/// Returns `text` with what looks like a secret masked, and unchanged when nothing does.
///
/// Masked are: `Bearer`/`Basic` credentials, JWTs, passwords and keys in URLs, `password=…` and its
/// like, and card numbers (13 to 19 digits that pass the Luhn check).
pub fn mask_text(text: &str) -> Cow<'_, str> {
    if !may_hold_secret(text) {
        return Cow::Borrowed(text);
    }
    let [credentials, jwt, url, assignment, card] = patterns();
    let mut masked = Cow::Borrowed(text);
    for (pattern, replacement) in [
        (jwt, MASK),
        (credentials, "$1 [masked]"),
        (url, "$1[masked]@"),
        (assignment, "$1$2[masked]"),
    ] {
        if let Cow::Owned(changed) = pattern.replace_all(&masked, replacement) {
            masked = Cow::Owned(changed);
        }
    }
    let cards = card.replace_all(&masked, |found: &regex::Captures<'_>| {
        let digits = &found[0];
        if is_card(digits) { MASK.to_owned() } else { digits.to_owned() }
    });
    match cards {
        Cow::Owned(changed) => Cow::Owned(changed),
        Cow::Borrowed(_) => masked,
    }
}

/// Rules out, cheaply, the texts that none of the patterns can match.
fn may_hold_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() <= SHORT_BYTES {
        return short_may_hold_secret(bytes);
    }
    memchr::memchr3(b'=', b'@', b':', bytes).is_some()
        || memchr::memmem::find(bytes, b"eyJ").is_some()
        || memchr::memmem::find(bytes, b"earer ").is_some()
        || memchr::memmem::find(bytes, b"asic ").is_some()
        || bytes.iter().filter(|byte| byte.is_ascii_digit()).nth(12).is_some()
}

/// Texts up to this many bytes are looked at byte by byte: to set up four searches costs more.
const SHORT_BYTES: usize = 64;

fn short_may_hold_secret(bytes: &[u8]) -> bool {
    let mut digits = 0;
    for (place, byte) in bytes.iter().enumerate() {
        let before = bytes.get(..place).unwrap_or_default();
        match byte {
            b'=' | b'@' | b':' => return true,
            b'J' if before.ends_with(b"ey") => return true,
            b' ' if before.ends_with(b"earer") || before.ends_with(b"asic") => return true,
            b'0'..=b'9' => digits += 1,
            _ => {}
        }
    }
    digits > 12
}

fn patterns() -> &'static [Regex; 5] {
    static PATTERNS: OnceLock<[Regex; 5]> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        [
            r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
            r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.?[A-Za-z0-9_-]*",
            r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]*(?::[^\s/@]*)?@",
            concat!(
                r#"(?i)([\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|"#,
                r#"private[_-]?key|authorization|cookie))(["']?\s*[=:]\s*["']?)"#,
                r#"(?:\[masked\]|[^\s"',;&}\])]{3,})"#
            ),
            r"\b\d(?:[ -]?\d){12,18}\b",
        ]
        .map(|pattern| Regex::new(pattern).expect("the patterns are constants that tests compile"))
    })
}

/// Says whether the digits are written as on a card, in one piece or in its groups, and add up.
fn is_card(text: &str) -> bool {
    let groups: Vec<usize> = text.split([' ', '-']).map(str::len).collect();
    let grouped = matches!(groups.as_slice(), [_] | [4, 4, 4, 4] | [4, 6, 5] | [4, 4, 4, 4, 3]);
    let issued = matches!(text.as_bytes().first(), Some(b'2'..=b'6'));
    grouped && issued && passes_luhn(text)
}

fn passes_luhn(text: &str) -> bool {
    let digits = text.bytes().rev().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_key() {
        for key in [
            "Authorization",
            "http.request.header.cookie",
            "DB_PASSWORD",
            "api-key",
            "session_token",
            "idToken",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["token_count", "author", "secretary", "password_reset_url_kind"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_shape() {
        for (text, shown) in [
            ("Authorization: Bearer abcdef0123456789", "Authorization: [masked] [masked]"),
            ("dsn http://key1234@host/1", "dsn http://[masked]@host/1"),
            ("postgres://app:hunter2@db:5432/orders", "postgres://[masked]@db:5432/orders"),
            ("password = \"hunter2\"", "password = \"[masked]\""),
            ("session_token=abc123 x", "session_token=[masked] x"),
            ("AWS_SECRET_ACCESS_KEY: abc123", "AWS_SECRET_ACCESS_KEY: [masked]"),
            ("card 4111 1111 1111 1111 ok", "card [masked] ok"),
            ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "t [masked]"),
        ] {
            assert_eq!(mask_text(text), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn masking_twice_is_masking_once(
            text in "(token|password=|Bearer |://a:b@|[ a-z0-9=:@/\\[\\]\"]){0,12}"
        ) {
            let once = mask_text(&text).into_owned();
            proptest::prop_assert_eq!(mask_text(&once).into_owned(), once);
        }
    }

    #[test]
    fn ids_and_plain_words_are_left_alone() {
        for text in [
            "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
            "018f3c1e9b7a7c448d215a0b6f4e2d12",
            "1795329000169439000",
            "order 4111111111111112 refused",
            "00000000-0000-0000-0000-000000000000",
            "GET http://127.0.0.1:4318/orders/7",
        ] {
            assert!(
                matches!(mask_text(text), Cow::Borrowed(_)) || mask_text(text) == text,
                "{text}"
            );
        }
    }
}
