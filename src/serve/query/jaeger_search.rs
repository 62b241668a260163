//! What Jaeger's two interfaces ask of a search, read into the store's question.
//!
//! Source: jaegertracing/jaeger, `query_parser.go` of both; `traces.md`, section 4.1.

use std::collections::BTreeMap;
use std::time::Duration;

use super::parameters::{Parameters, go_duration};
use crate::model::UnixNanos;
use crate::store::TraceQuery;

/// How many traces are returned when the question does not say.
const TRACES_DEFAULT: usize = 100;

/// The most traces that one answer holds.
const TRACES_MAX: usize = 1_500;

/// How far back is looked when the question does not say.
const LOOKBACK_DEFAULT: Duration = Duration::from_hours(48);

/// Reads the parameters of `/api/traces`: times in microseconds, `tag=key:value` or
/// `tags={"key":"value"}`. `lookback` counts where `start` is missing.
pub(super) fn legacy(parameters: &Parameters, now: UnixNanos) -> Result<TraceQuery, String> {
    let known = [
        "service",
        "operation",
        "tag",
        "tags",
        "start",
        "end",
        "lookback",
        "minDuration",
        "maxDuration",
        "limit",
        "raw",
        "prettyPrint",
    ];
    refuse_unknown(parameters, &known)?;
    let service = parameters.get(&["service"]).ok_or("parameter 'service' is required")?;
    let until = micros(parameters, "end")?.unwrap_or(now);
    let lookback = match parameters.get(&["lookback"]) {
        // The page's word for a range of its own, which it gives as `start` and `end`.
        None | Some("custom") => LOOKBACK_DEFAULT,
        Some(text) => crate::model::parse_duration(text)
            .map_err(|error| format!("unable to parse param 'lookback': {error}"))?,
    };
    let since = micros(parameters, "start")?.unwrap_or_else(|| until.before(lookback));
    let mut attributes = Vec::new();
    for tag in parameters.all("tag") {
        let pair = tag.split_once(':').ok_or_else(|| {
            format!("malformed 'tag' parameter, expecting key:value, received: {tag}")
        })?;
        attributes.push((pair.0.to_owned(), pair.1.to_owned()));
    }
    for tags in parameters.all("tags") {
        attributes.extend(map(tags).map_err(|error| {
            format!("malformed 'tags' parameter, cannot unmarshal JSON: {error}")
        })?);
    }
    let query = TraceQuery {
        service: Some(service.to_owned()),
        operation: parameters.get(&["operation"]).map(str::to_owned),
        attributes,
        since: Some(since),
        until: Some(until),
        duration_min_ns: duration(parameters, &["minDuration"])?,
        duration_max_ns: duration(parameters, &["maxDuration"])?,
        limit: limit(parameters, &["limit"])?,
    };
    in_order(query)
}

/// Reads the parameters of `/api/v3/traces`, by their present names and those before: times as
/// RFC 3339, both required.
pub(super) fn v3(parameters: &Parameters) -> Result<TraceQuery, String> {
    let known = [
        "query.serviceName",
        "query.service_name",
        "query.operationName",
        "query.operation_name",
        "query.startTimeMin",
        "query.start_time_min",
        "query.startTimeMax",
        "query.start_time_max",
        "query.durationMin",
        "query.duration_min",
        "query.durationMax",
        "query.duration_max",
        "query.searchDepth",
        "query.search_depth",
        "query.numTraces",
        "query.num_traces",
        "query.attributes",
        "query.rawTraces",
        "query.raw_traces",
    ];
    refuse_unknown(parameters, &known)?;
    let time = |names: &[&str]| -> Result<Option<UnixNanos>, String> {
        let Some(text) = parameters.get(names) else { return Ok(None) };
        let time = UnixNanos::parse_rfc3339(text);
        time.map(Some).ok_or_else(|| {
            format!("malformed parameter {}: `{text}` is no RFC 3339 time", names[0])
        })
    };
    let since = time(&["query.startTimeMin", "query.start_time_min"])?;
    let until = time(&["query.startTimeMax", "query.start_time_max"])?;
    let (Some(since), Some(until)) = (since, until) else {
        return Err("query.startTimeMin and query.startTimeMax are required".to_owned());
    };
    if since >= until {
        return Err("query.startTimeMin must be before query.startTimeMax".to_owned());
    }
    let attributes = parameters.get(&["query.attributes"]).map(map).transpose();
    let query = TraceQuery {
        service: parameters.get(&["query.serviceName", "query.service_name"]).map(str::to_owned),
        operation: parameters
            .get(&["query.operationName", "query.operation_name"])
            .map(str::to_owned),
        attributes: attributes
            .map_err(|error| format!("malformed parameter query.attributes: {error}"))?
            .unwrap_or_default(),
        since: Some(since),
        until: Some(until),
        duration_min_ns: duration(parameters, &["query.durationMin", "query.duration_min"])?,
        duration_max_ns: duration(parameters, &["query.durationMax", "query.duration_max"])?,
        limit: limit(
            parameters,
            &["query.searchDepth", "query.search_depth", "query.numTraces", "query.num_traces"],
        )?,
    };
    in_order(query)
}

fn refuse_unknown(parameters: &Parameters, known: &[&str]) -> Result<(), String> {
    match parameters.unknown(known) {
        Some(unknown) => Err(format!("parameter {unknown} is not supported here")),
        None => Ok(()),
    }
}

fn in_order(query: TraceQuery) -> Result<TraceQuery, String> {
    match (query.duration_min_ns, query.duration_max_ns) {
        (Some(least), Some(most)) if most < least => {
            Err("'maxDuration' should be greater than 'minDuration'".to_owned())
        }
        _ => Ok(query),
    }
}

fn map(text: &str) -> serde_json::Result<Vec<(String, String)>> {
    Ok(serde_json::from_str::<BTreeMap<String, String>>(text)?.into_iter().collect())
}

fn micros(parameters: &Parameters, name: &str) -> Result<Option<UnixNanos>, String> {
    let Some(text) = parameters.get(&[name]) else { return Ok(None) };
    let micros: Option<i64> = text.parse().ok();
    let nanos = micros.and_then(|micros| micros.checked_mul(1_000));
    let failed =
        || format!("unable to parse param '{name}': `{text}` is not a time in microseconds");
    Ok(Some(UnixNanos(nanos.ok_or_else(failed)?)))
}

fn duration(parameters: &Parameters, names: &[&str]) -> Result<Option<i64>, String> {
    let Some(text) = parameters.get(names) else { return Ok(None) };
    let duration = go_duration(text)
        .ok_or_else(|| format!("unable to parse param '{}': `{text}` is no duration", names[0]))?;
    Ok(Some(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
}

fn limit(parameters: &Parameters, names: &[&str]) -> Result<usize, String> {
    let Some(text) = parameters.get(names) else { return Ok(TRACES_DEFAULT) };
    let limit: usize = text
        .parse()
        .map_err(|_| format!("unable to parse param '{}': `{text}` is no number", names[0]))?;
    Ok(limit.min(TRACES_MAX))
}
