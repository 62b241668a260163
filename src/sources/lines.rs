//! Log lines of other backends as records, and whether they are what was asked for.

use std::collections::VecDeque;
use std::io::Read;
use std::ops::ControlFlow;

use crate::logs::{LogFilter, Scan, Scanned, read_line};
use crate::model::{Correlation, Field, LogPage, LogQuery, LogRecord, Severity, UnixNanos};

/// What stands for characters that JSON may escape.
const ANY: &str = "(?s:.)+";

/// What Loki calls the level that it found in a line by itself.
const DETECTED_LEVEL: &str = "detected_level";

/// What a question asks for, whatever a backend made of it.
#[derive(Debug)]
pub(super) struct Wanted {
    /// One of them must hold: one for each id, or the only one without.
    any: Vec<LogFilter>,
    narrows: bool,
}

impl Wanted {
    /// Errs when the expression of `grep` is none.
    pub(super) fn of(query: &LogQuery) -> Result<Self, regex::Error> {
        let base = LogFilter {
            level: query.level,
            grep: query.grep.as_deref().map(regex::Regex::new).transpose()?,
            service: query.service.clone(),
            ..LogFilter::default()
        };
        let of_id = |id: &Correlation| LogFilter { correlation: Some(id.clone()), ..base.clone() };
        let narrows = query.level.is_some() || query.grep.is_some() || query.service.is_some();
        let any: Vec<LogFilter> = query.correlations.iter().map(of_id).collect();
        Ok(Self { any: if any.is_empty() { vec![base] } else { any }, narrows })
    }

    /// Says whether the record is asked for; the window is the backend's and the walk's.
    pub(super) fn has(&self, record: &LogRecord) -> bool {
        self.any.iter().any(|filter| filter.matches(record))
    }

    /// Returns how many lines to ask for at first: no more than can be shown, where each one matches.
    pub(super) fn page_size(&self, limit: usize) -> u32 {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
        if self.narrows { u32::MAX } else { limit }
    }
}

/// Returns what a question asks for of lines that are all looked at; its first id is the request's, the
/// others those of its traces.
///
/// Errs when the expression of `grep` is none.
pub(super) fn filter_of(query: &LogQuery) -> Result<LogFilter, regex::Error> {
    let mut ids = query.correlations.iter().cloned();
    Ok(LogFilter {
        correlation: ids.next(),
        traces: ids.collect(),
        level: query.level,
        since: query.since,
        until: query.until,
        grep: query.grep.as_deref().map(regex::Regex::new).transpose()?,
        service: query.service.clone(),
        ..LogFilter::default()
    })
}

/// Reads an input to its end and returns its last `limit` records that match; what was read before a
/// failure counts.
pub fn last_of(mut scan: Scan<'_, impl Read>, limit: usize) -> LogPage {
    let mut kept = VecDeque::new();
    let mut page = LogPage::default();
    loop {
        let truncated = &mut page.truncated;
        let scanned = scan.go_on(&mut |found| {
            kept.push_back(found.into_record());
            if kept.len() > limit {
                kept.pop_front();
                *truncated = true;
            }
            Ok(ControlFlow::Continue(()))
        });
        match scanned {
            Ok(Scanned::Dry) => {}
            Ok(Scanned::Done) => break,
            Err(error) => {
                page.incomplete = Some(format!("it could not be read to its end: {error}"));
                break;
            }
        }
    }
    page.records = kept.into();
    page
}

/// Returns every text under which the ids can stand in a line: each spelling as it is, in lower and in
/// upper case.
pub(super) fn literals(query: &LogQuery) -> Vec<String> {
    let mut literals: Vec<String> = Vec::new();
    for spelling in query.correlations.iter().flat_map(Correlation::spellings) {
        for form in [spelling.clone(), spelling.to_lowercase(), spelling.to_uppercase()] {
            if !literals.contains(&form) {
                literals.push(form);
            }
        }
    }
    literals
}

/// Returns a regular expression, as RE2 and Rust read it, that matches where one of the texts stands;
/// characters that JSON may escape stand for any.
pub(super) fn any_of(texts: &[String]) -> String {
    let piece = |text: &String| {
        let mut piece = String::new();
        for c in text.chars() {
            if c.is_ascii_alphanumeric() || "-_:@".contains(c) {
                piece.push(c);
            } else if !piece.ends_with(ANY) {
                piece.push_str(ANY);
            }
        }
        piece
    };
    texts.iter().map(piece).collect::<Vec<_>>().join("|")
}

