//! Questions for traces, as every source takes them, and what it answers.

use serde::{Deserialize, Serialize};

use super::{Span, TraceId, UnixNanos};

/// The spans of one trace, as one source has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundTrace {
    /// The spans, in any order; none when the trace is unknown there.
    pub spans: Vec<Span>,
    /// Why spans may be missing: the source itself answered only in part.
    pub incomplete: Option<String>,
    /// What else a reader should know of the answer.
    pub remarks: Vec<String>,
}

impl From<Vec<Span>> for FoundTrace {
    fn from(spans: Vec<Span>) -> Self {
        Self { spans, ..Self::default() }
    }
}

/// Which traces to list: those with a span that meets all conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSearch {
    /// The span's service.
    pub service: Option<String>,
    /// Whether the span has to have failed.
    pub errors: bool,
    /// The least duration of the span, in nanoseconds.
    pub min_duration_ns: Option<i64>,
    /// The earliest time, inclusive.
    pub since: UnixNanos,
    /// The latest time, inclusive.
    pub until: UnixNanos,
    /// How many traces at the most; the latest are kept.
    pub limit: u32,
}

/// A trace in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    /// The trace.
    pub trace_id: TraceId,
    /// The root's operation; `None` while the root is not there.
    pub name: Option<String>,
    /// The root's service, else that of the first span; `None` where the source does not say it.
    pub service: Option<String>,
    /// When the first span began.
    pub start: UnixNanos,
    /// From the first start to the last end, in nanoseconds; `None` while no span has ended.
    pub duration_ns: Option<i64>,
    /// How many spans it has; `None` where the source does not say it.
    pub spans: Option<u64>,
    /// How many of them failed; `None` where the source does not say it.
    pub errors: Option<u64>,
}

/// Traces that a source found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceList {
    /// The traces, in any order.
    pub traces: Vec<TraceSummary>,
    /// Whether there may be more than `limit`.
    pub truncated: bool,
    /// Why traces may be missing that match: not all was searched.
    #[serde(default)]
    pub incomplete: Option<String>,
    /// What else a reader should know of the search.
    #[serde(default)]
    pub remarks: Vec<String>,
}

impl TraceSummary {
    /// Sums the spans of one trace up; `None` without spans.
    ///
    /// The root is the first span without a parent.
    pub fn of(spans: &[Span]) -> Option<Self> {
        let by_start = |span: &&Span| (span.start, span.span_id);
        let first = spans.iter().min_by_key(by_start)?;
        let root = spans.iter().filter(|span| span.parent.is_none()).min_by_key(by_start);
        let end = spans.iter().filter_map(|span| span.end).max();
        let errors = spans.iter().filter(|span| span.is_error()).count();
        Some(Self {
            trace_id: first.trace_id,
            name: root.map(|root| root.name.clone()),
            service: Some(root.unwrap_or(first).service.clone()),
            start: first.start,
            duration_ns: end.map(|end| end.since(first.start)),
            spans: u64::try_from(spans.len()).ok(),
            errors: u64::try_from(errors).ok(),
        })
    }
}

impl TraceSearch {
    /// Says whether one of the spans meets all conditions, the time aside.
    pub fn meets(&self, spans: &[Span]) -> bool {
        let long = |span: &Span, least: i64| span.duration_ns().is_some_and(|ns| ns >= least);
        spans.iter().any(|span| {
            self.service.as_deref().is_none_or(|service| service == span.service)
                && (!self.errors || span.is_error())
                && self.min_duration_ns.is_none_or(|least| long(span, least))
        })
    }
}
