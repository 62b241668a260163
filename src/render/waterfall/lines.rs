//! Which span a log line belongs to.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::TraceReport;
use super::json::TraceLine;
use super::rows::Shows;
use super::view::Scope;
use crate::model::{SpanId, UnixNanos};
use crate::traces::Node;

/// Puts each line under its span: the one it names, else the innermost of its service that ran then,
/// else the first root; a span without a row hands it on to the one above.
///
/// `places` are the places of the drawn spans by their rows. O(n log n) in spans and lines.
pub(super) fn place(
    report: &TraceReport,
    places: &HashMap<usize, usize>,
    scope: &Scope,
) -> Vec<(usize, Shows)> {
    let Some(lines) = report.logs.as_ref().filter(|lines| !lines.is_empty()) else {
        return Vec::new();
    };
    let nodes = report.analysis().tree.nodes();
    let rows_of: HashMap<SpanId, usize> =
        nodes.iter().enumerate().map(|(row, node)| (node.span.span_id, row)).collect();
    let named: Vec<Option<usize>> = lines
        .iter()
        .map(|line| line.span_id.and_then(|span_id| rows_of.get(&span_id).copied()))
        .collect();
    let around = innermost(nodes, lines, &named);
    let mut found = Vec::new();
    for (line, record) in lines.iter().enumerate() {
        let row = named[line].or(around[line]).unwrap_or(scope.focus.start);
        let mut above = Some(row);
        while let Some(row) = above.filter(|row| !places.contains_key(row)) {
            above = nodes[row].parent;
        }
        let outside = !scope.focus.contains(&row);
        let Some(above) = above.filter(|_| !outside) else { continue };
        let at = record.time.map(|time| nodes[row].shifted(time));
        found.push((places[&above], Shows::Line { line, at }));
    }
    found
}

/// Returns for each line that names no span the deepest one of its service that ran at its time, by
/// the service's own clock; of several the first row.
///
/// Lines and spans are met in the order of time; what has ended once is over for all later lines.
fn innermost(nodes: &[Node], lines: &[TraceLine], named: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut found = vec![None; lines.len()];
    let unnamed = lines.iter().enumerate().filter(|(line, _)| named[*line].is_none());
    let mut asked: Vec<(&str, UnixNanos, usize)> =
        unnamed.filter_map(|(at, line)| Some((&*line.service, line.time?, at))).collect();
    if asked.is_empty() {
        return found;
    }
    asked.sort_unstable();
    let sent = |time: UnixNanos, node: &Node| UnixNanos(time.0.saturating_sub(node.offset_ns));
    let mut begun: Vec<(&str, UnixNanos, usize)> = nodes
        .iter()
        .enumerate()
        .map(|(row, node)| (&*node.span.service, sent(node.start, node), row))
        .collect();
    begun.sort_unstable();
    let mut begun = begun.into_iter().peekable();
    for same in asked.chunk_by(|one, other| one.0 == other.0) {
        let mut running: BinaryHeap<(usize, Reverse<usize>)> = BinaryHeap::new();
        for (service, time, line) in same {
            while let Some((of, _, row)) =
                begun.next_if(|(of, start, _)| (*of, *start) <= (*service, *time))
            {
                if of == *service {
                    running.push((nodes[row].depth, Reverse(row)));
                }
            }
            let ended = |row: usize| sent(nodes[row].end, &nodes[row]) < *time;
            while running.peek().is_some_and(|(_, Reverse(row))| ended(*row)) {
                running.pop();
            }
            found[*line] = running.peek().map(|(_, Reverse(row))| *row);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traces::Tree;
    use crate::traces::fixtures::any_spans;

    /// Looks at every span for a line.
    fn by_looking(nodes: &[Node], line: &TraceLine) -> Option<usize> {
        let time = line.time?;
        let holds = |row: &usize| {
            let node = &nodes[*row];
            let time = node.shifted(time);
            node.span.service == line.service && node.start <= time && time <= node.end
        };
        (0..nodes.len()).rev().filter(holds).max_by_key(|row| nodes[*row].depth)
    }

    proptest! {
        #[test]
        fn a_line_belongs_to_the_innermost_span_of_its_service_that_ran_then(
            spans in any_spans(),
            lines in prop::collection::vec((prop::option::weighted(0.9, 0_i64..110), 0_usize..3), 0..30),
        ) {
            let first = spans.iter().map(|span| span.start).min().unwrap_or_default();
            let lines: Vec<TraceLine> = lines.into_iter().map(|(half_ms, service)| TraceLine {
                time: half_ms.map(|at| UnixNanos(first.0 + at * 500_000)),
                level: None,
                service: ["shop", "inventory", "nobody"][service].to_owned(),
                span_id: None,
                message: String::new(),
            }).collect();
            let tree = Tree::assemble(spans);
            let expected: Vec<Option<usize>> =
                lines.iter().map(|line| by_looking(tree.nodes(), line)).collect();
            let found = innermost(tree.nodes(), &lines, &vec![None; lines.len()]);
            prop_assert_eq!(found, expected);
        }
    }
}
