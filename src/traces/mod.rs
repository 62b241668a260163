//! Traces: one tree out of spans in any order, and what it tells.
//!
//! Pure and synchronous: the same spans in any order give the same [`Analysis`]; no step recurses,
//! so a chain of ten thousand spans is as welcome as a flat trace. Everything refers to spans by
//! their row: the place in the tree's depth-first order. Not here: where spans come from (`sources`)
//! and how they look (`render::waterfall`). Start at [`analyse`].

mod alike;
pub mod baseline;
pub mod critical_path;
pub mod diff;
pub mod errors;
pub mod findings;
pub mod idle;
pub mod noise;
mod parents;
pub mod paths;
pub mod repeats;
pub mod self_time;
pub mod skew;
pub mod tree;

#[cfg(test)]
pub(crate) mod fixtures;

use serde::{Serialize as _, Serializer};

use crate::model::{Span, UnixNanos};

pub use baseline::{Baseline, Usual};
pub use critical_path::{CriticalPath, Section};
pub use diff::{Step, diff};
pub use errors::{Errors, Frame, RootCause};
pub use findings::{Finding, FindingKind, Gap};
pub use noise::Noise;
pub use repeats::Repeat;
pub use skew::Skew;
pub use tree::{MissingParent, Node, Tree, Warning};

/// One trace, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The spans in depth-first order.
    pub tree: Tree,
    /// Each row's own time in nanoseconds, its children's taken off.
    pub self_ns: Vec<i64>,
    /// What the trace's length was made of.
    pub path: CriticalPath,
    /// Why a row is noise; `None` for those that tell something.
    pub noise: Vec<Option<Noise>>,
    /// What failed, and what failed first.
    pub errors: Errors,
    /// Leaf siblings that do the same thing five times or more.
    pub repeats: Vec<Repeat>,
    /// Long stretches that no child accounts for, by row.
    pub gaps: Vec<Gap>,
    /// What is worth a look, the most telling kind first.
    pub findings: Vec<Finding>,
    /// The names of the services, in the order in which the rows show them.
    pub services: Vec<String>,
}

impl Analysis {
    /// Returns when the first span began; the epoch when there is no span.
    pub fn start(&self) -> UnixNanos {
        self.tree.start()
    }

    /// Returns when the last span ended, or the last running one began.
    pub fn end(&self) -> UnixNanos {
        self.tree.end()
    }

    /// Returns the nanoseconds from the first start to the last end, never negative.
    pub fn duration_ns(&self) -> i64 {
        self.end().since(self.start())
    }

    /// Says whether every span that is referred to is here and has ended, under at least one root.
    pub fn is_complete(&self) -> bool {
        let nodes = self.tree.nodes();
        !nodes.is_empty() && nodes.iter().all(|node| !node.orphan && node.span.end.is_some())
    }

    /// Returns the row of the operation that the trace is named after: the first root that has its
    /// place, else the first orphan; `None` without spans.
    pub fn root(&self) -> Option<usize> {
        self.tree.roots().next()
    }
}

/// Assembles `spans` (of one trace, in any order, repeats allowed) and draws every conclusion.
///
/// O(n log n) in the number of spans.
pub fn analyse(spans: Vec<Span>) -> Analysis {
    let tree = Tree::assemble(spans);
    let noise = noise::find(&tree);
    let repeats = repeats::find(&tree, &noise);
    let gaps = findings::gaps::find(&tree, &noise);
    Analysis {
        self_ns: self_time::self_times(&tree),
        path: CriticalPath::of(&tree),
        errors: Errors::of(&tree, &noise),
        findings: findings::find(&tree, &repeats, &noise, &gaps),
        gaps,
        services: services(&tree),
        noise,
        repeats,
        tree,
    }
}

/// Returns nanoseconds as the milliseconds that JSON carries.
pub fn milliseconds(nanos: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 104 days, rounded above")]
    let nanos = nanos as f64;
    nanos / 1e6
}

/// Serialises nanoseconds as the milliseconds that JSON carries.
pub fn in_milliseconds<S: Serializer>(nanos: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(milliseconds(*nanos))
}

/// The same of what may not be there: `null`.
pub fn in_milliseconds_if_any<S: Serializer>(
    nanos: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    nanos.map(milliseconds).serialize(serializer)
}

fn services(tree: &Tree) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    // Neighbours mostly are of one service.
    let runs = tree.nodes().chunk_by(|one, other| one.span.service == other.span.service);
    let names = runs.map(|run| run[0].span.service.as_str());
    names.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traces::fixtures::{any_spans, span};

    #[test]
    fn no_spans_are_an_empty_incomplete_trace() {
        let analysis = analyse(Vec::new());
        assert_eq!((analysis.duration_ns(), analysis.is_complete()), (0, false));
        assert_eq!(analysis.root(), None);
    }

    #[test]
    fn services_come_in_the_order_of_the_rows() {
        let call = Span { service: "inventory".into(), ..span(2, 1, "stock", 1, 2) };
        assert_eq!(analyse(vec![call, span(1, 0, "root", 0, 9)]).services, ["shop", "inventory"]);
    }

    #[test]
    fn a_hundred_thousand_spans_and_a_chain_of_ten_thousand_are_analysed() {
        let flat = (2..=100_000).map(|id| span(id, 1 + id % 100, "select", 1, 2));
        let flat = analyse(flat.chain([span(1, 0, "root", 0, 9)]).collect());
        assert_eq!(flat.tree.nodes().len(), 100_000);
        let chain = (1..=10_000).map(|id| span(id, id - 1, "deeper", 0, 90));
        let chain = analyse(chain.collect());
        assert_eq!(chain.tree.nodes()[9_999].depth, 9_999);
    }

    proptest! {
        #[test]
        fn the_order_in_which_spans_arrive_changes_nothing(
            (spans, shuffled) in any_spans().prop_flat_map(|spans| {
                (Just(spans.clone()), Just(spans).prop_shuffle())
            })
        ) {
            prop_assert_eq!(analyse(spans), analyse(shuffled));
        }
    }
}
