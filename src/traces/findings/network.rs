//! Findings about time between a client and its server that neither accounts for.

use super::{Finding, FindingKind, label};
use crate::model::SpanKind;
use crate::traces::{Node, Tree};

/// The shortest time worth a line, in nanoseconds.
const NETWORK_NS_MIN: i64 = 10_000_000;

/// Finds calls of which more than 5 % of the root and 10 ms went by outside the server.
///
/// A server that took longer than its client tells nothing. Where the server's clock is corrected,
/// how the time is shared between the way there and back is not known, and not said.
pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for root in tree.roots() {
        let least_ns = NETWORK_NS_MIN.max(tree.nodes()[root].duration_ns() / 20);
        let calls = tree.subtree(root).filter_map(|row| {
            let server = &tree.nodes()[row];
            Some((&tree.nodes()[server.parent?], server))
        });
        for (client, server) in calls.filter(|(client, server)| is_call(client, server)) {
            found.extend(finding(client, server, least_ns));
        }
    }
    found
}

fn is_call(client: &Node, server: &Node) -> bool {
    client.span.kind == SpanKind::Client
        && server.span.kind == SpanKind::Server
        && server.span.links.is_empty()
        && client.span.end.is_some()
        && server.span.end.is_some()
        && server.duration_ns() < client.duration_ns()
}

fn finding(client: &Node, server: &Node, least_ns: i64) -> Option<Finding> {
    let (before, after) = (server.start.since(client.start), client.end.since(server.end));
    let around = client.duration_ns() - server.duration_ns();
    let corrected = client.offset_ns != server.offset_ns;
    let (duration_ns, place) = match (before, after) {
        _ if corrected => (around, "outside its server"),
        (before, after) if before >= after => (before, "before its server began"),
        (_, after) => (after, "after its server had ended"),
    };
    (duration_ns > least_ns).then(|| Finding {
        kind: FindingKind::Network,
        spans: vec![client.span.span_id, server.span.span_id],
        text: format!("{}: time {place}, {}: network, or a queue", label(client), label(server)),
        duration_ns,
    })
}
