//! The waterfall as a picture: a row a span, its bar on the axis of time.

use std::io::{self, Write};

use super::super::bars::{self, Cell};
use super::super::footer::left_out;
use super::super::grid::Grid;
use super::super::rows::{Row, Rows, Shows};
use super::super::view::Scope;
use super::super::{TraceReport, summary};
use super::markup::escaped;
use crate::render::text::{columns, cut, cut_middle};
use crate::render::theme::duration;
use crate::render::{Theme, Tone};
use crate::traces::Node;

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
const INDENTS_MAX: usize = 16;

/// What a character of the labels takes of the width, in tenths: the widest of the usual fonts.
const CHARACTER_TENTHS: usize = 67;

/// The longest text over the whole width.
const LINE_CHARACTERS: usize = 170;

/// The hues of services, in the order of the terminal's palette; none is a failure's red.
const HUES: [u16; 12] = [190, 300, 225, 130, 50, 170, 265, 95, 210, 325, 40, 150];

/// What solid and pale mean.
pub(super) const LEGEND: &str = "solid: what the trace waited for; pale: meanwhile";

/// Columns of the scale in a unit of width: bars are placed to a tenth.
const FINE: usize = 10;

/// What colours the picture, in it or in the page around it.
///
/// Red is for failures alone; services have the hues of the other commands.
pub(super) const STYLE: &str = "\
.trace{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}.trace .ground{fill:#fff}
.trace text{fill:#1b1f24}.trace .dim{fill:#57606a}.trace .bad{fill:#c62828}.trace .warn{fill:#7a4f00}
.trace .service{font-weight:bold}.trace .line{stroke:#d5dae0;stroke-width:1}.trace .off{opacity:.38}
.trace .gap{fill:none;stroke:#7a4f00;stroke-dasharray:3 2}.trace .failed{fill:#c62828}.trace .running{fill:#7a4f00}
.trace .event{fill:#1b1f24}.trace .hover{fill:#66707b;opacity:0}.trace .row:hover .hover{opacity:.1}
@media (prefers-color-scheme:dark){.trace .ground{fill:#14171b}.trace text{fill:#e4e8ec}.trace .dim{fill:#98a2ad}
.trace .bad{fill:#ff7b72}.trace .warn{fill:#e3b341}.trace .line{stroke:#30363d}.trace .gap{stroke:#e3b341}
.trace .failed{fill:#ff7b72}.trace .running{fill:#e3b341}.trace .event{fill:#e4e8ec}}";

/// Writes the picture as a file of its own: with its colours, and with the trace's name above.
pub(in super::super) fn svg(
    report: &TraceReport,
    (rows, scope): (&Rows, &Scope),
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let drawing = Drawing::new(report, (rows, scope), theme, 2 * ROW_HEIGHT);
    drawing.open(out, &format!("<style>svg{{color-scheme:light dark}}{STYLE}</style>"))?;
    let title = cut(&headline(report), LINE_CHARACTERS).into_owned();
    writeln!(out, "<text x=\"6\" y=\"16\" font-weight=\"bold\">{}</text>", escaped(&title))?;
    let said =
        [vec![format!("trace {}", report.name_of_trace()), LEGEND.to_owned()], left_out(rows)];
    let said = said.concat().join(" · ");
    let said = cut(&said, LINE_CHARACTERS).into_owned();
    writeln!(out, "<text x=\"6\" y=\"32\" class=\"dim\">{}</text>", escaped(&said))?;
    drawing.body(out)
}

/// Writes the picture to stand in a page that has [`STYLE`].
pub(super) fn inline(
    report: &TraceReport,
    (rows, scope): (&Rows, &Scope),
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let drawing = Drawing::new(report, (rows, scope), theme, 0);
    drawing.open(out, "")?;
    drawing.body(out)
}

/// Returns the operation, its length, its size and whether it is whole, in a line.
pub(super) fn headline(report: &TraceReport) -> String {
    let code = report.status_code.map(|code| format!(" {code}")).unwrap_or_default();
    let spans = crate::model::counted(report.analysis().tree.nodes().len(), "span");
    let (_, complete) = summary::completeness(report);
    let length = duration(report.analysis().duration_ns());
    format!("{}{code} · {length} · {spans} · {complete}", report.name)
}

struct Drawing<'a> {
    grid: Grid<'a>,
    rows: &'a Rows,
    top: usize,
}

impl<'a> Drawing<'a> {
    fn new(
        report: &'a TraceReport,
        (rows, scope): (&'a Rows, &Scope),
        theme: &'a Theme,
        top: usize,
    ) -> Self {
        Self { grid: Grid::new(report, (rows, scope), theme, BARS_WIDTH * FINE), rows, top }
    }

    fn open(&self, out: &mut dyn Write, style: &str) -> io::Result<()> {
        let height = self.bottom() + 6;
        let label = escaped(&format!("waterfall of {}", headline(self.grid.report)));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"trace\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{label}\">{style}\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>"
        )
    }

    fn bottom(&self) -> usize {
        self.top + HEAD_HEIGHT + ROW_HEIGHT * self.rows.drawn.len()
    }

    fn body(&self, out: &mut dyn Write) -> io::Result<()> {
        for (column, label) in self.grid.scale.marks() {
            let (x, from, to) = (bar_x(column), self.top + 6, self.bottom());
            let ends = LABEL_WIDTH + TIME_WIDTH + column / FINE + width_of(&label) + 6;
            let beside = if ends > WIDTH { "text-anchor=\"end\" dx=\"-3\"" } else { "dx=\"3\"" };
            writeln!(
                out,
                "<line class=\"line\" x1=\"{x}\" x2=\"{x}\" y1=\"{from}\" y2=\"{to}\"/>\
                 <text class=\"dim\" x=\"{x}\" {beside} y=\"{}\">{label}</text>",
                self.top + 16
            )?;
        }
        for (place, row) in self.rows.drawn.iter().enumerate() {
            self.row(row, self.top + HEAD_HEIGHT + place * ROW_HEIGHT, out)?;
        }
        writeln!(out, "</svg>")
    }

    fn row(&self, row: &Row, y: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<g class=\"row\">\
             <rect class=\"hover\" y=\"{y}\" width=\"{WIDTH}\" height=\"{ROW_HEIGHT}\"/>"
        )?;
        if let Shows::Span(span) = row.shows {
            writeln!(out, "<title>{}</title>", escaped(&self.told(span)))?;
        }
        let (x, baseline) = (6 + INDENT * row.depth.min(INDENTS_MAX), y + 14);
        let room = characters(LABEL_WIDTH - x);
        match self.grid.node(row) {
            Some(node) => {
                let label = self.label(row, node, room);
                let class = if node.span.is_error() { "bad" } else { "name" };
                writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{baseline}\">{label}</text>")?;
            }
            None if row.is_note() => {
                let (tone, note) = self.grid.note(row);
                let class = if tone == Tone::Bad { "bad" } else { "warn" };
                let note = escaped(&cut(&note, room));
                writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{baseline}\">{note}</text>")?;
            }
            None => {
                let said = self.grid.instead_of_bar(row).map(|said| format!(": {said}"));
                let said = format!("{}{}", self.grid.nameless(row), said.unwrap_or_default());
                let said = escaped(&cut(&said, room));
                writeln!(out, "<text class=\"warn\" x=\"{x}\" y=\"{baseline}\">{said}</text>")?;
            }
        }
        let [total, ..] = self.grid.times(row);
        if !total.is_empty() {
            let x = LABEL_WIDTH + TIME_WIDTH - 8;
            writeln!(
                out,
                "<text class=\"dim\" text-anchor=\"end\" x=\"{x}\" y=\"{baseline}\">{total}</text>"
            )?;
        }
        self.bar(row, y, out)?;
        writeln!(out, "</g>")
    }

    /// Returns the service where it changes, the name, and what must not be cut off behind it.
    fn label(&self, row: &Row, node: &Node, mut room: usize) -> String {
        let mut service = String::new();
        if self.grid.changes_service(node) {
            let name = self.grid.shown(&node.span.service);
            let name = cut(&name, room / 2).into_owned();
            room = room.saturating_sub(columns(&name) + 1);
            let ink = ink(self.hue(node));
            service = format!("<tspan class=\"service\" {ink}>{}</tspan> ", escaped(&name));
        }
        let behind = self.grid.behind_name(row, node);
        let name = self.grid.shown(&node.span.name);
        let name = cut_middle(&name, room.saturating_sub(columns(&behind)));
        format!("{service}{}", escaped(&format!("{name}{behind}")))
    }

    /// Returns what is told of a span where the pointer rests on it.
    fn told(&self, span: usize) -> String {
        let analysis = self.grid.report.analysis();
        let node = &analysis.tree.nodes()[span];
        let name = self.grid.shown(&format!("{} {}", node.span.service, node.span.name));
        format!(
            "{} · {} after {} · own {} · on the critical path {} · span {}",
            cut(&name, LINE_CHARACTERS),
            duration(node.duration_ns()),
            duration(node.start.since(analysis.start())),
            duration(analysis.self_ns[span]),
            duration(analysis.path.row_ns[span]),
            node.span.span_id
        )
    }

    /// Writes what the terminal's bars have, in columns a tenth as wide as a pixel.
    fn bar(&self, row: &Row, y: usize, out: &mut dyn Write) -> io::Result<()> {
        let (analysis, none) = (self.grid.report.analysis(), Vec::new());
        let sections = match &row.shows {
            Shows::Span(span) => self.grid.sections.get(span).unwrap_or(&none),
            _ => &none,
        };
        let cells = bars::bar(analysis, &self.grid.scale, &row.shows, sections);
        let node = self.grid.node(row);
        let fill = node.map(|node| format!(" fill=\"hsl({} 60% 50%)\"", self.hue(node)));
        let (top, middle) = (y + 4, y + 10);
        let (mut column, mut events) = (0, Vec::new());
        for run in cells.chunk_by(|one, other| one == other) {
            let (from, length) = (column, run.len());
            column += length;
            let least = if run[0] == Cell::Failed { 3 * FINE } else { FINE };
            let (x, width) = (bar_x(from), tenths(length.max(least)));
            let (class, fill) = match run[0] {
                Cell::Blank => continue,
                Cell::Event | Cell::Line => {
                    // Above the bars, which they would be hidden by.
                    let above = middle - 4;
                    events.push((x, above));
                    continue;
                }
                Cell::Off => ("off", fill.as_deref().unwrap_or_default()),
                Cell::Gap => ("gap", ""),
                Cell::Failed => ("failed", ""),
                Cell::Running => ("running", ""),
                Cell::Path | Cell::Folded => ("on", fill.as_deref().unwrap_or_default()),
            };
            writeln!(
                out,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"12\"{fill}/>"
            )?;
        }
        events.into_iter().try_for_each(|(x, above)| {
            writeln!(out, "<path class=\"event\" d=\"M{x} {above}l4 4-4 4-4-4z\"/>")
        })
    }

    fn hue(&self, node: &Node) -> u16 {
        let Tone::Service(place) = self.grid.tone(node) else { return HUES[0] };
        HUES[place % HUES.len()]
    }
}

fn width_of(text: &str) -> usize {
    columns(text) * CHARACTER_TENTHS / 10
}

fn characters(width: usize) -> usize {
    width * 10 / CHARACTER_TENTHS
}

fn bar_x(column: usize) -> String {
    tenths((LABEL_WIDTH + TIME_WIDTH) * FINE + column)
}

fn tenths(number: usize) -> String {
    format!("{}.{}", number / FINE, number % FINE)
}

/// Returns a service's colour for text, dark on light and light on dark.
fn ink(hue: u16) -> String {
    format!("style=\"fill:light-dark(hsl({hue} 75% 28%),hsl({hue} 70% 74%))\"")
}
