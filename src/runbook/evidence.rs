//! What is known of a failure: the chain of its exceptions, and lines of log.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

use super::traceback::{self, Traceback};
use crate::model::LogRecord;

/// What a failure left behind as text.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The exceptions, outermost first.
    pub chain: Vec<Link>,
    /// Log lines, and text that is no exception.
    pub log: Vec<LogText>,
    /// Whether there are frames of a traceback whose exception is not there.
    pub cut: bool,
    /// The request it happened in.
    pub request_id: Option<String>,
    /// The trace it happened in.
    pub trace_id: Option<String>,
}

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its type, as it is written; empty when it is not.
    pub kind: String,
    /// Its message; empty for some.
    pub message: String,
}

/// A line of log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogText {
    /// What it says.
    pub text: String,
    /// Its other fields.
    pub fields: Vec<(String, String)>,
}

impl Evidence {
    /// Adds what a log record says: its message, its exception, and the fields that name one.
    pub fn add_record(&mut self, record: &LogRecord) {
        let fields: Vec<(String, String)> =
            record.fields.iter().map(|field| (field.name.clone(), field.text())).collect();
        if let Some(exception) = &record.exception {
            self.add(traceback::read_exception(&without_controls(exception)));
        }
        let named = |names: &[&str]| {
            fields
                .iter()
                .find(|(name, _)| names.contains(&name.as_str()))
                .map(|(_, value)| value.clone())
        };
        let kind = named(&["exception.type", "error.type", "error.kind", "exc_type"]);
        let message = named(&["exception.message", "error.message", "exc_message", "error", "err"]);
        if record.exception.is_none() && (kind.is_some() || message.is_some()) {
            let (kind, message) = (kind.unwrap_or_default(), message.unwrap_or_default());
            self.chain.extend(unwrapped(Link { kind, message }));
        }
        self.log.push(LogText { text: record.message.clone(), fields });
        self.request_id = self.request_id.take().or_else(|| record.request_id.clone());
        self.trace_id = self.trace_id.take().or_else(|| record.trace_id.clone());
    }

    /// Adds a traceback, an exception, a finding of `obs trace`, or lines of plain log.
    ///
    /// Windows line ends and escape sequences are passed over; a traceback may begin or end anywhere.
    pub fn add_text(&mut self, text: &str) {
        self.add(traceback::read(&without_controls(text)));
    }

    fn add(&mut self, read: Traceback) {
        self.chain.extend(read.chain.into_iter().flat_map(unwrapped));
        self.log.extend(read.rest.into_iter().map(|text| LogText { text, fields: Vec::new() }));
        self.cut |= read.cut;
    }
}

/// Returns the exception, and the one that its message says it wraps.
///
/// `SQLAlchemy` writes `(psycopg.errors.DeadlockDetected) deadlock detected`, and of asyncpg
/// `<class 'asyncpg.InterfaceError'>: connection is closed`.
fn unwrapped(link: Link) -> Vec<Link> {
    static WRAPPED: OnceLock<Regex> = OnceLock::new();
    let wrapped = WRAPPED.get_or_init(|| {
        Regex::new(r"^\(([\w.]+\.\w+)\) (?:<class '([\w.]+)'>: )?")
            .expect("the expression is constant and tested")
    });
    let Some(found) = wrapped.captures(&link.message) else { return vec![link] };
    let end = found.get(0).map_or(0, |whole| whole.end());
    let message = link.message.get(end..).unwrap_or_default().to_owned();
    let kinds: Vec<String> = [1, 2]
        .iter()
        .filter_map(|group| found.get(*group))
        .map(|kind| kind.as_str().to_owned())
        .collect();
    let inner = kinds.into_iter().map(|kind| Link { kind, message: message.clone() });
    std::iter::once(link.clone()).chain(inner).collect()
}

/// Returns the text without escape sequences and other controls, line ends as `\n`.
fn without_controls(text: &str) -> Cow<'_, str> {
    static SEQUENCE: OnceLock<Regex> = OnceLock::new();
    let sequence = SEQUENCE.get_or_init(|| {
        // CSI; OSC up to BEL or ST; two-byte sequences; then single controls, the tab left in.
        Regex::new(
            r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -~]?|\r|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\u{9f}\u{feff}]",
        )
        .expect("the expression is constant and tested")
    });
    sequence.replace_all(text, "")
}
