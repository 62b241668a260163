//! Which spans of several traces are the same step of the same operation.

use std::collections::HashMap;

use super::{Node, Tree};
use crate::model::SpanKind;

/// A step below another: what was done there, and the how manieth time under the same span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Step {
    above: Option<usize>,
    service: String,
    kind: SpanKind,
    name: String,
    ordinal: usize,
}

/// The paths of all traces that were looked at, each with a number.
///
/// A path is the steps from a root down: service, kind, name, and the ordinal among siblings that have
/// all three in common, by start. Two spans of one trace never have the same path.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    known: HashMap<Step, usize>,
}

impl Paths {
    /// Returns the number of each row's path; new paths get new numbers. O(n).
    pub fn of(&mut self, tree: &Tree) -> Vec<usize> {
        let mut paths: Vec<usize> = Vec::with_capacity(tree.nodes().len());
        let mut seen: HashMap<(Option<usize>, &str, SpanKind, &str), usize> = HashMap::new();
        for Node { span, parent, .. } in tree.nodes() {
            let above = parent.map(|parent| paths[parent]);
            let times = seen.entry((above, &span.service, span.kind, &span.name)).or_default();
            let step = Step {
                above,
                service: span.service.clone(),
                kind: span.kind,
                name: span.name.clone(),
                ordinal: *times,
            };
            *times += 1;
            let next = self.known.len();
            paths.push(*self.known.entry(step).or_insert(next));
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::traces::fixtures::{any_spans, span};

    #[test]
    fn the_same_step_has_the_same_path_whatever_its_id_and_time() {
        let mut paths = Paths::default();
        let one = Tree::assemble(vec![
            span(1, 0, "root", 0, 9),
            span(2, 1, "select", 1, 2),
            span(3, 1, "select", 3, 4),
        ]);
        let two = Tree::assemble(vec![
            span(11, 0, "root", 100, 109),
            span(12, 11, "insert", 101, 102),
            span(13, 11, "select", 103, 104),
        ]);
        let (one, two) = (paths.of(&one), paths.of(&two));
        assert_eq!((two[0], two[2]), (one[0], one[1]));
        assert!(!one.contains(&two[1]));
    }

    proptest! {
        #[test]
        fn no_two_spans_of_a_trace_have_one_path(spans in any_spans()) {
            let tree = Tree::assemble(spans);
            let mut paths = Paths::default();
            let first = paths.of(&tree);
            prop_assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len());
            prop_assert_eq!(paths.of(&tree), first);
        }
    }
}
