//! What was read so far: spans, and the sentences about what was not.

use std::sync::Arc;

use super::super::decoded::{Rejected, TEXT_BYTES_MAX};
use super::super::otlp_common::UNKNOWN_SERVICE;
use super::{TraceAnswer, TraceFormat};
use crate::model::{Attribute, AttributeValue, Span, SpanEvent, SpanLink};

/// The most warnings of a backend that are told one by one.
const WARNINGS_MAX: usize = 10;

/// Takes spans as they are read, so that those before a fault are there.
pub(super) struct Taken<'k> {
    pub(super) answer: TraceAnswer,
    keep: &'k mut (dyn FnMut(&Span) -> bool + 'k),
    rejected: Vec<(Rejected, u64)>,
    cut: u64,
    more_warnings: usize,
}

impl std::fmt::Debug for Taken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taken").field("answer", &self.answer).finish_non_exhaustive()
    }
}

impl<'k> Taken<'k> {
    pub(super) fn new(keep: &'k mut (dyn FnMut(&Span) -> bool + 'k)) -> Self {
        Self {
            answer: TraceAnswer::default(),
            keep,
            rejected: Vec::new(),
            cut: 0,
            more_warnings: 0,
        }
    }

    /// Remembers what was recognised first: the outermost frame names it.
    pub(super) fn recognise(&mut self, format: TraceFormat) {
        self.answer.format.get_or_insert(format);
    }

    /// Takes a span that is to be kept, its texts bounded; says whether it is.
    pub(super) fn take(&mut self, read: Result<Span, Rejected>) -> bool {
        let mut span = match read {
            Ok(span) => span,
            Err(why) => {
                self.reject(why, 1);
                return false;
            }
        };
        if !(self.keep)(&span) {
            return false;
        }
        self.cut += u64::from(bound(&mut span));
        self.answer.spans.push(span);
        true
    }

    pub(super) fn reject(&mut self, why: Rejected, number: u64) {
        match self.rejected.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += number,
            None => self.rejected.push((why, number)),
        }
    }

    /// Adds what a backend says of its own spans; once each, and the first few only.
    pub(super) fn warn(&mut self, warning: String) {
        let told = &mut self.answer.warnings;
        if told.contains(&warning) {
            return;
        }
        if told.len() < WARNINGS_MAX { told.push(warning) } else { self.more_warnings += 1 }
    }

    /// Adds a reason why there may be more spans; once.
    pub(super) fn incomplete(&mut self, reason: String) {
        if !self.answer.incomplete.contains(&reason) {
            self.answer.incomplete.push(reason);
        }
    }

    /// The backend says that it left spans out.
    pub(super) fn in_part(&mut self, message: &str) {
        let why = if message.is_empty() { "it does not say why" } else { message };
        self.incomplete(format!("the backend answered in part: {why}"));
    }

    /// Ends it: counts become sentences.
    pub(super) fn finish(mut self) -> TraceAnswer {
        for (why, number) in std::mem::take(&mut self.rejected) {
            let spans = if number == 1 { "span was" } else { "spans were" };
            self.incomplete(format!("{number} {spans} left out: {}", why.words()));
        }
        if self.more_warnings > 0 {
            let more = format!("{} more warnings of the backend", self.more_warnings);
            self.answer.warnings.push(more);
        }
        if self.cut > 0 {
            let kib = TEXT_BYTES_MAX >> 10;
            self.answer
                .warnings
                .push(format!("texts over {kib} KiB were cut in {} spans", self.cut));
        }
        self.answer
    }
}

/// The process of spans, as OTLP and Jaeger give it beside them.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) service: String,
    pub(super) attributes: Arc<[Attribute]>,
}

impl Default for Process {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Process {
    /// Reads the service's name out of the attributes.
    pub(super) fn of(mut attributes: Vec<Attribute>) -> Self {
        for (_, value) in &mut attributes {
            bound_value(value);
        }
        let named = attributes.iter().find(|(key, _)| key == "service.name");
        let service = named.map(|(_, name)| name.to_string()).filter(|name| !name.is_empty());
        Self {
            service: service.unwrap_or_else(|| UNKNOWN_SERVICE.to_owned()),
            attributes: attributes.into(),
        }
    }

    /// Gives their process to spans that were read before it.
    pub(super) fn made(&self, spans: &mut [Span]) {
        for span in spans {
            span.service.clone_from(&self.service);
            span.resource = Arc::clone(&self.attributes);
        }
    }
}

/// Cuts texts that are too long; says whether one was.
fn bound(span: &mut Span) -> bool {
    let mut cut = bound_text(&mut span.name) | bound_text(&mut span.status_message);
    cut |= bound_attributes(&mut span.attributes);
    for SpanEvent { name, attributes, .. } in &mut span.events {
        cut |= bound_text(name) | bound_attributes(attributes);
    }
    for SpanLink { attributes, .. } in &mut span.links {
        cut |= bound_attributes(attributes);
    }
    cut
}

fn bound_attributes(attributes: &mut [Attribute]) -> bool {
    let mut cut = false;
    for (key, value) in attributes {
        cut |= bound_text(key) | bound_value(value);
    }
    cut
}

fn bound_value(value: &mut AttributeValue) -> bool {
    match value {
        AttributeValue::Text(text) => bound_text(text),
        AttributeValue::Array(items) => {
            items.iter_mut().fold(false, |cut, item| bound_value(item) | cut)
        }
        AttributeValue::Map(items) => {
            items.values_mut().fold(false, |cut, item| bound_value(item) | cut)
        }
        _ => false,
    }
}

fn bound_text(text: &mut String) -> bool {
    if text.len() <= TEXT_BYTES_MAX {
        return false;
    }
    let mut keeper = super::super::decoded::Keeper::default();
    *text = keeper.text(std::mem::take(text));
    true
}
