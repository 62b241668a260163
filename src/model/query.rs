//! Questions for log lines, as every source takes them.

use serde::{Deserialize, Serialize};

use super::{Correlation, LogRecord, Severity, TraceId, UnixNanos};

/// Which log lines to return.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// Ids of which a line must carry one, as request id or as trace id; empty for all lines.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The same ids with their spellings, for stores that do not have them in one form.
    #[serde(skip)]
    pub correlations: Vec<Correlation>,
    /// The least level.
    #[serde(default)]
    pub level: Option<Severity>,
    /// The earliest time, inclusive.
    #[serde(default)]
    pub since: Option<UnixNanos>,
    /// The latest time, inclusive.
    #[serde(default)]
    pub until: Option<UnixNanos>,
    /// Only this service.
    #[serde(default)]
    pub service: Option<String>,
    /// Only lines that match this regular expression.
    #[serde(default)]
    pub grep: Option<String>,
    /// Only lines stored after this position: for following. It is the source's own
    /// [`LogPage::position`].
    #[serde(default)]
    pub after: Option<i64>,
    /// How many lines at the most; the latest are kept, or the first after `after`.
    #[serde(default)]
    pub limit: u32,
}

/// Log lines, and where to go on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines in the order of their time, or of arrival when `after` was given.
    pub records: Vec<LogRecord>,
    /// The last stored position, to follow from.
    pub position: i64,
    /// Whether there were more than `limit`.
    pub truncated: bool,
    /// What was searched, as far as a source says it.
    #[serde(skip)]
    pub searched: Vec<Searched>,
    /// Why lines may be missing that match: the source answered only in part.
    #[serde(skip)]
    pub incomplete: Option<String>,
    /// What else a reader should know of the search.
    #[serde(skip)]
    pub remarks: Vec<String>,
}

/// What a source searched for log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Searched {
    /// Which source.
    pub source: String,
    /// What it was asked, in its own language.
    pub query: String,
    /// The earliest time asked for, inclusive.
    pub since: UnixNanos,
    /// The latest time asked for, inclusive.
    pub until: UnixNanos,
    /// Whether the user did not say since when, so that the source's own window holds.
    pub window_by_default: bool,
    /// How many lines it gave.
    pub looked_at: u64,
    /// How many of them are what was asked for.
    pub matched: u64,
}

impl LogQuery {
    /// Asks for the lines of one request, and of the traces it is known to have.
    pub fn of_request(correlation: &Correlation, traces: &[TraceId], limit: u32) -> Self {
        let mut ids = vec![correlation.key()];
        ids.extend(traces.iter().map(ToString::to_string));
        ids.dedup();
        let mut correlations = vec![correlation.clone()];
        correlations.extend(traces.iter().copied().map(Correlation::from));
        Self { ids, correlations, limit, ..Self::default() }
    }

    /// Asks for the lines of this trace too, unless it already does.
    pub fn add_trace(&mut self, trace_id: TraceId) {
        let key = trace_id.to_string();
        if !self.ids.contains(&key) {
            self.ids.push(key);
            self.correlations.push(Correlation::from(trace_id));
        }
    }
}
