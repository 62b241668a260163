//! What happened inside the spans that are drawn: exceptions and other events, gaps, a server that
//! went on, log lines; each at its time between the span's children.

use std::collections::HashMap;

use super::rows::{Row, Rows, Shows};
use super::view::Scope;
use super::{ROWS_MAX, TraceReport, lines};
use crate::model::{SpanKind, UnixNanos};
use crate::traces::{Analysis, FindingKind};

/// The events and log lines drawn when they are asked for, unless everything is.
const ASKED_MAX: usize = 200;

/// Adds the rows; what finds no room is counted in `unsaid`.
pub(super) fn add(rows: &mut Rows, report: &TraceReport, scope: &Scope) {
    let (analysis, options) = (report.analysis(), &report.options);
    let places: HashMap<usize, usize> =
        rows.drawn.iter().enumerate().filter_map(|(at, row)| Some((span_of(row)?, at))).collect();
    let mut found = notes(analysis, &places, scope);
    if options.view.events {
        found.retain(|(_, shows)| !matches!(shows, Shows::Event { .. }));
    }
    let room = if options.all { usize::MAX } else { ROWS_MAX.saturating_sub(rows.drawn.len()) };
    rows.unsaid += found.len().saturating_sub(room);
    found.truncate(room);
    let mut asked = if options.view.events { every_event(analysis, &places) } else { Vec::new() };
    let lines = lines::place(report, &places, scope);
    rows.unsaid += report.logs.as_ref().map_or(0, Vec::len) - lines.len();
    asked.extend(lines);
    let room = if options.all { usize::MAX } else { ASKED_MAX };
    rows.unsaid += asked.len().saturating_sub(room);
    asked.truncate(room);
    found.extend(asked);
    let spans = rows.drawn.len();
    for (above, shows) in found {
        let depth = rows.drawn[above].depth + 1;
        rows.drawn.push(Row::new(shows, depth, Some(above)));
    }
    if rows.drawn.len() > spans {
        rows.drawn = arranged(std::mem::take(&mut rows.drawn), spans, analysis);
    }
}

fn span_of(row: &Row) -> Option<usize> {
    if let Shows::Span(span) = row.shows { Some(span) } else { None }
}

/// Returns what is drawn unasked, the most telling first, with the place of the row above each.
fn notes(
    analysis: &Analysis,
    places: &HashMap<usize, usize>,
    scope: &Scope,
) -> Vec<(usize, Shows)> {
    let nodes = analysis.tree.nodes();
    let mut child_failed = vec![false; nodes.len()];
    for parent in analysis.errors.rows.iter().filter_map(|row| nodes[*row].parent) {
        child_failed[parent] = true;
    }
    // What is thrown on to the caller is recorded again on every span above: once is enough.
    let told = |row: usize, name: &str| match name {
        "exception" => !child_failed[row],
        name => name == "retry",
    };
    let mut drawn: Vec<usize> = places.keys().copied().collect();
    drawn.sort_unstable();
    let exceptions = drawn.iter().flat_map(|row| events(analysis, *row));
    let mut found: Vec<(usize, Shows)> = exceptions
        .filter(|(row, event, _)| told(*row, &nodes[*row].span.events[*event].name))
        .map(|(span, event, at)| (places[&span], Shows::Event { span, event, at }))
        .collect();
    found.extend(went_on(analysis, &drawn, places));
    let gaps = analysis.gaps.iter().enumerate();
    let gaps = gaps.filter(|(_, gap)| scope.focus.contains(&gap.row));
    found.extend(gaps.filter_map(|(at, gap)| Some((*places.get(&gap.row)?, Shows::Gap(at)))));
    found
}

fn events(analysis: &Analysis, row: usize) -> impl Iterator<Item = (usize, usize, UnixNanos)> {
    let node = &analysis.tree.nodes()[row];
    let events = node.span.events.iter().enumerate();
    events.map(move |(at, event)| (row, at, node.shifted(event.time)))
}

fn every_event(analysis: &Analysis, places: &HashMap<usize, usize>) -> Vec<(usize, Shows)> {
    let mut drawn: Vec<(usize, usize)> = places.iter().map(|(row, at)| (*row, *at)).collect();
    drawn.sort_unstable();
    let events = drawn.into_iter().flat_map(|(row, place)| {
        events(analysis, row)
            .map(move |(span, event, at)| (place, Shows::Event { span, event, at }))
    });
    events.collect()
}

fn went_on(
    analysis: &Analysis,
    drawn: &[usize],
    places: &HashMap<usize, usize>,
) -> Vec<(usize, Shows)> {
    let nodes = analysis.tree.nodes();
    let kind = FindingKind::ServerWentOn;
    let found = analysis.findings.iter().filter(|finding| finding.kind == kind);
    let found = found.filter_map(|finding| {
        let is_server = |row: &&usize| {
            let span = &nodes[**row].span;
            span.kind == SpanKind::Server && finding.spans.first() == Some(&span.span_id)
        };
        let row = drawn.iter().find(is_server)?;
        let at = nodes[nodes[*row].parent?].end;
        Some((places[row], Shows::WentOn { at, nanos: finding.duration_ns }))
    });
    found.collect()
}

/// Brings rows into their order: those before `spans` are, the others stand at their end.
fn arranged(rows: Vec<Row>, spans: usize, analysis: &Analysis) -> Vec<Row> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut roots = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        match row.parent {
            Some(parent) => below[parent].push(place),
            None => roots.push(place),
        }
    }
    for siblings in below.iter_mut().filter(|row| row.last().is_some_and(|last| *last >= spans)) {
        siblings.sort_by_key(|place| begins(&rows[*place].shows, analysis));
    }
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let mut arranged = Vec::with_capacity(rows.len());
    let mut todo: Vec<usize> = roots.into_iter().rev().collect();
    while let Some(place) = todo.pop() {
        arranged.extend(rows[place].take());
        todo.extend(below[place].iter().rev());
    }
    arranged
}

fn begins(shows: &Shows, analysis: &Analysis) -> UnixNanos {
    let start = |row: usize| analysis.tree.nodes()[row].start;
    match shows {
        Shows::Span(row) => start(*row),
        Shows::Fold { members, .. } => start(members[0]),
        Shows::Gap(place) => analysis.gaps[*place].start,
        Shows::Event { at, .. } | Shows::WentOn { at, .. } | Shows::Line { at: Some(at), .. } => {
            *at
        }
        Shows::Missing(_) | Shows::Line { at: None, .. } => UnixNanos(i64::MIN),
    }
}
