//! A table of steps, indented by what they stand under: what comparisons of traces are drawn as.

use std::io::{self, Write};

use super::waterfall::ink::{Line, width};
use super::{Theme, Tone, room, text};

/// The rows drawn unless everything is asked for.
const ROWS_MAX: usize = 60;

/// How far one level is indented, and from which level on no further.
const INDENT: usize = 2;
const INDENTS_MAX: usize = 12;

/// The columns of a number.
const CELL: usize = 9;

/// The columns behind the numbers.
const NOTE: usize = 16;

/// A row of the table.
#[derive(Debug, Clone)]
pub(super) struct StepRow {
    /// The number of steps above it; each row stands under the last one before it with one less.
    pub(super) depth: usize,
    /// What stands in front: one column.
    pub(super) mark: (Tone, &'static str),
    /// The service; drawn where it is another than that of the step above.
    pub(super) service: String,
    /// What was done.
    pub(super) name: String,
    /// The numbers, as they are shown.
    pub(super) cells: [String; 3],
    /// What stands behind them.
    pub(super) note: (Tone, String),
    /// How much it matters; a row of 0 is only drawn for what is below it.
    pub(super) weight: u64,
}

/// Writes the heading and the rows that matter most, with those above them; says how many of `rows`
/// are left out, in words and with the option that shows them.
pub(super) fn draw(
    rows: &[StepRow],
    (headings, alike): ([&str; 3], &str),
    all: bool,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let label_end = width(theme).saturating_sub(3 * CELL + NOTE).max(20);
    let mut line = Line::new(theme);
    line.push(Some(Tone::Dim), "  step");
    line.pad(label_end);
    for heading in headings {
        line.push(Some(Tone::Dim), &format!("{heading:>CELL$}"));
    }
    line.end(out)?;
    let above = above(rows);
    let kept = if all { vec![true; rows.len()] } else { keep(rows, &above) };
    for ((row, above), _) in rows.iter().zip(&above).zip(&kept).filter(|(_, keep)| **keep) {
        let mut line = Line::new(theme);
        line.push(Some(row.mark.0), row.mark.1);
        line.pad(2 + INDENT * row.depth.min(INDENTS_MAX));
        line.until(label_end);
        if above.is_none_or(|above| rows[above].service != row.service) {
            let service = text::harmless(&row.service);
            line.push(Some(Tone::Strong), &text::cut(&service, line.room() / 2));
            line.push(None, " ");
        }
        line.push(None, &text::cut_middle(&text::harmless(&row.name), line.room()));
        line.until(usize::MAX);
        line.pad(label_end);
        for cell in &row.cells {
            line.push(None, &format!("{cell:>CELL$}"));
        }
        line.push(None, "  ");
        line.push(Some(row.note.0), &row.note.1);
        line.end(out)?;
    }
    match kept.iter().filter(|keep| !**keep).count() {
        0 => Ok(()),
        left => writeln!(out, "{} {alike} not shown (--all)", text::counted(left, "step")),
    }
}

/// Returns the row above each.
fn above(rows: &[StepRow]) -> Vec<Option<usize>> {
    let mut path: Vec<usize> = Vec::new();
    let of_row = |(place, row): (usize, &StepRow)| {
        path.truncate(row.depth);
        let above = path.last().copied();
        path.push(place);
        above
    };
    rows.iter().enumerate().map(of_row).collect()
}

/// Says for each row whether it is drawn: the weightiest, and those above them.
fn keep(rows: &[StepRow], above: &[Option<usize>]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..rows.len()).filter(|row| rows[*row].weight > 0).collect();
    order.sort_by_key(|row| (std::cmp::Reverse(rows[*row].weight), *row));
    let mut kept: Vec<bool> = rows.iter().map(|row| row.depth == 0).collect();
    let room = ROWS_MAX.saturating_sub(kept.iter().filter(|keep| **keep).count());
    room::keep(order, |place| above[place], &mut kept, room);
    kept
}
