//! Measurements: every kind of point, out of protobuf and out of JSON.

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1 as proto;
use prost::Message as _;
use proto::exponential_histogram_data_point::Buckets;
use proto::metric::Data;
use serde_json::{Value, json};

use super::*;

fn attributes() -> Vec<KeyValue> {
    let value = AnyValue { value: Some(any_value::Value::StringValue("/".to_owned())) };
    vec![KeyValue { key: "route".to_owned(), value: Some(value), ..Default::default() }]
}

fn number(value: proto::number_data_point::Value) -> proto::NumberDataPoint {
    proto::NumberDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 5,
        time_unix_nano: 9,
        value: Some(value),
        ..Default::default()
    }
}

fn histogram() -> proto::Histogram {
    let exemplar = proto::Exemplar {
        time_unix_nano: 8,
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        value: Some(proto::exemplar::Value::AsDouble(0.5)),
        ..Default::default()
    };
    let point = proto::HistogramDataPoint {
        time_unix_nano: 9,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        exemplars: vec![exemplar],
        max: Some(3.0),
        ..Default::default()
    };
    proto::Histogram { data_points: vec![point], aggregation_temporality: 1 }
}

fn exponential() -> proto::ExponentialHistogram {
    let point = proto::ExponentialHistogramDataPoint {
        time_unix_nano: 9,
        count: 3,
        scale: -1,
        zero_count: 1,
        positive: Some(Buckets { offset: 2, bucket_counts: vec![2] }),
        ..Default::default()
    };
    proto::ExponentialHistogram { data_points: vec![point], aggregation_temporality: 2 }
}

fn summary() -> proto::Summary {
    let median = proto::summary_data_point::ValueAtQuantile { quantile: 0.5, value: f64::NAN };
    let point = proto::SummaryDataPoint {
        time_unix_nano: 9,
        count: 2,
        sum: 1.5,
        quantile_values: vec![median],
        ..Default::default()
    };
    proto::Summary { data_points: vec![point] }
}

fn protobuf() -> Vec<u8> {
    use proto::number_data_point::Value::{AsDouble, AsInt};
    let metric = |name: &str, data| proto::Metric {
        name: name.to_owned(),
        unit: "s".to_owned(),
        data: Some(data),
        ..Default::default()
    };
    let metrics = vec![
        metric("gauge", Data::Gauge(proto::Gauge { data_points: vec![number(AsDouble(0.25))] })),
        metric(
            "sum",
            Data::Sum(proto::Sum {
                data_points: vec![number(AsInt(-7))],
                aggregation_temporality: 2,
                is_monotonic: true,
            }),
        ),
        metric("histogram", Data::Histogram(histogram())),
        metric("exponential", Data::ExponentialHistogram(exponential())),
        metric("summary", Data::Summary(summary())),
    ];
    let scope = proto::ScopeMetrics { metrics, ..Default::default() };
    let of_resource = proto::ResourceMetrics { scope_metrics: vec![scope], ..Default::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }.encode_to_vec()
}

/// The same in JSON: numbers as text and as numbers, names and numbers of enumerations.
fn in_json() -> Value {
    let attributes = json!([{ "key": "route", "value": { "stringValue": "/" } }]);
    json!({ "resource_metrics": [{ "scopeMetrics": [{ "metrics": [
        { "name": "gauge", "unit": "s", "gauge": { "dataPoints": [{ "attributes": attributes,
            "startTimeUnixNano": "5", "timeUnixNano": 9, "asDouble": "0.25" }] } },
        { "name": "sum", "unit": "s", "sum": { "isMonotonic": true,
            "aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE",
            "dataPoints": [{ "attributes": attributes, "start_time_unix_nano": 5,
                "timeUnixNano": "9", "asInt": "-7", "exemplars": null }] } },
        { "name": "histogram", "unit": "s", "histogram": { "aggregationTemporality": 1,
            "dataPoints": [{ "timeUnixNano": "9", "count": "3", "sum": 4.5, "max": 3,
                "bucketCounts": ["1", 2], "explicitBounds": [1],
                "exemplars": [{ "timeUnixNano": "8", "traceId": "01".repeat(16),
                    "spanId": "AgICAgICAgI=", "asDouble": 0.5 }] }] } },
        { "name": "exponential", "unit": "s", "exponentialHistogram": {
            "aggregationTemporality": "CUMULATIVE", "dataPoints": [{ "timeUnixNano": "9",
                "count": 3, "scale": -1, "zeroCount": "1",
                "positive": { "offset": 2, "bucketCounts": ["2"] }, "negative": null }] } },
        { "name": "summary", "unit": "s", "summary": { "dataPoints": [{ "timeUnixNano": "9",
            "count": "2", "sum": 1.5,
            "quantileValues": [{ "quantile": 0.5, "value": "NaN" }] }] } },
    ] }] }] })
}

