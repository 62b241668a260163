//! The answers of the embedded backend's own query interface, written by `serve` and read by
//! `sources`.

use serde::{Deserialize, Serialize};

use crate::model::{ErrorEvent, Failure, Issue, Span};

/// The answer of `/healthz`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The word of this very process.
    pub instance: String,
}

/// The spans of one trace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TracePage {
    /// All that are stored, by start time; none when the trace is unknown.
    pub spans: Vec<Span>,
}

/// Events of one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventPage {
    /// Oldest first.
    pub events: Vec<ErrorEvent>,
}

/// The signs of failed requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailurePage {
    /// In no order.
    pub failures: Vec<Failure>,
}

/// A list of issues.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IssuePage {
    /// Last seen first.
    pub issues: Vec<Issue>,
}

/// One issue with its latest events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IssueDetail {
    /// The issue; `None` when there is none of that id.
    pub issue: Option<Issue>,
    /// The latest first.
    pub events: Vec<ErrorEvent>,
}
