//! Which spans get a row: equal leaves folded to one, and the most telling when there are too many.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::ROWS_MAX;
use crate::traces::Analysis;
use crate::traces::repeats::REPEATS_MIN;

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shows {
    /// The span of this row of the tree.
    Span(usize),
    /// Equal leaves: their rows in the tree, and whether one began after the other had ended.
    Fold { members: Vec<usize>, sequential: bool },
    /// A parent that was not received, by its place in `Tree::missing`.
    Missing(usize),
}

/// A row of the drawing.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// What it shows.
    pub(super) shows: Shows,
    /// How far it is indented.
    pub(super) depth: usize,
    /// Whether no sibling follows.
    pub(super) last: bool,
    /// For each ancestor below the root, outermost first, whether a sibling of it follows; only the
    /// innermost [`GUIDES_MAX`].
    pub(super) guides: Vec<bool>,
    /// The spans under it that got no row.
    pub(super) hidden: usize,
    parent: Option<usize>,
}

/// The rows to draw, and what was left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// The rows, from the top.
    pub(super) drawn: Vec<Row>,
    /// The spans that share a row with equal ones.
    pub(super) folded: usize,
    /// The spans without a row.
    pub(super) hidden: usize,
    /// How many of those failed.
    pub(super) hidden_errors: usize,
}

/// More levels than any label has columns for.
pub(super) const GUIDES_MAX: usize = 32;

/// Chooses the rows; with `all` every span has its own.
///
/// When there are more than [`ROWS_MAX`], roots, failures, the critical path and then length decide;
/// a row is kept only with those above it. O(n log n).
pub(super) fn choose(analysis: &Analysis, all: bool) -> Rows {
    let rows = every_row(analysis, all);
    let fold =
        |row: &Row| if let Shows::Fold { members, .. } = &row.shows { members.len() } else { 0 };
    let folded = rows.iter().map(fold).sum();
    if all || rows.len() <= ROWS_MAX {
        return Rows { drawn: with_guides(rows), folded, ..Rows::default() };
    }
    let kept = most_telling(&rows, analysis);
    let mut owner: Vec<Option<usize>> = Vec::with_capacity(rows.len());
    let mut chosen = Rows { folded, ..Rows::default() };
    for (row, keep) in rows.into_iter().zip(kept) {
        let above = row.parent.and_then(|parent| owner[parent]);
        if keep {
            owner.push(Some(chosen.drawn.len()));
            chosen.drawn.push(Row { parent: above, ..row });
            continue;
        }
        owner.push(above);
        let spans = spans_of(&row).len();
        chosen.hidden += spans;
        chosen.hidden_errors += usize::from(failed(&row, analysis));
        if let Some(above) = above {
            chosen.drawn[above].hidden += spans;
        }
    }
    chosen.drawn = with_guides(chosen.drawn);
    chosen
}

fn every_row(analysis: &Analysis, all: bool) -> Vec<Row> {
    let tree = &analysis.tree;
    let mut folds = if all { HashMap::new() } else { folds(analysis) };
    let folded: std::collections::HashSet<usize> = folds.values().flat_map(spans_in).collect();
    let missing = tree.missing().iter().enumerate();
    let missing: HashMap<usize, usize> =
        missing.map(|(place, missing)| (missing.children[0], place)).collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut place_of = vec![None; tree.nodes().len()];
    let (mut indent, mut above_orphans) = (0, None);
    for (row, node) in tree.nodes().iter().enumerate() {
        if let Some(place) = missing.get(&row) {
            above_orphans = Some(rows.len());
            rows.push(new_row(Shows::Missing(*place), 0, None));
        }
        if node.depth == 0 {
            indent = usize::from(node.orphan);
        }
        let shows = match folds.remove(&row) {
            Some(fold) => fold,
            None if folded.contains(&row) => continue,
            None => Shows::Span(row),
        };
        place_of[row] = Some(rows.len());
        let orphans = above_orphans.filter(|_| node.orphan);
        let parent = node.parent.map_or(orphans, |parent| place_of[parent]);
        rows.push(new_row(shows, node.depth + indent, parent));
    }
    rows
}

/// Returns the folded rows by their first member. Failed and running spans keep rows of their own.
fn folds(analysis: &Analysis) -> HashMap<usize, Shows> {
    let plain = |row: &usize| {
        let span = &analysis.tree.nodes()[*row].span;
        span.end.is_some() && !span.is_error()
    };
    let mut folds = HashMap::new();
    for repeat in &analysis.repeats {
        let members: Vec<usize> = repeat.rows.iter().copied().filter(plain).collect();
        if members.len() >= REPEATS_MIN {
            folds.insert(members[0], Shows::Fold { members, sequential: repeat.sequential });
        }
    }
    folds
}

fn new_row(shows: Shows, depth: usize, parent: Option<usize>) -> Row {
    Row { shows, depth, last: false, guides: Vec::new(), hidden: 0, parent }
}

fn spans_in(shows: &Shows) -> Vec<usize> {
    match shows {
        Shows::Span(row) => vec![*row],
        Shows::Fold { members, .. } => members.clone(),
        Shows::Missing(_) => Vec::new(),
    }
}

fn spans_of(row: &Row) -> Vec<usize> {
    spans_in(&row.shows)
}

fn failed(row: &Row, analysis: &Analysis) -> bool {
    matches!(row.shows, Shows::Span(span) if analysis.tree.nodes()[span].span.is_error())
}

/// Says for each row whether it is kept, at most [`ROWS_MAX`] of them.
fn most_telling(rows: &[Row], analysis: &Analysis) -> Vec<bool> {
    let root_cause = analysis.errors.root_cause.as_ref().map(|cause| Shows::Span(cause.row));
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_cached_key(|place| {
        let row = &rows[*place];
        let sum = |of: &dyn Fn(usize) -> i64| {
            spans_of(row).into_iter().map(of).fold(0, i64::saturating_add)
        };
        let critical_ns = sum(&|span| analysis.path.row_ns[span]);
        let length_ns = sum(&|span| analysis.tree.nodes()[span].duration_ns());
        let is_cause = Some(&row.shows) == root_cause.as_ref();
        let plain = row.depth > 0 && !failed(row, analysis);
        (!is_cause, plain, Reverse(critical_ns), Reverse(length_ns), *place)
    });
    let mut kept = vec![false; rows.len()];
    let mut room = ROWS_MAX;
    for place in order {
        let above = std::iter::successors(Some(place), |place| rows[*place].parent);
        let needed: Vec<usize> = above.take_while(|place| !kept[*place]).take(room + 1).collect();
        if needed.len() <= room {
            room -= needed.len();
            for place in needed {
                kept[place] = true;
            }
        }
        if room == 0 {
            break;
        }
    }
    kept
}

/// Sets `last` and `guides`, looking from the bottom up at what follows.
fn with_guides(mut rows: Vec<Row>) -> Vec<Row> {
    let mut follows: Vec<bool> = Vec::new();
    for row in rows.iter_mut().rev() {
        follows.resize(follows.len().max(row.depth + 1), false);
        row.last = !follows[row.depth];
        let from = row.depth.saturating_sub(GUIDES_MAX).max(1);
        row.guides = follows.get(from..row.depth).unwrap_or(&[]).to_vec();
        follows[row.depth] = true;
        follows.truncate(row.depth + 1);
    }
    rows
}
