//! Sentry envelopes, framed by hand.
//!
//! The client library's own parser refuses a whole envelope for one item type that it does not know,
//! so an error event would be lost for the profile beside it. Here unknown items are framed like all
//! others, and what is whole is kept when the rest cannot be framed.
//!
//! Source: develop.sentry.dev, "Envelopes": `header \n (item header \n payload \n?)*`.

use memchr::memchr;
use serde::Deserialize;

use super::WireError;
use super::sentry_json::{Scalar, read_json};

/// The most items taken from one envelope.
const ITEMS_MAX: usize = 1_000;

/// The longest header line, of the envelope or of an item, in bytes.
const HEADER_BYTES_MAX: usize = 8 << 10;

/// One envelope: who sent it, and its items in order.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The id of the event in it: 32 hex digits, or a dashed UUID, as sent.
    pub event_id: Option<String>,
    /// Where it should go; what comes through a tunnel says it only here.
    pub dsn: Option<String>,
    /// The envelope's header, a JSON object, byte for byte.
    pub header: &'a [u8],
    /// The items that are whole.
    pub items: Vec<EnvelopeItem<'a>>,
    /// Why nothing was framed after those; `None` when they are all.
    pub cut: Option<&'static str>,
}

/// One item of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeItem<'a> {
    /// `event`, `transaction`, `session`, …; empty when its header does not say.
    pub kind: String,
    /// The item's header, a JSON object, byte for byte.
    pub header: &'a [u8],
    /// The payload, byte for byte.
    pub payload: &'a [u8],
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EnvelopeHeader {
    event_id: Scalar,
    dsn: Scalar,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ItemHeader {
    #[serde(rename = "type")]
    kind: Scalar,
    length: Scalar,
}

impl<'a> Envelope<'a> {
    /// Frames an envelope; nothing is copied but ids and item types.
    ///
    /// Errs when the first line is no JSON object of at most 8 KiB. O(bytes).
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let (line, mut rest) = split_line(body);
        let header: EnvelopeHeader =
            header(line).ok_or(WireError::Envelope("the first line is not a JSON object"))?;
        let mut envelope = Self {
            event_id: header.event_id.into_text(),
            dsn: header.dsn.into_text(),
            header: line,
            items: Vec::new(),
            cut: None,
        };
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            if line.iter().all(u8::is_ascii_whitespace) {
                rest = after;
                continue;
            }
            if envelope.items.len() == ITEMS_MAX {
                envelope.cut = Some("it has more than 1000 items");
                break;
            }
            match read_item(line, after) {
                Ok((item, after)) => {
                    envelope.items.push(item);
                    rest = after;
                }
                Err(reason) => {
                    envelope.cut = Some(reason);
                    break;
                }
            }
        }
        Ok(envelope)
    }
}

/// Reads one item, and returns what comes after it; errs with what is wrong.
fn read_item<'a>(
    line: &'a [u8],
    after: &'a [u8],
) -> Result<(EnvelopeItem<'a>, &'a [u8]), &'static str> {
    let read: ItemHeader = header(line).ok_or("an item's header is not a JSON object")?;
    let kind = read.kind.into_text().unwrap_or_default();
    let item = |payload| EnvelopeItem { kind, header: line, payload };
    let length = match read.length {
        Scalar::Nothing => {
            let (payload, rest) = split_line(after);
            return Ok((item(payload), rest));
        }
        length => length.count().ok_or("an item's length is not a number of bytes")?,
    };
    let length = usize::try_from(length).map_err(|_| "it ends within an item")?;
    let (payload, rest) = after.split_at_checked(length).ok_or("it ends within an item")?;
    if rest.is_empty() {
        return Ok((item(payload), rest));
    }
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"));
    // What is longer than it says would be stored without its end, and the next item be misread.
    Ok((item(payload), rest.ok_or("an item is longer than its length")?))
}

fn header<T: serde::de::DeserializeOwned>(line: &[u8]) -> Option<T> {
    if line.len() > HEADER_BYTES_MAX {
        return None;
    }
    read_json(line).ok()
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr(b'\n', bytes) else { return (bytes, &[]) };
    let (line, rest) = bytes.split_at(end);
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or(&[]))
}

#[cfg(test)]
mod tests;
