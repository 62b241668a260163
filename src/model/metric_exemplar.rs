//! Observations that a source of metrics remembers of a series, each with its trace.

use std::collections::BTreeMap;

use serde::Serialize;

use super::metric_query::number;
use super::{TraceId, UnixNanos};

/// One observation of many, with the trace in which it was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricExemplar {
    /// The labels of its series; the name of the metric is `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its trace.
    pub trace_id: TraceId,
    /// What was observed, in the unit of the metric.
    #[serde(serialize_with = "number")]
    pub value: f64,
    /// When.
    pub time: UnixNanos,
}

impl MetricExemplar {
    /// Says whether it is of a classic histogram: a duration, a size, and no mere count.
    pub fn is_of_buckets(&self) -> bool {
        self.labels.get("__name__").is_some_and(|name| name.ends_with("_bucket"))
    }
}

/// Says whether a label of an exemplar holds the id of its trace, however the library spells it.
pub fn is_trace_label(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    name.eq_ignore_ascii_case("traceid")
}
