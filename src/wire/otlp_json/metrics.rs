//! OTLP's JSON of metrics.
//!
//! Source: OTLP 1.9, `metrics.proto`.

use opentelemetry_proto::tonic::metrics::v1 as proto;
use proto::exponential_histogram_data_point::Buckets;
use proto::metric::Data;
use proto::summary_data_point::ValueAtQuantile;
use proto::{exemplar, number_data_point};
use serde_json::Value;

use super::super::otlp_common::Take;
use super::members::{
    as_double, as_unsigned, double, each, enumeration, id, member, shape, signed, text, truth,
    unsigned,
};
use super::walk::{Levels, walk};
use super::{Result, attributes};

/// Reads an `ExportMetricsServiceRequest`.
pub(in super::super) fn metrics(body: &[u8], take: &mut Take<'_, proto::Metric>) -> Result<()> {
    const LEVELS: Levels =
        Levels { of_resources: "resourceMetrics", of_scopes: "scopeMetrics", records: "metrics" };
    walk(body, &LEVELS, metric, take)
}

fn metric(sent: &Value) -> Result<proto::Metric> {
    Ok(proto::Metric {
        name: text(sent, "name")?,
        description: text(sent, "description")?,
        unit: text(sent, "unit")?,
        data: data(sent)?,
        ..Default::default()
    })
}

fn data(sent: &Value) -> Result<Option<Data>> {
    Ok(Some(if let Some(gauge) = member(sent, "gauge") {
        Data::Gauge(proto::Gauge { data_points: each(gauge, "dataPoints", number_point)? })
    } else if let Some(sum) = member(sent, "sum") {
        Data::Sum(proto::Sum {
            data_points: each(sum, "dataPoints", number_point)?,
            aggregation_temporality: temporality(sum)?,
            is_monotonic: truth(sum, "isMonotonic")?,
        })
    } else if let Some(histogram) = member(sent, "histogram") {
        Data::Histogram(proto::Histogram {
            data_points: each(histogram, "dataPoints", histogram_point)?,
            aggregation_temporality: temporality(histogram)?,
        })
    } else if let Some(histogram) = member(sent, "exponentialHistogram") {
        Data::ExponentialHistogram(proto::ExponentialHistogram {
            data_points: each(histogram, "dataPoints", exponential_point)?,
            aggregation_temporality: temporality(histogram)?,
        })
    } else if let Some(summary) = member(sent, "summary") {
        Data::Summary(proto::Summary { data_points: each(summary, "dataPoints", summary_point)? })
    } else {
        return Ok(None);
    }))
}

fn temporality(sent: &Value) -> Result<i32> {
    let names = &["UNSPECIFIED", "DELTA", "CUMULATIVE"];
    enumeration(sent, "aggregationTemporality", "AGGREGATION_TEMPORALITY_", names)
}

fn number_point(sent: &Value) -> Result<proto::NumberDataPoint> {
    let value = if member(sent, "asInt").is_some() {
        Some(number_data_point::Value::AsInt(signed(sent, "asInt")?))
    } else {
        double(sent, "asDouble")?.map(number_data_point::Value::AsDouble)
    };
    Ok(proto::NumberDataPoint {
        attributes: attributes(sent)?,
        start_time_unix_nano: unsigned(sent, "startTimeUnixNano")?,
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        exemplars: each(sent, "exemplars", one_exemplar)?,
        flags: flags(sent)?,
        value,
    })
}

fn histogram_point(sent: &Value) -> Result<proto::HistogramDataPoint> {
    Ok(proto::HistogramDataPoint {
        attributes: attributes(sent)?,
        start_time_unix_nano: unsigned(sent, "startTimeUnixNano")?,
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        count: unsigned(sent, "count")?,
        sum: double(sent, "sum")?,
        bucket_counts: counts(sent)?,
        explicit_bounds: each(sent, "explicitBounds", |bound| {
            as_double(bound).ok_or_else(|| shape("explicitBounds"))
        })?,
        exemplars: each(sent, "exemplars", one_exemplar)?,
        flags: flags(sent)?,
        min: double(sent, "min")?,
        max: double(sent, "max")?,
    })
}

fn exponential_point(sent: &Value) -> Result<proto::ExponentialHistogramDataPoint> {
    let buckets = |name| member(sent, name).map(one_side).transpose();
    Ok(proto::ExponentialHistogramDataPoint {
        attributes: attributes(sent)?,
        start_time_unix_nano: unsigned(sent, "startTimeUnixNano")?,
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        count: unsigned(sent, "count")?,
        sum: double(sent, "sum")?,
        scale: small(sent, "scale")?,
        zero_count: unsigned(sent, "zeroCount")?,
        positive: buckets("positive")?,
        negative: buckets("negative")?,
        flags: flags(sent)?,
        exemplars: each(sent, "exemplars", one_exemplar)?,
        min: double(sent, "min")?,
        max: double(sent, "max")?,
        zero_threshold: double(sent, "zeroThreshold")?.unwrap_or_default(),
    })
}

fn summary_point(sent: &Value) -> Result<proto::SummaryDataPoint> {
    Ok(proto::SummaryDataPoint {
        attributes: attributes(sent)?,
        start_time_unix_nano: unsigned(sent, "startTimeUnixNano")?,
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        count: unsigned(sent, "count")?,
        sum: double(sent, "sum")?.unwrap_or_default(),
        quantile_values: each(sent, "quantileValues", |quantile| {
            Ok(ValueAtQuantile {
                quantile: double(quantile, "quantile")?.unwrap_or_default(),
                value: double(quantile, "value")?.unwrap_or_default(),
            })
        })?,
        flags: flags(sent)?,
    })
}

fn one_side(sent: &Value) -> Result<Buckets> {
    Ok(Buckets { offset: small(sent, "offset")?, bucket_counts: counts(sent)? })
}

fn one_exemplar(sent: &Value) -> Result<proto::Exemplar> {
    let value = if member(sent, "asInt").is_some() {
        Some(exemplar::Value::AsInt(signed(sent, "asInt")?))
    } else {
        double(sent, "asDouble")?.map(exemplar::Value::AsDouble)
    };
    Ok(proto::Exemplar {
        time_unix_nano: unsigned(sent, "timeUnixNano")?,
        span_id: id(sent, "spanId", 8)?,
        trace_id: id(sent, "traceId", 16)?,
        value,
        ..Default::default()
    })
}

fn counts(sent: &Value) -> Result<Vec<u64>> {
    each(sent, "bucketCounts", |count| as_unsigned(count).ok_or_else(|| shape("bucketCounts")))
}

fn flags(sent: &Value) -> Result<u32> {
    u32::try_from(unsigned(sent, "flags")?).map_err(|_| shape("flags"))
}

fn small(sent: &Value, name: &str) -> Result<i32> {
    i32::try_from(signed(sent, name)?).map_err(|_| shape(name))
}
