//! One measurement that a service sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attribute, UnixNanos};

/// What a measurement is.
///
/// Source: OpenTelemetry, "Metrics Data Model".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// A value of its moment.
    #[default]
    Gauge,
    /// A sum that only grows, or one that may fall.
    Sum,
    /// Counts below fixed bounds.
    Histogram,
    /// Counts below bounds that grow by a constant factor.
    ExponentialHistogram,
    /// Quantiles that the sender computed.
    Summary,
}

impl MetricKind {
    /// Returns the kind's name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Sum => "sum",
            Self::Histogram => "histogram",
            Self::ExponentialHistogram => "exponential_histogram",
            Self::Summary => "summary",
        }
    }
}

/// One point of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// The instrument's name.
    pub name: String,
    /// What it measures, in the sender's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The unit, as UCUM writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// How `value` is to be read.
    pub kind: MetricKind,
    /// The service that sent it; empty when unknown.
    pub service: String,
    /// Since when it counts; `None` for what has no beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<UnixNanos>,
    /// When it was measured.
    pub time: UnixNanos,
    /// What tells the series from others of its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// The point itself: a number, or an object in the names of OTLP's JSON (`count`, `sum`,
    /// `bucketCounts`, `explicitBounds`, …, and `isMonotonic` and `aggregationTemporality` of sums).
    pub value: Value,
}
