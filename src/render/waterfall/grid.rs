//! The waterfall: a heading with the axis, and a line for each row.

use std::collections::HashMap;
use std::io::{self, Write};

use super::TraceReport;
use super::bars::{self, Cell, Scale};
use super::columns::{Columns, percent, sum_of};
use super::ink::Line;
use super::rows::{Row, Rows, Shows};
use crate::render::theme::duration;
use crate::render::{Theme, Tone, text};
use crate::traces::{Node, Section};

/// Writes the heading with its axis and every row.
pub(super) fn draw(
    report: &TraceReport,
    rows: &Rows,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let columns = Columns::of(theme);
    let scale = Scale::new(report.analysis(), columns.bar_width);
    let mut sections: HashMap<usize, Vec<Section>> = HashMap::new();
    for section in &report.analysis().path.sections {
        sections.entry(section.row).or_default().push(*section);
    }
    let mut heading = Line::new(theme);
    heading.push(None, "  ");
    heading.push(Some(Tone::Dim), "span");
    heading.pad(columns.label_end);
    columns.times(&mut heading, ["total", "self", "crit"]);
    heading.push(Some(Tone::Dim), &scale.axis());
    heading.end(out)?;

    let services = report.analysis().services.iter().enumerate();
    let services = services.map(|(place, name)| (name.as_str(), place)).collect();
    let grid = Grid { report, theme, columns, scale, sections, services };
    rows.drawn.iter().try_for_each(|row| grid.draw(row, out))
}

struct Grid<'a> {
    report: &'a TraceReport,
    theme: &'a Theme,
    columns: Columns,
    scale: Scale,
    sections: HashMap<usize, Vec<Section>>,
    services: HashMap<&'a str, usize>,
}

impl Grid<'_> {
    fn draw(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let mut line = Line::new(self.theme);
        let node = self.node(row);
        let (tone, mark) = match node.map(|node| &node.span) {
            None => (Tone::Warn, "?"),
            Some(span) if span.is_error() => (Tone::Bad, "✗"),
            Some(span) if span.end.is_none() => (Tone::Warn, "…"),
            Some(_) => (Tone::Dim, " "),
        };
        line.push(Some(tone), mark);
        line.push(None, " ");
        line.until(self.columns.label_end);
        line.push(Some(Tone::Dim), &branch(row, self.columns.label_end));
        match node {
            Some(node) => self.label(&mut line, row, node),
            None => line.push(Some(Tone::Warn), &self.missing(row)),
        }
        line.until(usize::MAX);
        line.pad(self.columns.label_end);
        self.columns.times(&mut line, self.times(row).each_ref().map(String::as_str));
        self.bar(&mut line, row, node);
        line.end(out)
    }

    fn node(&self, row: &Row) -> Option<&Node> {
        let nodes = self.report.analysis().tree.nodes();
        match &row.shows {
            Shows::Span(span) => Some(&nodes[*span]),
            Shows::Fold { members, .. } => Some(&nodes[members[0]]),
            Shows::Missing(_) => None,
        }
    }

    /// Writes the service where it changes, the name, and what must not be cut off behind it.
    fn label(&self, line: &mut Line<'_>, row: &Row, node: &Node) {
        let nodes = self.report.analysis().tree.nodes();
        let above = node.parent.map(|parent| nodes[parent].span.service.as_str());
        let what = match &row.shows {
            Shows::Fold { members, sequential } => {
                let how = if *sequential { "N+1" } else { "fan-out" };
                format!(" ×{}  {how}", members.len())
            }
            _ => node.span.http_status().map(|code| format!(" {code}")).unwrap_or_default(),
        };
        let hidden = if row.hidden > 0 { format!(" +{}", row.hidden) } else { String::new() };
        let behind = what + &hidden;
        if above != Some(node.span.service.as_str()) {
            let service = self.shown(&node.span.service);
            line.push(Some(self.tone(node)), text::cut(&service, line.room() / 2).as_ref());
            line.push(None, " ");
        }
        let room = line.room().saturating_sub(text::columns(&behind));
        let name = self.shown(&node.span.name);
        let is_url = name.contains("://") || name.starts_with('/');
        let name = if is_url { text::cut_middle(&name, room) } else { text::cut(&name, room) };
        line.push(None, &name);
        let tone = if node.span.is_error() { Tone::Bad } else { Tone::Dim };
        line.push(Some(tone), &behind);
    }

    fn missing(&self, row: &Row) -> String {
        let missing = self.report.analysis().tree.missing();
        match &row.shows {
            Shows::Missing(place) => format!("missing span {}", missing[*place].span_id),
            _ => String::new(),
        }
    }

    /// Returns total, self and percent on the critical path; empty where there is nothing to say.
    fn times(&self, row: &Row) -> [String; 3] {
        let analysis = self.report.analysis();
        let (nodes, self_ns, path_ns) =
            (analysis.tree.nodes(), &analysis.self_ns, &analysis.path.row_ns);
        let sum = |rows: &[usize], of: &dyn Fn(usize) -> i64| {
            rows.iter().map(|row| of(*row)).fold(0, i64::saturating_add)
        };
        let (rows, running) = match &row.shows {
            Shows::Span(span) => (std::slice::from_ref(span), nodes[*span].span.end.is_none()),
            Shows::Fold { members, .. } => (members.as_slice(), false),
            Shows::Missing(_) => return Default::default(),
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
        let none = Vec::new();
        let sections = match &row.shows {
            Shows::Span(span) => self.sections.get(span).unwrap_or(&none),
            _ => &none,
        };
        let cells = bars::bar(self.report.analysis(), self.scale, &row.shows, sections);
        for run in cells.chunk_by(|one, other| one == other) {
            let tone = match run[0] {
                Cell::Blank => None,
                Cell::Failed => Some(Tone::Bad),
                Cell::Off => Some(Tone::Dim),
                Cell::Running | Cell::Event => Some(Tone::Warn),
                Cell::Path | Cell::Folded => node.map(|node| self.tone(node)),
            };
            let drawn: String = run.iter().map(|cell| cell.symbol()).collect();
            line.push(tone, &drawn);
        }
    }

    fn tone(&self, node: &Node) -> Tone {
        Tone::Service(self.services.get(node.span.service.as_str()).copied().unwrap_or(0))
    }

    fn shown(&self, text: &str) -> String {
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
    format!("{cut}{guides}{}", if row.last { "└─" } else { "├─" })
}
