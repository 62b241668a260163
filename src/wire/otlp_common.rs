//! What OTLP's signals share: attributes, resources, times.
//!
//! Source: OTLP 1.9, `common.proto` and `resource.proto`.

use std::cell::OnceCell;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::value::to_raw_value;

use super::decoded::{Keeper, Rejected};
use crate::model::{Attribute, AttributeValue, Field, UnixNanos};

/// How deep lists and maps in attributes may nest; what lies deeper is dropped.
const DEPTH_MAX: usize = 16;

/// The service name that the specification gives to a resource without one.
pub(super) const UNKNOWN_SERVICE: &str = "unknown_service";

/// What an attribute is taken to need in memory beside its texts.
const ATTRIBUTE_BYTES: usize = 80;

/// Where each record of a request goes, with who sent it.
pub(super) type Take<'a, T> = dyn FnMut(&Sender, Result<T, Rejected>) + 'a;

/// The process and the library that sent a record.
#[derive(Debug)]
pub(super) struct Sender {
    /// The resource's `service.name`, or [`UNKNOWN_SERVICE`].
    pub(super) service: String,
    /// The resource's attributes.
    pub(super) attributes: Arc<[Attribute]>,
    /// The scope's name; empty when not sent.
    pub(super) scope: String,
    /// What each record pays for its copy of them.
    pub(super) bytes: usize,
    cut: bool,
    fields: OnceCell<Vec<Field>>,
}

impl Sender {
    /// Reads a resource; the scope is not known yet.
    pub(super) fn new(resource: Resource) -> Self {
        let mut keeper = Keeper::default();
        let attributes = attributes(resource.attributes, &mut keeper);
        let named = attributes.iter().find(|(key, _)| key == "service.name");
        let service = named.map(|(_, name)| name.to_string()).filter(|name| !name.is_empty());
        Self {
            service: service.unwrap_or_else(|| UNKNOWN_SERVICE.to_owned()),
            attributes: attributes.into(),
            scope: String::new(),
            bytes: keeper.spent,
            cut: keeper.cut,
            fields: OnceCell::new(),
        }
    }

    /// Goes on to another library of the same process.
    pub(super) fn set_scope(&mut self, name: String) {
        self.scope = Keeper::default().text(name);
    }

    /// Lets a record pay for its copy of the sender.
    pub(super) fn pay(&self, keeper: &mut Keeper) {
        keeper.spent += self.bytes + self.service.len() + self.scope.len();
        keeper.cut |= self.cut;
    }

    /// Returns what tells this process from others of its service: its pod, host, version.
    ///
    /// Not the service's name, which a record has anyway, and not the name and version of the SDK.
    pub(super) fn fields(&self) -> &[Field] {
        self.fields.get_or_init(|| {
            let tells = |name: &str| name != "service.name" && !name.starts_with("telemetry.sdk.");
            let told = self.attributes.iter().filter(|(name, _)| tells(name));
            told.filter_map(|(name, value)| field(name.clone(), value)).collect()
        })
    }
}

/// Returns a field; a value of ours always serialises.
pub(super) fn field(name: String, value: &AttributeValue) -> Option<Field> {
    Some(Field { name, value: to_raw_value(value).ok()? })
}

/// Returns the attributes in the order sent; those without a key are none.
pub(super) fn attributes(pairs: Vec<KeyValue>, keeper: &mut Keeper) -> Vec<Attribute> {
    let mut attributes = Vec::with_capacity(pairs.len().min(128));
    let named = pairs.into_iter().filter(|pair| !pair.key.is_empty());
    attributes.extend(named.map(|pair| key_value(pair, DEPTH_MAX, keeper)));
    attributes
}

/// Returns one attribute's value.
pub(super) fn attribute_value(sent: Option<AnyValue>, keeper: &mut Keeper) -> AttributeValue {
    value(sent, DEPTH_MAX, keeper)
}

fn key_value(pair: KeyValue, depth: usize, keeper: &mut Keeper) -> Attribute {
    (keeper.text(pair.key), value(pair.value, depth, keeper))
}

fn value(sent: Option<AnyValue>, depth: usize, keeper: &mut Keeper) -> AttributeValue {
    keeper.spent += ATTRIBUTE_BYTES;
    let Some(sent) = sent.and_then(|any| any.value).filter(|_| depth > 0) else {
        return AttributeValue::Empty;
    };
    match sent {
        any_value::Value::StringValue(text) => AttributeValue::Text(keeper.text(text)),
        any_value::Value::BoolValue(truth) => AttributeValue::Bool(truth),
        any_value::Value::IntValue(number) => AttributeValue::Int(number),
        any_value::Value::DoubleValue(number) if number.is_finite() => {
            AttributeValue::Double(number)
        }
        any_value::Value::DoubleValue(number) => AttributeValue::Text(number.to_string()),
        any_value::Value::ArrayValue(array) => {
            let items = array.values.into_iter();
            AttributeValue::Array(items.map(|item| value(Some(item), depth - 1, keeper)).collect())
        }
        any_value::Value::KvlistValue(list) => {
            let pairs = list.values.into_iter();
            AttributeValue::Map(pairs.map(|pair| key_value(pair, depth - 1, keeper)).collect())
        }
        any_value::Value::BytesValue(bytes) => AttributeValue::Text(keeper.text(hex(&bytes))),
        // Only profiles refer to a string table, and none is sent with traces or logs.
        any_value::Value::StringValueStrindex(_) => AttributeValue::Empty,
    }
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
