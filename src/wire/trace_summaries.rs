//! Lists of traces that backends give without their spans: Tempo's search, Jaeger's summaries.
//!
//! Source: Grafana Tempo, "HTTP API", search; jaegertracing/jaeger, `apiv3/http_gateway.go`,
//! `trace-summaries`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::WireError;
use crate::model::{TraceId, TraceSummary, UnixNanos};

/// What Tempo says in the place of a root that it has not got yet.
const NO_ROOT: &str = "<root span not yet received>";

/// A number, which protobuf's JSON writes as a text when it has 64 bits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

impl Number {
    fn read(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

#[derive(Deserialize)]
struct TempoAnswer {
    #[serde(default)]
    traces: Vec<TempoTrace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TempoTrace {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(default)]
    root_service_name: String,
    #[serde(default)]
    root_trace_name: String,
    start_time_unix_nano: Number,
    #[serde(default)]
    duration_ms: i64,
    #[serde(default)]
    service_stats: Option<BTreeMap<String, TempoService>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TempoService {
    #[serde(default)]
    span_count: u64,
    #[serde(default)]
    error_count: u64,
}

#[derive(Deserialize)]
struct JaegerAnswer {
    #[serde(default)]
    summaries: Vec<JaegerTrace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JaegerTrace {
    trace_id: String,
    #[serde(default)]
    root_service_name: String,
    #[serde(default)]
    root_operation_name: String,
    min_start_time_unix_nano: Number,
    #[serde(default)]
    max_end_time_unix_nano: Option<Number>,
    #[serde(default)]
    span_count: Option<Number>,
    #[serde(default)]
    error_span_count: Option<Number>,
}

/// Reads the answer of Tempo's `/api/search`; durations there are whole milliseconds.
pub fn decode_tempo_search(body: &[u8]) -> Result<Vec<TraceSummary>, WireError> {
    let answer: TempoAnswer = read(body)?;
    let summary = |trace: TempoTrace| {
        let known = |name: String| (!name.is_empty() && name != NO_ROOT).then_some(name);
        let stats = trace.service_stats;
        let sum = |count: fn(&TempoService) -> u64| {
            stats.as_ref().map(|stats| stats.values().map(count).fold(0, u64::saturating_add))
        };
        Ok(TraceSummary {
            trace_id: trace_id(&trace.trace_id)?,
            start: time(trace.start_time_unix_nano)?,
            duration_ns: Some(trace.duration_ms.saturating_mul(1_000_000)),
            spans: sum(|service| service.span_count),
            errors: sum(|service| service.error_count),
            name: known(trace.root_trace_name),
            service: known(trace.root_service_name),
        })
    };
    answer.traces.into_iter().map(summary).collect()
}

/// Reads the answer of Jaeger's `/api/v3/trace-summaries`.
pub fn decode_jaeger_summaries(body: &[u8]) -> Result<Vec<TraceSummary>, WireError> {
    let answer: JaegerAnswer = read(body)?;
    let summary = |trace: JaegerTrace| {
        let known = |name: String| (!name.is_empty()).then_some(name);
        let start = time(trace.min_start_time_unix_nano)?;
        let end = trace.max_end_time_unix_nano.map(time).transpose()?;
        // Protobuf's JSON leaves out what is zero.
        let count = |number: Option<Number>| {
            number.map_or(Some(0), Number::read).and_then(|number| u64::try_from(number).ok())
        };
        Ok(TraceSummary {
            trace_id: trace_id(&trace.trace_id)?,
            name: known(trace.root_operation_name),
            service: known(trace.root_service_name),
            start,
            duration_ns: end.map(|end| end.since(start)),
            spans: count(trace.span_count),
            errors: count(trace.error_span_count),
        })
    };
    answer.summaries.into_iter().map(summary).collect()
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, WireError> {
    serde_json::from_slice(body).map_err(|error| WireError::Json(error.to_string()))
}

/// Reads an id from which zeros may be missing on the left.
fn trace_id(text: &str) -> Result<TraceId, WireError> {
    let padded = format!("{text:0>32}");
    TraceId::from_hex(&padded).ok_or(WireError::Answer("a trace's id is none"))
}

fn time(number: Number) -> Result<UnixNanos, WireError> {
    number.read().map(UnixNanos).ok_or(WireError::Answer("a trace's time is no number"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tempo_strips_zeros_and_may_not_have_the_root_yet() {
        let body = br#"{"traces":[{"traceID":"d215a0b6f4e2d14","rootServiceName":"<root span not yet received>",
            "startTimeUnixNano":"1795330576949836021","durationMs":434,
            "serviceStats":{"a":{"spanCount":9,"errorCount":6},"b":{"spanCount":19}}}],"metrics":{}}"#;
        let found = decode_tempo_search(body).unwrap();
        assert_eq!(
            found,
            [TraceSummary {
                trace_id: TraceId::from_hex("00000000000000000d215a0b6f4e2d14").unwrap(),
                name: None,
                service: None,
                start: UnixNanos(1_795_330_576_949_836_021),
                duration_ns: Some(434_000_000),
                spans: Some(28),
                errors: Some(6),
            }]
        );
    }

    #[test]
    fn jaeger_gives_numbers_as_texts_or_as_numbers() {
        let body = br#"{"summaries":[{"traceId":"018f3c1e9b7a7c448d215a0b6f4e2d11","rootServiceName":"api",
            "rootOperationName":"GET /","minStartTimeUnixNano":"5","maxEndTimeUnixNano":25,"spanCount":3}]}"#;
        let found = decode_jaeger_summaries(body).unwrap();
        let one = &found[0];
        assert_eq!((one.duration_ns, one.spans, one.errors), (Some(20), Some(3), Some(0)));
        assert_eq!((one.name.as_deref(), one.service.as_deref()), (Some("GET /"), Some("api")));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in ["", "[]x", r#"{"traces":[{"traceID":"zz","startTimeUnixNano":"1"}]}"#] {
            assert!(decode_tempo_search(bad.as_bytes()).is_err(), "{bad}");
        }
        let bad = br#"{"summaries":[{"traceId":"1","minStartTimeUnixNano":"soon"}]}"#;
        assert!(decode_jaeger_summaries(bad).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(id in "[0-9a-fg]{0,40}", start in any::<i64>(), rest in any::<Vec<u8>>()) {
            let body = format!(r#"{{"traces":[{{"traceID":"{id}","startTimeUnixNano":"{start}"}}]}}"#);
            let found = decode_tempo_search(body.as_bytes());
            let valid = id.len() <= 32 && !id.contains('g') && id.chars().any(|c| c != '0');
            prop_assert_eq!(found.is_ok(), valid);
            drop(decode_tempo_search(&rest));
            drop(decode_jaeger_summaries(&rest));
        }
    }
}
