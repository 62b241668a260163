//! What OTLP's signals share: attributes, resources, times.
//!
//! Source: OTLP 1.9, `common.proto` and `resource.proto`.

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::model::{Attribute, AttributeValue, UnixNanos};

/// How deep lists and maps in attributes may nest; what lies deeper is dropped.
const DEPTH_MAX: usize = 16;

/// The service name that the specification gives to a resource without one.
pub(super) const UNKNOWN_SERVICE: &str = "unknown_service";

/// Returns the attributes in the order sent.
pub(super) fn attributes(pairs: Vec<KeyValue>) -> Vec<Attribute> {
    pairs.into_iter().map(|pair| (pair.key, value(pair.value, DEPTH_MAX))).collect()
}

/// Returns one attribute's value.
pub(super) fn attribute_value(sent: Option<AnyValue>) -> AttributeValue {
    value(sent, DEPTH_MAX)
}

fn value(sent: Option<AnyValue>, depth: usize) -> AttributeValue {
    let Some(sent) = sent.and_then(|any| any.value).filter(|_| depth > 0) else {
        return AttributeValue::Empty;
    };
    match sent {
        any_value::Value::StringValue(text) => AttributeValue::Text(text),
        any_value::Value::BoolValue(truth) => AttributeValue::Bool(truth),
        any_value::Value::IntValue(number) => AttributeValue::Int(number),
        any_value::Value::DoubleValue(number) if number.is_finite() => {
            AttributeValue::Double(number)
        }
        any_value::Value::DoubleValue(number) => AttributeValue::Text(number.to_string()),
        any_value::Value::ArrayValue(array) => AttributeValue::Array(
            array.values.into_iter().map(|item| value(Some(item), depth - 1)).collect(),
        ),
        any_value::Value::KvlistValue(list) => AttributeValue::Map(
            list.values.into_iter().map(|pair| (pair.key, value(pair.value, depth - 1))).collect(),
        ),
        any_value::Value::BytesValue(bytes) => AttributeValue::Text(hex(&bytes)),
        // Only profiles refer to a string table, and none is sent with traces or logs.
        any_value::Value::StringValueStrindex(_) => AttributeValue::Empty,
    }
}

/// Returns the service's name and the resource's attributes.
pub(super) fn resource(resource: Option<Resource>) -> (String, Vec<Attribute>) {
    let attributes = attributes(resource.map(|sent| sent.attributes).unwrap_or_default());
    let named = attributes.iter().find(|(key, _)| key == "service.name");
    let service = named.map(|(_, name)| name.to_string()).filter(|name| !name.is_empty());
    (service.unwrap_or_else(|| UNKNOWN_SERVICE.to_owned()), attributes)
}

/// Returns the scope's name; empty when it has none.
pub(super) fn scope_name(scope: Option<InstrumentationScope>) -> String {
    scope.map(|scope| scope.name).unwrap_or_default()
}

/// Returns the time; `None` for zero, which means "not set", and beyond the year 2262.
pub(super) fn time(nanos: u64) -> Option<UnixNanos> {
    i64::try_from(nanos).ok().filter(|nanos| *nanos != 0).map(UnixNanos)
}

/// Returns lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
