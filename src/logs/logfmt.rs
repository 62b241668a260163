//! Lines of `key=value`, and the ids that stand as such in plain ones.
//!
//! A line of logfmt becomes a JSON object and is then read as any other. Source: go-kit/logfmt,
//! slog's `TextHandler`, Heroku's router.

use super::dialect::{Role, role_of};

/// Returns the line as a JSON object; `None` when it is not all pairs, or says nothing that is known.
///
/// At least two pairs, one of them a time, a level, a message or an id. Bare numbers and `true`,
/// `false` and `null` keep their type, all else is text.
pub(super) fn to_json(line: &[u8]) -> Option<Vec<u8>> {
    let mut rest = std::str::from_utf8(line).ok()?.trim();
    // Room is made with the first pair: most lines that come here have none.
    let mut json = Vec::new();
    let (mut pairs, mut known) = (0, false);
    while !rest.is_empty() {
        let (key, value, after) = take_pair(rest)?;
        known |= role_of(key).is_some_and(|(role, _)| {
            !matches!(role, Role::Logger | Role::Service | Role::Exception)
        });
        if pairs == 0 {
            json.reserve(line.len() + 32);
        }
        json.push(if pairs == 0 { b'{' } else { b',' });
        serde_json::to_writer(&mut json, key).ok()?;
        json.push(b':');
        match value {
            Value::Bare(text) if is_literal(text) => json.extend_from_slice(text.as_bytes()),
            Value::Bare(text) => serde_json::to_writer(&mut json, text).ok()?,
            Value::Quoted(text) => serde_json::to_writer(&mut json, &text).ok()?,
        }
        pairs += 1;
        rest = after.trim_start();
    }
    json.push(b'}');
    (pairs >= 2 && known).then_some(json)
}

/// Returns the ids that a plain text has as `request_id=…`, the first of each role.
///
/// Also those in the spans of Rust's tracing (`http{request_id=r1}:`) and in brackets.
pub(super) fn ids(text: &str) -> [Option<&str>; 3] {
    let mut found = [None; 3];
    for word in text.split([' ', '\t', ',', '{', '}', '(', ')', '[', ']', ';']) {
        let Some((key, value)) = word.split_once('=') else { continue };
        let value = value.trim_matches(['"', '\'', ':']);
        let slot = match role_of(key) {
            Some((Role::RequestId, _)) => 0,
            Some((Role::TraceId, _)) => 1,
            Some((Role::SpanId, _)) => 2,
            _ => continue,
        };
        if let Some(slot @ None) = found.get_mut(slot)
            && value.bytes().any(|byte| byte.is_ascii_alphanumeric() && byte != b'0')
            && !matches!(value, "None" | "null" | "nil")
        {
            *slot = Some(value);
        }
    }
    found
}

enum Value<'a> {
    Bare(&'a str),
    Quoted(String),
}

fn take_pair(text: &str) -> Option<(&str, Value<'_>, &str)> {
    let (key, rest) = text.split_once('=')?;
    let named = |c: char| c.is_ascii_alphanumeric() || "_.@/-".contains(c);
    if key.is_empty() || !key.chars().all(named) {
        return None;
    }
    let Some(quoted) = rest.strip_prefix('"') else {
        let (value, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        return (!value.contains(['"', '='])).then_some((key, Value::Bare(value), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '"' => {
                let after = quoted.get(place + 1..)?;
                let ends = after.is_empty() || after.starts_with([' ', '\t']);
                return ends.then_some((key, Value::Quoted(value), after));
            }
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

/// Says whether a bare value is JSON as it stands.
fn is_literal(text: &str) -> bool {
    matches!(text, "true" | "false" | "null") || serde_json::from_str::<f64>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(line: &str) -> Option<String> {
        to_json(line.as_bytes()).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn pairs_become_an_object() {
        let line = r#"time=2026-11-22T06:30:00Z level=warn msg="say \"hi\"" n=7 ok=true id=007 e="#;
        let object = r#"{"time":"2026-11-22T06:30:00Z","level":"warn","msg":"say \"hi\"","n":7,"ok":true,"id":"007","e":""}"#;
        assert_eq!(json(line).as_deref(), Some(object));
    }

    #[test]
    fn a_text_with_an_equals_sign_is_no_logfmt() {
        for line in [
            "a=b",
            "x=1 y=2",
            "level=info and so on",
            "level=info msg=\"open",
            "msg=a=b level=info",
            "",
        ] {
            assert_eq!(json(line), None, "{line}");
        }
    }

    #[test]
    fn ids_are_found_in_a_plain_text() {
        let text = "http{method=GET request_id=r1}: done (trace_id=4bf9, span_id=0) request_id=r2";
        assert_eq!(ids(text), [Some("r1"), Some("4bf9"), None]);
        assert_eq!(ids("request_id: r1 parent_request_id=r2 request_id=None"), [None; 3]);
    }

    proptest! {
        #[test]
        fn whatever_is_made_is_json(line in r#"([a-z_]{1,5}=("[^"]{0,5}"|[ -~]{0,6}) ){0,4}level=info"#) {
            if let Some(json) = to_json(line.as_bytes()) {
                let object: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_slice(&json).unwrap();
                prop_assert!(object.contains_key("level"), "{line}");
            }
        }
    }
}
