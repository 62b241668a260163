//! What sources say of one request, and which of them did not answer.

use std::time::Duration;

use serde::Serialize;

use super::{Correlation, ErrorEvent, LogRecord, Searched, Span, TraceId};

/// A source that was asked and did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its name.
    pub source: String,
    /// Why.
    pub reason: String,
}

impl Missing {
    /// A source that answered, but may have more of what was asked for.
    pub fn in_part(source: String, reason: &str) -> Self {
        Self { source, reason: format!("{IN_PART}{reason}") }
    }

    /// Says whether the source answered in part.
    pub fn is_in_part(&self) -> bool {
        self.reason.starts_with(IN_PART)
    }
}

/// How the reason begins of a source that answered in part.
const IN_PART: &str = "answered only in part: ";

/// What the sources said, and which did not answer.
#[derive(Debug, Clone, Default)]
pub struct Gathered<T> {
    /// What was found.
    pub found: T,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

/// Everything that is known of one request.
#[derive(Debug, Clone, Default)]
pub struct Story {
    /// The request's traces: its own id where it is one, and those it was resolved to.
    pub trace_ids: Vec<TraceId>,
    /// What led from the request id to a trace of another id, if anything did.
    pub resolved_by: Option<&'static str>,
    /// Log lines by time.
    pub logs: Vec<LogRecord>,
    /// Whether there were more log lines than are kept.
    pub logs_truncated: bool,
    /// What was searched for them, as far as sources say it.
    pub searched: Vec<Searched>,
    /// Spans by start.
    pub spans: Vec<Span>,
    /// Error events, oldest first.
    pub events: Vec<ErrorEvent>,
    /// What sources say of their answers about traces.
    pub remarks: Vec<String>,
    /// How long was waited for spans that were still arriving; `None` when all was asked for once.
    pub waited: Option<Waited>,
}

/// A wait for a trace that was still arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// How long.
    pub length: Duration,
    /// What was known in the end.
    pub ended: WaitEnd,
}

/// How a wait for a trace ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitEnd {
    /// No span came any more.
    Settled,
    /// No span came any more, but some that others name as their parents are not there.
    ParentsMissing,
    /// Spans came to the end of the wait.
    Arriving,
    /// No span came at all.
    Nothing,
}

impl Story {
    /// Says whether anything was found.
    pub fn is_empty(&self) -> bool {
        self.logs.is_empty() && self.spans.is_empty() && self.events.is_empty()
    }

    /// Returns the request id that log lines, events or the entry span give this trace, when it is
    /// not the same id in another spelling.
    pub fn request_id(&self, correlation: &Correlation) -> Option<String> {
        let of_logs = self.logs.iter().filter_map(|record| record.request_id.clone());
        let of_events = self.events.iter().filter_map(|event| event.request_id.clone());
        of_logs.chain(of_events).find(|id| !correlation.matches(id))
    }
}
