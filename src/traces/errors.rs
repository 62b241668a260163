//! What failed, and the failure that the others come from.

use serde::Serialize;

use super::{Noise, Tree};
use crate::model::{AttributeValue, Span, SpanId};
pub use frame::Frame;

mod frame;

/// The failed spans of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// The rows of the spans that failed, in order; those that are noise are left out.
    pub rows: Vec<usize>,
    /// The failure that the others come from; `None` when nothing failed.
    pub root_cause: Option<RootCause>,
}

/// The deepest failed span without a failed child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RootCause {
    /// Its row.
    #[serde(skip)]
    pub row: usize,
    /// Its id.
    pub span_id: SpanId,
    /// The service that it failed in.
    pub service: String,
    /// The operation.
    pub name: String,
    /// The exception's type, or the attribute `error.type`; empty when neither was sent.
    pub exception_type: String,
    /// The exception's message, or the status message; empty when neither was sent.
    pub message: String,
    /// The application's own frame nearest to where the exception was thrown; `None` when no stack
    /// trace was sent, or it has libraries' frames alone.
    pub frame: Option<Frame>,
    /// Whether the root above it did not fail: somebody dealt with this error.
    pub handled: bool,
}

impl RootCause {
    /// Returns it with every text that was sent as `mask` gives it.
    #[must_use]
    pub fn map_texts(&self, mask: impl Fn(&str) -> String) -> Self {
        let frame = |frame: &Frame| Frame {
            file: mask(&frame.file),
            line: frame.line,
            function: mask(&frame.function),
        };
        Self {
            service: mask(&self.service),
            name: mask(&self.name),
            exception_type: mask(&self.exception_type),
            message: mask(&self.message),
            frame: self.frame.as_ref().map(frame),
            ..*self
        }
    }
}

impl Errors {
    /// Finds the failed spans and the deepest of them without a failed child; of several equally
    /// deep ones the one that ended first, then began first. O(n).
    pub fn of(tree: &Tree, noise: &[Option<Noise>]) -> Self {
        let nodes = tree.nodes();
        let failed = |row: &usize| noise[*row].is_none() && nodes[*row].failed;
        let rows: Vec<usize> = (0..nodes.len()).filter(failed).collect();
        let mut child_failed = vec![false; nodes.len()];
        for parent in rows.iter().filter_map(|row| nodes[*row].parent) {
            child_failed[parent] = true;
        }
        let sources = rows.iter().copied().filter(|row| !child_failed[*row]);
        let deepest = sources.min_by_key(|row| {
            let node = &nodes[*row];
            (std::cmp::Reverse(node.depth), node.end, node.start, *row)
        });
        Self { root_cause: deepest.map(|row| root_cause(tree, row)), rows }
    }
}

fn root_cause(tree: &Tree, row: usize) -> RootCause {
    let span = &tree.nodes()[row].span;
    let (kind, message) = span.exception().unwrap_or(("", ""));
    let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
    let mut root = row;
    while let Some(parent) = tree.nodes()[root].parent {
        root = parent;
    }
    RootCause {
        row,
        span_id: span.span_id,
        service: span.service.clone(),
        name: span.name.clone(),
        exception_type: or(kind, error_type(span)),
        message: or(message, &span.status_message),
        frame: stacktrace(span).and_then(frame::of_application),
        handled: !tree.nodes()[root].failed,
    }
}

fn stacktrace(span: &Span) -> Option<&str> {
    let event = span.events.iter().find(|event| event.name == "exception")?;
    let found = event.attributes.iter().find(|(key, _)| key == "exception.stacktrace");
    found.and_then(|(_, value)| value.as_text())
}

fn error_type(span: &Span) -> &str {
    span.attribute("error.type").and_then(AttributeValue::as_text).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SpanEvent, SpanStatus};
    use crate::traces::fixtures::{attribute, failed, span, with};

    fn root_cause(spans: Vec<Span>) -> Option<RootCause> {
        let tree = Tree::assemble(spans);
        Errors::of(&tree, &crate::traces::noise::find(&tree)).root_cause
    }

    #[test]
    fn the_deepest_failure_is_where_it_began() {
        let mut inner = failed(span(3, 2, "insert", 2, 4));
        inner.events.push(SpanEvent {
            time: inner.start,
            name: "exception".into(),
            attributes: vec![
                attribute("exception.type", "DbError"),
                attribute("exception.message", "disk full"),
                attribute(
                    "exception.stacktrace",
                    "  File \"/srv/store.py\", line 7, in insert\nDbError",
                ),
            ],
        });
        let spans = vec![failed(span(1, 0, "root", 0, 9)), failed(span(2, 1, "call", 1, 8)), inner];
        let cause = root_cause(spans).unwrap();
        assert_eq!(
            (&*cause.name, &*cause.exception_type, &*cause.message),
            ("insert", "DbError", "disk full")
        );
        assert!(!cause.handled);
        let frame = Frame { file: "/srv/store.py".into(), line: 7, function: "insert".into() };
        assert_eq!(cause.frame, Some(frame));
    }

    #[test]
    fn noise_below_a_failure_is_not_where_it_began() {
        let sent = failed(span(2, 1, "GET / http send", 8, 9));
        let cause = root_cause(vec![failed(span(1, 0, "GET /", 0, 9)), sent]).unwrap();
        assert_eq!((&*cause.name, cause.frame), ("GET /", None));
    }

    #[test]
    fn of_two_equally_deep_failures_the_first_to_end_counts() {
        let spans = vec![
            span(1, 0, "root", 0, 9),
            failed(span(2, 1, "slow", 1, 8)),
            failed(span(3, 1, "quick", 2, 3)),
        ];
        let cause = root_cause(spans).unwrap();
        assert_eq!((&*cause.name, cause.handled), ("quick", true));
    }

    #[test]
    fn an_exception_that_nobody_recorded_is_told_by_type_and_status() {
        let mut one = with("error.type", "timeout", failed(span(1, 0, "root", 0, 9)));
        one.status_message = "gave up".into();
        let cause = root_cause(vec![one]).unwrap();
        assert_eq!((&*cause.exception_type, &*cause.message), ("timeout", "gave up"));
    }

    #[test]
    fn a_trace_in_which_nothing_failed_has_no_root_cause() {
        let fine = Span { status: SpanStatus::Ok, ..span(1, 0, "root", 0, 9) };
        assert_eq!(root_cause(vec![with("http.response.status_code", "404", fine)]), None);
    }
}
