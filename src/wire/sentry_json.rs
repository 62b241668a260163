//! The shapes of Sentry's JSON, read in one pass and leniently.
//!
//! Clients of fifteen years send one member as text, as an object, as a list or as null. Each type
//! here takes whatever comes: what has the wrong shape is passed over and missing, and costs neither
//! the rest of the document nor a tree of it in memory.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::WireError;
use super::json_text::json_value;

/// The most elements kept of a list within an event: the last ones, as the latest breadcrumbs and the
/// innermost frames say most. The raw event keeps all.
pub(super) const KEPT_MAX: usize = 200;

/// The most elements taken from a list whose elements are stored one by one.
pub(super) const STORED_MAX: usize = 10_000;

/// Reads a document; one with a member twice, with half a surrogate pair or with bytes that are no
/// UTF-8 is mended and read again.
pub(super) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    // serde would read an array as a struct's members in order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(WireError::Json("not an object".to_owned()));
    }
    serde_json::from_slice(bytes).or_else(|error| {
        let mended = json_value(String::from_utf8_lossy(bytes).as_bytes())?;
        serde_json::from_str(&mended.to_string()).map_err(|_| WireError::Json(error.to_string()))
    })
}

/// Text, a number or a truth value; `Nothing` for null and all else.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Scalar {
    /// Null, missing, a list or an object.
    #[default]
    Nothing,
    /// Text.
    Text(String),
    /// A whole number that is not negative.
    Count(u64),
    /// Any other number.
    Number(f64),
    /// A truth value.
    Bool(bool),
}

impl Scalar {
    /// Returns the text of a text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the text of a text.
    pub(super) fn into_text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the text, empty when there is none.
    pub(super) fn or_empty(self) -> String {
        self.into_text().unwrap_or_default()
    }

    /// Returns what it says as text; empty for nothing.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text,
            Self::Count(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
        }
    }

    /// Returns a number, also one written as text.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a time or a count, not an id")]
            Self::Count(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns a whole number that is not negative.
    pub(super) fn count(&self) -> Option<u64> {
        if let Self::Count(number) = self { Some(*number) } else { None }
    }

    /// Returns a truth value.
    pub(super) fn truth(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Count(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        #[expect(clippy::cast_precision_loss, reason = "a negative count is only shown")]
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(truth))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Scalar, A::Error> {
        IgnoredAny.visit_seq(sequence).map(|_| Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Scalar::Nothing)
    }
}

/// An object; `None` for all else.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// Text, or an object that says more; `Nothing` for all else.
#[derive(Debug, Default)]
pub(super) enum TextOr<T> {
    /// Null, missing, a list, a number.
    #[default]
    Nothing,
    /// Only the text.
    Text(String),
    /// The object.
    Object(T),
}

/// A list: bare, within `{"values": …}`, or a single object instead of one. The last [`KEPT_MAX`]
/// of its objects are kept.
#[derive(Debug)]
pub(super) struct Listed<T>(pub(super) VecDeque<T>);

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// A list of objects of which the first [`STORED_MAX`] are taken.
#[derive(Debug)]
pub(super) struct Stored<T> {
    /// The objects, `None` for what is none.
    pub(super) taken: Vec<Option<T>>,
    /// How many came after those.
    pub(super) beyond: u64,
}

impl<T> Default for Stored<T> {
    fn default() -> Self {
        Self { taken: Vec::new(), beyond: 0 }
    }
}

/// Takes one shape of JSON and passes over the others; what it is made of is in `Visitor`.
struct Shape<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Stored<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape::<Self>(PhantomData))
    }
}

/// What a [`Shape`] makes of text, of a list and of an object; of all else it makes the default.
trait FromShape<'de>: Default {
    fn of_text(_: &str) -> Self {
        Self::default()
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Self::default())
    }

    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Self::default())
    }
}

impl<'de, T: Deserialize<'de>> FromShape<'de> for Object<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Self(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> FromShape<'de> for TextOr<T> {
    fn of_text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Self::Object)
    }
}

