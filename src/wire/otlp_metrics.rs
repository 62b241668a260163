//! OTLP metric requests, protobuf or JSON, as points.
//!
//! Source: OTLP 1.9, `metrics.proto`; OpenTelemetry, "Metrics Data Model".

use opentelemetry_proto::tonic::metrics::v1 as proto;
use proto::metric::Data;
use proto::{exemplar, number_data_point};
use serde_json::{Map, Value, json};

use super::decoded::{Decoded, Keeper, Rejected};
use super::otlp_common::{Sender, UNKNOWN_SERVICE, attributes, hex, time};
use super::{OtlpFormat, WireError, otlp_json, otlp_protobuf};
use crate::model::{MetricKind, MetricPoint};

/// The bit of a point's flags that says: nothing was measured here, the series has ended.
const NO_RECORDED_VALUE: u32 = 1;

/// What a number in a point is taken to need in memory.
const NUMBER_BYTES: usize = 32;

/// What an exemplar is taken to need in memory.
const EXEMPLAR_BYTES: usize = 512;

/// Reads a request for `/v1/metrics`: one [`MetricPoint`] for each point of each series.
///
/// O(bytes); holds the accepted points and one metric at a time. A point without a time or a value is
/// refused alone; a metric without a name with all its points. Where a point has flags that say that
/// nothing was measured, its value is `null`.
pub fn decode_metrics(body: &[u8], format: OtlpFormat) -> Result<Decoded<MetricPoint>, WireError> {
    let mut decoded = Decoded::default();
    let mut take = |sender: &Sender, sent: Result<proto::Metric, Rejected>| match sent {
        Ok(metric) => points(metric, sender, &mut decoded),
        Err(why) => decoded.reject(why, 1),
    };
    match format {
        OtlpFormat::Protobuf => otlp_protobuf::walk(body, &mut take)?,
        OtlpFormat::Json => otlp_json::metrics(body, &mut take)?,
    }
    Ok(decoded)
}

/// What the points of a metric share.
struct Series<'a> {
    name: String,
    description: String,
    unit: String,
    kind: MetricKind,
    sender: &'a Sender,
}

/// What is particular to one point; times are as sent.
struct Sent {
    attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>,
    start: u64,
    time: u64,
    flags: u32,
    exemplars: Vec<proto::Exemplar>,
    /// `None` when the point has none although it should.
    value: Option<Value>,
}

fn points(metric: proto::Metric, sender: &Sender, decoded: &mut Decoded<MetricPoint>) {
    let mut keeper = Keeper::default();
    let mut series = Series {
        name: keeper.text(metric.name),
        description: keeper.text(metric.description),
        unit: keeper.text(metric.unit),
        kind: MetricKind::Gauge,
        sender,
    };
    let each = |series: &Series<'_>, sent: &mut dyn Iterator<Item = Sent>| {
        sent.for_each(|sent| decoded.take(|keeper| point(series, sent, keeper)));
    };
    let mut each = each;
    match metric.data {
        None => {}
        Some(Data::Gauge(gauge)) => {
            each(&series, &mut gauge.data_points.into_iter().map(|point| number(point, None)));
        }
        Some(Data::Sum(sum)) => {
            series.kind = MetricKind::Sum;
            let facts = (sum.is_monotonic, sum.aggregation_temporality);
            each(&series, &mut sum.data_points.into_iter().map(|point| number(point, Some(facts))));
        }
        Some(Data::Histogram(sent)) => {
            series.kind = MetricKind::Histogram;
            let over = sent.aggregation_temporality;
            each(&series, &mut sent.data_points.into_iter().map(|point| histogram(point, over)));
        }
        Some(Data::ExponentialHistogram(sent)) => {
            series.kind = MetricKind::ExponentialHistogram;
            let over = sent.aggregation_temporality;
            each(&series, &mut sent.data_points.into_iter().map(|point| exponential(point, over)));
        }
        Some(Data::Summary(sent)) => {
            series.kind = MetricKind::Summary;
            each(&series, &mut sent.data_points.into_iter().map(summary));
        }
    }
}

fn point(series: &Series<'_>, sent: Sent, keeper: &mut Keeper) -> Result<MetricPoint, Rejected> {
    if series.name.is_empty() {
        return Err(Rejected::Name);
    }
    let value = match sent.value {
        _ if sent.flags & NO_RECORDED_VALUE != 0 => Value::Null,
        Some(value) => with_exemplars(value, &sent.exemplars),
        None => return Err(Rejected::Value),
    };
    let numbers: usize = value.as_object().map_or(1, |object| {
        object.values().map(|member| member.as_array().map_or(1, Vec::len)).sum()
    });
    keeper.spent += NUMBER_BYTES * numbers + EXEMPLAR_BYTES * sent.exemplars.len();
    series.sender.pay(keeper);
    let service = Some(&series.sender.service).filter(|name| *name != UNKNOWN_SERVICE);
    Ok(MetricPoint {
        name: keeper.text(series.name.clone()),
        description: keeper.text(series.description.clone()),
        unit: keeper.text(series.unit.clone()),
        kind: series.kind,
        service: service.cloned().unwrap_or_default(),
        start: time(sent.start),
        time: time(sent.time).ok_or(Rejected::Time)?,
        attributes: attributes(sent.attributes, keeper),
        value,
    })
}

