//! Reports of browsers about pages that broke their Content Security Policy, as error events.
//!
//! Source: CSP level 3, section 5.3 (`application/csp-report`); Reporting API, section 2
//! (`application/reports+json`).

use serde_json::Value;
use serde_json::value::RawValue;

use super::WireError;
use super::sentry_json::STORED_MAX;
use crate::model::{ErrorEvent, Severity, UnixNanos};

/// Reads a report in either shape; each event comes with the bytes that it was read from.
///
/// `release` and `environment` come from the address that the page was told to report to. A report
/// has no id of its own, and a page that is loaded twice reports the same twice: the events' ids are
/// made by `id`. Errs when the body is no report.
pub fn decode_security_report<'a>(
    body: &'a [u8],
    release: &str,
    environment: &str,
    received: UnixNanos,
    mut id: impl FnMut() -> String,
) -> Result<Vec<(ErrorEvent, &'a [u8])>, WireError> {
    let malformed = |error: serde_json::Error| WireError::Json(error.to_string());
    let list: Vec<&'a RawValue> = match body.trim_ascii_start().first() {
        Some(b'[') => serde_json::from_slice(body).map_err(malformed)?,
        _ => vec![serde_json::from_slice(body).map_err(malformed)?],
    };
    let mut events = Vec::new();
    for raw in list.into_iter().take(STORED_MAX) {
        let sent: Value = serde_json::from_str(raw.get()).map_err(malformed)?;
        let Some(event) = event(&sent) else { continue };
        let event = ErrorEvent {
            event_id: id(),
            time: received,
            release: release.to_owned(),
            environment: environment.to_owned(),
            ..event
        };
        events.push((event, raw.get().as_bytes()));
    }
    if events.is_empty() {
        return Err(WireError::Json("no report about a content security policy".to_owned()));
    }
    Ok(events)
}

fn event(sent: &Value) -> Option<ErrorEvent> {
    let report = sent.get("csp-report").or_else(|| sent.get("body"))?.as_object()?;
    // The older shape has dashes, the newer one humps.
    let text = |dashed: &str, humped: &str| {
        let found = report.get(dashed).or_else(|| report.get(humped));
        found.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let violated = text("violated-directive", "violatedDirective");
    let effective = text("effective-directive", "effectiveDirective");
    // The violated one may have its sources behind it: `script-src 'self'`.
    let named = if effective.is_empty() { violated } else { effective };
    let directive = named.split_whitespace().next()?.to_owned();
    let blocked = text("blocked-uri", "blockedURL");
    let page = text("document-uri", "documentURL");
    let source = origin(&blocked);
    let tags = [
        ("effective-directive", directive.clone()),
        ("blocked-uri", blocked),
        ("document-uri", page.clone()),
        ("disposition", text("disposition", "disposition")),
    ];
    let tags = tags.into_iter().filter(|(_, value)| !value.is_empty());
    Some(ErrorEvent {
        level: Some(Severity::Error),
        logger: "csp".to_owned(),
        message: format!("Blocked '{directive}' from '{source}'"),
        service: host(&page),
        transaction: directive.clone(),
        // Without it all reports would be one: what tells them apart is quoted in the message.
        fingerprint: vec!["csp".to_owned(), directive, source],
        tags: tags.map(|(key, value)| (key.to_owned(), value)).collect(),
        ..ErrorEvent::default()
    })
}

/// Returns what was blocked without its path, which varies: `https://evil.example`, `inline`.
fn origin(blocked: &str) -> String {
    match blocked.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", up_to_path(rest)),
        None if blocked.is_empty() => "self".to_owned(),
        None => blocked.split(':').next().unwrap_or(blocked).to_owned(),
    }
}

fn host(page: &str) -> String {
    page.split_once("://").map(|(_, rest)| up_to_path(rest).to_owned()).unwrap_or_default()
}

fn up_to_path(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &str) -> Result<Vec<(ErrorEvent, &[u8])>, WireError> {
        let mut number = 0;
        decode_security_report(body.as_bytes(), "shop@1", "live", UnixNanos(7), || {
            number += 1;
            format!("{number:032x}")
        })
    }

    #[test]
    fn both_shapes_give_the_same_event() {
        let old = r#"{"csp-report":{"document-uri":"https://shop.example/cart?x=1",
            "violated-directive":"script-src 'self'","blocked-uri":"https://evil.example/a.js"}}"#;
        let new = r#"[{"type":"csp-violation","age":10,"url":"https://shop.example/cart",
            "body":{"documentURL":"https://shop.example/cart?x=1","effectiveDirective":"script-src",
            "blockedURL":"https://evil.example/a.js"}}]"#;
        for body in [old, new] {
            let events = decode(body).unwrap();
            let (event, raw) = &events[0];
            assert_eq!(event.title(), "Blocked 'script-src' from 'https://evil.example'");
            assert_eq!(
                (event.service.as_str(), event.release.as_str()),
                ("shop.example", "shop@1")
            );
            assert_eq!(event.fingerprint, ["csp", "script-src", "https://evil.example"]);
            assert_eq!(*raw, body.trim_matches(['[', ']']).as_bytes());
        }
    }

    #[test]
    fn what_is_no_such_report_is_refused_and_others_beside_one_are_passed_over() {
        for body in
            ["", "{}", "[]", "[7]", "{\"csp-report\":{}}", "{\"csp-report\":", "[{\"body\":{}}"]
        {
            assert!(decode(body).is_err(), "{body}");
        }
        let mixed = r#"[{"type":"deprecation","body":{}},
            {"type":"csp-violation","body":{"effectiveDirective":"img-src","blockedURL":"inline"}}]"#;
        assert_eq!(decode(mixed).unwrap()[0].0.title(), "Blocked 'img-src' from 'inline'");
    }
}
