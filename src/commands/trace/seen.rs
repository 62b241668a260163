//! What a list of traces says of one of them, counted as its spans go by.

use std::fmt;

use crate::model::{Span, SpanId, UnixNanos};
use crate::render::text;
use crate::traces::milliseconds;

/// The columns that an operation's name may take.
const NAME_COLUMNS: usize = 40;

/// A trace whose spans are not kept.
#[derive(Debug, Default)]
pub(super) struct Seen {
    spans: usize,
    errors: usize,
    end: UnixNanos,
    /// The first span without a parent, or the first of all: its place in that order, and its name.
    first: Option<((bool, UnixNanos, SpanId), String)>,
    start: Option<UnixNanos>,
}

impl Seen {
    /// Counts a span.
    pub(super) fn add(&mut self, span: &Span) {
        self.spans += 1;
        self.errors += usize::from(span.is_error());
        self.end = self.end.max(span.end.unwrap_or(span.start));
        self.start = Some(self.start.map_or(span.start, |start| start.min(span.start)));
        let place = (span.parent.is_some(), span.start, span.span_id);
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, span.name.clone()));
        }
    }

    /// Returns when its first span began.
    pub(super) fn start(&self) -> UnixNanos {
        self.start.unwrap_or_default()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.first.as_ref().map_or("", |(_, name)| name);
        let name = text::shown(name);
        let duration_ms = milliseconds(self.end.since(self.start()));
        let spans = text::counted(self.spans, "span");
        write!(f, "{}: {spans}, {duration_ms:.1} ms", text::cut(&name, NAME_COLUMNS))?;
        match self.errors {
            0 => Ok(()),
            errors => write!(f, ", {}", text::counted(errors, "error")),
        }
    }
}
