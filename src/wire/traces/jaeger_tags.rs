//! Jaeger's tags: typed pairs, some of which are what OTLP has members for.
//!
//! Source: jaegertracing/jaeger, `model/json` and `internal/jptrace`; OpenTelemetry, "Transformation to
//! non-OTLP Formats".

use super::super::json_reader::{Fault, JsonReader, Scalar};
use super::super::otlp_common::hex;
use super::super::span_parts::SpanParts;
use super::attributes::plain;
use super::members::{kind_of_word, status, text};
use crate::model::{Attribute, AttributeValue, SpanStatus, from_base64};

/// Reads a list of `{key, type, value}`.
pub(super) fn tags(reader: &mut JsonReader<'_>, read: &mut Vec<Attribute>) -> Result<(), Fault> {
    reader.list(|reader| tag(reader, read)).map(drop)
}

fn tag(reader: &mut JsonReader<'_>, read: &mut Vec<Attribute>) -> Result<(), Fault> {
    let (mut key, mut kind, mut value) = (String::new(), String::new(), AttributeValue::Empty);
    reader.object(|reader, name| {
        match name {
            "key" => key = text(reader)?,
            "type" => kind = text(reader)?,
            "value" => value = plain(reader.scalar()?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if !key.is_empty() {
        read.push((key, typed(&kind, value)));
    }
    Ok(())
}

/// Gives a value the type that is written beside it; one that it cannot have leaves it as it is.
fn typed(kind: &str, value: AttributeValue) -> AttributeValue {
    let changed = match (kind, &value) {
        (_, AttributeValue::Empty) => None,
        ("int64", AttributeValue::Text(digits)) => digits.parse().ok().map(AttributeValue::Int),
        #[expect(clippy::cast_precision_loss, reason = "it was sent as a double")]
        ("float64", AttributeValue::Int(number)) => Some(AttributeValue::Double(*number as f64)),
        ("float64", AttributeValue::Text(digits)) => {
            let finite = digits.parse().ok().filter(|number: &f64| number.is_finite());
            finite.map(AttributeValue::Double)
        }
        ("bool", AttributeValue::Text(word)) => word.parse().ok().map(AttributeValue::Bool),
        ("binary", AttributeValue::Text(digits)) => {
            from_base64(digits).map(|bytes| AttributeValue::Text(hex(&bytes)))
        }
        ("string", AttributeValue::Text(_)) => None,
        ("string", other) => Some(AttributeValue::Text(other.to_string())),
        _ => None,
    };
    changed.unwrap_or(value)
}

/// Takes the tags out that mean what a span has members for: kind, status, scope.
///
/// `error` fails a span only when it is true: `VictoriaTraces` writes `unset` on every other span. The
/// scope's version is let go, as everywhere.
pub(super) fn meanings(parts: &mut SpanParts) {
    let mut fails = false;
    let mut left = Vec::with_capacity(parts.attributes.len());
    for (key, value) in std::mem::take(&mut parts.attributes) {
        let word = value.to_string();
        match key.as_str() {
            "span.kind" => parts.kind = kind_of_word(&word),
            "otel.status_code" => parts.status = status(&Scalar::Text(word.into())),
            "otel.status_description" => parts.status_message = word,
            "otel.scope.name" | "otel.library.name" => parts.scope = word,
            "otel.scope.version" | "otel.library.version" | "internal.span.format" => {}
            "error" if word == "true" => fails = true,
            "error" if ["", "false", "unset"].contains(&word.as_str()) => {}
            _ => left.push((key, value)),
        }
    }
    parts.attributes = left;
    if fails {
        parts.status = SpanStatus::Error;
    }
}
