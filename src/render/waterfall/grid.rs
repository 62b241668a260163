//! The waterfall: a heading with the axis, and a line for each row.

use std::collections::HashMap;
use std::io::{self, Write};

use super::TraceReport;
use super::bars::{self, Cell};
use super::columns::{Columns, percent, sum_of};
use super::ink::Line;
use super::rows::{Row, Rows, Shows};
use super::scale::Scale;
use super::view::Scope;
use crate::model::SpanId;
use crate::render::theme::{duration, service_tones};
use crate::render::{Theme, Tone, text};
use crate::traces::{FindingKind, Node, Section};

/// Writes the heading with its axis and every row.
pub(super) fn draw(
    report: &TraceReport,
    rows: &Rows,
    scope: &Scope,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let grid = Grid::new(report, (rows, scope), theme, Columns::of(theme).bar_width);
    let columns = &grid.columns;
    let mut heading = Line::new(theme);
    heading.push(None, "  ");
    heading.push(Some(Tone::Dim), "span");
    heading.pad(columns.label_end);
    columns.times(&mut heading, ["total", "self", "crit"]);
    heading.push(Some(Tone::Dim), &grid.scale.axis());
    heading.end(out)?;
    rows.drawn.iter().try_for_each(|row| grid.draw(row, out))
}

/// Returns for each span that is one of several tries which one it is, of how many.
fn tries(report: &TraceReport) -> HashMap<SpanId, (usize, usize)> {
    let retries = report.findings.iter().filter(|finding| finding.kind == FindingKind::Retry);
    let tries = retries.flat_map(|finding| {
        let spans = finding.spans.iter().enumerate();
        spans.map(|(at, span)| (*span, (at + 1, finding.spans.len())))
    });
    tries.collect()
}

/// What every line is drawn with.
pub(super) struct Grid<'a> {
    pub(super) report: &'a TraceReport,
    theme: &'a Theme,
    columns: Columns,
    pub(super) scale: Scale,
    /// The stretches of each row on the critical path.
    pub(super) sections: HashMap<usize, Vec<Section>>,
    services: HashMap<&'a str, Tone>,
    pub(super) tries: HashMap<SpanId, (usize, usize)>,
}

impl<'a> Grid<'a> {
    /// Prepares drawing; the axis has `bar_width` columns.
    pub(super) fn new(
        report: &'a TraceReport,
        (rows, scope): (&Rows, &Scope),
        theme: &'a Theme,
        bar_width: usize,
    ) -> Self {
        let scale = Scale::new(report.analysis(), scope, bar_width);
        let mut sections: HashMap<usize, Vec<Section>> = HashMap::new();
        for row in &rows.drawn {
            if let Shows::Span(span) = row.shows {
                sections.insert(span, Vec::new());
            }
        }
        for section in &report.analysis().path.sections {
            if let Some(of_row) = sections.get_mut(&section.row) {
                of_row.push(*section);
            }
        }
        let services = service_tones(&report.analysis().services);
        let columns = Columns::of(theme);
        Self { report, theme, columns, scale, sections, services, tries: tries(report) }
    }

    fn draw(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let mut line = Line::new(self.theme);
        let node = self.node(row);
        let (tone, mark) = match (&row.shows, node) {
            (Shows::Missing(_), _) => (Tone::Warn, "?"),
            (_, Some(node)) if node.failed => (Tone::Bad, "✗"),
            (_, Some(node)) if node.span.end.is_none() => (Tone::Warn, "…"),
            (_, Some(node)) if node.offset_ns != 0 => (Tone::Warn, "⇄"),
            _ => (Tone::Dim, " "),
        };
        line.push(Some(tone), mark);
        line.push(None, " ");
        if row.is_note() {
            self.draw_note(&mut line, row);
            return line.end(out);
        }
        line.until(self.columns.label_end);
        line.push(Some(Tone::Dim), &branch(row, self.columns.label_end));
        match node {
            Some(node) => self.label(&mut line, row, node),
            None => line.push(Some(Tone::Warn), &self.nameless(row)),
        }
        line.until(usize::MAX);
        line.pad(self.columns.label_end);
        self.columns.times(&mut line, self.times(row).each_ref().map(String::as_str));
        self.bar(&mut line, row, node);
        line.end(out)
    }

