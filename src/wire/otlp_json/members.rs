//! The members of OTLP's JSON objects, read as leniently as senders need.

use serde_json::{Map, Value};

use super::super::WireError;
use crate::model::from_base64;

type Result<T> = std::result::Result<T, WireError>;

/// Returns the member under its camel-case or snake-case name; `null` counts as absent.
pub(super) fn member<'a>(holder: &'a Value, name: &str) -> Option<&'a Value> {
    let object: &Map<String, Value> = holder.as_object()?;
    let in_snake_case =
        || object.iter().find(|(key, _)| is_named(key, name)).map(|(_, value)| value);
    object.get(name).or_else(in_snake_case).filter(|value| !value.is_null())
}

/// Says whether `key` is the camel-case name, or the same in snake case.
pub(super) fn is_named(key: &str, name: &str) -> bool {
    let mut rest = key.bytes();
    key == name
        || name.bytes().all(|byte| match byte {
            b'A'..=b'Z' => {
                rest.next() == Some(b'_') && rest.next() == Some(byte.to_ascii_lowercase())
            }
            _ => rest.next() == Some(byte),
        }) && rest.next().is_none()
}

/// Reads every item of a list; an absent list is empty.
pub(super) fn each<T>(
    holder: &Value,
    name: &str,
    read: impl Fn(&Value) -> Result<T>,
) -> Result<Vec<T>> {
    match member(holder, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().filter(|item| !item.is_null()).map(read).collect()
        }
        Some(_) => Err(shape(name)),
    }
}

/// Returns a text; empty when it is absent.
pub(super) fn text(holder: &Value, name: &str) -> Result<String> {
    match member(holder, name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(shape(name)),
    }
}

/// Returns a number that may have been written as text; 0 when it is absent.
pub(super) fn unsigned(holder: &Value, name: &str) -> Result<u64> {
    member(holder, name).map_or(Ok(0), |sent| as_unsigned(sent).ok_or_else(|| shape(name)))
}

/// Reads a number that may have been written as text, or as `1.7e18` by a language without integers.
pub(super) fn as_unsigned(sent: &Value) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked range")]
    let of_float = |number: f64| (0.0..1.8e19).contains(&number).then_some(number as u64);
    sent.as_u64()
        .or_else(|| sent.as_str()?.trim().parse().ok())
        .or_else(|| of_float(sent.as_f64()?))
}

/// Returns the number of an enumeration written as a number or as a name; 0 when it is absent.
pub(super) fn enumeration(holder: &Value, name: &str, prefix: &str, names: &[&str]) -> Result<i32> {
    let Some(sent) = member(holder, name) else { return Ok(0) };
    if let Some(number) = sent.as_i64() {
        return i32::try_from(number).map_err(|_| shape(name));
    }
    let word = sent.as_str().ok_or_else(|| shape(name))?;
    let bare = word.strip_prefix(prefix).unwrap_or(word);
    let place = names.iter().position(|known| known.eq_ignore_ascii_case(bare));
    // An unknown name is an unknown number: protobuf takes those as they are.
    let number = place.and_then(|place| i32::try_from(place).ok()).or_else(|| bare.parse().ok());
    Ok(number.unwrap_or(0))
}

/// Returns a signed number that may have been written as text; 0 when it is absent.
pub(super) fn signed(holder: &Value, name: &str) -> Result<i64> {
    member(holder, name).map_or(Ok(0), |sent| as_signed(sent).ok_or_else(|| shape(name)))
}

/// Reads a signed number that may have been written as text.
pub(super) fn as_signed(sent: &Value) -> Option<i64> {
    sent.as_i64().or_else(|| sent.as_str()?.trim().parse().ok())
}

/// Returns a double; `None` when it is absent.
pub(super) fn double(holder: &Value, name: &str) -> Result<Option<f64>> {
    let read = |sent| as_double(sent).ok_or_else(|| shape(name));
    member(holder, name).map(read).transpose()
}

/// Reads a double; what is not finite is written as text: `NaN`, `Infinity`, `-Infinity`.
pub(super) fn as_double(sent: &Value) -> Option<f64> {
    sent.as_f64().or_else(|| sent.as_str()?.trim().parse().ok())
}

/// Returns a truth value; false when it is absent.
pub(super) fn truth(holder: &Value, name: &str) -> Result<bool> {
    member(holder, name).map_or(Ok(false), |sent| as_truth(sent).ok_or_else(|| shape(name)))
}

/// Reads a truth value that may have been written as text.
pub(super) fn as_truth(sent: &Value) -> Option<bool> {
    sent.as_bool().or_else(|| sent.as_str()?.parse().ok())
}

/// Reads an id of `length` bytes; an absent one is empty, as in protobuf.
pub(super) fn id(holder: &Value, name: &str, length: usize) -> Result<Vec<u8>> {
    let digits = text(holder, name)?;
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    let read = if digits.len() == length * 2 { from_hex(&digits) } else { from_base64(&digits) };
    read.filter(|bytes| bytes.len() == length).ok_or_else(|| shape(name))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let nibbles: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
    nibbles?.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair.get(1)?).ok()).collect()
}

/// Says which member is at fault.
pub(super) fn shape(name: &str) -> WireError {
    WireError::Json(format!("`{name}` has the wrong shape"))
}
