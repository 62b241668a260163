//! Clock skew between processes: what a call tells of its two sides' clocks.
//!
//! Only a call whose caller waited (`CLIENT` above `SERVER`, no links) tells anything. A server that
//! began before its client, or after its client had its answer, is impossible; one that merely ended
//! later is not: servers finish after the last byte is sent, and after a client gave up. Received times are never changed; what is found here
//! is added to them where spans are compared with each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::in_milliseconds;
use super::parents::Link;
use crate::model::{AttributeValue, Span, SpanId, SpanKind};

/// What two clocks may differ by before it counts: backends that round to microseconds, and clocks
/// that are kept by NTP within one rack, are no further apart.
const SKEW_NS_MIN: i64 = 100_000;

/// The clock of one process against that of its caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// The service whose spans are moved.
    pub service: String,
    /// The calling service, whose clock is taken as right.
    pub against: String,
    /// What is added to the service's times: the middle of each call, of several calls the median.
    #[serde(rename = "offset_ms", serialize_with = "in_milliseconds")]
    pub offset_ns: i64,
    /// The least that could be added so that every call lies inside its client.
    #[serde(rename = "offset_ms_min", serialize_with = "in_milliseconds")]
    pub low_ns: i64,
    /// The most.
    #[serde(rename = "offset_ms_max", serialize_with = "in_milliseconds")]
    pub high_ns: i64,
    /// The server spans whose subtrees are moved; never empty.
    pub spans: Vec<SpanId>,
}

/// What tells one process from another, as far as its spans say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Process<'a> {
    service: &'a str,
    instance: &'a str,
    host: &'a str,
    pid: Option<i64>,
}

/// A call between two processes, and the offsets of the server that put it inside its client; none
/// where the server took longer: that is a timeout and says nothing of clocks.
struct Call {
    server: usize,
    legal: Option<(i64, i64)>,
    /// Whether the times as received cannot be right.
    impossible: bool,
}

/// Returns what to add to each span's times, in nanoseconds, and the skews behind it.
///
/// One offset is used for all calls between two processes if it is legal for each of them; else each
/// call that breaks causality is moved alone. A subtree moves with its server; spans of other
/// processes that nobody waited for (`CONSUMER`, linked, orphans) stay as received. O(n log n).
pub(super) fn find(spans: &[&Span], links: &[Link]) -> (Vec<i64>, Vec<Skew>) {
    let mut calls: BTreeMap<(Process<'_>, Process<'_>), Vec<Call>> = BTreeMap::new();
    for (server, link) in links.iter().enumerate() {
        let Link::Child(client) = *link else { continue };
        let (one, other) = (spans[client], spans[server]);
        let is_call = one.kind == SpanKind::Client && other.kind == SpanKind::Server;
        if !is_call || !other.links.is_empty() {
            continue;
        }
        let processes = (process(one), process(other));
        if processes.0 != processes.1 {
            calls.entry(processes).or_default().push(call(server, one, other));
        }
    }
    let mut moved: HashMap<usize, i64> = HashMap::new();
    let mut skews = Vec::new();
    for ((client, server), calls) in &calls {
        for (rows, offset, (low_ns, high_ns)) in offsets(calls) {
            moved.extend(rows.iter().map(|row| (*row, offset)));
            skews.push(Skew {
                service: server.service.to_owned(),
                against: client.service.to_owned(),
                offset_ns: offset,
                low_ns,
                high_ns,
                spans: rows.iter().map(|row| spans[*row].span_id).collect(),
            });
        }
    }
    let shifts = if moved.is_empty() { vec![0; spans.len()] } else { down(spans, links, &moved) };
    (shifts, skews)
}

fn process(span: &Span) -> Process<'_> {
    let value = |key: &str| span.resource.iter().find(|(name, _)| name == key).map(|(_, v)| v);
    let text = |key: &str| value(key).and_then(AttributeValue::as_text);
    Process {
        service: &span.service,
        instance: text("service.instance.id").unwrap_or(""),
        host: text("host.id").or_else(|| text("host.name")).unwrap_or(""),
        pid: value("process.pid").and_then(AttributeValue::as_int),
    }
}

fn call(place: usize, client: &Span, server: &Span) -> Call {
    let mut call = Call { server: place, legal: None, impossible: false };
    let (Some(client_end), Some(server_end)) = (client.end, server.end) else { return call };
    let low = client.start.since(server.start);
    let high = client_end.since(server_end);
    if low <= high {
        let answered_before = server.start.since(client_end) > SKEW_NS_MIN && !client.is_error();
        call.legal = Some((low, high));
        call.impossible = low > SKEW_NS_MIN || answered_before;
    }
    call
}

/// Returns the servers to move, by how much, and between which bounds.
fn offsets(calls: &[Call]) -> Vec<(Vec<usize>, i64, (i64, i64))> {
    if !calls.iter().any(|call| call.impossible) {
        return Vec::new();
    }
    let known = || calls.iter().filter_map(|call| call.legal);
    let low = known().map(|legal| legal.0).max().unwrap_or(0);
    let high = known().map(|legal| legal.1).min().unwrap_or(0);
    if low <= high {
        let mut middles: Vec<i64> = known().map(middle).collect();
        middles.sort_unstable();
        let offset = middles[middles.len() / 2].clamp(low, high);
        let all = calls.iter().map(|call| call.server).collect();
        return vec![(all, offset, (low, high))];
    }
    let alone = calls.iter().filter(|call| call.impossible);
    alone
        .filter_map(|call| call.legal.map(|legal| (vec![call.server], middle(legal), legal)))
        .collect()
}

fn middle((low, high): (i64, i64)) -> i64 {
    i64::midpoint(low, high)
}

/// Adds up what is moved from the roots down, without recursion.
fn down(spans: &[&Span], links: &[Link], moved: &HashMap<usize, i64>) -> Vec<i64> {
    let mut shifts: Vec<Option<i64>> = vec![None; spans.len()];
    let mut climb = Vec::new();
    for begin in 0..spans.len() {
        let mut at = begin;
        climb.clear();
        while shifts[at].is_none() {
            climb.push(at);
            let Link::Child(parent) = links[at] else { break };
            at = parent;
        }
        while let Some(place) = climb.pop() {
            shifts[place] = Some(match links[place] {
                Link::Child(parent) => {
                    let above = shifts[parent].unwrap_or(0);
                    match moved.get(&place) {
                        Some(offset) => above.saturating_add(*offset),
                        None if goes_along(spans[parent], spans[place]) => above,
                        None => 0,
                    }
                }
                Link::Root | Link::Orphan(_) => 0,
            });
        }
    }
    shifts.into_iter().map(Option::unwrap_or_default).collect()
}

/// Says whether a child's clock is, or is taken to be, that of its parent.
fn goes_along(parent: &Span, child: &Span) -> bool {
    let waited = parent.kind == SpanKind::Client && child.kind == SpanKind::Server;
    // One process's spans mostly share their resource: it need not be read.
    let same = Arc::ptr_eq(&parent.resource, &child.resource) && parent.service == child.service;
    (waited && child.links.is_empty()) || same || process(parent) == process(child)
}

#[cfg(test)]
mod tests;
