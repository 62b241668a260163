//! Lines of access logs in the common and the combined format: who asked for what, and what came back.

use serde_json::value::{RawValue, to_raw_value};

use super::{logfmt, plain};
use crate::model::{Field, LogRecord};

/// The longest name of a client, an identity and a user together, in bytes.
const WHO_BYTES_MAX: usize = 400;

/// Reads a line of Apache's, nginx's or gunicorn's access log; `None` for any other.
///
/// The message is the request line, and what stands behind the known parts. The fields are `client`,
/// `user`, `method`, `path`, `status`, `size` in bytes, `referer` and `user_agent`, those written as
/// `-` left out. It has no level: a status is not how bad it is. The record is without `raw`.
/// Source: Apache httpd, `mod_log_config`, "Common Log Format" and "Combined Log Format".
pub(super) fn record(line: &[u8]) -> Option<LogRecord> {
    let opened = memchr::memmem::find(line.get(..line.len().min(WHO_BYTES_MAX))?, b" [")?;
    // Cheaper than to look at the text of every plain line: `[22/Nov/2026:`.
    if line.get(opened + 4) != Some(&b'/') {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let time = plain::time_of_access_line(text)?;
    let (who, rest) = text.split_at_checked(opened)?;
    let mut who = who.rsplit(' ');
    let (user, _identity, client) = (who.next()?, who.next()?, who.next()?);
    let (request, rest) = quoted(rest.split_once("] ")?.1)?;
    let (status, rest) = word(rest)?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if status.len() != 3 || !number(status) {
        return None;
    }
    let (size, rest) = word(rest).unwrap_or(("-", rest));
    let size = Some(size).filter(|size| number(size) && !size.starts_with('0') || *size == "0");
    let (referer, user_agent, rest) = match two_quoted(rest) {
        Some((referer, agent, rest)) => (referer, agent, rest),
        None => ("-", "-", rest),
    };
    let mut words = request.split(' ');
    let (method, path) = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(path), Some(protocol), None) if protocol.starts_with("HTTP/") => {
            (method, path)
        }
        _ => ("-", "-"),
    };
    let texts = [("client", client), ("user", user), ("method", method), ("path", path)];
    let agents = [("referer", referer), ("user_agent", user_agent)];
    let numbers = [("status", Some(status)), ("size", size)];
    let mut fields: Vec<Field> = texts.into_iter().filter_map(text_field).collect();
    fields.extend(numbers.into_iter().filter_map(|(name, value)| number_field(name, value?)));
    fields.extend(agents.into_iter().filter_map(text_field));
    let ids = logfmt::ids(rest).map(|id| id.map(str::to_owned));
    let [request_id, trace_id, span_id] = ids;
    let rest = rest.trim();
    let message = if rest.is_empty() { request.to_owned() } else { format!("{request} {rest}") };
    let time = Some(time);
    Some(LogRecord { time, message, request_id, trace_id, span_id, fields, ..LogRecord::default() })
}

fn text_field((name, value): (&str, &str)) -> Option<Field> {
    let written = to_raw_value(value).ok().filter(|_| value != "-" && !value.is_empty())?;
    Some(Field { name: name.to_owned(), value: written })
}

fn number_field(name: &str, value: &str) -> Option<Field> {
    let value = RawValue::from_string(value.to_owned()).ok()?;
    Some(Field { name: name.to_owned(), value })
}

/// Takes a word and the blank before it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix(' ')?;
    let end = text.find(' ').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

fn two_quoted(text: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = quoted(text.strip_prefix(' ')?)?;
    let (second, rest) = quoted(rest.strip_prefix(' ')?)?;
    Some((first, second, rest))
}

/// Takes what stands in quotes, as it is written: a quote in it has a backslash.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shows what was read: time, message, request id, fields.
    fn outline(line: &str) -> Option<String> {
        let record = record(line.as_bytes())?;
        let fields = record.fields.iter().map(|field| format!(" {}={}", field.name, field.value));
        let time = record.time?;
        let id = record.request_id.map_or(String::new(), |id| format!(" request:{id}"));
        Some(format!("{time} {:?}{id}{}", record.message, fields.collect::<String>()))
    }

    #[test]
    fn the_common_and_the_combined_format_are_read() {
        for (line, read) in [
            (
                r#"10.0.0.7 - ann [22/Nov/2026:07:30:00 +0100] "GET /items?n=1 HTTP/1.1" 200 512"#,
                r#"2026-11-22T06:30:00Z "GET /items?n=1 HTTP/1.1" client="10.0.0.7" user="ann" method="GET" path="/items?n=1" status=200 size=512"#,
            ),
            (
                r#"::1 - - [22/Nov/2026:06:30:00 +0000] "POST / HTTP/2.0" 502 - "http://a/" "c \"x\"" request_id=r1"#,
                r#"2026-11-22T06:30:00Z "POST / HTTP/2.0 request_id=r1" request:r1 client="::1" method="POST" path="/" status=502 referer="http://a/" user_agent="c \\\"x\\\"""#,
            ),
            (
                r#"shop:443 10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] "\x16\x03" 400 0 "-" "-""#,
                r#"2026-11-22T06:30:00Z "\\x16\\x03" client="10.0.0.7" status=400 size=0"#,
            ),
        ] {
            assert_eq!(outline(line).as_deref(), Some(read), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for line in [
            "",
            "a b [c] \"d\" 200 1",
            r#"10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] "GET /" HTTP 1"#,
            r#"10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] "GET / HTTP/1.1"#,
            "10.0.0.7 - - [22/Nov/2026:06:30:00 +0000] connected",
        ] {
            assert_eq!(outline(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(who in "[ -~]{0,12}", request in "\\PC{0,20}", end in "[ \"0-9\\-a]{0,20}") {
            let line = format!("{who} - - [22/Nov/2026:06:30:00 +0000] \"{request}\"{end}");
            if let Some(record) = record(line.as_bytes()) {
                for field in record.fields {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(field.value.get()).is_ok());
                }
            }
        }
    }
}
