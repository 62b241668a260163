//! Findings about calls: made again after a failure, and given up on by the caller alone.

use std::collections::HashMap;

use super::{Finding, FindingKind, label, total_ns};
use crate::model::{Span, SpanKind};
use crate::traces::repeats::{first_text, peer, statement};
use crate::traces::{Node, Noise, Tree};

/// Finds calls under one parent to the same target of which an earlier one failed before the next
/// began; a success ends the tries.
pub(super) fn retries(tree: &Tree, noise: &[Option<Noise>]) -> Vec<Finding> {
    type Key<'a> = (usize, &'a str, SpanKind, &'a str, &'a str, &'a str);
    // Most traces have few failures: only what stands beside one is grouped.
    let mut beside_failure = vec![false; tree.nodes().len()];
    for node in tree.nodes().iter().filter(|node| node.span.is_error()) {
        if let Some(parent) = node.parent {
            beside_failure[parent] = true;
        }
    }
    let mut groups: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for (row, node) in tree.nodes().iter().enumerate().filter(|(row, _)| noise[*row].is_none()) {
        let (Some(parent), span) = (node.parent, &node.span) else { continue };
        if !beside_failure[parent] {
            continue;
        }
        let key = (parent, &*span.service, span.kind, &*span.name, peer(span), target(span));
        groups.entry(key).or_default().push(row);
    }
    let mut tries: Vec<Vec<usize>> =
        groups.into_values().filter_map(|rows| tries(tree, &rows)).collect();
    tries.sort_unstable();
    tries.iter().map(|rows| retry(tree, rows)).collect()
}

/// Returns what exactly was asked for: retries ask for the same, a loop over items does not.
fn target(span: &Span) -> &str {
    match first_text(span, &["url.full", "http.url", "url.path", "http.target"]) {
        "" => statement(span),
        url => url,
    }
}

fn tries(tree: &Tree, rows: &[usize]) -> Option<Vec<usize>> {
    let nodes = tree.nodes();
    let first = rows.iter().position(|row| nodes[*row].span.is_error())?;
    let mut tries = vec![rows[first]];
    for row in &rows[first + 1..] {
        let before = &nodes[tries[tries.len() - 1]];
        if !before.span.is_error() {
            break;
        }
        if before.end <= nodes[*row].start {
            tries.push(*row);
        }
    }
    (tries.len() > 1).then_some(tries)
}

fn retry(tree: &Tree, rows: &[usize]) -> Finding {
    let nodes = || rows.iter().map(|row| &tree.nodes()[*row]);
    let failed = nodes().filter(|node| node.span.is_error()).count();
    let first = &tree.nodes()[rows[0]];
    let to = match peer(&first.span) {
        "" => String::new(),
        peer => format!(" to {}", super::short(peer)),
    };
    let outcome = if failed == rows.len() { "all failed" } else { "the last one went well" };
    Finding {
        kind: FindingKind::Retry,
        spans: nodes().map(|node| node.span.span_id).collect(),
        text: format!("{}{to}: {} tries, {outcome}", label(first), rows.len()),
        duration_ns: total_ns(nodes()),
    }
}

/// Finds servers that worked on after their client had ended with an error and without an answer.
///
/// A server that also took longer than its client cannot be explained by clocks that differ.
pub(super) fn servers_that_went_on(tree: &Tree) -> Vec<Finding> {
    let pairs =
        tree.nodes().iter().filter_map(|server| Some((&tree.nodes()[server.parent?], server)));
    pairs
        .filter(|(client, server)| went_on(client, server))
        .map(|(client, server)| Finding {
            kind: FindingKind::ServerWentOn,
            spans: vec![server.span.span_id, client.span.span_id],
            text: format!("{} went on after its client {} gave up", label(server), label(client)),
            duration_ns: server.end.since(client.end),
        })
        .collect()
}

fn went_on(client: &Node, server: &Node) -> bool {
    let gave_up = client.span.is_error() && client.span.http_status().is_none();
    let ended = client.span.end.is_some() && server.span.end.is_some();
    client.span.kind == SpanKind::Client
        && server.span.kind == SpanKind::Server
        && gave_up
        && ended
        && server.end > client.end
        && server.duration_ns() > client.duration_ns()
}