/// Returns what is stored: the model's JSON of each point.
fn stored(served: &Served) -> Vec<Value> {
    let connection = rusqlite::Connection::open(served.store()).unwrap();
    let mut statement = connection.prepare("SELECT body FROM metrics ORDER BY id").unwrap();
    let bodies = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    bodies.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn every_kind_of_point_is_stored_alike_out_of_protobuf_and_out_of_json() {
    let served = Served::new();
    let answer = served.post("/v1/metrics", "application/x-protobuf", protobuf()).await;
    assert_eq!((answer.status, answer.body.as_slice()), (StatusCode::OK, &b"\n\0"[..]));
    let points = stored(&served);
    let route = json!([["route", "/"]]);
    assert_eq!(
        points[1],
        json!({ "name": "sum", "unit": "s", "kind": "sum", "service": "", "start": "1970-01-01T00:00:00.000000005Z", "time": "1970-01-01T00:00:00.000000009Z",
            "attributes": route, "value": { "value": -7, "isMonotonic": true,
            "aggregationTemporality": "cumulative" } })
    );
    let values: Vec<&Value> = points.iter().map(|point| &point["value"]).collect();
    assert_eq!(values[0], &json!(0.25));
    assert_eq!(
        values[2],
        &json!({ "count": 3, "sum": 4.5, "max": 3.0, "bucketCounts": [1, 2],
            "explicitBounds": [1.0], "aggregationTemporality": "delta", "exemplars": [{
                "timeUnixNano": 8, "traceId": "01".repeat(16), "spanId": "02".repeat(8),
                "value": 0.5 }] })
    );
    assert_eq!(
        values[3],
        &json!({ "count": 3, "scale": -1, "zeroCount": 1, "zeroThreshold": 0.0,
            "positive": { "offset": 2, "bucketCounts": [2] },
            "aggregationTemporality": "cumulative" })
    );
    assert_eq!(
        values[4],
        &json!({ "count": 2, "sum": 1.5, "quantileValues": [{ "quantile": 0.5, "value": "NaN" }] })
    );
    let other = Served::new();
    let answer = other.post_json("/v1/metrics", &in_json()).await;
    assert_eq!(answer.text(), r#"{"partialSuccess":{}}"#);
    assert_eq!(stored(&other), points);
}

#[tokio::test]
async fn points_without_a_time_a_value_or_a_name_are_refused_one_by_one_and_counted() {
    let served = Served::new();
    let gauge =
        |name: &str, points: Value| json!({ "name": name, "gauge": { "dataPoints": points } });
    let metrics = json!([
        gauge("a", json!([{ "timeUnixNano": 1, "asInt": 1 }, { "asInt": 1 }, { "timeUnixNano": 1 }])),
        // Nothing was measured, and the flags say so.
        gauge("b", json!([{ "timeUnixNano": 1, "flags": 1 }])),
        gauge("", json!([{ "timeUnixNano": 1, "asInt": 1 }, { "timeUnixNano": 1, "asInt": 1 }])),
        { "name": "no data at all" }
    ]);
    let request = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": metrics }] }] });
    let answer = served.post_json("/v1/metrics", &request).await;
    assert_eq!(
        answer.json()["partialSuccess"],
        json!({ "rejectedDataPoints": "4",
            "errorMessage": "a time must be set, and before the year 2262" })
    );
    let kept: Vec<Value> = stored(&served).iter().map(|point| point["value"].clone()).collect();
    assert_eq!(kept, [json!(1), Value::Null]);
    let page = served.get("/metrics").await.text();
    for (reason, number) in [("no_time", 1), ("no_value", 1), ("no_name", 2)] {
        let line = format!("obs_rejected_total{{kind=\"metric\",reason=\"{reason}\"}} {number}");
        assert!(page.contains(&line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn the_protobuf_answer_counts_the_refused_points() {
    let point = |time| proto::NumberDataPoint {
        time_unix_nano: time,
        value: Some(proto::number_data_point::Value::AsInt(1)),
        ..Default::default()
    };
    let gauge = Data::Gauge(proto::Gauge { data_points: vec![point(0), point(1)] });
    let metric = proto::Metric { name: "a".to_owned(), data: Some(gauge), ..Default::default() };
    let scope = proto::ScopeMetrics { metrics: vec![metric], ..Default::default() };
    let of_resource = proto::ResourceMetrics { scope_metrics: vec![scope], ..Default::default() };
    let request = ExportMetricsServiceRequest { resource_metrics: vec![of_resource] };
    let body = request.encode_to_vec();
    let answer = Served::new().post("/v1/metrics", "application/x-protobuf", body).await;
    let response = ExportMetricsServiceResponse::decode(answer.body.as_slice()).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_data_points, 1);
}
