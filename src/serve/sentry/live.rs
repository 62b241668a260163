//! Envelopes as they come in, for who listens now.
//!
//! Who listens gets what comes after it began to; what is stored is asked for elsewhere. Each
//! listener may lag by [`WAITING_MAX`] envelopes; what it misses then it is told, and nobody waits
//! for it.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, Sender, channel};
use uuid::Uuid;

use crate::wire::{Envelope, EnvelopeItem};

/// How many envelopes wait for the slowest listener.
const WAITING_MAX: usize = 32;

/// The longest envelope that is passed on, as text: with those that wait it bounds the memory.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// How many may listen at a time.
const LISTENERS_MAX: usize = 32;

/// Items that are no JSON, as Spotlight has them.
const BINARY: [&str; 4] = ["attachment", "replay_video", "replay_recording", "statsd"];

/// One envelope, as Spotlight's page reads it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The envelope's id in the stream.
    pub(super) id: String,
    /// `[header, [[item header, payload], …]]` as JSON in one line; `None` when it is too long.
    pub(super) text: Option<Arc<str>>,
}

/// The sending side.
#[derive(Debug)]
pub(in super::super) struct Live {
    sender: Mutex<Option<Sender<Message>>>,
}

impl Live {
    /// Begins without listeners.
    pub(in super::super) fn new() -> Self {
        let (sender, _) = channel(WAITING_MAX);
        Self { sender: Mutex::new(Some(sender)) }
    }

    /// Ends every stream, so that shutting down need not wait for those who listen.
    pub(in super::super) fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Says whether it is worth the work to make a message.
    pub(super) fn is_listened_to(&self) -> bool {
        self.with(|sender| sender.receiver_count() > 0).unwrap_or(false)
    }

    /// Passes an envelope on.
    pub(super) fn tell(&self, message: Message) {
        // Nobody may be left who listens.
        self.with(|sender| drop(sender.send(message)));
    }

    /// Begins to listen; `None` when too many do, or when it is closed.
    pub(super) fn listen(&self) -> Option<Receiver<Message>> {
        self.with(|sender| (sender.receiver_count() < LISTENERS_MAX).then(|| sender.subscribe()))?
    }

    fn with<T>(&self, work: impl FnOnce(&Sender<Message>) -> T) -> Option<T> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(work)
    }
}

/// Writes an envelope as Spotlight passes it on: parsed, with its id in its header.
///
/// Source: getsentry/spotlight, `server/parser/processEnvelope.ts`, `server/routes/stream`.
pub(super) fn message(envelope: &Envelope<'_>) -> Message {
    let id = Uuid::now_v7().hyphenated().to_string();
    let size: usize = envelope.items.iter().map(|item| item.payload.len()).sum();
    if size > MESSAGE_BYTES_MAX {
        return Message { id, text: None };
    }
    let mut header = parsed(envelope.header);
    if let Value::Object(members) = &mut header {
        members.insert("__spotlight_envelope_id".to_owned(), Value::String(id.clone()));
    }
    let items: Vec<Value> = envelope.items.iter().map(item).collect();
    // Serialised JSON holds no line breaks, so that it is one `data:` line.
    let text = json!([header, items]).to_string();
    let text = (text.len() <= 2 * MESSAGE_BYTES_MAX).then(|| Arc::from(text));
    Message { id, text }
}

fn item(item: &EnvelopeItem<'_>) -> Value {
    let header = parsed(item.header);
    let data = |text: String| json!({ "data": text });
    if BINARY.contains(&item.kind.as_str()) {
        let media_type = header.get("content_type").and_then(Value::as_str).unwrap_or_default();
        let is_text = media_type.starts_with("text/") || media_type.ends_with("json");
        let payload = match std::str::from_utf8(item.payload) {
            Ok(text) if is_text => text.to_owned(),
            _ => BASE64.encode(item.payload),
        };
        return json!([header, data(payload)]);
    }
    let mut payload: Value =
        serde_json::from_slice(item.payload).unwrap_or_else(|_| data(BASE64.encode(item.payload)));
    if let Value::Object(members) = &mut payload {
        members.insert("type".to_owned(), Value::String(item.kind.clone()));
    }
    json!([header, payload])
}

fn parsed(header: &[u8]) -> Value {
    serde_json::from_slice(header).unwrap_or_else(|_| json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_passed_on_parsed_and_in_one_line() {
        let body = concat!(
            "{\"sdk\":{\"name\":\"x\"}}\n",
            "{\"type\":\"event\",\"length\":13}\n{\n\"a\" : \"\\n\"}\n",
            "{\"type\":\"attachment\",\"length\":3,\"content_type\":\"image/png\"}\n\u{1}\n\u{2}\n",
            "{\"type\":\"attachment\",\"content_type\":\"text/plain\"}\nhello\n",
            "{\"type\":\"session\"}\nbroken",
        );
        let made = message(&Envelope::read(body.as_bytes()).unwrap());
        let text = made.text.unwrap();
        assert!(!text.contains(['\n', '\r']), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        let expected = json!([
            { "sdk": { "name": "x" }, "__spotlight_envelope_id": made.id },
            [[{ "type": "event", "length": 13 }, { "a": "\n", "type": "event" }],
             [{ "type": "attachment", "length": 3, "content_type": "image/png" }, { "data": "AQoC" }],
             [{ "type": "attachment", "content_type": "text/plain" }, { "data": "hello" }],
             [{ "type": "session" }, { "data": "YnJva2Vu", "type": "session" }]]
        ]);
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_too_long_is_not_made_into_text() {
        let body =
            format!("{{}}\n{{\"type\":\"attachment\"}}\n{}", "x".repeat(MESSAGE_BYTES_MAX + 1));
        assert!(message(&Envelope::read(body.as_bytes()).unwrap()).text.is_none());
    }

    #[test]
    fn so_many_may_listen_and_none_when_it_is_closed() {
        let live = Live::new();
        assert!(!live.is_listened_to());
        let listening: Vec<_> = std::iter::from_fn(|| live.listen()).take(100).collect();
        assert_eq!(listening.len(), LISTENERS_MAX);
        assert!(live.is_listened_to());
        live.close();
        assert!(live.listen().is_none() && !live.is_listened_to());
    }
}
