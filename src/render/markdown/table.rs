//! Tables: in columns where they fit, else row by row.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

use crate::render::{Theme, Tone, text};

/// What marks the end of the header, and is not shown; no cell has it, as cells are harmless.
const BELOW_HEADER: char = '\u{1}';

/// A table's harmless cells, its header first.
#[derive(Debug, Default)]
pub(super) struct TableCells {
    rows: Vec<Vec<String>>,
    row: Vec<String>,
}

impl TableCells {
    pub(super) fn cell(&mut self, words: String) {
        self.row.push(words);
    }

    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Writes the table; row by row when a word would have to be broken to fit.
    pub(super) fn write(self, out: &mut dyn Write, theme: &Theme, width: usize) -> io::Result<()> {
        let Some((header, rows)) = self.rows.split_first() else { return Ok(()) };
        let longest = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let words = cells.flat_map(|cell| cell.split(' '));
            words.map(text::columns).max().unwrap_or(0)
        };
        let needed: usize = (0..header.len()).map(|column| longest(column) + 2).sum();
        if needed > width {
            return stacked(out, theme, width, header, rows);
        }
        let mut table = Table::new();
        let mut style = presets::NOTHING;
        style.header_separator.fill = Some(BELOW_HEADER);
        table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table.set_header(header);
        for (place, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            let narrowest = u16::try_from(longest(place) + 2).unwrap_or(u16::MAX);
            column.set_constraint(comfy_table::ColumnConstraint::LowerBoundary(
                comfy_table::Width::Fixed(narrowest),
            ));
        }
        for row in rows {
            table.add_row(row);
        }
        // Painted when it stands: the table would count escape sequences as columns.
        let mut in_header = true;
        for line in table.lines() {
            let line = line.trim_end();
            match (in_header, line.contains(BELOW_HEADER)) {
                (true, true) => in_header = false,
                (true, false) => writeln!(out, "{}", theme.paint(Tone::Strong, line))?,
                (false, _) => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    }
}

fn stacked(
    out: &mut dyn Write,
    theme: &Theme,
    width: usize,
    header: &[String],
    rows: &[Vec<String>],
) -> io::Result<()> {
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        for (name, cell) in header.iter().zip(row) {
            let lines = text::wrap(&format!("{name}: {cell}"), width, 2);
            let (first, rest) = lines.split_at(1);
            let first = first.concat();
            let value = first.get(name.len()..).unwrap_or_default();
            writeln!(out, "{}{value}", theme.paint(Tone::Strong, name))?;
            rest.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
    }
    Ok(())
}
