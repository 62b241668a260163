//! What in a trace is worth a look, each finding with the spans that it is about.
//!
//! One file a family: `calls` and `network` (between spans), `gaps` (inside one), `queries`, and here
//! what concerns the whole trace. A finding's text names no duration: who shows it has one way to write durations.

mod calls;
pub(super) mod gaps;
mod network;
mod queries;

use serde::Serialize;

use super::{Node, Noise, Repeat, Skew, Tree, in_milliseconds};
use crate::model::SpanId;
pub use gaps::Gap;

/// What kind of thing was found, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Spans name a parent that was not received.
    MissingParent,
    /// Spans have no end.
    StillRunning,
    /// The clocks of two processes differ by more than their calls allow.
    ClockSkew,
    /// A failed call was made again.
    Retry,
    /// A server went on after its client had given up.
    ServerWentOn,
    /// The same leaf, one after another, at least five times.
    NPlusOne,
    /// The same leaf, at once, at least five times.
    FanOut,
    /// The very same query, values and all, was asked more than once.
    DuplicateQuery,
    /// A long stretch of a span that no child accounts for.
    NotInstrumented,
    /// A long time between a client and its server: the network, or a queue in front of the server.
    Network,
    /// Several operations were started under one trace id.
    SeveralRoots,
}

/// One thing worth a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The spans that it is about, the one to look at first at the front; never empty.
    pub spans: Vec<SpanId>,
    /// The finding in one sentence, with names from outside in it, not yet made harmless.
    pub text: String,
    /// The time it accounts for: the sum of the repeated spans, of the tries, the gap, the time
    /// after the client gave up, the length of the spans without a parent or an end, what clocks differ
    /// by, what the queries after the first took. In nanoseconds;
    /// `duration_ms` in JSON.
    #[serde(rename = "duration_ms", serialize_with = "in_milliseconds")]
    pub duration_ns: i64,
}

/// Finds everything, by kind, then the longest first, then by row.
pub(super) fn find(
    tree: &Tree,
    repeats: &[Repeat],
    noise: &[Option<Noise>],
    gaps: &[Gap],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = missing_parents(tree).collect();
    findings.extend(still_running(tree));
    findings.extend(several_roots(tree));
    findings.extend(tree.skews().iter().map(skewed));
    findings.extend(repeats.iter().map(|repeat| repeated(tree, repeat)));
    findings.extend(calls::retries(tree, noise));
    findings.extend(calls::servers_that_went_on(tree));
    findings.extend(gaps.iter().map(|gap| gaps::finding(tree, gap, noise)));
    findings.extend(network::find(tree));
    findings.extend(queries::find(tree, noise));
    findings.sort_by_key(|finding| (finding.kind, std::cmp::Reverse(finding.duration_ns)));
    findings
}

fn missing_parents(tree: &Tree) -> impl Iterator<Item = Finding> {
    tree.missing().iter().map(|missing| {
        let children = || missing.children.iter().map(|row| &tree.nodes()[*row]);
        let (id, count) = (missing.span_id, missing.children.len());
        let (spans, hang) = if count == 1 { ("span", "hangs") } else { ("spans", "hang") };
        Finding {
            kind: FindingKind::MissingParent,
            spans: children().map(|node| node.span.span_id).collect(),
            text: format!(
                "span {id} was never received: {count} {spans} that it caused {hang} free"
            ),
            duration_ns: total_ns(children()),
        }
    })
}

fn still_running(tree: &Tree) -> Option<Finding> {
    let running = || tree.nodes().iter().filter(|node| node.span.end.is_none());
    let first = running().next()?;
    let (name, others) = (label(first), running().count() - 1);
    let who = if others == 0 { name } else { format!("{name} and {others} more") };
    Some(Finding {
        kind: FindingKind::StillRunning,
        spans: running().map(|node| node.span.span_id).collect(),
        text: format!(
            "no end of {who} was received: still running, the process died, or its clock jumped"
        ),
        duration_ns: first.duration_ns(),
    })
}

fn skewed(skew: &Skew) -> Finding {
    let (service, against) = (short(&skew.service), short(&skew.against));
    let how = if skew.offset_ns > 0 { "behind" } else { "ahead of" };
    Finding {
        kind: FindingKind::ClockSkew,
        spans: skew.spans.clone(),
        text: format!("the clock of {service} is {how} that of {against}"),
        duration_ns: skew.offset_ns.saturating_abs(),
    }
}

fn several_roots(tree: &Tree) -> Option<Finding> {
    let roots = || tree.roots().map(|row| &tree.nodes()[row]).filter(|node| !node.orphan);
    let count = roots().count();
    let first = roots().next().filter(|_| count > 1)?;
    Some(Finding {
        kind: FindingKind::SeveralRoots,
        spans: roots().map(|node| node.span.span_id).collect(),
        text: format!(
            "{count} operations have this trace id, {} the first: retried from outside, or the id was used again",
            label(first)
        ),
        duration_ns: total_ns(roots()),
    })
}

fn repeated(tree: &Tree, repeat: &Repeat) -> Finding {
    let nodes = repeat.rows.iter().map(|row| &tree.nodes()[*row]);
    let (kind, how) = if repeat.sequential {
        (FindingKind::NPlusOne, "one after another")
    } else {
        (FindingKind::FanOut, "overlapping")
    };
    let caller = tree.nodes()[repeat.rows[0]].parent.map(|row| label(&tree.nodes()[row]));
    let (caller, count, what) =
        (caller.unwrap_or_default(), repeat.rows.len(), short(&repeat.what));
    Finding {
        kind,
        spans: nodes.map(|node| node.span.span_id).collect(),
        text: format!("{caller}: {count} × `{what}` {how}"),
        duration_ns: repeat.total_ns,
    }
}

/// Returns service and operation, as a reader calls a span.
fn label(node: &Node) -> String {
    format!("{} {}", short(&node.span.service), short(&node.span.name))
}

/// Keeps a sentence readable when a statement or a name in it is not.
fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 100;
    match text.char_indices().nth(CHARACTERS_MAX).and_then(|(end, _)| text.get(..end)) {
        Some(head) => format!("{head}…"),
        None => text.to_owned(),
    }
}

fn total_ns<'a>(nodes: impl Iterator<Item = &'a Node>) -> i64 {
    nodes.map(Node::duration_ns).fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests;
