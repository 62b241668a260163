//! How long each step of an operation usually takes, by traces of the same operation.

use std::collections::{HashMap, HashSet};

use super::Analysis;
use super::paths::Paths;

/// What is usual for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// How many of the traces have the step.
    pub traces: usize,
    /// The length that half of them stay within, in nanoseconds.
    pub p50_ns: i64,
    /// The length that 95 of 100 stay within, in nanoseconds; the longest of fewer than twenty.
    pub p95_ns: i64,
}

/// A trace held against others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    /// How many traces it was held against.
    pub traces: usize,
    /// What is usual for each row; `None` where no other trace has the step.
    pub rows: Vec<Option<Usual>>,
    /// Steps that at least half of the others have and this one has not: place of a trace among the
    /// others, its row there, and what is usual. Only those whose step above it is here.
    pub absent: Vec<(usize, usize, Usual)>,
}

impl Baseline {
    /// Holds `trace` against `others`; running spans count up to their trace's end. O(n log n) in all
    /// spans.
    pub fn of(trace: &Analysis, others: &[Analysis]) -> Self {
        let mut paths = Paths::default();
        let own = paths.of(&trace.tree);
        let mut lengths: HashMap<usize, Vec<i64>> = HashMap::new();
        let mut first_seen: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut above: HashMap<usize, Option<usize>> = HashMap::new();
        for (place, other) in others.iter().enumerate() {
            let theirs = paths.of(&other.tree);
            for (row, path) in theirs.iter().enumerate() {
                let node = &other.tree.nodes()[row];
                lengths.entry(*path).or_default().push(node.duration_ns());
                first_seen.entry(*path).or_insert((place, row));
                above.entry(*path).or_insert_with(|| node.parent.map(|parent| theirs[parent]));
            }
        }
        let usual: HashMap<usize, Usual> =
            lengths.into_iter().map(|(path, lengths)| (path, usual(lengths))).collect();
        let here: HashSet<usize> = own.iter().copied().collect();
        let mut absent: Vec<(usize, usize, Usual)> = usual
            .iter()
            .filter(|(path, usual)| !here.contains(path) && usual.traces * 2 >= others.len())
            .filter(|(path, _)| above[path].is_none_or(|above| here.contains(&above)))
            .map(|(path, usual)| (first_seen[path].0, first_seen[path].1, *usual))
            .collect();
        absent.sort_unstable_by_key(|(place, row, _)| (*place, *row));
        let rows = own.iter().map(|path| usual.get(path).copied()).collect();
        Self { traces: others.len(), rows, absent }
    }
}

fn usual(mut lengths: Vec<i64>) -> Usual {
    lengths.sort_unstable();
    // The nearest rank: a length that was really taken.
    let rank = |percent: usize| lengths[(lengths.len() * percent).div_ceil(100).max(1) - 1];
    Usual { traces: lengths.len(), p50_ns: rank(50), p95_ns: rank(95) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::analyse;
    use crate::traces::fixtures::span;

    fn trace(select_ms: i64) -> Analysis {
        analyse(vec![span(1, 0, "root", 0, 900), span(2, 1, "select", 1, 1 + select_ms)])
    }

    #[test]
    fn a_step_is_held_against_the_same_step_of_the_others() {
        let others: Vec<Analysis> = (1..=100).map(trace).collect();
        let baseline = Baseline::of(&trace(500), &others);
        let ms = 1_000_000;
        let usual = Usual { traces: 100, p50_ns: 50 * ms, p95_ns: 95 * ms };
        assert_eq!((baseline.traces, baseline.rows[1]), (100, Some(usual)));
    }

    #[test]
    fn what_no_other_has_has_nothing_usual_and_what_is_missing_is_named() {
        let trace_now = analyse(vec![span(1, 0, "root", 0, 900), span(2, 1, "new", 1, 2)]);
        let baseline = Baseline::of(&trace_now, &[trace(5), trace(7)]);
        assert_eq!(baseline.rows[1], None);
        let ms = 1_000_000;
        let usual = Usual { traces: 2, p50_ns: 5 * ms, p95_ns: 7 * ms };
        assert_eq!(baseline.absent, [(0, 1, usual)]);
        assert_eq!(Baseline::of(&trace_now, &[]).rows, [None, None]);
    }
}
