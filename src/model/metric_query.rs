//! Questions in `PromQL`, and the numbers that a source of metrics answers with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::UnixNanos;

/// A question in `PromQL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricQuery {
    /// The expression, as it was written.
    pub expression: String,
    /// For which times.
    pub times: MetricTimes,
}

/// The times that an expression is computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricTimes {
    /// The source's own now.
    Now,
    /// One moment.
    At(UnixNanos),
    /// Each `step` from `since` to `until`, both inclusive.
    Range {
        /// The first.
        since: UnixNanos,
        /// The last that there can be.
        until: UnixNanos,
        /// From one to the next; never zero.
        step: Duration,
    },
}

/// What kind of value an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricShape {
    /// Series with a number each.
    Vector,
    /// Series with numbers at several times.
    Matrix,
    /// A number without labels.
    Scalar,
    /// A text.
    String,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAnswer {
    /// What kind of value.
    pub shape: MetricShape,
    /// The series, in the source's order; none is no data, which is not zero. A scalar is one
    /// without labels.
    pub series: Vec<MetricSeries>,
    /// The text of a string.
    pub text: Option<String>,
    /// What the source itself says of its answer, which may be one of a part.
    pub warnings: Vec<String>,
    /// Whether the source says that parts are missing.
    pub partial: bool,
}

/// One series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricSeries {
    /// Its labels; the name of the metric is `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its numbers by time.
    pub points: Vec<MetricValue>,
    /// How many of its values were native histograms, which have no one number.
    pub histograms: usize,
}

/// One number of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MetricValue {
    /// When.
    pub time: UnixNanos,
    /// How much; in JSON `"NaN"`, `"+Inf"` and `"-Inf"` are text.
    #[serde(serialize_with = "number")]
    pub value: f64,
}

impl MetricAnswer {
    /// Returns the number of an answer that is one: a scalar, or a vector of one series.
    pub fn single(&self) -> Option<f64> {
        match self.series.as_slice() {
            [one] => one.points.last().map(|point| point.value),
            _ => None,
        }
    }
}

impl MetricSeries {
    /// Returns how `PromQL` writes it: `up{instance="a:1",job="app"}`.
    pub fn title(&self) -> String {
        let name = self.labels.get("__name__").map_or("", String::as_str);
        let others = self.labels.iter().filter(|(key, _)| *key != "__name__");
        let pairs: Vec<String> = others
            .map(|(key, value)| {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("{key}=\"{escaped}\"")
            })
            .collect();
        match (name, pairs.is_empty()) {
            (name, true) if !name.is_empty() => name.to_owned(),
            (name, _) => format!("{name}{{{}}}", pairs.join(",")),
        }
    }
}

/// Returns a number as Prometheus writes it, with `+Inf` and `NaN`.
pub fn metric_number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
pub(super) fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&metric_number(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(pairs: &[(&str, &str)]) -> MetricSeries {
        let labels = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        MetricSeries { labels: labels.collect(), points: Vec::new(), histograms: 0 }
    }

    #[test]
    fn a_series_is_written_as_in_promql() {
        assert_eq!(series(&[]).title(), "{}");
        assert_eq!(series(&[("__name__", "up")]).title(), "up");
        let quoted = series(&[("__name__", "up"), ("path", "/a\"b\\c\n")]);
        assert_eq!(quoted.title(), r#"up{path="/a\"b\\c\n"}"#);
    }

    #[test]
    fn what_json_has_no_number_for_is_text() {
        let json = |value| {
            let value = MetricValue { time: UnixNanos(0), value };
            serde_json::to_value(value).unwrap()["value"].clone()
        };
        assert_eq!(json(f64::NEG_INFINITY), "-Inf");
        assert_eq!(json(f64::NAN), "NaN");
        assert_eq!(json(0.5), 0.5);
    }
}
