//! The waterfall as a picture: a row a span, its bar on the axis of time.

use std::collections::HashMap;
use std::io::{self, Write};

use super::super::TraceReport;
use super::super::bars::Scale;
use super::super::rows::{Row, Rows, Shows};
use super::markup::escaped;
use crate::model::UnixNanos;
use crate::render::text::{columns, cut, cut_middle};
use crate::render::theme::{duration, service_hue};
use crate::traces::{Node, Section};

/// The picture's width, and that of its parts, in its own units: CSS pixels where nothing scales it.
const WIDTH: usize = 1_200;
const LABEL_WIDTH: usize = 420;
const TIME_WIDTH: usize = 70;
const BARS_WIDTH: usize = WIDTH - LABEL_WIDTH - TIME_WIDTH - 10;

/// A row's height; a bar is a little lower.
const ROW_HEIGHT: usize = 20;

/// The height above the first row, for the axis.
const HEAD_HEIGHT: usize = 26;

/// How far a level is indented, and from which level on no further.
const INDENT: usize = 12;
const INDENTS_MAX: usize = 20;

/// What a character of the labels takes of the width.
const CHARACTER_WIDTH: f64 = 6.7;

/// Columns of the scale in a unit of width: bars are placed to a tenth.
const FINE: usize = 10;

