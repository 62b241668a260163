//! Findings about calls: made again after a failure, and given up on by the caller alone.

use super::{Finding, FindingKind, label, total_ns};
use crate::model::{Span, SpanKind};
use crate::traces::repeats::{first_text, peer, statement};
use crate::traces::{Node, Noise, Tree, alike};

/// Finds calls under one parent to the same target of which an earlier one failed before the next
/// began; a success ends the tries.
pub(super) fn retries(tree: &Tree, noise: &[Option<Noise>]) -> Vec<Finding> {
    // Most traces have few failures: only what stands beside one is grouped.
    let mut beside_failure = vec![false; tree.nodes().len()];
    for node in tree.nodes().iter().filter(|node| node.failed) {
        if let Some(parent) = node.parent {
            beside_failure[parent] = true;
        }
    }
    let beside = |row: &usize| {
        let parent = tree.nodes()[*row].parent;
        noise[*row].is_none() && parent.is_some_and(|parent| beside_failure[parent])
    };
    let same = |row: usize| {
        let (parent, span) = (tree.nodes()[row].parent, &tree.nodes()[row].span);
        (parent, span.kind, &*span.service, &*span.name, peer(span), target(span))
    };
    let groups = alike::groups((0..tree.nodes().len()).filter(beside), same, 2);
    let mut tries: Vec<Vec<usize>> =
        groups.into_iter().filter_map(|rows| tries(tree, &rows)).collect();
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
    let first = rows.iter().position(|row| nodes[*row].failed)?;
    let mut tries = vec![rows[first]];
    for row in &rows[first + 1..] {
        let before = &nodes[tries[tries.len() - 1]];
        if !before.failed {
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
    let failed = nodes().filter(|node| node.failed).count();
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
    let gave_up = client.failed && client.span.http_status().is_none();
    let ended = client.span.end.is_some() && server.span.end.is_some();
    client.span.kind == SpanKind::Client
        && server.span.kind == SpanKind::Server
        && gave_up
        && ended
        && server.end > client.end
        && server.duration_ns() > client.duration_ns()
}