impl<'de, T: Deserialize<'de>> FromShape<'de> for Listed<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut kept = VecDeque::new();
        while let Some(element) = list.next_element::<Object<T>>()? {
            kept.extend(element.0);
            if kept.len() > KEPT_MAX {
                kept.pop_front();
            }
        }
        Ok(Self(kept))
    }

    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let first: Option<String> = map.next_key()?;
        if first.as_deref() == Some("values") {
            let values = map.next_value()?;
            IgnoredAny.visit_map(map)?;
            return Ok(values);
        }
        let single = T::deserialize(MapAccessDeserializer::new(Begun { first, rest: map }))?;
        Ok(Self(VecDeque::from([single])))
    }
}

impl<'de, T: Deserialize<'de>> FromShape<'de> for Stored<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut stored = Self::default();
        while stored.taken.len() < STORED_MAX {
            let Some(element) = list.next_element::<Object<T>>()? else { return Ok(stored) };
            stored.taken.push(element.0);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            stored.beyond += 1;
        }
        Ok(stored)
    }
}

impl<'de, T: FromShape<'de>> Visitor<'de> for Shape<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_text(text))
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::of_map(map)
    }
}

/// An object of which the first key was already read.
struct Begun<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        use serde::de::IntoDeserializer as _;
        match self.first.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Default)]
    #[serde(default)]
    struct Named {
        name: Scalar,
    }

    #[derive(Debug, Deserialize, Default)]
    #[serde(default)]
    struct Holder {
        one: Object<Named>,
        list: Listed<Named>,
        text: Scalar,
    }

    fn names(json: &str) -> Vec<String> {
        let holder: Holder = read_json(json.as_bytes()).unwrap();
        holder.list.0.into_iter().map(|named| named.name.shown()).collect()
    }

    #[test]
    fn a_list_is_taken_in_each_of_its_shapes() {
        for json in [
            r#"{"list":[{"name":"a"},null,7,{"name":1}]}"#,
            r#"{"list":{"values":[{"name":"a"},[],{"name":1}],"more":{}}}"#,
        ] {
            assert_eq!(names(json), ["a", "1"], "{json}");
        }
        assert_eq!(names(r#"{"list":{"x":0,"name":"a"}}"#), ["a"]);
        for json in [r#"{"list":null}"#, r#"{"list":{"values":null}}"#, r#"{"list":"x"}"#, "{}"] {
            assert_eq!(names(json), [""; 0], "{json}");
        }
    }

    #[test]
    fn of_a_long_list_the_end_is_kept() {
        let elements: Vec<String> =
            (0..KEPT_MAX + 5).map(|n| format!("{{\"name\":{n}}}")).collect();
        let kept = names(&format!("{{\"list\":[{}]}}", elements.join(",")));
        assert_eq!((kept.len(), kept[0].as_str()), (KEPT_MAX, "5"));
    }

    #[test]
    fn the_wrong_shape_is_missing_and_the_rest_is_there() {
        for wrong in ["null", "true", "-1", "1.5", "\"x\"", "[[{}]]", "[1,2]"] {
            let json = format!(r#"{{"one":{wrong},"text":"kept"}}"#);
            let holder: Holder = read_json(json.as_bytes()).unwrap();
            assert!(holder.one.0.is_none(), "{wrong}");
            assert_eq!(holder.text.text(), Some("kept"), "{wrong}");
        }
    }

    #[test]
    fn what_was_damaged_on_its_way_is_mended() {
        for json in [&br#"{"text":1,"text":"x"}"#[..], br#"{"text":"x","y":"\ud83d"}"#] {
            let holder: Holder = read_json(json).unwrap();
            assert_eq!(holder.text.text(), Some("x"));
        }
        let holder: Holder = read_json(b"{\"text\":\"x\xff\"}").unwrap();
        assert_eq!(holder.text.text(), Some("x\u{fffd}"));
        for json in [&b"{"[..], b"", b"[]", b"{} {}"] {
            assert!(read_json::<Holder>(json).is_err(), "{json:?}");
        }
    }
}
