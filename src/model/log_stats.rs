//! What log records have in one field: how often which value, numbers as numbers, and when.

use serde::Serialize;

use super::UnixNanos;

/// The values of one field, over all records that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FieldStats {
    /// The field's name, as it was asked for.
    pub field: String,
    /// The records that have it.
    pub with: u64,
    /// The records that lack it.
    pub without: u64,
    /// How many different values there are; at least so many when `others` is not 0.
    pub different: u64,
    /// The values and how often each stands there, the most frequent first; 10,000 at the most, those
    /// that came first.
    pub values: Vec<ValueCount>,
    /// The records whose value is not among `values`.
    pub others: u64,
    /// The records whose value is longer than 256 bytes: in `values` it ends there, with `…`.
    pub shortened: u64,
    /// The numbers among the values, those of each unit by themselves; empty when there are none.
    pub numbers: Vec<NumberStats>,
    /// When the records that have the field were logged, the earliest interval first; those without
    /// any are left out.
    pub timeline: Vec<Interval>,
    /// How long each interval is; absent when no record has a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<f64>,
    /// The records that have the field and no time: in no interval.
    pub in_no_interval: u64,
}

/// A value and how many records have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value as text.
    pub value: String,
    /// How many records.
    pub count: u64,
}

/// How numbers are spread.
///
/// A percentile is the smallest number that at least so many of them do not exceed (nearest rank).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberStats {
    /// What they count; absent when they are written without a unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// How many.
    pub count: u64,
    /// The smallest, exact.
    pub min: f64,
    /// The 50th percentile.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest, exact.
    pub max: f64,
    /// How far a percentile may be off, as a part of itself; 0 when they are exact.
    pub relative_error: f64,
}

/// The unit that numbers with one (`12ms`, `1.5s`, `2MiB`) are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Bytes.
    Bytes,
}

/// A part of the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// Its first instant.
    pub start: UnixNanos,
    /// How many records.
    pub count: u64,
}