/// Returns every name of a level that is at least this bad, in lower case, as loggers write it.
pub(super) fn level_names(least: Severity) -> Vec<&'static str> {
    const NAMES: [&str; 26] = [
        "trace",
        "verbose",
        "debug",
        "dbg",
        "fine",
        "info",
        "information",
        "informational",
        "notice",
        "default",
        "log",
        "http",
        "warn",
        "warning",
        "wrn",
        "error",
        "err",
        "severe",
        "fail",
        "fatal",
        "critical",
        "crit",
        "panic",
        "alert",
        "emerg",
        "emergency",
    ];
    let bad = |name: &&str| Severity::from_name(name).is_some_and(|level| level >= least);
    NAMES.into_iter().filter(bad).collect()
}

/// Reads a line that a backend gave, with what it knows of it beside: labels, metadata.
///
/// What the line says itself counts before the labels; those that no part of the record is made of
/// become fields. A message that is a JSON line itself is opened.
pub(super) fn record(
    line: &[u8],
    labels: &[(String, String)],
    stamp: UnixNanos,
    source: &str,
) -> LogRecord {
    let mut record = opened(read_line(line));
    record.time.get_or_insert(stamp);
    source.clone_into(&mut record.source);
    let object: serde_json::Map<String, serde_json::Value> =
        labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let said = read_line(serde_json::Value::from(object).to_string().as_bytes());
    let detected = labels.iter().find(|(name, _)| name == DETECTED_LEVEL);
    let detected = detected.and_then(|(_, level)| Severity::from_name(level));
    fill(&mut record, said, detected);
    record
}

/// Opens a message that is a JSON line: shippers that do not decode put the whole line there.
fn opened(mut record: LogRecord) -> LogRecord {
    if !record.message.starts_with('{') || !record.message.ends_with('}') {
        return record;
    }
    let inner = read_line(record.message.as_bytes());
    if inner.message == record.message {
        return record;
    }
    let outer = std::mem::take(&mut record);
    // The line's own words count before those of what carried it.
    let mut line = LogRecord { raw: outer.raw.clone(), ..inner };
    line.time = line.time.or(outer.time);
    fill(&mut line, outer, None);
    line
}

/// Adds what the record does not say itself.
fn fill(record: &mut LogRecord, more: LogRecord, level: Option<Severity>) {
    record.level = record.level.or(more.level).or(level);
    let parts = [
        (&mut record.service, more.service),
        (&mut record.logger, more.logger),
        (&mut record.request_id, more.request_id),
        (&mut record.trace_id, more.trace_id),
        (&mut record.span_id, more.span_id),
        (&mut record.exception, more.exception),
    ];
    for (own, other) in parts {
        if own.is_none() {
            *own = other;
        }
    }
    let known: Vec<String> = record.fields.iter().map(|field| field.name.clone()).collect();
    let new = |field: &Field| !known.contains(&field.name) && field.name != DETECTED_LEVEL;
    record.fields.extend(more.fields.into_iter().filter(new));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_what_the_line_does_not() {
        let labels = [("service_name", "orders"), ("detected_level", "error"), ("pod", "orders-1")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let plain = record(b"boom", &labels, UnixNanos(7), "loki");
        assert_eq!(
            (plain.time, plain.level, plain.service.as_deref()),
            (Some(UnixNanos(7)), Some(Severity::Error), Some("orders"))
        );
        let fields: Vec<String> = plain.fields.iter().map(|field| field.name.clone()).collect();
        assert_eq!(fields, ["pod"]);
        let json = br#"{"level":"info","service":"api","message":"hi"}"#;
        let own = record(json, &labels, UnixNanos(7), "loki");
        assert_eq!((own.level, own.service.as_deref()), (Some(Severity::Info), Some("api")));
    }

    #[test]
    fn a_message_that_is_a_line_is_opened() {
        let line = br#"{"@timestamp":"2026-11-22T06:00:00Z","host":"a","message":"{\"level\":\"error\",\"event\":\"boom\",\"request_id\":\"req_1\"}"}"#;
        let record = record(line, &[], UnixNanos(7), "es");
        assert_eq!(
            (record.message.as_str(), record.request_id.as_deref()),
            ("boom", Some("req_1"))
        );
        assert_eq!(record.level, Some(Severity::Error));
        assert!(record.time > Some(UnixNanos(7)) && record.raw.as_deref() == Some(line));
    }

    #[test]
    fn an_id_cannot_leave_its_expression() {
        let pattern = any_of(&["a|.*\"} or x=~\"".to_owned(), "req_1".to_owned()]);
        assert!(!pattern.contains(['"', '}', '=']), "{pattern}");
        let pattern = regex::Regex::new(&pattern).unwrap();
        assert!(pattern.is_match(r#"x a|.*"} or x=~" y"#) && pattern.is_match("req_1"));
        assert!(!pattern.is_match("anything else"));
    }

    #[test]
    fn levels_at_least_as_bad_are_named() {
        let names = level_names(Severity::Error);
        assert!(names.contains(&"critical") && names.contains(&"err") && !names.contains(&"warn"));
        assert_eq!(level_names(Severity::Trace).len(), 26);
    }
}
