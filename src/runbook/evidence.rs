//! What is known of a failure: the chain of its exceptions, and lines of log.

use std::collections::HashSet;
use std::sync::OnceLock;

use regex::Regex;

use super::own::{self, Part};
use super::paste::{plain, without_controls};
use super::traceback::{self, KnownTypes, Traceback};
use super::{Matcher, Pattern, Runbook};
use crate::model::LogRecord;

/// What a failure left behind as text.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The exceptions, error by error, each outermost first.
    pub chain: Vec<Link>,
    /// Log lines, and text that is no exception.
    pub log: Vec<LogText>,
    /// Whether there are frames of a traceback whose exception is not there.
    pub cut: bool,
    /// The request it happened in.
    pub request_id: Option<String>,
    /// The trace it happened in.
    pub trace_id: Option<String>,
    known: KnownTypes,
    /// What is in the chain: that two tools show one error does not make two of it.
    seen: HashSet<(String, String)>,
}

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its type, as it is written; empty when it is not.
    pub kind: String,
    /// Its message; empty for some.
    pub message: String,
    /// Whether it is a cause of the one before it; where it is not, another error begins.
    pub is_cause: bool,
}

impl Link {
    pub(super) fn new(kind: &str, message: &str) -> Self {
        Self { kind: kind.to_owned(), message: message.to_owned(), is_cause: false }
    }
}

/// A line of log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogText {
    /// What it says.
    pub text: String,
    /// The same without its first word, which may be a service's name.
    pub bare: Option<String>,
    /// Its other fields.
    pub fields: Vec<(String, String)>,
}

impl Evidence {
    /// Begins with nothing; a type that a pattern of the runbook names is known as one, whatever it
    /// looks like.
    pub fn new(runbook: &Runbook) -> Self {
        let matchers = runbook.patterns.iter().flat_map(Pattern::matchers);
        let names = matchers.filter_map(|matcher| match matcher {
            Matcher::Exception { kind, .. } => Some(kind.as_str()),
            _ => None,
        });
        Self { known: KnownTypes::new(names), ..Self::default() }
    }

    /// Adds what a log record says: its message, its exception, and the fields that name one.
    pub fn add_record(&mut self, record: &LogRecord) {
        let fields: Vec<(String, String)> =
            record.fields.iter().map(|field| (field.name.clone(), field.text())).collect();
        if let Some(exception) = &record.exception {
            self.add_exception(&without_controls(exception));
        }
        let named = |names: &[&str]| {
            fields
                .iter()
                .find(|(name, _)| names.contains(&name.as_str()))
                .map(|(_, value)| value.clone())
        };
        let kind = named(&["exception.type", "error.type", "error.kind", "exc_type"]);
        let message = named(&["exception.message", "error.message", "exc_message", "error", "err"]);
        match (kind, message) {
            _ if record.exception.is_some() => {}
            (Some(kind), message) => {
                self.add_error(vec![Link::new(&kind, &message.unwrap_or_default())]);
            }
            (None, Some(message)) => self.add_exception(&without_controls(&message)),
            (None, None) => {}
        }
        self.log.push(LogText { text: record.message.clone(), bare: None, fields });
        self.request_id = self.request_id.take().or_else(|| record.request_id.clone());
        self.trace_id = self.trace_id.take().or_else(|| record.trace_id.clone());
    }

    /// Adds a traceback, an exception, what `obs` wrote for people, or lines of plain log.
    ///
    /// Windows line ends, escape sequences and what other tools write before each line are passed over; a
    /// traceback may begin or end anywhere.
    pub fn add_text(&mut self, text: &str) {
        for part in own::read(&plain(text)) {
            match part {
                Part::Log(record) => self.add_line(record),
                Part::Exception(text) => self.add_exception(&text),
                Part::Text(text) => self.add(traceback::read(&text, &self.known)),
            }
        }
    }

    /// Adds a line of log as `obs logs` writes it.
    fn add_line(&mut self, line: LogText) {
        let id = |name: &str| {
            line.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
        };
        self.request_id = self.request_id.take().or_else(|| id("request_id"));
        self.trace_id = self.trace_id.take().or_else(|| id("trace_id"));
        // A message may itself be `Type: message`.
        let said = traceback::read(&line.text, &self.known);
        self.add(Traceback { rest: Vec::new(), ..said });
        self.log.push(line);
    }

    fn add_exception(&mut self, text: &str) {
        self.add(traceback::read_exception(text, &self.known));
    }

    fn add(&mut self, read: Traceback) {
        for error in read.errors {
            self.add_error(error);
        }
        let line = |text| LogText { text, bare: None, fields: Vec::new() };
        self.log.extend(read.rest.into_iter().map(line));
        self.cut |= read.cut;
    }

    /// Adds an error and its causes, unless all of them are there.
    fn add_error(&mut self, error: Vec<Link>) {
        let links: Vec<Link> = error.into_iter().flat_map(unwrapped).collect();
        let key = |link: &Link| (link.kind.clone(), link.message.clone());
        if links.iter().all(|link| self.seen.contains(&key(link))) {
            return;
        }
        for (place, link) in links.into_iter().enumerate() {
            self.seen.insert(key(&link));
            self.chain.push(Link { is_cause: place > 0, ..link });
        }
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
    let inner = kinds.into_iter().map(|kind| Link::new(&kind, &message));
    std::iter::once(link.clone()).chain(inner).collect()
}
