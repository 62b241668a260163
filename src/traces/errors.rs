//! What failed, and the failure that the others come from.

use serde::Serialize;

use super::Tree;
use crate::model::{AttributeValue, Span, SpanId};

/// The failed spans of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// The rows of the spans that failed, in order.
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
    /// Whether the root above it did not fail: somebody dealt with this error.
    pub handled: bool,
}

impl Errors {
    /// Finds the failed spans and the deepest of them without a failed child; of several equally
    /// deep ones the one that ended first, then began first. O(n).
    pub fn of(tree: &Tree) -> Self {
        let nodes = tree.nodes();
        let rows: Vec<usize> = (0..nodes.len()).filter(|row| nodes[*row].span.is_error()).collect();
        let mut child_failed = vec![false; nodes.len()];
        for parent in rows.iter().filter_map(|row| nodes[*row].parent) {
            child_failed[parent] = true;
        }
        let sources = rows.iter().copied().filter(|row| !child_failed[*row]);
        let deepest = sources.min_by_key(|row| {
            let node = &nodes[*row];
            (std::cmp::Reverse(node.depth), node.end, node.span.start, *row)
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
        handled: !tree.nodes()[root].span.is_error(),
    }
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
        Errors::of(&Tree::assemble(spans)).root_cause
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
            ],
        });
        let spans = vec![failed(span(1, 0, "root", 0, 9)), failed(span(2, 1, "call", 1, 8)), inner];
        let cause = root_cause(spans).unwrap();
        assert_eq!(
            (&*cause.name, &*cause.exception_type, &*cause.message),
            ("insert", "DbError", "disk full")
        );
        assert!(!cause.handled);
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
