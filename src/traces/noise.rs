//! Spans that tell nothing: events of a web server's protocol, connections taken from a pool, a call
//! that two instrumentations recorded.
//!
//! They stay in the tree and in every sum; who draws a trace folds them and says how many.

use serde::Serialize;

use super::{Node, Tree};
use crate::model::SpanKind;

/// Why a span is noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// One event of the ASGI protocol: `GET / http send`, `http receive`.
    AsgiEvent,
    /// A connection that a pool gave out at once.
    Connect,
    /// A leaf inside a process that took no time.
    Empty,
    /// The span above or beside it once more, from a second instrumentation.
    Duplicate,
}

/// What takes no longer than this has no length: backends that keep microseconds round up to one.
const EMPTY_NS_MAX: i64 = 1_000;

/// Returns for each row whether, and why, it is noise. O(n).
///
/// A failed span is noise only below one that failed too, a running one never: nothing that went
/// wrong is folded away.
pub(super) fn find(tree: &Tree) -> Vec<Option<Noise>> {
    let nodes = tree.nodes();
    let mut found: Vec<Option<Noise>> = Vec::with_capacity(nodes.len());
    let mut root_ns = 0;
    for (row, node) in nodes.iter().enumerate() {
        let Some(parent) = node.parent.map(|parent| &nodes[parent]) else {
            root_ns = node.duration_ns();
            found.push(None);
            continue;
        };
        let tells = node.span.end.is_none() || (node.failed && !parent.failed);
        let is_leaf = tree.subtree(row).len() == 1;
        found.push(match node {
            _ if tells => None,
            _ if is_leaf && is_asgi_event(node) => Some(Noise::AsgiEvent),
            _ if is_leaf && is_connect(node, root_ns) => Some(Noise::Connect),
            _ if is_leaf && is_empty(node, root_ns) => Some(Noise::Empty),
            _ if is_duplicate(parent, node) => Some(Noise::Duplicate),
            _ if is_leaf && has_twin(tree, row) => Some(Noise::Duplicate),
            _ => None,
        });
    }
    found
}

/// Source: opentelemetry-python-contrib, `instrumentation-asgi`: one span each time the application
/// receives from or sends to the server.
fn is_asgi_event(node: &Node) -> bool {
    const ENDINGS: [&str; 4] =
        [" http send", " http receive", " websocket send", " websocket receive"];
    node.span.kind == SpanKind::Internal
        && ENDINGS.iter().any(|ending| node.span.name.ends_with(ending))
}

/// A connection that took 1 % of its root or more was worth waiting for, and is shown.
fn is_connect(node: &Node, root_ns: i64) -> bool {
    let database = ["db.system", "db.system.name"];
    node.span.name == "connect"
        && database.iter().any(|key| node.span.attribute(key).is_some())
        && node.duration_ns() < root_ns / 100
}

fn is_empty(node: &Node, root_ns: i64) -> bool {
    node.span.kind == SpanKind::Internal
        && node.span.events.is_empty()
        && node.duration_ns() <= EMPTY_NS_MAX
        && node.duration_ns() < root_ns / 1_000
}

/// Says whether another server span below the same call is the same one, from another instrumentation:
/// where both take the caller's `traceparent`, neither is above the other. The one with something below
/// it stays, else the first.
fn has_twin(tree: &Tree, row: usize) -> bool {
    /// A call has one server; more are looked at no further than this.
    const SIBLINGS_MAX: usize = 8;
    let (nodes, node) = (tree.nodes(), &tree.nodes()[row]);
    let Some(parent) = node.parent.filter(|parent| nodes[*parent].span.kind == SpanKind::Client)
    else {
        return false;
    };
    let mut siblings = tree.children(parent).take(SIBLINGS_MAX).filter(|other| *other != row);
    node.span.kind == SpanKind::Server
        && siblings.any(|other| {
            let stays = other < row || tree.subtree(other).len() > 1;
            stays && nodes[other].span.scope != node.span.scope && is_duplicate(&nodes[other], node)
        })
}

