//! Which spans get a row: equal leaves folded to one, and the most telling when there are too many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::view::{Fate, Scope};
use super::{ROWS_MAX, TraceReport, inner};
use crate::model::UnixNanos;
use crate::render::room;
use crate::traces::repeats::REPEATS_MIN;
use crate::traces::{Analysis, Noise};

/// What a row shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shows {
    /// The span of this row of the tree.
    Span(usize),
    /// Equal leaves: their rows in the tree, and whether one began after the other had ended.
    Fold { members: Vec<usize>, sequential: bool },
    /// A parent that was not received, by its place in `Tree::missing`.
    Missing(usize),
    /// Time of the span above that no child accounts for, by its place in `Analysis::gaps`.
    Gap(usize),
    /// An event of the span of this row, by its place there.
    Event { span: usize, event: usize, at: UnixNanos },
    /// The server above worked on for so many nanoseconds after its client's end.
    WentOn { at: UnixNanos, nanos: i64 },
    /// A log line, by its place in the report.
    Line { line: usize, at: Option<UnixNanos> },
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
    /// The place of the row above it.
    pub(super) parent: Option<usize>,
}

/// The rows to draw, and what was left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// The rows, from the top.
    pub(super) drawn: Vec<Row>,
    /// The spans that share a row with equal ones.
    pub(super) folded: usize,
    /// The spans that were folded away, by why.
    pub(super) noise: BTreeMap<Noise, usize>,
    /// The spans that match no filter.
    pub(super) unmatched: usize,
    /// The spans outside of the one that was asked for.
    pub(super) outside: usize,
    /// The spans without a row, because there were too many or they are too deep.
    pub(super) hidden: usize,
    /// How many of those failed.
    pub(super) hidden_errors: usize,
    /// The events, notes and log lines without a row.
    pub(super) unsaid: usize,
}

impl Row {
    /// Makes one that stands on its own yet.
    pub(super) fn new(shows: Shows, depth: usize, parent: Option<usize>) -> Self {
        Self { shows, depth, last: false, guides: Vec::new(), hidden: 0, parent }
    }

    /// Says whether it is text about the row above it, and no part of the tree.
    pub(super) fn is_note(&self) -> bool {
        matches!(self.shows, Shows::Event { .. } | Shows::WentOn { .. } | Shows::Line { .. })
    }
}

/// More levels than any label has columns for.
pub(super) const GUIDES_MAX: usize = 32;

/// Chooses the rows; with `all` nothing is folded, and nothing left out but by a filter.
///
/// When there are more than [`ROWS_MAX`], roots, failures, the critical path and then length decide;
/// a row is kept only with those above it. What happened inside the spans comes into what room is
/// left. O(n log n).
pub(super) fn choose(report: &TraceReport, scope: &Scope) -> Rows {
    let (analysis, all) = (report.analysis(), report.options.all);
    let mut rows = every_row(report, scope);
    if !all && rows.drawn.len() > ROWS_MAX {
        keep_most_telling(&mut rows, analysis);
    }
    let folds = rows.drawn.iter().filter(|row| matches!(row.shows, Shows::Fold { .. }));
    rows.folded = folds.map(|row| spans_of(row).len()).sum();
    inner::add(&mut rows, report, scope);
    rows.drawn = with_guides(rows.drawn);
    rows
}

fn keep_most_telling(rows: &mut Rows, analysis: &Analysis) {
    let all = std::mem::take(&mut rows.drawn);
    let kept = most_telling(&all, analysis);
    let mut owner: Vec<Option<usize>> = Vec::with_capacity(all.len());
    for (row, keep) in all.into_iter().zip(kept) {
        let above = row.parent.and_then(|parent| owner[parent]);
        if keep {
            owner.push(Some(rows.drawn.len()));
            rows.drawn.push(Row { parent: above, ..row });
            continue;
        }
        owner.push(above);
        let spans = spans_of(&row).len();
        rows.hidden += spans;
        rows.hidden_errors += usize::from(failed(&row, analysis));
        if let Some(above) = above {
            rows.drawn[above].hidden += spans + row.hidden;
        }
    }
}

