//! The frame of OTLP's JSON requests, walked without building it.
//!
//! Only one record is a value in memory at a time: a body of `{},{},…` would take a hundred times its
//! size. The text is passed over once for each of its levels, because a resource may follow its spans.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::WireError;
use super::super::decoded::{RECORD_BYTES_MAX, Rejected, bounded};
use super::super::json_text::json_value;
use super::super::otlp_common::{Sender, Take};
use super::members::{is_named, shape};
use super::{Result, resource, scope_name};

/// How a signal's request names its levels.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) of_resources: &'static str,
    pub(super) of_scopes: &'static str,
    pub(super) records: &'static str,
}

/// Gives `take` every record of a request with the sender's resource and scope.
///
/// O(bytes); errs at the first member that has the wrong shape.
pub(super) fn walk<T>(
    body: &[u8],
    levels: &Levels,
    read: fn(&Value) -> Result<T>,
    take: &mut Take<'_, T>,
) -> Result<()> {
    let body = std::str::from_utf8(body).map_err(|error| WireError::Json(error.to_string()))?;
    let [of_resources] = members(body, [levels.of_resources])?;
    each_item(of_resources, levels.of_resources, &mut |of_resource| {
        let [sent, of_scopes] = members(of_resource, ["resource", levels.of_scopes])?;
        let mut sender = Sender::new(resource(&small(sent)?)?);
        each_item(of_scopes, levels.of_scopes, &mut |of_scope| {
            let [scope, records] = members(of_scope, ["scope", levels.records])?;
            sender.set_scope(scope_name(&small(scope)?)?);
            each_item(records, levels.records, &mut |record| {
                if record.len() > RECORD_BYTES_MAX {
                    take(&sender, Err(Rejected::Large));
                    return Ok(());
                }
                let record = json_value(record.as_bytes())?;
                if !record.is_object() {
                    return Err(shape(levels.records));
                }
                take(&sender, Ok(read(&record)?));
                Ok(())
            })
        })
    })
}

/// Reads what describes the sender; `null` when it is absent.
fn small(sent: Option<&RawValue>) -> Result<Value> {
    let Some(sent) = sent else { return Ok(Value::Null) };
    json_value(bounded(sent.get().as_bytes())?)
}

/// Returns the members of those names, in camel or in snake case; `null` counts as absent.
fn members<'a, const N: usize>(
    object: &'a str,
    names: [&'static str; N],
) -> Result<[Option<&'a RawValue>; N]> {
    let mut reader = serde_json::Deserializer::from_str(object);
    let found = reader.deserialize_map(Members(names)).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(found.map(|member| member.filter(|value| value.get() != "null")))
}

struct Members<const N: usize>([&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for Members<N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<&'de RawValue>()?;
            let place = self.0.iter().position(|name| is_named(&key, name));
            if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
                *slot = Some(value);
            }
        }
        Ok(found)
    }
}

/// Gives `read` the text of each item of a list; `null` items are passed over.
fn each_item<'a>(
    list: Option<&'a RawValue>,
    name: &str,
    read: &mut dyn FnMut(&'a str) -> Result<()>,
) -> Result<()> {
    let Some(list) = list.map(RawValue::get) else { return Ok(()) };
    if !list.starts_with('[') {
        return Err(shape(name));
    }
    let mut failed = None;
    let items = Items { read, failed: &mut failed };
    let walked = items.deserialize(&mut serde_json::Deserializer::from_str(list));
    match failed {
        Some(error) => Err(error),
        None => walked.map_err(malformed),
    }
}

struct Items<'f, 'de> {
    read: &'f mut dyn FnMut(&'de str) -> Result<()>,
    /// Why `read` stopped: serde has no room for our errors.
    failed: &'f mut Option<WireError>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        while let Some(item) = list.next_element::<&'de RawValue>()? {
            if item.get() == "null" {
                continue;
            }
            if let Err(error) = (self.read)(item.get()) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn malformed(error: serde_json::Error) -> WireError {
    WireError::Json(error.to_string())
}