/// What colours the picture, in it or in the page around it.
///
/// Red is for failures alone; services have the hues of the other commands.
pub(super) const STYLE: &str = "\
.trace{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;background:#fff}
.trace text{fill:#1b1f24}.trace .dim{fill:#66707b}.trace .bad{fill:#c62828}.trace .warn{fill:#8a5a00}
.trace .line{stroke:#d5dae0;stroke-width:1}.trace .off{opacity:.38}.trace .gap{fill:none;stroke:#8a5a00;stroke-dasharray:3 2}
.trace .failed{fill:none;stroke:#c62828;stroke-width:2}.trace .event{fill:#1b1f24}.trace .row:hover .hover{opacity:.08}
.trace .hover{fill:#66707b;opacity:0}
@media (prefers-color-scheme:dark){.trace{background:#14171b}.trace text{fill:#e4e8ec}.trace .dim{fill:#98a2ad}
.trace .bad{fill:#ff7b72}.trace .warn{fill:#e3b341}.trace .line{stroke:#30363d}.trace .gap{stroke:#e3b341}
.trace .failed{stroke:#ff7b72}.trace .event{fill:#e4e8ec}}
@media print{.trace{background:#fff}}";

/// Writes the picture as a file of its own: with its colours, and with the trace's name above.
pub(in super::super) fn svg(
    report: &TraceReport,
    rows: &Rows,
    out: &mut dyn Write,
) -> io::Result<()> {
    let drawing = Drawing::new(report, rows, 2 * ROW_HEIGHT);
    drawing.open(out, &format!("<style>{STYLE}</style>"))?;
    let title = format!("trace {} · {}", report.name_of_trace(), summary(report));
    writeln!(out, "<text x=\"6\" y=\"16\" font-weight=\"bold\">{}</text>", escaped(&title))?;
    let said = left_out(rows);
    writeln!(out, "<text x=\"6\" y=\"32\" class=\"dim\">{}</text>", escaped(&said))?;
    drawing.body(out)
}

/// Writes the picture to stand in a page that has [`STYLE`].
pub(super) fn inline(report: &TraceReport, rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let drawing = Drawing::new(report, rows, 0);
    drawing.open(out, "")?;
    drawing.body(out)
}

/// Returns the operation, its length and its size in a line.
pub(super) fn summary(report: &TraceReport) -> String {
    let code = report.status_code.map(|code| format!(" {code}")).unwrap_or_default();
    let spans = crate::render::text::counted(report.analysis().tree.nodes().len(), "span");
    let complete = if report.complete { "complete" } else { "INCOMPLETE" };
    let length = duration(report.analysis().duration_ns());
    format!("{}{code} · {length} · {spans} · {complete}", report.name)
}

/// Returns what the picture does not show, in words; what it means where it shows everything.
pub(super) fn left_out(rows: &Rows) -> String {
    let mut said = vec!["solid: what the trace waited for · pale: meanwhile".to_owned()];
    if rows.folded > 0 {
        said.push(format!("{} spans folded into rows of their kind", rows.folded));
    }
    if rows.hidden > 0 {
        let failed = match rows.hidden_errors {
            0 => String::new(),
            errors => format!(", {errors} of them failed"),
        };
        said.push(format!("{} spans not drawn{failed} (--all draws them)", rows.hidden));
    }
    said.join(" · ")
}

struct Drawing<'a> {
    report: &'a TraceReport,
    rows: &'a Rows,
    scale: Scale,
    sections: HashMap<usize, Vec<Section>>,
    top: usize,
}

impl<'a> Drawing<'a> {
    fn new(report: &'a TraceReport, rows: &'a Rows, top: usize) -> Self {
        let scale = Scale::new(report.analysis(), BARS_WIDTH * FINE);
        let mut sections: HashMap<usize, Vec<Section>> = HashMap::new();
        for section in &report.analysis().path.sections {
            sections.entry(section.row).or_default().push(*section);
        }
        Self { report, rows, scale, sections, top }
    }

    fn open(&self, out: &mut dyn Write, style: &str) -> io::Result<()> {
        let height = self.top + HEAD_HEIGHT + ROW_HEIGHT * self.rows.drawn.len() + 6;
        let label = escaped(&format!("waterfall of {}", summary(self.report)));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"trace\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{label}\">{style}"
        )
    }

    fn body(&self, out: &mut dyn Write) -> io::Result<()> {
        self.axis(out)?;
        let rows = self.rows.drawn.iter().enumerate();
        for (place, row) in rows {
            let y = self.top + HEAD_HEIGHT + place * ROW_HEIGHT;
            self.row(row, y, out)?;
        }
        writeln!(out, "</svg>")
    }

    fn axis(&self, out: &mut dyn Write) -> io::Result<()> {
        let bottom = self.top + HEAD_HEIGHT + ROW_HEIGHT * self.rows.drawn.len();
        for (column, label) in self.scale.ticks(8) {
            let x = bar_x(column);
            let y = self.top + 16;
            writeln!(
                out,
                "<line class=\"line\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{bottom}\"/>\
                 <text class=\"dim\" x=\"{x}\" dx=\"3\" y=\"{y}\">{label}</text>",
                self.top + 6
            )?;
        }
        Ok(())
    }

    fn row(&self, row: &Row, y: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "<g class=\"row\">")?;
        writeln!(
            out,
            "<rect class=\"hover\" x=\"0\" y=\"{y}\" width=\"{WIDTH}\" height=\"{ROW_HEIGHT}\"/>"
        )?;
        let nodes = self.report.analysis().tree.nodes();
        match &row.shows {
            Shows::Span(span) => self.span(row, *span, y, out)?,
            Shows::Fold { members, sequential } => {
                let how = if *sequential { "N+1" } else { "fan-out" };
                let first = &nodes[members[0]];
                let behind = format!(" ×{} {how}", members.len());
                let total = members.iter().map(|row| nodes[*row].duration_ns());
                let total = duration(total.fold(0, i64::saturating_add));
                self.label(row, first, &behind, "warn", y, out)?;
                time(&total, y, out)?;
                for member in members {
                    self.bar(&nodes[*member], "off", y, out)?;
                }
            }
            Shows::Missing(place) => {
                let id = self.report.analysis().tree.missing()[*place].span_id;
                let text = format!("? span {id} was never received");
                let (x, y) = (label_x(row), y + 14);
                writeln!(out, "<text class=\"warn\" x=\"{x}\" y=\"{y}\">{text}</text>")?;
            }
        }
        writeln!(out, "</g>")
    }

    fn span(&self, row: &Row, span: usize, y: usize, out: &mut dyn Write) -> io::Result<()> {
        let node = &self.report.analysis().tree.nodes()[span];
        let failed = node.span.is_error();
        let code = node.span.http_status().map(|code| format!(" {code}")).unwrap_or_default();
        let hidden = if row.hidden > 0 { format!(" +{}", row.hidden) } else { String::new() };
        let class = if failed { "bad" } else { "" };
        writeln!(out, "<title>{}</title>", escaped(&self.told(node, span)))?;
        self.label(row, node, &(code + &hidden), class, y, out)?;
        let running = if node.span.end.is_none() { "…" } else { "" };
        time(&format!("{}{running}", duration(node.duration_ns())), y, out)?;
        self.bar(node, "off", y, out)?;
        for section in self.sections.get(&span).into_iter().flatten() {
            self.stretch(node, (section.start, section.end), "on", y, out)?;
        }
        if failed {
            let (x, width) = self.place(node.span.start, node.end);
            writeln!(
                out,
                "<rect class=\"failed\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"12\"/>",
                y + 4
            )?;
        }
        for event in node.span.events.iter().filter(|event| event.name != "exception") {
            let (x, _) = self.place(event.time, event.time);
            let y = y + 10;
            let name = escaped(&self.report.spans.masked(&event.name));
            writeln!(
                out,
                "<path class=\"event\" d=\"M{x} {}l4 4-4 4-4-4z\"><title>{name}</title></path>",
                y - 4
            )?;
        }
        Ok(())
    }

    /// Returns what is told of a span where the pointer rests on it.
    fn told(&self, node: &Node, row: usize) -> String {
        let analysis = self.report.analysis();
        let name = format!("{} {}", node.span.service, node.span.name);
        let since = duration(node.span.start.since(analysis.start()));
        format!(
            "{} · {} after {since} · own {} · on the critical path {} · span {}",
            self.report.spans.masked(&name),
            duration(node.duration_ns()),
            duration(analysis.self_ns[row]),
            duration(analysis.path.row_ns[row]),
            node.span.span_id
        )
    }

    /// Writes the service where it changes, the name, and what must not be cut off behind it.
    fn label(
        &self,
        row: &Row,
        node: &Node,
        behind: &str,
        class: &str,
        y: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let nodes = self.report.analysis().tree.nodes();
        let above = node.parent.map(|parent| nodes[parent].span.service.as_str());
        let (x, y) = (label_x(row), y + 14);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a few hundred at most"
        )]
        let mut room = ((LABEL_WIDTH - x) as f64 / CHARACTER_WIDTH) as usize;
        let mut service = String::new();
        if above != Some(node.span.service.as_str()) {
            let name = self.report.spans.masked(&node.span.service);
            let name = cut(&name, room / 2).into_owned();
            room = room.saturating_sub(columns(&name) + 1);
            let style = format!("font-weight=\"bold\" style=\"fill:{}\"", ink(&node.span.service));
            service = format!("<tspan {style}>{}</tspan> ", escaped(&name));
        }
        let name = self.report.spans.masked(&node.span.name);
        let name = cut_middle(&name, room.saturating_sub(columns(behind))).into_owned();
        let name = escaped(&format!("{name}{behind}"));
        writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{service}{name}</text>")
    }

    fn bar(&self, node: &Node, class: &str, y: usize, out: &mut dyn Write) -> io::Result<()> {
        self.stretch(node, (node.span.start, node.end), class, y, out)
    }

    fn stretch(
        &self,
        node: &Node,
        (start, end): (UnixNanos, UnixNanos),
        class: &str,
        y: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (x, width) = self.place(start, end);
        let (y, fill) = (y + 4, paint(&node.span.service));
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"12\" fill=\"{fill}\"/>"
        )
    }

    /// Returns where a stretch begins and how wide it is, at least a unit.
    fn place(&self, start: UnixNanos, end: UnixNanos) -> (String, String) {
        let range = self.scale.columns(start, end);
        let width = range.len().max(FINE);
        (bar_x(range.start), tenths(width))
    }
}

fn time(text: &str, y: usize, out: &mut dyn Write) -> io::Result<()> {
    let (x, y) = (LABEL_WIDTH + TIME_WIDTH - 8, y + 14);
    writeln!(out, "<text class=\"dim\" text-anchor=\"end\" x=\"{x}\" y=\"{y}\">{text}</text>")
}

fn label_x(row: &Row) -> usize {
    6 + INDENT * row.depth.min(INDENTS_MAX)
}

fn bar_x(column: usize) -> String {
    tenths((LABEL_WIDTH + TIME_WIDTH) * FINE + column)
}

fn tenths(number: usize) -> String {
    format!("{}.{}", number / FINE, number % FINE)
}

/// Returns a service's colour for areas, to be told apart on light and on dark.
fn paint(service: &str) -> String {
    format!("hsl({} 60% 50%)", service_hue(service))
}

/// Returns a service's colour for text.
fn ink(service: &str) -> String {
    format!("light-dark(hsl({0} 70% 32%),hsl({0} 65% 68%))", service_hue(service))
}