/// Makes a row of every span that is shown, and counts the others.
fn every_row(report: &TraceReport, scope: &Scope) -> Rows {
    let (analysis, options) = (report.analysis(), &report.options);
    let (tree, nodes) = (&analysis.tree, analysis.tree.nodes());
    let folds_noise = !options.all && options.view.grep.is_none();
    let mut folds = if options.all { HashMap::new() } else { folds(analysis, scope) };
    let folded: std::collections::HashSet<usize> =
        folds.values().flat_map(spans_in).copied().collect();
    let mut missing = tree.missing().iter().enumerate().peekable();
    let mut made = Rows::default();
    let mut place_of: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut above_orphans = None;
    for (row, node) in nodes.iter().enumerate() {
        if node.orphan && missing.peek().is_some_and(|(_, missing)| missing.children[0] == row) {
            above_orphans = missing.next().map(|(place, _)| (place, None));
        }
        let above = node.parent.and_then(|parent| place_of[parent]);
        place_of[row] = above;
        let asked_for = options.view.span.is_some() && scope.focus.start == row;
        match (scope.fate[row], analysis.noise[row]) {
            (Fate::Outside, _) => made.outside += 1,
            (Fate::Unmatched, _) => made.unmatched += 1,
            (Fate::TooDeep, _) => {
                made.hidden += 1;
                made.hidden_errors += usize::from(node.failed);
                if let Some(above) = above {
                    made.drawn[above].hidden += 1;
                }
            }
            (Fate::Shown, Some(noise)) if folds_noise && !asked_for => {
                *made.noise.entry(noise).or_default() += 1;
            }
            (Fate::Shown, _) => {
                let shows = match folds.remove(&row) {
                    Some(fold) => fold,
                    None if folded.contains(&row) => continue,
                    None => Shows::Span(row),
                };
                let orphans = above_orphans.as_mut().filter(|_| node.orphan);
                let orphans = orphans.map(|(place, at)| {
                    *at.get_or_insert_with(|| {
                        made.drawn.push(Row::new(Shows::Missing(*place), 0, None));
                        made.drawn.len() - 1
                    })
                });
                let parent = above.or(orphans);
                let depth = parent.map_or(0, |parent| made.drawn[parent].depth + 1);
                place_of[row] = Some(made.drawn.len());
                made.drawn.push(Row::new(shows, depth, parent));
            }
        }
    }
    made
}

/// Returns the folded rows by their first member. Failed and running spans keep rows of their own.
fn folds(analysis: &Analysis, scope: &Scope) -> HashMap<usize, Shows> {
    let plain = |row: &usize| {
        let shown = scope.fate[*row] == Fate::Shown;
        let node = &analysis.tree.nodes()[*row];
        shown && node.span.end.is_some() && !node.failed
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

fn spans_in(shows: &Shows) -> &[usize] {
    match shows {
        Shows::Span(row) => std::slice::from_ref(row),
        Shows::Fold { members, .. } => members,
        _ => &[],
    }
}

fn spans_of(row: &Row) -> &[usize] {
    spans_in(&row.shows)
}

fn failed(row: &Row, analysis: &Analysis) -> bool {
    matches!(row.shows, Shows::Span(span) if analysis.tree.nodes()[span].failed)
}

/// Says for each row whether it is kept, at most [`ROWS_MAX`] of them.
fn most_telling(rows: &[Row], analysis: &Analysis) -> Vec<bool> {
    let root_cause = analysis.errors.root_cause.as_ref().map(|cause| Shows::Span(cause.row));
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_cached_key(|place| {
        let row = &rows[*place];
        let sum = |of: &dyn Fn(usize) -> i64| {
            spans_of(row).iter().map(|span| of(*span)).fold(0, i64::saturating_add)
        };
        let critical_ns = sum(&|span| analysis.path.row_ns[span]);
        let length_ns = sum(&|span| analysis.tree.nodes()[span].duration_ns());
        let is_cause = Some(&row.shows) == root_cause.as_ref();
        let plain = row.depth > 0 && !failed(row, analysis);
        (!is_cause, plain, Reverse(critical_ns), Reverse(length_ns), *place)
    });
    let mut kept = vec![false; rows.len()];
    room::keep(order, |place| rows[place].parent, &mut kept, ROWS_MAX);
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
        // A line would lead to nothing.
        if !row.is_note() {
            follows[row.depth] = true;
        }
        follows.truncate(row.depth + 1);
    }
    rows
}
