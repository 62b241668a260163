//! Answers of Prometheus's HTTP interface: queries, targets, rules with their alerts, versions.
//!
//! Source: Prometheus, "HTTP API"; recorded answers of Prometheus 2.42.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::WireError;
use crate::model::{
    MetricAnswer, MetricExemplar, MetricSeries, MetricShape, MetricValue, TraceId, UnixNanos,
    is_trace_label,
};

/// What is around every answer.
#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(default)]
    error: String,
    #[serde(default, deserialize_with = "or_null")]
    warnings: Vec<String>,
    #[serde(default, deserialize_with = "or_null")]
    infos: Vec<String>,
    /// Said by `VictoriaMetrics`.
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Matrix(Vec<Series>),
    Scalar((f64, String)),
    String((f64, String)),
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    histogram: Option<IgnoredAny>,
    #[serde(default)]
    histograms: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeriesExemplars {
    #[serde(default)]
    series_labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_null")]
    exemplars: Vec<Exemplar>,
}

#[derive(Deserialize)]
struct Exemplar {
    #[serde(default)]
    labels: BTreeMap<String, String>,
    value: String,
    timestamp: f64,
}

/// Something that is scraped.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeTarget {
    /// Its labels: `job`, `instance`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The address that is asked.
    #[serde(default)]
    pub scrape_url: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why it is down; empty when it is not.
    #[serde(default)]
    pub last_error: String,
    /// When it was last asked; `None` before the first time.
    #[serde(default, deserialize_with = "moment")]
    pub last_scrape: Option<UnixNanos>,
    /// `15s`; empty where it is not said.
    #[serde(default)]
    pub scrape_interval: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    #[serde(default, deserialize_with = "or_null")]
    active_targets: Vec<ScrapeTarget>,
}

/// A recording or an alerting rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// `ok`, `err` or `unknown`.
    #[serde(default)]
    pub health: String,
    /// Why it cannot be computed; empty when it can.
    #[serde(default)]
    pub last_error: String,
    /// What it raises; none of a recording rule.
    #[serde(default, deserialize_with = "or_null")]
    pub alerts: Vec<Alert>,
}

/// An alert that is pending or firing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// `alertname`, `severity`, and those of its series.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// `summary`, `runbook_url`.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// `pending` or `firing`.
    #[serde(default)]
    pub state: String,
    /// Since when.
    #[serde(default, alias = "startsAt", deserialize_with = "moment")]
    pub active_at: Option<UnixNanos>,
    /// What Alertmanager says of it.
    #[serde(default)]
    pub status: AlertStatus,
}

/// What Alertmanager does with an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertStatus {
    /// `active`, `suppressed` or `unprocessed`; empty in answers of Prometheus.
    #[serde(default)]
    pub state: String,
    /// The silences that keep it quiet.
    #[serde(default, deserialize_with = "or_null")]
    pub silenced_by: Vec<String>,
}

#[derive(Deserialize)]
struct Rules {
    #[serde(default, deserialize_with = "or_null")]
    groups: Vec<RuleGroup>,
}

#[derive(Deserialize)]
struct RuleGroup {
    #[serde(default, deserialize_with = "or_null")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct BuildInfo {
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    start_time: Option<String>,
    reload_config_success: Option<bool>,
}

/// Reads the value of an expression: `/api/v1/query` and `/api/v1/query_range`.
///
/// Numbers are texts there, `"NaN"` and `"+Inf"` among them. Times are seconds, kept to the
/// millisecond that Prometheus has. Errs on a number that is none.
pub fn decode_metric_answer(body: &[u8]) -> Result<MetricAnswer, WireError> {
    let Envelope { data, mut warnings, infos, is_partial, .. } = open::<Data>(body)?;
    let data = data.ok_or(WireError::Answer("it has no data"))?;
    warnings.extend(infos);
    let (shape, series, text) = match data {
        Data::Vector(all) => (MetricShape::Vector, read_all(all)?, None),
        Data::Matrix(all) => (MetricShape::Matrix, read_all(all)?, None),
        Data::Scalar(value) => {
            let points = vec![read_value(&value)?];
            let one = MetricSeries { labels: BTreeMap::new(), points, histograms: 0 };
            (MetricShape::Scalar, vec![one], None)
        }
        Data::String((_, text)) => (MetricShape::String, Vec::new(), Some(text)),
    };
    Ok(MetricAnswer { shape, series, text, warnings, partial: is_partial })
}

