//! Typed key-value pairs of spans, span events and resources.

use serde::{Deserialize, Serialize};

/// One attribute: a dotted key of the semantic conventions and its value.
pub type Attribute = (String, AttributeValue);

/// A value as OTLP types it; JSON keeps the type where JSON has it (bytes become lower-case hex).
///
/// Source: OTLP `common.proto`, `AnyValue`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A truth value.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A double; not finite ones are carried as `Text` (`NaN`, `Infinity`), JSON has no word for them.
    Double(f64),
    /// Text, and bytes as hex.
    Text(String),
    /// A list, possibly of mixed types.
    Array(Vec<Self>),
    /// Nested pairs, in the order sent.
    Map(std::collections::BTreeMap<String, Self>),
    /// Sent without a value.
    Empty,
}

impl AttributeValue {
    /// Returns the text of a text value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number of an integer value, also when a backend made it text.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl std::fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Double(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Empty => Ok(()),
            Self::Array(_) | Self::Map(_) => {
                f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
            }
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_json() {
        let map = [("a".to_owned(), AttributeValue::Empty)].into();
        for value in [
            AttributeValue::Bool(true),
            AttributeValue::Int(-7),
            AttributeValue::Double(0.5),
            AttributeValue::from("x"),
            AttributeValue::Empty,
            AttributeValue::Array(vec![AttributeValue::Int(1), AttributeValue::Map(map)]),
        ] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<AttributeValue>(&json).unwrap(), value, "{json}");
        }
    }
}
