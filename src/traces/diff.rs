//! Two traces side by side: which steps took longer, which are new, which are gone.

use std::collections::HashMap;

use super::paths::Paths;
use super::{Analysis, Node};

/// A step of one trace or of both, the steps below it behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The number of steps above it.
    pub depth: usize,
    /// Its row in the first trace.
    pub left: Option<usize>,
    /// Its row in the second trace; there or in the first.
    pub right: Option<usize>,
    /// How many equal siblings this stands for: steps that only one trace has, one after another.
    pub times: usize,
    /// What those take together, in nanoseconds; 0 for a step that both have.
    pub only_ns: i64,
}

/// Returns the steps of both traces in depth-first order: those of the first, and what only the second
/// has behind the steps that both have under the same one. Equal siblings that only one has, without
/// steps below them, are one.
///
/// Steps are matched by their [`Paths`]. O(n) in the spans of both.
pub fn diff(left: &Analysis, right: &Analysis) -> Vec<Step> {
    let mut paths = Paths::default();
    let (left_paths, right_paths) = (paths.of(&left.tree), paths.of(&right.tree));
    let of_left: HashMap<usize, usize> = rows_by_path(&left_paths);
    let of_right: HashMap<usize, usize> = rows_by_path(&right_paths);
    let mut steps: Vec<Step> = Vec::new();
    let pair = |left: Option<usize>, right: Option<usize>, depth| (left, right, depth);
    let both_roots = {
        let lefts = left.tree.roots().map(|row| (row, of_right.get(&left_paths[row]).copied()));
        let lefts: Vec<_> = lefts.map(|(row, other)| pair(Some(row), other, 0)).collect();
        let rights = right.tree.roots().filter(|row| !of_left.contains_key(&right_paths[*row]));
        [lefts, rights.map(|row| pair(None, Some(row), 0)).collect()].concat()
    };
    let mut todo: Vec<_> = both_roots.into_iter().rev().collect();
    while let Some((in_left, in_right, depth)) = todo.pop() {
        let only_ns = match (in_left, in_right) {
            (Some(row), None) => left.tree.nodes()[row].duration_ns(),
            (None, Some(row)) => right.tree.nodes()[row].duration_ns(),
            _ => 0,
        };
        let step = Step { depth, left: in_left, right: in_right, times: 1, only_ns };
        push(&mut steps, step, left, right);
        let mut below = Vec::new();
        if let Some(row) = in_left {
            let children = left.tree.children(row);
            let other = |row: usize| of_right.get(&left_paths[row]).copied();
            below.extend(children.map(|row| pair(Some(row), other(row), depth + 1)));
        }
        if let Some(row) = in_right {
            let children = right.tree.children(row);
            let new = children.filter(|row| !of_left.contains_key(&right_paths[*row]));
            below.extend(new.map(|row| pair(None, Some(row), depth + 1)));
        }
        todo.extend(below.into_iter().rev());
    }
    steps
}

fn rows_by_path(paths: &[usize]) -> HashMap<usize, usize> {
    paths.iter().enumerate().map(|(row, path)| (*path, row)).collect()
}

/// Adds a step, or counts it with the one before.
fn push(steps: &mut Vec<Step>, step: Step, left: &Analysis, right: &Analysis) {
    let leaf = |step: &Step| {
        let alone = match (step.left, step.right) {
            (Some(row), None) => Some((&left.tree, row)),
            (None, Some(row)) => Some((&right.tree, row)),
            _ => None,
        };
        alone.filter(|(tree, row)| tree.children(*row).next().is_none())
    };
    let what = |step: &Step| {
        leaf(step).map(|(tree, row)| {
            let Node { span, .. } = &tree.nodes()[row];
            (step.depth, step.left.is_some(), &span.service, span.kind, &span.name)
        })
    };
    match steps.last_mut() {
        Some(last) if what(last).is_some() && what(last) == what(&step) => {
            last.times += 1;
            last.only_ns = last.only_ns.saturating_add(step.only_ns);
        }
        _ => steps.push(step),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Span;
    use crate::traces::analyse;
    use crate::traces::fixtures::{any_spans, span};

    fn shown(left: Vec<Span>, right: Vec<Span>) -> Vec<String> {
        let (left, right) = (analyse(left), analyse(right));
        let name = |analysis: &Analysis, row: Option<usize>| {
            row.map(|row| analysis.tree.nodes()[row].span.name.clone()).unwrap_or_default()
        };
        diff(&left, &right)
            .iter()
            .map(|step| {
                let (one, two) = (name(&left, step.left), name(&right, step.right));
                format!("{}{one}|{two} x{}", " ".repeat(step.depth), step.times)
            })
            .collect()
    }

    #[test]
    fn what_both_have_is_one_step_and_equal_new_leaves_are_counted() {
        let left =
            vec![span(1, 0, "root", 0, 9), span(2, 1, "select", 1, 2), span(3, 1, "old", 3, 4)];
        let mut right = vec![span(1, 0, "root", 0, 99), span(2, 1, "select", 1, 2)];
        right.extend((3..=7).map(|id| {
            let at = i64::try_from(id).unwrap();
            span(id, 1, "select", at, at + 1)
        }));
        assert_eq!(
            shown(left, right),
            ["root|root x1", " select|select x1", " old| x1", " |select x5"]
        );
    }

    proptest! {
        #[test]
        fn every_span_is_in_one_step_and_a_trace_does_not_differ_from_itself(
            one in any_spans(), two in any_spans()
        ) {
            let (one, two) = (analyse(one), analyse(two));
            let steps = diff(&one, &two);
            let count = |side: fn(&Step) -> Option<usize>| -> usize {
                steps.iter().filter(|step| side(step).is_some()).map(|step| step.times).sum()
            };
            prop_assert_eq!(count(|step| step.left), one.tree.nodes().len());
            prop_assert_eq!(count(|step| step.right), two.tree.nodes().len());
            let itself = diff(&one, &one);
            prop_assert!(itself.iter().all(|step| step.left == step.right && step.left.is_some()));
        }
    }
}
