//! Sentry envelopes, framed by hand.
//!
//! The client library's own parser refuses a whole envelope for one item type that it does not know,
//! so an error event would be lost for the profile beside it. Here unknown items are framed like all
//! others, and what is whole is kept when the end is cut off.
//!
//! Source: develop.sentry.dev, "Envelopes": `header \n (item header \n payload \n?)*`.

use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::WireError;

/// The most items taken from one envelope.
const ITEMS_MAX: usize = 1_000;

/// One envelope: who sent it, and its items in order.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The id of the event in it: 32 hex digits, or a dashed UUID, as sent.
    pub event_id: Option<String>,
    /// The items that are whole.
    pub items: Vec<EnvelopeItem<'a>>,
    /// Whether the last item was cut off, or an item header could not be read.
    pub truncated: bool,
}

/// One item of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeItem<'a> {
    /// `event`, `transaction`, `session`, …
    pub kind: String,
    /// The payload, byte for byte.
    pub payload: &'a [u8],
}

#[derive(Deserialize)]
struct EnvelopeHeader {
    event_id: Option<String>,
}

#[derive(Deserialize)]
struct ItemHeader<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    length: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Frames an envelope; nothing is copied but ids and item types.
    ///
    /// Errs when the first line is no JSON object. O(bytes).
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let (header, mut rest) = split_line(body);
        let header: EnvelopeHeader = serde_json::from_slice(header)
            .map_err(|_| WireError::Envelope("the first line is not a JSON object"))?;
        let mut envelope = Self { event_id: header.event_id, items: Vec::new(), truncated: false };
        while !rest.is_empty() {
            if envelope.items.len() == ITEMS_MAX {
                envelope.truncated = true;
                break;
            }
            let (line, after) = split_line(rest);
            if line.iter().all(u8::is_ascii_whitespace) {
                rest = after;
                continue;
            }
            let Some((item, after)) = read_item(line, after) else {
                envelope.truncated = true;
                break;
            };
            envelope.items.push(item);
            rest = after;
        }
        Ok(envelope)
    }
}

/// Reads one item; `None` when its header is unreadable or its payload is cut off.
fn read_item<'a>(line: &'a [u8], after: &'a [u8]) -> Option<(EnvelopeItem<'a>, &'a [u8])> {
    let header: ItemHeader<'_> = serde_json::from_slice(line).ok()?;
    let length = match header.length.map(RawValue::get) {
        None | Some("null") => {
            let (payload, rest) = split_line(after);
            return Some((EnvelopeItem { kind: header.kind, payload }, rest));
        }
        Some(digits) => digits.parse::<usize>().ok()?,
    };
    let payload = after.get(..length)?;
    let rest = after.get(length..)?;
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
    Some((EnvelopeItem { kind: header.kind, payload }, rest))
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr(b'\n', bytes) else { return (bytes, &[]) };
    let (line, rest) = bytes.split_at(end);
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or(&[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(body: &str) -> (Vec<(String, String)>, bool) {
        let envelope = Envelope::read(body.as_bytes()).unwrap();
        let text = |item: &EnvelopeItem<'_>| {
            (item.kind.clone(), String::from_utf8(item.payload.to_vec()).unwrap())
        };
        (envelope.items.iter().map(text).collect(), envelope.truncated)
    }

    #[test]
    fn items_are_framed_by_length_or_by_line() {
        let body = concat!(
            "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n",
            "{\"type\":\"attachment\",\"length\":7}\nab\ncd\ne\n",
            "{\"type\":\"event\"}\n{\"a\":1}\n",
            "\n{\"type\":\"profile\",\"length\":2}\n{}",
        );
        let expected = [("attachment", "ab\ncd\ne"), ("event", "{\"a\":1}"), ("profile", "{}")];
        let expected = expected.map(|(kind, text)| (kind.to_owned(), text.to_owned())).to_vec();
        assert_eq!(kinds(body), (expected, false));
    }

    #[test]
    fn what_is_whole_is_kept_when_the_end_is_cut_off() {
        let body =
            "{}\n{\"type\":\"event\",\"length\":2}\n{}\n{\"type\":\"event\",\"length\":99}\n{";
        assert_eq!(kinds(body), (vec![("event".to_owned(), "{}".to_owned())], true));
    }

    #[test]
    fn a_wrong_length_does_not_read_past_the_end() {
        let body = "{}\n{\"type\":\"event\",\"length\":18446744073709551615}\n{}";
        assert_eq!(kinds(body), (vec![], true));
    }

    #[test]
    fn a_body_without_a_header_is_refused() {
        assert!(Envelope::read(b"<html>").is_err());
        assert!(Envelope::read(b"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn framing_never_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            drop(Envelope::read(&body));
        }
    }
}
