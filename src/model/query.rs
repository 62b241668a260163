//! Questions for log lines, as every source takes them.

use serde::{Deserialize, Serialize};

use super::{Correlation, LogRecord, Severity, TraceId, UnixNanos};

/// Which log lines to return.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogQuery {
    /// Ids of which a line must carry one, as request id or as trace id; empty for all lines.
    #[serde(default)]
    pub ids: Vec<String>,
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
    /// Only lines stored after this position, in the order of arrival: for following.
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
}

impl LogQuery {
    /// Asks for the lines of one request, and of the traces it is known to have.
    pub fn of_request(correlation: &Correlation, traces: &[TraceId], limit: u32) -> Self {
        let mut ids = vec![correlation.key()];
        ids.extend(traces.iter().map(ToString::to_string));
        ids.dedup();
        Self { ids, limit, ..Self::default() }
    }
}
