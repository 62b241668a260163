//! Which events are the same fault.
//!
//! The sender's fingerprint decides when there is one. Else, for each exception of the chain from the
//! outside in: its type and up to five of the application's own frames, the place of the failure
//! first; where it has none, its message with all that varies taken out. Groups that only wrap are
//! left out, and of a logged dict its message counts. Line numbers stay out, so
//! that an edit elsewhere in the file makes no new issue.

use std::sync::OnceLock;

use regex::Regex;
use ring::digest::{Context, SHA256};

use crate::model::{ErrorEvent, Exception, Frame};

/// Changes when the rule changes: stored issues then stay apart from new ones.
const RULE_VERSION: &str = "1";

/// How many frames of one exception count.
const FRAMES_MAX: usize = 5;

/// Returns the 16 bytes that all events of one issue share.
pub(super) fn fingerprint(event: &ErrorEvent) -> [u8; 16] {
    let mut parts = vec![RULE_VERSION.to_owned(), event.service.clone()];
    if event.fingerprint.is_empty() {
        parts.extend(default_parts(event));
    }
    for part in &event.fingerprint {
        match part.as_str() {
            "{{ default }}" => parts.extend(default_parts(event)),
            given => parts.push(given.to_owned()),
        }
    }
    let mut context = Context::new(&SHA256);
    for part in &parts {
        // The length keeps ["ab", "c"] apart from ["a", "bc"].
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    let digest = context.finish();
    let mut short = [0; 16];
    short.copy_from_slice(&digest.as_ref()[..16]);
    short
}

fn default_parts(event: &ErrorEvent) -> Vec<String> {
    if event.exceptions.is_empty() {
        return vec!["message".to_owned(), normalised(logged_text(&event.message))];
    }
    let telling = event.exceptions.iter().filter(|exception| !is_wrapper(exception));
    let chain: Vec<&Exception> = telling.collect();
    let chain = if chain.is_empty() { event.exceptions.iter().collect() } else { chain };
    chain.into_iter().rev().flat_map(exception_parts).collect()
}

/// Says whether it is a group that only carries others: whether a framework wrapped an error in one
/// depends on its version.
fn is_wrapper(exception: &Exception) -> bool {
    matches!(exception.kind.as_str(), "ExceptionGroup" | "BaseExceptionGroup")
        && !exception.frames.iter().any(|frame| frame.in_app)
}

/// Returns the message within a logged dict (`{'request_id': …, 'message': 'cache failed'}`), which
/// structured loggers hand to the error tracker as a whole; else the text itself.
fn logged_text(text: &str) -> &str {
    static MESSAGE: OnceLock<Regex> = OnceLock::new();
    let message = MESSAGE.get_or_init(|| {
        Regex::new(r#"['"](?:message|msg|event)['"]\s*:\s*(?:'([^']*)'|"([^"]*)")"#)
            .expect("a constant pattern that tests compile")
    });
    if !text.starts_with('{') {
        return text;
    }
    // The logger's own comes last, below what the call and the traceback gave.
    let last = message.captures_iter(text).last();
    last.and_then(|found| found.get(1).or_else(|| found.get(2)))
        .map_or(text, |found| found.as_str())
}

fn exception_parts(exception: &Exception) -> Vec<String> {
    let mut parts = vec![exception.kind.clone()];
    let mut places: Vec<String> = Vec::new();
    for frame in exception.frames.iter().rev().filter(|frame| frame.in_app) {
        let place = place(frame);
        if places.last() != Some(&place) {
            places.push(place);
        }
    }
    places.truncate(FRAMES_MAX);
    if places.is_empty() {
        parts.push(normalised(&exception.value));
    }
    parts.extend(places);
    parts
}

fn place(frame: &Frame) -> String {
    let file = frame.filename.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{file} {}", frame.function)
}

/// Returns the first two lines with numbers, ids, addresses, times and quoted text taken out.
fn normalised(text: &str) -> String {
    static VARYING: OnceLock<Regex> = OnceLock::new();
    let varying = VARYING.get_or_init(|| {
        Regex::new(concat!(
            r"[a-z]+://\S+|[\w.+-]+@[\w-]+\.[\w.]+",
            r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b",
            r"|\b\d{4}-\d\d-\d\d[T ][\d:.,Z+]+",
            r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b",
            r#"|'[^']*'|"[^"]*"|`[^`]*`"#,
            r"|\b(?:0x)?[0-9a-fA-F]*\d[0-9a-fA-F]{7,}\b|\b[A-Z]+-\d+\b|\d+(?:\.\d+)?(?:ns|us|ms|s)?\b"
        ))
        .expect("a constant pattern that tests compile")
    });
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(2).collect();
    varying.replace_all(&lines.join("\n"), "<t>").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, value: &str, frames: &[(&str, u64)]) -> ErrorEvent {
        let frames = frames.iter().map(|(function, line)| Frame {
            function: (*function).to_owned(),
            filename: "app.py".to_owned(),
            line: Some(*line),
            in_app: true,
            ..Frame::default()
        });
        ErrorEvent {
            exceptions: vec![Exception {
                kind: kind.to_owned(),
                value: value.to_owned(),
                frames: frames.collect(),
                ..Exception::default()
            }],
            ..ErrorEvent::default()
        }
    }

    #[test]
    fn what_varies_in_a_message_does_not_split_an_issue() {
        for (one, other) in [
            ("no price for SKU-404", "no price for SKU-77"),
            ("took 12.5ms at 10.0.0.1:80", "took 3s at 10.0.0.2:81"),
            ("user 'ann' <ann@a.example>", "user 'bob' <bob@b.example>"),
            (
                "order 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
                "order 118f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
            ),
        ] {
            assert_eq!(
                fingerprint(&event("E", one, &[])),
                fingerprint(&event("E", other, &[])),
                "{one}"
            );
        }
    }

    #[test]
    fn types_and_places_split_issues_and_lines_do_not() {
        let base = fingerprint(&event("E", "x", &[("main", 1), ("stock", 121)]));
        assert_eq!(base, fingerprint(&event("E", "y", &[("main", 9), ("stock", 130)])));
        assert_ne!(base, fingerprint(&event("F", "x", &[("main", 1), ("stock", 121)])));
        assert_ne!(base, fingerprint(&event("E", "x", &[("main", 1), ("price", 121)])));
    }

    #[test]
    fn a_group_around_the_fault_changes_nothing() {
        let bare = event("E", "x", &[("stock", 121)]);
        let mut wrapped = bare.clone();
        let group = Exception { kind: "ExceptionGroup".to_owned(), ..Exception::default() };
        wrapped.exceptions.insert(0, group.clone());
        assert_eq!(fingerprint(&wrapped), fingerprint(&bare));
        wrapped.exceptions.rotate_left(1);
        assert_eq!(fingerprint(&wrapped), fingerprint(&bare));
        let alone = ErrorEvent { exceptions: vec![group], ..bare.clone() };
        assert_ne!(fingerprint(&alone), fingerprint(&bare));
    }

    #[test]
    fn the_senders_fingerprint_wins() {
        let with = |kind, parts: &[&str]| {
            let mut event = event(kind, "x", &[]);
            event.fingerprint = parts.iter().map(|part| (*part).to_owned()).collect();
            fingerprint(&event)
        };
        assert_eq!(with("E", &["a"]), with("F", &["a"]));
        assert_ne!(with("E", &["{{ default }}", "a"]), with("F", &["{{ default }}", "a"]));
    }
}
