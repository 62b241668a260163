//! What becomes of each item of an envelope.
//!
//! Events, spans and log records are read; what else is worth keeping is kept byte for byte; the
//! rest is passed over and counted, and costs nothing of what is beside it.

use super::super::logs;
use super::live::{Message, message};
use super::target::project_of_dsn;
use crate::model::{Item, LogRecord, Span, TraceId, UnixNanos};
use crate::store::Record;
use crate::wire::{
    Decoded, Envelope, EnvelopeItem, WireError, decode_event, decode_sentry_logs,
    decode_sentry_spans, decode_transaction,
};

/// The largest event that is stored; Sentry itself takes a quarter.
pub(super) const EVENT_BYTES_MAX: usize = 4 << 20;

/// The largest other item that is stored.
const ITEM_BYTES_MAX: usize = 20 << 20;

/// Items that are kept as they are.
const KEPT: [&str; 11] = [
    "session",
    "sessions",
    "attachment",
    "user_report",
    "feedback",
    "check_in",
    "client_report",
    "raw_security",
    "form_data",
    "trace_metric",
    "security",
];

/// Items that are known and not stored; [`super::answer::NOT_STORED`] tells clients so.
const PASSED_OVER: [&str; 7] = [
    "profile",
    "profile_chunk",
    "replay_event",
    "replay_recording",
    "replay_video",
    "statsd",
    "metric_buckets",
];

/// Why items were refused, as words that are counted: a kind, a reason, how many.
type Refused = (&'static str, &'static str, u64);

/// What is kept of an envelope.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// To be stored.
    pub(super) records: Vec<Record>,
    /// The id of its event: 32 lower-case hex digits.
    pub(super) id: Option<String>,
    /// What was refused.
    pub(super) refused: Vec<Refused>,
    /// What was wrong with the first item that could not be read.
    pub(super) unreadable: Option<String>,
    /// Whether an item was too large.
    pub(super) too_large: bool,
    /// Why the rest could not be framed.
    pub(super) cut: Option<&'static str>,
    /// The envelope, for who listens.
    pub(super) message: Option<Message>,
    logs: Vec<LogRecord>,
}

/// What all items of an envelope have in common.
///
/// Times stay as they were sent: moved by what `sent_at` says of the sender's clock, an envelope that
/// waited for the network would be at another time at each delivery, and never where its OTLP spans are.
struct Sender {
    project: String,
    event_id: Option<String>,
    received: UnixNanos,
}

impl Kept {
    /// Reads an envelope; `project` is the address's, `listened` says whether anybody listens.
    ///
    /// Errs when it has no header.
    pub(super) fn read(
        body: &[u8],
        project: Option<String>,
        received: UnixNanos,
        listened: bool,
    ) -> Result<Self, WireError> {
        let envelope = Envelope::read(body)?;
        let event_id = envelope.event_id.as_deref().and_then(TraceId::from_hex);
        let of_dsn = || envelope.dsn.as_deref().and_then(project_of_dsn);
        let sender = Sender {
            project: project.or_else(of_dsn).unwrap_or_default(),
            event_id: event_id.map(|id| id.to_string()),
            received,
        };
        let mut kept = Self { cut: envelope.cut, ..Self::default() };
        for item in &envelope.items {
            kept.take(item, &sender);
        }
        if envelope.cut.is_some() {
            kept.refused.push(("item", "truncated", 1));
        }
        let logs = std::mem::take(&mut kept.logs);
        if !logs.is_empty() {
            kept.records.extend(logs::batch(logs, body, received));
        }
        kept.id = kept.id.or(sender.event_id);
        kept.message = listened.then(|| message(&envelope));
        Ok(kept)
    }

    fn take(&mut self, item: &EnvelopeItem<'_>, sender: &Sender) {
        let kind = item.kind.as_str();
        let largest = if kind == "event" { EVENT_BYTES_MAX } else { ITEM_BYTES_MAX };
        if item.payload.len() > largest {
            self.too_large = true;
            self.refused.push((counted_as(kind), "too_large", 1));
            return;
        }
        match kind {
            "event" => self.take_event(item.payload, sender),
            "transaction" => self.take_spans(decode_transaction(item.payload)),
            "span" => self.take_spans(decode_sentry_spans(item.payload)),
            "log" => self.take_all("log", decode_sentry_logs(item.payload), |kept, record| {
                kept.logs.push(record);
            }),
            kind if KEPT.contains(&kind) => self.records.push(Record::Item(Box::new(Item {
                kind: item.kind.clone(),
                project: sender.project.clone(),
                event_id: sender.event_id.clone(),
                received: sender.received,
                header: String::from_utf8_lossy(item.header).into_owned(),
                payload: item.payload.to_vec(),
            }))),
            kind if PASSED_OVER.contains(&kind) => self.refused.push(("item", "not_stored", 1)),
            _ => self.refused.push(("item", "unknown", 1)),
        }
    }

    fn take_event(&mut self, payload: &[u8], sender: &Sender) {
        // The envelope's id is the first event's; a second one has its own.
        let id = sender.event_id.as_deref().filter(|_| self.id.is_none());
        match decode_event(payload, id, sender.received) {
            Ok(event) => {
                self.id.get_or_insert_with(|| event.event_id.clone());
                self.records.push(Record::Event(Box::new(event), payload.to_vec()));
            }
            Err(error) => self.refuse("event", error.to_string(), 1),
        }
    }

    fn take_spans(&mut self, decoded: Result<Decoded<Span>, WireError>) {
        self.take_all("span", decoded, |kept, span| {
            kept.records.push(Record::Span(Box::new(span)));
        });
    }

    fn take_all<T>(
        &mut self,
        kind: &'static str,
        decoded: Result<Decoded<T>, WireError>,
        mut keep: impl FnMut(&mut Self, T),
    ) {
        match decoded {
            Ok(decoded) => {
                let (rejected, told) = (decoded.rejected_total(), decoded.told());
                for one in decoded.accepted {
                    keep(self, one);
                }
                if rejected > 0 {
                    self.refuse(kind, told, rejected);
                }
            }
            Err(error) => self.refuse(kind, error.to_string(), 1),
        }
    }

    fn refuse(&mut self, kind: &'static str, reason: String, number: u64) {
        self.refused.push((kind, "malformed", number));
        self.unreadable.get_or_insert(reason);
    }
}

fn counted_as(kind: &str) -> &'static str {
    match kind {
        "event" => "event",
        "transaction" | "span" => "span",
        "log" => "log",
        _ => "item",
    }
}
