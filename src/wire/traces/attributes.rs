//! Attributes of OTLP's JSON: pairs of a key and a value in the member of its type.

use super::super::json_reader::{Fault, JsonReader, Scalar};
use super::super::otlp_common::hex;
use super::members::{integer, text};
use crate::model::{Attribute, AttributeValue, from_base64};

type Result<T> = std::result::Result<T, Fault>;

/// Reads a list of pairs; those without a key are none.
pub(super) fn attributes(reader: &mut JsonReader<'_>, read: &mut Vec<Attribute>) -> Result<()> {
    reader.list(|reader| pair(reader, &mut |key, value| read.push((key, value)))).map(drop)
}

fn pair(reader: &mut JsonReader<'_>, take: &mut dyn FnMut(String, AttributeValue)) -> Result<()> {
    let (mut key, mut sent) = (String::new(), AttributeValue::Empty);
    reader.object(|reader, name| {
        match name {
            "key" => key = text(reader)?,
            "value" => sent = value(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if !key.is_empty() {
        take(key, sent);
    }
    Ok(())
}

/// Reads an `AnyValue`; a scalar in its place is taken as it is. The reader's bound on nesting is the
/// recursion's.
fn value(reader: &mut JsonReader<'_>) -> Result<AttributeValue> {
    if reader.peek() != Some(b'{') {
        return Ok(plain(reader.scalar()?));
    }
    let mut read = AttributeValue::Empty;
    reader.object(|reader, name| {
        let typed = match name {
            "stringValue" | "string_value" => text_value(reader)?,
            "boolValue" | "bool_value" => truth(reader.scalar()?),
            "intValue" | "int_value" => {
                let scalar = reader.scalar()?;
                integer(&scalar).map_or_else(|| plain(scalar), AttributeValue::Int)
            }
            "doubleValue" | "double_value" => number(reader.scalar()?),
            "arrayValue" | "array_value" => array(reader)?,
            "kvlistValue" | "kvlist_value" => map(reader)?,
            "bytesValue" | "bytes_value" => bytes(reader)?,
            _ => return reader.skip(),
        };
        // A `null` beside the member that is set says nothing.
        if typed != AttributeValue::Empty {
            read = typed;
        }
        Ok(())
    })?;
    Ok(read)
}

fn text_value(reader: &mut JsonReader<'_>) -> Result<AttributeValue> {
    Ok(match reader.scalar()? {
        Scalar::Null => AttributeValue::Empty,
        Scalar::Text(text) => AttributeValue::Text(text.into_owned()),
        other => AttributeValue::Text(plain(other).to_string()),
    })
}

fn truth(scalar: Scalar<'_>) -> AttributeValue {
    match &scalar {
        Scalar::Text(word) if word == "true" => AttributeValue::Bool(true),
        Scalar::Text(word) if word == "false" => AttributeValue::Bool(false),
        _ => plain(scalar),
    }
}

/// A double without a fraction is a double all the same; `NaN` and the infinities are text.
fn number(scalar: Scalar<'_>) -> AttributeValue {
    #[expect(clippy::cast_precision_loss, reason = "it was sent as a double")]
    match &scalar {
        Scalar::Int(number) => double(*number as f64),
        Scalar::Text(text) => match text.trim().parse() {
            Ok(number) => double(number),
            Err(_) => plain(scalar),
        },
        _ => plain(scalar),
    }
}

fn array(reader: &mut JsonReader<'_>) -> Result<AttributeValue> {
    let mut items = Vec::new();
    let is_object = reader.object(|reader, name| match name {
        "values" => reader
            .list(|reader| {
                items.push(value(reader)?);
                Ok(())
            })
            .map(drop),
        _ => reader.skip(),
    })?;
    Ok(if is_object { AttributeValue::Array(items) } else { AttributeValue::Empty })
}

fn map(reader: &mut JsonReader<'_>) -> Result<AttributeValue> {
    let mut items = std::collections::BTreeMap::new();
    let is_object = reader.object(|reader, name| match name {
        "values" => reader
            .list(|reader| pair(reader, &mut |key, value| drop(items.insert(key, value))))
            .map(drop),
        _ => reader.skip(),
    })?;
    Ok(if is_object { AttributeValue::Map(items) } else { AttributeValue::Empty })
}

/// Bytes become hex, as everywhere in the model; what is no base 64 stays as it is.
fn bytes(reader: &mut JsonReader<'_>) -> Result<AttributeValue> {
    let scalar = reader.scalar()?;
    Ok(match &scalar {
        Scalar::Text(digits) => match from_base64(digits) {
            Some(bytes) => AttributeValue::Text(hex(&bytes)),
            None => plain(scalar),
        },
        _ => plain(scalar),
    })
}

/// Returns a scalar as the value of its own type.
pub(super) fn plain(scalar: Scalar<'_>) -> AttributeValue {
    match scalar {
        Scalar::Bool(truth) => AttributeValue::Bool(truth),
        Scalar::Int(number) => AttributeValue::Int(number),
        Scalar::Double(number) => double(number),
        Scalar::Text(text) => AttributeValue::Text(text.into_owned()),
        Scalar::Null | Scalar::Other => AttributeValue::Empty,
    }
}

fn double(number: f64) -> AttributeValue {
    if number.is_finite() {
        AttributeValue::Double(number)
    } else {
        AttributeValue::Text(number.to_string())
    }
}
