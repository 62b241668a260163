//! What must not be shown: secrets by the name of their key, and secrets by their shape.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use memchr::{memchr, memchr2_iter, memmem};
use regex::{Captures, Regex};

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
    let last = key.bytes().rev().take_while(|byte| *byte != b'.');
    let letters = last.filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    // Asked of every value that is shown: what is a secret in all its length fits, and of a longer
    // name the end tells.
    let mut room = [0; 18];
    let mut start = room.len();
    let mut longer = false;
    for letter in letters {
        longer = start == 0;
        if longer {
            break;
        }
        start -= 1;
        room[start] = letter;
    }
    let plain = &room[start..];
    (!longer && SECRET.iter().any(|known| known.as_bytes() == plain))
        || SECRET_ENDS.iter().any(|end| plain.ends_with(end.as_bytes()))
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
/// like, card numbers (13 to 19 digits that pass the Luhn check), and who a mail address names. A pattern is compiled when the
/// first text that could match it comes: most programs never see one.
pub fn mask_text(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    // What a mask puts in has none of the bytes that a later shape needs.
    let signs = signs(text.as_bytes());
    for shape in SHAPES.iter().filter(|shape| signs & shape.needs == shape.needs) {
        if !(shape.may_be_in)(masked.as_bytes()) {
            continue;
        }
        let pattern = shape.compiled();
        let changed = match shape.mask {
            Mask::With(replacement) => pattern.replace_all(&masked, replacement),
            Mask::Where(masked_form) => pattern.replace_all(&masked, |found: &Captures<'_>| {
                masked_form(found).unwrap_or_else(|| found[0].to_owned())
            }),
        };
        if let Cow::Owned(changed) = changed {
            masked = Cow::Owned(changed);
        }
    }
    masked
}

/// A capital J, as in every JWT.
const CAPITAL_J: u8 = 1;
/// A blank, or what may be one beyond ASCII.
const BLANK: u8 = 2;
const AT: u8 = 4;
const ASSIGNED: u8 = 8;
const DIGIT: u8 = 16;

/// What each byte is a sign of.
static SIGNS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or_default() {
        b'J' => CAPITAL_J,
        b' ' | b'\t'..=b'\r' | 0x80.. => BLANK,
        b'@' => AT,
        b'=' | b':' => ASSIGNED,
        b'0'..=b'9' => DIGIT,
        _ => 0,
    })
});

/// Returns the signs in the text: one pass, where each shape by itself takes several.
fn signs(text: &[u8]) -> u8 {
    let table = &*SIGNS;
    text.iter().fold(0, |signs, byte| signs | table.get(usize::from(*byte)).unwrap_or(&0))
}

/// How secrets of one kind look.
struct Shape {
    /// The signs without which it is not there.
    needs: u8,
    /// Rules out, cheaply, the texts that the pattern cannot match.
    may_be_in: fn(&[u8]) -> bool,
    pattern: &'static str,
    mask: Mask,
    compiled: OnceLock<Regex>,
}

impl Shape {
    fn compiled(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            Regex::new(self.pattern).expect("the patterns are constants that tests compile")
        })
    }
}

