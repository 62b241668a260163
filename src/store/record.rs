//! What the store is given, and how much of it was new.

use crate::model::{ErrorEvent, Item, LogRecord, MetricPoint, Span, UnixNanos};

/// One thing to store.
#[derive(Debug, Clone)]
pub enum Record {
    /// A span.
    Span(Box<Span>),
    /// A log line, and what tells it from a line that only looks the same.
    Log(Box<LogRecord>, LogOrigin),
    /// An error event, and the bytes that it was read from.
    Event(Box<ErrorEvent>, Vec<u8>),
    /// A measurement.
    Metric(Box<MetricPoint>),
    /// What else an envelope holds.
    Item(Box<Item>),
}

impl Record {
    /// Returns what kind of thing it is.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Span(_) => RecordKind::Span,
            Self::Log(..) => RecordKind::Log,
            Self::Event(..) => RecordKind::Event,
            Self::Metric(_) => RecordKind::Metric,
            Self::Item(_) => RecordKind::Item,
        }
    }
}

impl Record {
    /// Returns about how many bytes of text it holds: for deciding where to work on it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Span(span) => 512 + 64 * (span.attributes.len() + 8 * span.events.len()),
            Self::Log(record, _) => {
                record.raw.as_ref().map_or(record.message.len(), Vec::len)
                    + 64 * record.fields.len()
            }
            Self::Event(_, raw) => raw.len(),
            Self::Metric(_) => 256,
            Self::Item(item) => item.header.len() + item.payload.len(),
        }
    }
}

/// The kinds of what is stored, as they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A span.
    Span,
    /// A log line.
    Log,
    /// An error event.
    Event,
    /// A measurement.
    Metric,
    /// What else an envelope holds.
    Item,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Span, Self::Log, Self::Event, Self::Metric, Self::Item];

    /// Returns the kind's name, as a metric's label has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Log => "log",
            Self::Event => "event",
            Self::Metric => "metric",
            Self::Item => "item",
        }
    }
}

/// What identifies a log line besides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOrigin {
    /// Sent in a request: its place there. The same request sent again, as a client does that
    /// missed the answer, stores nothing new; an equal line in another request is another line. A
    /// line without a time of its own is always new: nothing tells it from one that looks the same.
    Batch {
        /// The first 16 bytes of the SHA-256 of the request's body.
        request: [u8; 16],
        /// The line's place in it.
        index: u32,
        /// When it came; stands in for a time that the line does not carry.
        received: UnixNanos,
    },
    /// Read from a file: the line's place in it.
    File {
        /// The file, as its reader knows it again: equal for the same file only.
        file: [u8; 16],
        /// The line's first byte in it.
        offset: u64,
        /// When it was read; stands in for a time that the line does not carry.
        received: UnixNanos,
    },
}

impl LogOrigin {
    pub(super) fn received(self) -> UnixNanos {
        match self {
            Self::Batch { received, .. } | Self::File { received, .. } => received,
        }
    }
}

/// How much of a batch was new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    new: [u64; RecordKind::ALL.len()],
    repeated: [u64; RecordKind::ALL.len()],
}

impl Stored {
    /// Returns how many records of a kind were not there before.
    pub fn new_of(&self, kind: RecordKind) -> u64 {
        self.new[kind as usize]
    }

    /// Returns how many records of a kind were there already.
    pub fn repeated_of(&self, kind: RecordKind) -> u64 {
        self.repeated[kind as usize]
    }

    /// Returns how many records were not there before.
    pub fn all_new(&self) -> u64 {
        self.new.iter().sum()
    }

    /// Returns how many records were there already.
    pub fn all_repeated(&self) -> u64 {
        self.repeated.iter().sum()
    }

    pub(super) fn count(&mut self, kind: RecordKind, changed: usize) {
        let counts = if changed == 0 { &mut self.repeated } else { &mut self.new };
        counts[kind as usize] += 1;
    }
}
