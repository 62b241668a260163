//! The bars on the axis: what of a row's time is drawn how.

use super::rows::Shows;
use super::scale::Scale;
use crate::traces::{Analysis, Section};

/// One column of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Before or after the span.
    Blank,
    /// The span, while the trace waited for something else.
    Off,
    /// The span's own work on the critical path.
    Path,
    /// A span event.
    Event,
    /// A log line.
    Line,
    /// The end of a failed span.
    Failed,
    /// The end of what is drawn of a running span.
    Running,
    /// One or more folded spans.
    Folded,
    /// Time that no child accounts for.
    Gap,
}

impl Cell {
    /// Returns how the column is drawn.
    pub(super) fn symbol(self) -> char {
        match self {
            Self::Blank => ' ',
            Self::Off => '░',
            Self::Path => '█',
            Self::Event => '◆',
            Self::Line => '•',
            Self::Failed => '✗',
            Self::Running => '…',
            Self::Folded => '▪',
            Self::Gap => '╌',
        }
    }
}

/// Draws what a row shows; `sections` are those of its span, in the order of time.
pub(super) fn bar(
    analysis: &Analysis,
    scale: &Scale,
    shows: &Shows,
    sections: &[Section],
) -> Vec<Cell> {
    let mut cells = vec![Cell::Blank; scale.width];
    match shows {
        Shows::Span(row) => draw_span(analysis, scale, *row, sections, &mut cells),
        Shows::Fold { members, .. } => {
            for node in members.iter().map(|row| &analysis.tree.nodes()[*row]) {
                cells[scale.columns(node.start, node.end)].fill(Cell::Folded);
            }
        }
        Shows::Gap(place) => {
            let gap = &analysis.gaps[*place];
            cells[scale.columns(gap.start, gap.end)].fill(Cell::Gap);
        }
        Shows::Event { at, .. } if scale.shows(*at, *at) => cells[scale.column(*at)] = Cell::Event,
        Shows::Line { at: Some(at), .. } if scale.shows(*at, *at) => {
            cells[scale.column(*at)] = Cell::Line;
        }
        _ => {}
    }
    cells
}

fn draw_span(
    analysis: &Analysis,
    scale: &Scale,
    row: usize,
    sections: &[Section],
    cells: &mut [Cell],
) {
    let node = &analysis.tree.nodes()[row];
    if !scale.shows(node.start, node.end) {
        return;
    }
    let columns = scale.columns(node.start, node.end);
    cells[columns.clone()].fill(Cell::Off);
    for section in sections.iter().filter(|one| scale.shows(one.start, one.end)) {
        // A column belongs to the section that its middle falls in.
        let from = scale.halves(section.start).div_ceil(2).clamp(columns.start, columns.end);
        let to = scale.halves(section.end).div_ceil(2).clamp(from, columns.end);
        cells[from..to].fill(Cell::Path);
    }
    let longest = sections.iter().max_by_key(|section| section.end.since(section.start));
    let longest = longest.filter(|one| scale.shows(one.start, one.end));
    if let Some(longest) = longest.filter(|_| !cells.contains(&Cell::Path)) {
        cells[scale.column(longest.start)] = Cell::Path;
    }
    let events = node.span.events.iter().filter(|event| event.name != "exception");
    for at in events.map(|event| node.shifted(event.time)).filter(|at| scale.shows(*at, *at)) {
        cells[scale.column(at)] = Cell::Event;
    }
    let end = &mut cells[columns.end - 1];
    if node.span.end.is_none() {
        *end = Cell::Running;
    } else if node.failed {
        *end = Cell::Failed;
    }
}
