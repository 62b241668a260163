//! The template of a message: what stays when numbers, ids and quoted texts are left out.

/// The longest template, in bytes; what comes after it does not tell messages apart.
const TEMPLATE_BYTES_MAX: usize = 400;

/// Returns the message with `<n>` for numbers, `<id>` for ids and `<text>` for text in quotes.
///
/// An id is a run of eight or more hex digits (dashes aside) of letters and digits, or one of sixteen
/// or more letters and digits of which four are digits. Only the first line counts, and of it 400
/// bytes.
pub(super) fn template(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut made = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        if made.len() >= TEMPLATE_BYTES_MAX {
            made.push('…');
            break;
        }
        let length = match first {
            '"' | '\'' | '`' if !made.ends_with(char::is_alphanumeric) => quoted(rest, first),
            _ => None,
        };
        if let Some(length) = length {
            made.push_str("<text>");
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if run.is_empty() {
            made.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else if is_id(run) {
            made.push_str("<id>");
            rest = after;
        } else if let Some(at) = run.find(|c: char| c.is_ascii_digit()) {
            made.push_str(run.get(..at).unwrap_or_default());
            made.push_str("<n>");
            rest = after_number(rest.get(at..).unwrap_or_default());
        } else {
            made.push_str(run);
            rest = after;
        }
    }
    made
}

/// Returns the bytes of a text in quotes; a quote within a word closes nothing.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let inner = rest.strip_prefix(quote)?;
    let ends = inner.match_indices(quote).map(|(at, _)| at);
    let closes = |at: &usize| {
        !inner
            .get(at + quote.len_utf8()..)
            .is_some_and(|after| after.starts_with(char::is_alphanumeric))
    };
    ends.into_iter().find(closes).map(|at| at + 2 * quote.len_utf8())
}

fn is_id(run: &str) -> bool {
    let run = run.strip_prefix("0x").unwrap_or(run);
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
    let hex = run.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (hex && digits > 0 && digits + letters >= 8 && (letters > 0 || digits >= 24))
        || (digits >= 4 && letters > 0 && digits + letters >= 16)
}

/// Returns what comes after the number at the start: digits, and more of them after a `.`, `,` or `:`.
fn after_number(text: &str) -> &str {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(text);
    while let Some(more) = text.get(end..).and_then(|rest| rest.strip_prefix(['.', ',', ':'])) {
        match digits(more) {
            0 => break,
            length => end += 1 + length,
        }
    }
    text.get(end..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_between_messages_is_left_out() {
        for (message, expected) in [
            ("payment failed for order 4711", "payment failed for order <n>"),
            ("took 1.5s at 12:30:01,250", "took <n>s at <n>"),
            ("GET /orders/12/items", "GET /orders/<n>/items"),
            ("retry of 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12", "retry of <id>"),
            ("key 0x7ffe12ab34 of 018f3c1e9b7a7c44", "key <id> of <id>"),
            ("no user 'ann o'brien', \"x\"", "no user <text>, <text>"),
            ("don't fold what's plain", "don't fold what's plain"),
            ("SKU-9 of worker3", "SKU-<n> of worker<n>"),
            ("decade facade", "decade facade"),
            ("first\nsecond 2", "first"),
        ] {
            assert_eq!(template(message), expected, "{message}");
        }
    }

    proptest! {
        #[test]
        fn other_numbers_make_no_other_template(a in 0_u32..1_000_000, b in 0_u32..1_000_000) {
            let message = |n: u32| format!("order {n} refused after {n} ms");
            prop_assert_eq!(template(&message(a)), template(&message(b)));
        }

        #[test]
        fn a_template_has_a_bound_and_no_number(message in "\\PC{0,600}") {
            let once = template(&message);
            prop_assert!(once.len() < TEMPLATE_BYTES_MAX + message.len().min(1_000));
            prop_assert!(!once.contains(|c: char| c.is_ascii_digit()));
        }
    }
}