fn number(sent: proto::NumberDataPoint, sum: Option<(bool, i32)>) -> Sent {
    let value = sent.value.map(|value| match value {
        number_data_point::Value::AsInt(number) => json!(number),
        number_data_point::Value::AsDouble(number) => double(number),
    });
    let value = value.map(|value| match sum {
        None => value,
        Some((monotonic, over)) => json!({
            "value": value, "isMonotonic": monotonic, "aggregationTemporality": temporality(over)
        }),
    });
    Sent {
        attributes: sent.attributes,
        start: sent.start_time_unix_nano,
        time: sent.time_unix_nano,
        flags: sent.flags,
        exemplars: sent.exemplars,
        value,
    }
}

fn histogram(sent: proto::HistogramDataPoint, over: i32) -> Sent {
    let mut value = counted(sent.count, sent.sum, sent.min, sent.max);
    value.insert("aggregationTemporality".to_owned(), json!(temporality(over)));
    value.insert("bucketCounts".to_owned(), json!(sent.bucket_counts));
    let bounds = sent.explicit_bounds.into_iter().map(double);
    value.insert("explicitBounds".to_owned(), bounds.collect());
    Sent {
        attributes: sent.attributes,
        start: sent.start_time_unix_nano,
        time: sent.time_unix_nano,
        flags: sent.flags,
        exemplars: sent.exemplars,
        value: Some(Value::Object(value)),
    }
}

fn exponential(sent: proto::ExponentialHistogramDataPoint, over: i32) -> Sent {
    let mut value = counted(sent.count, sent.sum, sent.min, sent.max);
    value.insert("aggregationTemporality".to_owned(), json!(temporality(over)));
    value.insert("scale".to_owned(), json!(sent.scale));
    value.insert("zeroCount".to_owned(), json!(sent.zero_count));
    value.insert("zeroThreshold".to_owned(), double(sent.zero_threshold));
    for (name, side) in [("positive", sent.positive), ("negative", sent.negative)] {
        if let Some(side) = side {
            let side = json!({ "offset": side.offset, "bucketCounts": side.bucket_counts });
            value.insert(name.to_owned(), side);
        }
    }
    Sent {
        attributes: sent.attributes,
        start: sent.start_time_unix_nano,
        time: sent.time_unix_nano,
        flags: sent.flags,
        exemplars: sent.exemplars,
        value: Some(Value::Object(value)),
    }
}

fn summary(sent: proto::SummaryDataPoint) -> Sent {
    let mut value = counted(sent.count, Some(sent.sum), None, None);
    let quantiles = sent.quantile_values.into_iter();
    let quantiles =
        quantiles.map(|at| json!({ "quantile": double(at.quantile), "value": double(at.value) }));
    value.insert("quantileValues".to_owned(), quantiles.collect());
    Sent {
        attributes: sent.attributes,
        start: sent.start_time_unix_nano,
        time: sent.time_unix_nano,
        flags: sent.flags,
        exemplars: Vec::new(),
        value: Some(Value::Object(value)),
    }
}

fn counted(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) -> Map<String, Value> {
    let mut value = Map::new();
    value.insert("count".to_owned(), json!(count));
    for (name, number) in [("sum", sum), ("min", min), ("max", max)] {
        if let Some(number) = number {
            value.insert(name.to_owned(), double(number));
        }
    }
    value
}

/// Adds the exemplars, which lead from a number to a trace; a bare number becomes an object for it.
fn with_exemplars(value: Value, exemplars: &[proto::Exemplar]) -> Value {
    if exemplars.is_empty() {
        return value;
    }
    let mut object = match value {
        Value::Object(object) => object,
        number => Map::from_iter([("value".to_owned(), number)]),
    };
    let told = exemplars.iter().map(|exemplar| {
        json!({
            "timeUnixNano": exemplar.time_unix_nano,
            "traceId": hex(&exemplar.trace_id),
            "spanId": hex(&exemplar.span_id),
            "value": match exemplar.value {
                Some(exemplar::Value::AsInt(number)) => json!(number),
                Some(exemplar::Value::AsDouble(number)) => double(number),
                None => Value::Null,
            },
        })
    });
    object.insert("exemplars".to_owned(), told.collect());
    Value::Object(object)
}

/// Returns a number; JSON has no word for those that are not finite, they become text.
fn double(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { Value::String(number.to_string()) }
}

fn temporality(number: i32) -> &'static str {
    match number {
        1 => "delta",
        2 => "cumulative",
        _ => "unspecified",
    }
}