/// The same kind, name and service for at least 95 % of the other. Spans inside a process are none:
/// a function may call itself.
fn is_duplicate(parent: &Node, node: &Node) -> bool {
    let (outer, inner) = (&parent.span, &node.span);
    let same = outer.kind == inner.kind && outer.name == inner.name;
    if !same || outer.service != inner.service || inner.kind == SpanKind::Internal {
        return false;
    }
    let overlap = node.end.min(parent.end).since(node.start.max(parent.start));
    let longer = i128::from(parent.duration_ns().max(node.duration_ns()));
    let says_more = outer.events.is_empty() && !inner.events.is_empty();
    !says_more && i128::from(overlap) * 100 >= longer * 95
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;
    use crate::traces::fixtures::{failed, of, span, with};

    /// Returns what `below`, under a root of 100 ms, is.
    fn noise(below: Vec<Span>) -> Vec<Option<Noise>> {
        let root = of("shop", SpanKind::Server, span(1, 0, "GET /", 0, 100));
        find(&Tree::assemble([vec![root], below].concat())).split_off(1)
    }

    fn connect(end_ms: i64) -> Span {
        with("db.system", "sqlite", of("shop", SpanKind::Client, span(2, 1, "connect", 5, end_ms)))
    }

    #[test]
    fn protocol_events_and_pooled_connections_are_noise() {
        assert_eq!(noise(vec![span(2, 1, "GET / http send", 1, 2)]), [Some(Noise::AsgiEvent)]);
        assert_eq!(noise(vec![connect(5)]), [Some(Noise::Connect)]);
        assert_eq!(noise(vec![span(2, 1, "mark", 5, 5)]), [Some(Noise::Empty)]);
    }

    #[test]
    fn what_takes_time_failed_or_has_something_below_it_is_none() {
        let below = vec![span(2, 1, "GET / http send", 1, 9), span(3, 2, "template", 2, 8)];
        assert_eq!(noise(below), [None, None]);
        assert_eq!(noise(vec![failed(span(2, 1, "GET / http send", 1, 2))]), [None]);
        assert_eq!(noise(vec![connect(15)]), [None]);
        assert_eq!(noise(vec![Span { end: None, ..span(2, 1, "mark", 5, 5) }]), [None]);
    }

    #[test]
    fn one_of_two_server_spans_of_a_call_is_a_duplicate_if_another_instrumentation_made_it() {
        let call = of("shop", SpanKind::Client, span(2, 1, "GET", 1, 99));
        let server = |id, end, scope: &str| Span {
            scope: scope.to_owned(),
            ..of("stock", SpanKind::Server, span(id, 2, "GET /stock", 2, end))
        };
        let below = |second: Span, scope| {
            let inner = of("stock", SpanKind::Internal, span(5, 4, "look up", 3, 9));
            noise(vec![call.clone(), server(3, 90, scope), second, inner])
        };
        let twice = [None, Some(Noise::Duplicate), None, None];
        assert_eq!(below(server(4, 90, "fastapi"), "asgi"), twice);
        // A hedged call has two servers of one instrumentation, another call another length.
        assert_eq!(below(server(4, 90, "asgi"), "asgi"), [None; 4]);
        assert_eq!(below(server(4, 40, "fastapi"), "asgi"), [None; 4]);
    }

    #[test]
    fn a_span_recorded_twice_is_a_duplicate_and_a_call_to_itself_is_none() {
        let again = |start, end| of("shop", SpanKind::Server, span(2, 1, "GET /", start, end));
        assert_eq!(noise(vec![again(2, 98)]), [Some(Noise::Duplicate)]);
        assert_eq!(noise(vec![again(2, 90)]), [None]);
        let deeper = vec![span(2, 1, "walk", 0, 100), span(3, 2, "walk", 0, 99)];
        assert_eq!(noise(deeper), [None, None]);
    }
}