    /// Writes text over the columns of the times too, up to where on the axis it belongs.
    fn draw_note(&self, line: &mut Line<'_>, row: &Row) {
        let column = match row.shows {
            Shows::Event { at, .. } | Shows::Line { at: Some(at), .. } => self.scale.column(at),
            _ => self.scale.width,
        };
        line.until(self.columns.bar + column.saturating_sub(1));
        line.push(Some(Tone::Dim), &branch(row, self.columns.label_end));
        let (tone, text) = self.note(row);
        line.push(Some(tone), &text);
        line.until(usize::MAX);
        if column < self.scale.width {
            line.pad(self.columns.bar + column);
            let cells = bars::bar(self.report.analysis(), &self.scale, &row.shows, &[]);
            line.push(Some(tone), &cells[column].symbol().to_string());
        }
    }

    pub(super) fn node(&self, row: &Row) -> Option<&Node> {
        let nodes = self.report.analysis().tree.nodes();
        match &row.shows {
            Shows::Span(span) => Some(&nodes[*span]),
            Shows::Fold { members, .. } => Some(&nodes[members[0]]),
            _ => None,
        }
    }

    /// Returns total, self and percent on the critical path; empty where there is nothing to say.
    pub(super) fn times(&self, row: &Row) -> [String; 3] {
        let analysis = self.report.analysis();
        let (nodes, self_ns, path_ns) =
            (analysis.tree.nodes(), &analysis.self_ns, &analysis.path.row_ns);
        let sum = |rows: &[usize], of: &dyn Fn(usize) -> i64| {
            rows.iter().map(|row| of(*row)).fold(0, i64::saturating_add)
        };
        let (rows, running) = match &row.shows {
            Shows::Span(span) => (std::slice::from_ref(span), nodes[*span].span.end.is_none()),
            Shows::Fold { members, .. } => (members.as_slice(), false),
            Shows::Gap(place) => {
                let gap = &analysis.gaps[*place];
                return [duration(gap.end.since(gap.start)), String::new(), String::new()];
            }
            _ => return Default::default(),
        };
        let total = duration(sum(rows, &|row| nodes[row].duration_ns()));
        let total = if running { format!("{total}…") } else { total };
        let own = duration(sum(rows, &|row| self_ns[row]));
        let critical = match sum(rows, &|row| path_ns[row]) {
            0 => String::new(),
            on_path => percent(on_path, sum_of(path_ns)),
        };
        [total, own, critical]
    }

    fn bar(&self, line: &mut Line<'_>, row: &Row, node: Option<&Node>) {
        if let Some(text) = self.instead_of_bar(row) {
            line.push(Some(Tone::Warn), &text);
            return;
        }
        let none = Vec::new();
        let sections = match &row.shows {
            Shows::Span(span) => self.sections.get(span).unwrap_or(&none),
            _ => &none,
        };
        let cells = bars::bar(self.report.analysis(), &self.scale, &row.shows, sections);
        for run in cells.chunk_by(|one, other| one == other) {
            let tone = match run[0] {
                Cell::Blank => None,
                Cell::Failed => Some(Tone::Bad),
                Cell::Off => Some(Tone::Dim),
                Cell::Running | Cell::Event | Cell::Gap | Cell::Line => Some(Tone::Warn),
                Cell::Path | Cell::Folded => node.map(|node| self.tone(node)),
            };
            let drawn: String = run.iter().map(|cell| cell.symbol()).collect();
            line.push(tone, &drawn);
        }
    }

    pub(super) fn tone(&self, node: &Node) -> Tone {
        self.services.get(node.span.service.as_str()).copied().unwrap_or(Tone::Dim)
    }

    pub(super) fn shown(&self, text: &str) -> String {
        text::harmless(&self.report.spans.masked(text)).into_owned()
    }
}

/// Draws the lines from the ancestors; in a deep tree only the innermost levels, after `…`.
fn branch(row: &Row, label_end: usize) -> String {
    if row.depth == 0 {
        return String::new();
    }
    let levels = row.guides.len().min(label_end / 4);
    let cut = if levels < row.depth - 1 { "…" } else { "" };
    let guides = row.guides[row.guides.len() - levels..].iter();
    let guides: String = guides.map(|follows| if *follows { "│ " } else { "  " }).collect();
    let joint = match (&row.shows, row.last) {
        _ if row.is_note() => {
            if row.last {
                "  "
            } else {
                "│ "
            }
        }
        (Shows::Gap(_), true) => "└╌",
        (Shows::Gap(_), false) => "├╌",
        (_, true) => "└─",
        (_, false) => "├─",
    };
    format!("{cut}{guides}{joint}")
}
