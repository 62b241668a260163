//! Which events are the same fault.
//!
//! The sender's fingerprint decides when there is one. Else, for each exception of the chain from the
//! outside in: its type (the function that failed, where the type was made up) and up to five of the
//! application's own places, the place of the failure first; where it has none, its message with all
//! that varies taken out. Groups that carry one other exception are left out. Without exceptions the
//! logger and the message before its parameters count, and of a logged dict its message. Line numbers
//! stay out, so that an edit elsewhere in the file makes no new issue.
//!
//! Source: `issues.md` section 6, the rule for the embedded store. The service counts beside it, as a
//! project does elsewhere.

use std::sync::OnceLock;

use regex::Regex;
use ring::digest::{Context, SHA256};

use crate::model::{ErrorEvent, Exception, Frame};

/// Changes when the rule changes: stored issues then stay apart from new ones.
///
/// 2: modules and loggers count, made-up types do not, no function is counted twice.
const RULE_VERSION: &str = "2";

/// How many places of one exception count.
const PLACES_MAX: usize = 5;

/// How much of a message counts, in bytes; what is longer differs before.
const MESSAGE_BYTES_MAX: usize = 2 << 10;

/// Returns the 16 bytes that all events of one issue share.
pub(super) fn fingerprint(event: &ErrorEvent) -> [u8; 16] {
    let mut parts = vec![RULE_VERSION.to_owned(), event.service.clone()];
    if event.fingerprint.is_empty() {
        parts.extend(default_parts(event));
    }
    for part in &event.fingerprint {
        if is_default(part) {
            parts.extend(default_parts(event));
        } else {
            parts.push(part.clone());
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

/// Says whether the sender means our own key: `{{ default }}`, with or without the spaces.
fn is_default(part: &str) -> bool {
    let inner = part.strip_prefix("{{").and_then(|part| part.strip_suffix("}}"));
    inner.is_some_and(|inner| inner.trim() == "default")
}

fn default_parts(event: &ErrorEvent) -> Vec<String> {
    if event.exceptions.is_empty() {
        let template = Some(&event.template).filter(|template| !template.is_empty());
        let text = logged_text(template.unwrap_or(&event.message));
        return vec!["message".to_owned(), event.logger.clone(), normalised(text)];
    }
    let telling = event.exceptions.iter().filter(|exception| !exception.is_wrapper());
    let chain: Vec<&Exception> = telling.collect();
    let chain = if chain.is_empty() { event.exceptions.iter().collect() } else { chain };
    chain.into_iter().rev().flat_map(exception_parts).collect()
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
    let mut parts = vec![name(exception)];
    let mut places: Vec<String> = Vec::new();
    for frame in exception.frames.iter().rev().filter(|frame| frame.in_app) {
        let place = place(frame);
        // Recursion, of several functions too, counts as one call of each.
        if !places.contains(&place) {
            places.push(place);
        }
        if places.len() == PLACES_MAX {
            break;
        }
    }
    if places.is_empty() {
        parts.push(normalised(&exception.value));
    }
    parts.extend(places);
    parts
}

/// Returns the type; where the client made it up, the function that failed says more.
fn name(exception: &Exception) -> String {
    let function = exception.crash_frame().map(|frame| frame.function.as_str());
    match function.filter(|function| exception.synthetic && !function.is_empty()) {
        Some(function) => function.to_owned(),
        None => exception.kind.clone(),
    }
}

fn place(frame: &Frame) -> String {
    let file = || frame.filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let module = if frame.module.is_empty() { file() } else { &frame.module };
    format!("{module} {}", frame.function)
}

/// Returns the first two lines with numbers, ids, addresses, times and quoted text taken out.
fn normalised(text: &str) -> String {
    static VARYING: OnceLock<Regex> = OnceLock::new();
    let varying = VARYING.get_or_init(|| {
        Regex::new(concat!(
            r"[a-z]+://\S+|[\w.+-]+@[\w-]+\.[\w.]+",
            r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b",
            r"|\b\d{4}-\d\d-\d\d(?:[T ][\d:.,Z+]+)?",
            r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b",
            r#"|'[^']*'|"[^"]*"|`[^`]*`"#,
            r"|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8,}\b|\b[A-Z]+-\d+\b",
            r"|\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)?\b"
        ))
        .expect("a constant pattern that tests compile")
    });
    let text = text.get(..text.floor_char_boundary(MESSAGE_BYTES_MAX)).unwrap_or_default();
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
            ("commit abcdefab at 0x1f on 2026-11-22", "commit 01234567 at 0xfffe on 2026-11-23"),
            ("a\nb 1\nsecret 7", "a\n\nb 2\nother text"),
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
        assert_eq!(with("E", &["{{default}}", "a"]), with("E", &["{{ default }}", "a"]));
        assert_ne!(with("E", &["a", "bc"]), with("E", &["ab", "c"]));
    }

    fn logged(logger: &str, template: &str, message: &str) -> [u8; 16] {
        let [logger, template, message] = [logger, template, message].map(str::to_owned);
        fingerprint(&ErrorEvent { message, template, logger, ..ErrorEvent::default() })
    }

    #[test]
    fn messages_are_told_apart_by_their_logger_and_their_template() {
        let base = logged("orders", "no %s", "no bread");
        assert_eq!(base, logged("orders", "no %s", "no milk"));
        assert_ne!(base, logged("stock", "no %s", "no bread"));
        assert_ne!(base, logged("orders", "any %s", "no bread"));
        assert_eq!(logged("", "", "took 5s"), logged("", "", "took 7s"));
        assert_ne!(logged("", "", "took 5s"), logged("", "", "lost 5s"));
    }

    #[test]
    fn a_made_up_type_does_not_count() {
        let made_up = |kind| {
            let mut event = event(kind, "x", &[("main", 1), ("stock", 121)]);
            event.exceptions[0].synthetic = true;
            fingerprint(&event)
        };
        assert_eq!(made_up("Error"), made_up("UnhandledRejection"));
        assert_ne!(
            made_up("Error"),
            fingerprint(&event("Error", "x", &[("main", 1), ("stock", 121)]))
        );
    }

    #[test]
    fn recursion_counts_once_however_deep() {
        let deep = |times: usize| {
            let calls = [("walk", 1), ("visit", 2)].repeat(times);
            fingerprint(&event("E", "x", &[&[("main", 1)], calls.as_slice()].concat()))
        };
        assert_eq!(deep(1), deep(90));
    }

    #[test]
    fn a_module_says_more_than_a_file() {
        let of = |module: &str, file: &str| {
            let mut event = event("E", "x", &[("stock", 121)]);
            event.exceptions[0].frames[0].module = module.to_owned();
            event.exceptions[0].frames[0].filename = file.to_owned();
            fingerprint(&event)
        };
        assert_eq!(of("shop.cart", "/srv/a/cart.py"), of("shop.cart", "cart.py"));
        assert_eq!(of("", "/srv/a/cart.py"), of("", "C:\\app\\cart.py"));
        assert_ne!(of("shop.cart", "cart.py"), of("shop.stock", "cart.py"));
    }

    #[test]
    fn a_group_of_several_counts_as_one_of_one_does_not() {
        let mut several = event("E", "x", &[("stock", 121)]);
        let group = |children| Exception {
            kind: "ExceptionGroup".to_owned(),
            children,
            ..Exception::default()
        };
        let bare = fingerprint(&several);
        several.exceptions.push(group(1));
        assert_eq!(fingerprint(&several), bare);
        several.exceptions[1] = group(2);
        assert_ne!(fingerprint(&several), bare);
    }
}