/// Reads the observations that have a trace: `/api/v1/query_exemplars`. Those without are left out.
pub fn decode_metric_exemplars(body: &[u8]) -> Result<Vec<MetricExemplar>, WireError> {
    // VictoriaMetrics has none, and says so with an empty list or with nothing.
    let all = open::<Vec<SeriesExemplars>>(body)?.data.unwrap_or_default();
    let mut found = Vec::new();
    for SeriesExemplars { series_labels, exemplars } in all {
        for Exemplar { labels, value, timestamp } in exemplars {
            let id = labels.iter().find(|(name, _)| is_trace_label(name));
            let Some(trace_id) = id.and_then(|(_, id)| TraceId::from_hex(id)) else { continue };
            let MetricValue { time, value } = read_value(&(timestamp, value))?;
            found.push(MetricExemplar { labels: series_labels.clone(), trace_id, value, time });
        }
    }
    Ok(found)
}

/// Reads what is scraped: `/api/v1/targets`.
pub fn decode_scrape_targets(body: &[u8]) -> Result<Vec<ScrapeTarget>, WireError> {
    let targets = open::<Targets>(body)?.data;
    Ok(targets.ok_or(WireError::Answer("it has no data"))?.active_targets)
}

/// Reads the rules of all groups: `/api/v1/rules`.
pub fn decode_rules(body: &[u8]) -> Result<Vec<Rule>, WireError> {
    let rules = open::<Rules>(body)?.data.ok_or(WireError::Answer("it has no data"))?;
    Ok(rules.groups.into_iter().flat_map(|group| group.rules).collect())
}

/// Reads the version: `/api/v1/status/buildinfo`; `None` where it is not said.
pub fn decode_build_version(body: &[u8]) -> Option<String> {
    let version = open::<BuildInfo>(body).ok()?.data?.version;
    (!version.is_empty()).then_some(version)
}

/// Says whether the last reading of the configuration went well: `/api/v1/status/runtimeinfo`.
pub fn decode_config_loaded(body: &[u8]) -> Option<bool> {
    open::<RuntimeInfo>(body).ok()?.data?.reload_config_success
}

/// Returns when it began to run: `/api/v1/status/runtimeinfo`.
pub fn decode_started(body: &[u8]) -> Option<UnixNanos> {
    UnixNanos::parse_rfc3339(&open::<RuntimeInfo>(body).ok()?.data?.start_time?)
}

/// Reads the alerts of an Alertmanager: `/api/v2/alerts`.
pub fn decode_alerts(body: &[u8]) -> Result<Vec<Alert>, WireError> {
    serde_json::from_slice(body).map_err(|error| WireError::Json(error.to_string()))
}

fn open<T: DeserializeOwned>(body: &[u8]) -> Result<Envelope<T>, WireError> {
    let read: Result<Envelope<T>, _> = serde_json::from_slice(body);
    let envelope = read.map_err(|error| WireError::Json(error.to_string()))?;
    if envelope.status != "success" {
        return Err(WireError::Unknown(format!("it says {}: {}", envelope.status, envelope.error)));
    }
    Ok(envelope)
}

fn read_all(all: Vec<Series>) -> Result<Vec<MetricSeries>, WireError> {
    let one = |series: Series| {
        let values = series.values.iter().chain(&series.value);
        let points = values.map(read_value).collect::<Result<Vec<_>, _>>()?;
        let histograms = series.histograms.len() + usize::from(series.histogram.is_some());
        Ok(MetricSeries { labels: series.metric, points, histograms })
    };
    all.into_iter().map(one).collect()
}

fn read_value((seconds, number): &(f64, String)) -> Result<MetricValue, WireError> {
    #[expect(clippy::cast_possible_truncation, reason = "a time that far off saturates")]
    let milliseconds = (seconds * 1e3).round() as i64;
    let value = number.trim().parse().map_err(|_| WireError::Answer("a value is no number"))?;
    Ok(MetricValue { time: UnixNanos(milliseconds.saturating_mul(1_000_000)), value })
}

/// Go writes an empty list as `null`.
fn or_null<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Go's time without a value is the year 1.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixNanos>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(UnixNanos::parse_rfc3339).filter(|time| time.0 > 0))
}

#[cfg(test)]
mod tests;