enum Mask {
    With(&'static str),
    /// What stands there instead; `None` for what only looks like it.
    Where(fn(&Captures<'_>) -> Option<String>),
}

const fn shape(
    needs: u8,
    may_be_in: fn(&[u8]) -> bool,
    pattern: &'static str,
    mask: Mask,
) -> Shape {
    Shape { needs, may_be_in, pattern, mask, compiled: OnceLock::new() }
}

/// In the order in which they are masked.
///
/// Letters and digits are those of ASCII where it can be: those of all scripts make a pattern five times
/// as dear to compile, and most programs run for a few milliseconds.
static SHAPES: [Shape; 6] = [
    shape(
        CAPITAL_J,
        |text| memmem::find(text, b"eyJ").is_some(),
        r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.?[A-Za-z0-9_-]*",
        Mask::With(MASK),
    ),
    shape(
        BLANK,
        |text| holds_any(text, &[b"bearer", b"basic"]),
        r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
        Mask::With("$1 [masked]"),
    ),
    shape(
        AT | ASSIGNED,
        |text| memchr(b'@', text).is_some() && memmem::find(text, b"://").is_some(),
        r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]*(?::[^\s/@]*)?@",
        Mask::With("$1[masked]@"),
    ),
    shape(
        ASSIGNED,
        |text| holds_any(text, NAMES),
        concat!(
            r#"(?i-u)((?:using )?[\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|"#,
            r#"private[_-]?key|authorization|cookie))(["']?(?u:\s)*[=:](?u:\s)*["']?)"#,
            r#"(\[masked\]|(?u:[^\s"',;&}\])]){3,})"#
        ),
        Mask::Where(named_value),
    ),
    shape(DIGIT, may_hold_a_card, r"(?-u)\b\d(?:[ -]?\d){12,18}\b", Mask::Where(card)),
    shape(
        AT,
        |text| memchr(b'@', text).is_some(),
        r"(?-u)[A-Za-z0-9._%+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.){1,8}([A-Za-z]{2,24}))",
        Mask::Where(mail_address),
    ),
];

/// What the name of a unit of systemd ends with: `getty@tty1.service` is no address.
const UNITS: [&str; 9] =
    ["device", "mount", "path", "scope", "service", "slice", "socket", "target", "timer"];

/// Keeps whose mail system it is: that tells users apart and names nobody.
fn mail_address(found: &Captures<'_>) -> Option<String> {
    let (host, end) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    (!UNITS.contains(&end)).then(|| format!("{MASK}@{host}"))
}

/// Keeps `using password: YES` of MySQL and MariaDB, which says that there was one and is none.
fn named_value(found: &Captures<'_>) -> Option<String> {
    let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
    let (name, sign, value) = (part(1), part(2), part(3));
    if name.eq_ignore_ascii_case("using password") && sign == ": " && value == "YES" {
        return None;
    }
    Some(format!("{name}{sign}{MASK}"))
}

fn card(found: &Captures<'_>) -> Option<String> {
    is_card(&found[0]).then(|| MASK.to_owned())
}

/// Says whether 13 digits follow each other, with at most one other character between two. O(bytes).
fn may_hold_a_card(text: &[u8]) -> bool {
    let (mut digits, mut others) = (0, 0);
    text.iter().any(|byte| {
        match byte {
            b'0'..=b'9' => (digits, others) = (digits + 1, 0),
            b' ' | b'-' if others == 0 => others = 1,
            _ => digits = 0,
        }
        digits > 12
    })
}

/// What the names of assigned secrets have in them.
const NAMES: &[&[u8]] =
    &[b"passw", b"pwd", b"secret", b"token", b"key", b"authorization", b"cookie"];

/// Says whether one of the lower-case words is in the text, in any case. O(bytes), no allocation.
fn holds_any(text: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| {
        let Some((first, rest)) = word.split_first() else { return true };
        memchr2_iter(*first, first.to_ascii_uppercase(), text).any(|at| {
            let after = text.get(at + 1..at + word.len());
            after.is_some_and(|after| after.eq_ignore_ascii_case(rest))
        })
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
            ("(using password: YES)", "(using password: YES)"),
            ("(using password: NO)", "(using password: NO)"),
            ("using password: YESTERDAY", "using password: [masked]"),
            ("my password: YES", "my password: [masked]"),
            ("AWS_SECRET_ACCESS_KEY: abc123", "AWS_SECRET_ACCESS_KEY: [masked]"),
            ("card 4111 1111 1111 1111 ok", "card [masked] ok"),
            ("to jane.doe+x@mail.example.com, ok", "to [masked]@mail.example.com, ok"),
            ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "t [masked]"),
        ] {
            assert_eq!(mask_text(text), shown);
        }
    }

    /// The slow, obvious way: every pattern is tried.
    fn mask_by_patterns(text: &str) -> String {
        SHAPES.iter().fold(text.to_owned(), |text, shape| match shape.mask {
            Mask::With(replacement) => {
                shape.compiled().replace_all(&text, replacement).into_owned()
            }
            Mask::Where(masked) => {
                let mask =
                    |found: &Captures<'_>| masked(found).unwrap_or_else(|| found[0].to_owned());
                shape.compiled().replace_all(&text, mask).into_owned()
            }
        })
    }

    proptest::proptest! {
        #[test]
        fn what_is_masked_is_what_the_patterns_mask(
            text in "(toKen|PASSWORD|cookie|eyJabcdefg|\\.abcdefg|BASIC |bearer |x://|a@|a@b.ee|4111 1111 1111 1111|5500-0000|0000000000000004|[ a-z0-9=:.@é\t\u{2003}-]){0,12}"
        ) {
            proptest::prop_assert_eq!(mask_text(&text), mask_by_patterns(&text));
        }

        #[test]
        fn a_key_is_a_secret_when_its_letters_are(key in "([a-zA-Z_.-]{0,22}(passWord|token|api-key|pri_vate-key|cookie|x-sentry-auth|PROXY_authorization|s)?){0,2}") {
            let last = key.rsplit('.').next().unwrap();
            let plain = last.replace(['_', '-'], "").to_lowercase();
            let exact = ["authorization", "proxyauthorization", "cookie", "setcookie", "pwd", "privatekey", "xsentryauth"];
            let ends = ["password", "passwd", "secret", "token", "apikey", "accesskey", "secretkey"];
            let slow = exact.contains(&&*plain) || ends.iter().any(|end| plain.ends_with(end));
            proptest::prop_assert_eq!(is_secret_key(&key), slow);
        }

        #[test]
        fn masking_twice_is_masking_once(
            text in "(token|password=|Bearer |://a:b@|[ a-z0-9=:@/\\[\\]\"]){0,12}"
        ) {
            let once = mask_text(&text).into_owned();
            proptest::prop_assert_eq!(mask_text(&once).into_owned(), once);
        }

        #[test]
        fn nothing_that_a_pattern_matches_is_ruled_out(
            text in "(toKen|PASSWORD|Api-Key|cookie|eyJabcdefg|BASIC |bearer |x://a@|[ a-z0-9=:.@]){0,12}"
        ) {
            for shape in &SHAPES {
                let matches = shape.compiled().is_match(&text);
                proptest::prop_assert!(!matches || (shape.may_be_in)(text.as_bytes()), "{}", shape.pattern);
            }
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
            "getty@tty1.service left pkg@1.2.3",
            "git@github and root@db",
        ] {
            assert!(
                matches!(mask_text(text), Cow::Borrowed(_)) || mask_text(text) == text,
                "{text}"
            );
        }
    }
}
