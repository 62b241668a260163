//! Pushes of Loki's clients: streams of lines, as JSON or as a snappy block of protobuf.
//!
//! Source: Grafana Loki, "Ingest logs" (`POST /loki/api/v1/push`) and `pkg/push/push.proto`. The
//! protobuf is walked by hand: lines are borrowed, and how many there are is bounded before any
//! memory is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

use super::WireError;
use crate::model::UnixNanos;

/// The most lines of one push, and the most labels of one line.
const ENTRIES_MAX: usize = 100_000;
const LABELS_MAX: usize = 128;

/// One line of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LokiEntry {
    /// What its stream is known by, then its structured metadata; in the order sent.
    pub labels: Vec<(String, String)>,
    /// When it was logged.
    pub time: UnixNanos,
    /// The line.
    pub line: Vec<u8>,
}

/// Reads a push in JSON: `{"streams":[{"stream":{…},"values":[["ns","line",{…}]]}]}`.
///
/// Errs on what is no such document, and on more than 100,000 lines.
pub fn decode_loki_json(body: &[u8]) -> Result<Vec<LokiEntry>, WireError> {
    let push: Push<'_> =
        serde_json::from_slice(body).map_err(|error| WireError::Json(error.to_string()))?;
    let mut entries = Vec::new();
    for stream in push.streams.0 {
        for Value { time, line, metadata } in stream.values.0 {
            if entries.len() == ENTRIES_MAX {
                return Err(WireError::Push("more than 100000 lines"));
            }
            let time = time.parse().map_err(|_| WireError::Push("a time is no number of ns"))?;
            let all = stream.labels.iter().chain(&metadata);
            let labels = all.map(|(name, value)| (name.to_string(), value.to_string()));
            entries.push(LokiEntry {
                labels: labels.take(LABELS_MAX).collect(),
                time: UnixNanos(time),
                line: line.into_owned().into_bytes(),
            });
        }
    }
    Ok(entries)
}

#[derive(Deserialize)]
struct Push<'a> {
    #[serde(borrow)]
    streams: Capped<Stream<'a>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow, rename = "stream")]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    values: Capped<Value<'a>>,
}

/// `[time, line]` or `[time, line, metadata]`.
struct Value<'a> {
    time: Cow<'a, str>,
    line: Cow<'a, str>,
    metadata: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[\"time in ns\", \"line\"] with metadata or without")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let time =
                    list.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let line =
                    list.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                let metadata = list.next_element()?.unwrap_or_default();
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value { time, line, metadata })
            }
        }
        deserializer.deserialize_seq(Parts)
    }
}

/// A list that is refused when it is longer than any push.
struct Capped<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Capped<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Capped<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {ENTRIES_MAX}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == ENTRIES_MAX {
                        return Err(A::Error::invalid_length(ENTRIES_MAX + 1, &self));
                    }
                    items.push(item);
                }
                Ok(Capped(items))
            }
        }
        deserializer.deserialize_seq(Items(std::marker::PhantomData))
    }
}

/// Reads a push in protobuf: a snappy block of at most `bytes_max` when it is decompressed.
pub fn decode_loki_protobuf(body: &[u8], bytes_max: usize) -> Result<Vec<LokiEntry>, WireError> {
    let length = snap::raw::decompress_len(body).map_err(|_| WireError::Push("not snappy"))?;
    if length > bytes_max {
        return Err(WireError::Push("larger than a push may be when it is decompressed"));
    }
    let push = snap::raw::Decoder::new().decompress_vec(body);
    let push = push.map_err(|_| WireError::Push("not snappy"))?;
    let mut entries = Vec::new();
    each_field(&push, |number, value| match (number, value) {
        (1, Part::Bytes(stream)) => read_stream(stream, &mut entries),
        _ => Ok(()),
    })?;
    Ok(entries)
}

fn read_stream(stream: &[u8], entries: &mut Vec<LokiEntry>) -> Result<(), WireError> {
    let mut labels = Vec::new();
    each_field(stream, |number, value| {
        if let (1, Part::Bytes(text)) = (number, value) {
            labels = loki_labels(&String::from_utf8_lossy(text));
        }
        Ok(())
    })?;
    each_field(stream, |number, value| {
        if let (2, Part::Bytes(entry)) = (number, value) {
            if entries.len() == ENTRIES_MAX {
                return Err(WireError::Push("more than 100000 lines"));
            }
            entries.push(read_entry(entry, labels.clone())?);
        }
        Ok(())
    })
}

fn read_entry(entry: &[u8], labels: Vec<(String, String)>) -> Result<LokiEntry, WireError> {
    let mut read = LokiEntry { labels, time: UnixNanos(0), line: Vec::new() };
    each_field(entry, |number, value| {
        match (number, value) {
            (1, Part::Bytes(time)) => read.time = read_time(time)?,
            (2, Part::Bytes(line)) => read.line = line.to_vec(),
            (3, Part::Bytes(pair)) if read.labels.len() < LABELS_MAX => {
                let (mut name, mut text) = (String::new(), String::new());
                each_field(pair, |number, value| {
                    match (number, value) {
                        (1, Part::Bytes(bytes)) => name = String::from_utf8_lossy(bytes).into(),
                        (2, Part::Bytes(bytes)) => text = String::from_utf8_lossy(bytes).into(),
                        _ => {}
                    }
                    Ok(())
                })?;
                read.labels.push((name, text));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(read)
}

/// `google.protobuf.Timestamp`.
fn read_time(time: &[u8]) -> Result<UnixNanos, WireError> {
    let (mut seconds, mut nanos) = (0, 0);
    each_field(time, |number, value| {
        match (number, value) {
            (1, Part::Number(number)) => seconds = number.cast_signed(),
            (2, Part::Number(number)) => nanos = number.cast_signed(),
            _ => {}
        }
        Ok(())
    })?;
    let time = seconds.checked_mul(1_000_000_000).and_then(|time: i64| time.checked_add(nanos));
    time.map(UnixNanos).ok_or(WireError::Push("a time is out of range"))
}

/// The value of one protobuf field; of the fixed ones nothing is needed.
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// Walks the fields of one message, of which nothing is copied.
fn each_field<'a>(
    message: &'a [u8],
    mut take: impl FnMut(u64, Part<'a>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let cut = || WireError::Protobuf("it ends within a field".to_owned());
    let mut rest = message;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let part = match key & 7 {
            0 => Part::Number(varint(&mut rest)?),
            wire @ (1 | 5) => {
                let size = if wire == 1 { 8 } else { 4 };
                rest = rest.get(size..).ok_or_else(cut)?;
                Part::Other
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| cut())?;
                let (bytes, after) = rest.split_at_checked(length).ok_or_else(cut)?;
                rest = after;
                Part::Bytes(bytes)
            }
            _ => return Err(WireError::Protobuf("an unknown wire type".to_owned())),
        };
        take(key >> 3, part)?;
    }
    Ok(())
}

fn varint(rest: &mut &[u8]) -> Result<u64, WireError> {
    prost::encoding::decode_varint(rest).map_err(|error| WireError::Protobuf(error.to_string()))
}

/// Reads a stream's labels as they are written in protobuf: `{app="web", pod="a\"b"}`.
///
/// Lenient: what cannot be read ends the list.
pub fn loki_labels(text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut rest = text.trim().trim_start_matches('{');
    while labels.len() < LABELS_MAX {
        let Some((name, after)) = rest.split_once('=') else { break };
        let Some((value, after)) = quoted(after.trim_start()) else { break };
        labels.push((name.trim().to_owned(), value));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    labels
}

/// Reads a quoted text with backslashes; returns it and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(match characters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
