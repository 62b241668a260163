//! Spans as rows of JSON, masked on their way out.

use std::borrow::Cow;

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use crate::model::{
    Attribute, AttributeValue, LogRecord, Severity, Span, SpanId, UnixNanos, mask_value,
};
use crate::render::text;
use crate::traces::{Analysis, Noise, milliseconds};

/// The analysed spans; serialised as one object a span, in depth-first order.
#[derive(Debug, Clone)]
pub struct Spans {
    /// What was found out.
    pub analysis: Analysis,
    /// Whether secrets are shown as they are.
    pub show_secrets: bool,
}

/// One span in JSON: its own fields, and what the analysis adds.
#[derive(Serialize)]
struct Row<'a> {
    depth: usize,
    orphan: bool,
    #[serde(flatten)]
    span: Cow<'a, Span>,
    /// Up to the trace's end for a running span, which has no `end`.
    duration_ms: f64,
    self_ms: f64,
    critical_ms: f64,
    error: bool,
    /// What is added to its times where it is drawn; absent for most.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset_ms: Option<f64>,
    /// Why it is folded where it is drawn; absent for most.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<Noise>,
}

/// A log line of the trace, as it is drawn inside its span.
#[derive(Debug, Clone, Serialize)]
pub struct TraceLine {
    /// When it was logged; absent when the line does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<UnixNanos>,
    /// How bad it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Severity>,
    /// The service that logged it; empty when the line does not say.
    pub service: String,
    /// The span that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<SpanId>,
    /// What happened, in words.
    pub message: String,
}

impl TraceLine {
    /// Takes what is shown of a record, masked unless told.
    pub fn of(record: &LogRecord, show_secrets: bool) -> Self {
        let masked = |text| text::masked(text, show_secrets).into_owned();
        Self {
            time: record.time,
            level: record.level,
            service: masked(record.service.as_deref().unwrap_or("")),
            span_id: record.span_id.as_deref().and_then(SpanId::from_hex),
            message: masked(&record.message),
        }
    }
}

impl Spans {
    /// Returns `text` as it may be shown.
    pub(super) fn masked(&self, text: &str) -> String {
        text::masked(text, self.show_secrets).into_owned()
    }

    /// Returns a span as it may be shown.
    pub(super) fn span(&self, row: usize) -> Cow<'_, Span> {
        let span = &self.analysis.tree.nodes()[row].span;
        if self.show_secrets { Cow::Borrowed(span) } else { Cow::Owned(masked_span(span)) }
    }

    fn row(&self, row: usize) -> Row<'_> {
        let analysis = &self.analysis;
        let node = &analysis.tree.nodes()[row];
        Row {
            depth: node.depth,
            orphan: node.orphan,
            span: self.span(row),
            duration_ms: milliseconds(node.duration_ns()),
            self_ms: milliseconds(analysis.self_ns[row]),
            critical_ms: milliseconds(analysis.path.row_ns[row]),
            error: node.failed,
            offset_ms: (node.offset_ns != 0).then(|| milliseconds(node.offset_ns)),
            noise: analysis.noise[row],
        }
    }
}

impl Serialize for Spans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = self.analysis.tree.nodes().len();
        let mut rows = serializer.serialize_seq(Some(count))?;
        for row in 0..count {
            rows.serialize_element(&self.row(row))?;
        }
        rows.end()
    }
}

fn masked_span(span: &Span) -> Span {
    let mut masked = span.clone();
    let texts =
        [&mut masked.name, &mut masked.service, &mut masked.status_message, &mut masked.scope];
    for text in texts.into_iter().chain(masked.events.iter_mut().map(|event| &mut event.name)) {
        mask_in_place("", text);
    }
    let resource = std::sync::Arc::make_mut(&mut masked.resource);
    let events = masked.events.iter_mut().flat_map(|event| &mut event.attributes);
    for attribute in masked.attributes.iter_mut().chain(resource).chain(events) {
        mask_attribute(attribute);
    }
    masked
}

/// Masks every text in an attribute, however nested, without recursion.
fn mask_attribute((key, value): &mut Attribute) {
    let mut todo: Vec<(&str, &mut AttributeValue)> = vec![(key.as_str(), value)];
    while let Some((key, value)) = todo.pop() {
        match value {
            AttributeValue::Text(text) => mask_in_place(key, text),
            AttributeValue::Array(values) => todo.extend(values.iter_mut().map(|one| (key, one))),
            AttributeValue::Map(pairs) => {
                todo.extend(pairs.iter_mut().map(|(key, one)| (key.as_str(), one)));
            }
            _ => {}
        }
    }
}

fn mask_in_place(key: &str, text: &mut String) {
    // Not by the kind of `Cow`: the mask itself is borrowed.
    let masked = mask_value(key, text);
    if *masked != **text {
        *text = masked.into_owned();
    }
}
