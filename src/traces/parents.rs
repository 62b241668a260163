//! Who is whose parent: shared ids, absent parents, circles.

use std::collections::HashMap;

use super::Warning;
use crate::model::{Span, SpanId, SpanKind};

/// Where a span hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// It names no parent, or none that can be its parent.
    Root,
    /// Under the span at this place.
    Child(usize),
    /// Under a span that was not received.
    Orphan(SpanId),
}

/// The places of the spans by their ids.
struct Places {
    /// All places, those with the same id side by side, in order.
    by_id: Vec<usize>,
    ranges: HashMap<SpanId, (usize, usize)>,
}

impl Places {
    fn of(spans: &[&Span]) -> Self {
        // The ids beside the places: spans are too large to be visited for each comparison.
        let mut ids: Vec<(SpanId, usize)> =
            spans.iter().enumerate().map(|(place, span)| (span.span_id, place)).collect();
        ids.sort_unstable();
        let mut ranges = HashMap::with_capacity(spans.len());
        let mut from = 0;
        for same in ids.chunk_by(|a, b| a.0 == b.0) {
            ranges.insert(same[0].0, (from, from + same.len()));
            from += same.len();
        }
        Self { by_id: ids.into_iter().map(|(_, place)| place).collect(), ranges }
    }

    fn with(&self, id: SpanId) -> &[usize] {
        self.ranges.get(&id).map_or(&[], |(from, to)| &self.by_id[*from..*to])
    }

    /// Returns the places that share an id, one group after the other.
    fn twins(&self) -> impl Iterator<Item = &[usize]> {
        let groups = self.ranges.values().filter(|(from, to)| to - from > 1);
        groups.map(|(from, to)| &self.by_id[*from..*to])
    }
}

/// Returns the link of each span, free of circles, and what had to be cut.
///
/// `spans` are in the tree's total order; a circle is cut above its first span, so that the result
/// does not depend on where the search enters it. O(n).
pub(super) fn resolve(spans: &[&Span]) -> (Vec<Link>, Vec<Warning>) {
    let places = Places::of(spans);
    let mut warnings = Vec::new();
    let mut links = Vec::with_capacity(spans.len());
    for twins in places.twins().filter(|twins| !is_call_pair(spans, twins)) {
        warnings.push(Warning::RepeatedId(spans[twins[0]].span_id));
    }
    for span in spans {
        let link = link_of(spans, &places, span);
        if link == Link::Root && span.parent.is_some() {
            warnings.push(Warning::OwnParent(span.span_id));
        }
        links.push(link);
    }
    for place in circles(&links) {
        warnings.push(Warning::Circle(spans[place].span_id));
        links[place] = Link::Root;
    }
    (links, warnings)
}

fn link_of(spans: &[&Span], places: &Places, span: &Span) -> Link {
    // Zipkin's two sides of one call share the id: the answering side hangs under the calling one.
    if answers(span.kind) {
        let mut twins = places.with(span.span_id).iter().copied();
        if let Some(caller) = twins.find(|place| calls(spans[*place].kind)) {
            return Link::Child(caller);
        }
    }
    let Some(parent) = span.parent else { return Link::Root };
    if parent == span.span_id {
        return Link::Root;
    }
    let holders = places.with(parent);
    if let [only] = holders {
        return Link::Child(*only);
    }
    // Of the two sides, a child belongs to the one of its own process, else to the answering one.
    let nearest = holders.iter().copied().min_by_key(|place| {
        let holder = spans[*place];
        (holder.service != span.service, !answers(holder.kind), *place)
    });
    nearest.map_or(Link::Orphan(parent), Link::Child)
}

fn answers(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Server | SpanKind::Consumer)
}

fn calls(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Client | SpanKind::Producer)
}

fn is_call_pair(spans: &[&Span], twins: &[usize]) -> bool {
    match twins {
        [_] => true,
        [one, two] => {
            let (one, two) = (spans[*one].kind, spans[*two].kind);
            (calls(one) && answers(two)) || (answers(one) && calls(two))
        }
        _ => false,
    }
}

/// Returns the first span of each circle, in order.
fn circles(links: &[Link]) -> Vec<usize> {
    const SETTLED: usize = usize::MAX;
    let mut walk_of = vec![0_usize; links.len()];
    let mut firsts = Vec::new();
    let mut walk = Vec::new();
    for begin in 0..links.len() {
        let mut at = begin;
        while walk_of[at] == 0 {
            walk_of[at] = begin + 1;
            walk.push(at);
            let Link::Child(parent) = links[at] else { break };
            at = parent;
        }
        let met_itself = walk_of[at] == begin + 1 && matches!(links[at], Link::Child(_));
        if met_itself && let Some(from) = walk.iter().position(|place| *place == at) {
            firsts.extend(walk[from..].iter().min());
        }
        for place in walk.drain(..) {
            walk_of[place] = SETTLED;
        }
    }
    firsts.sort_unstable();
    firsts
}
