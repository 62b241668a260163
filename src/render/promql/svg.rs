//! The chart as a picture: self-contained, readable in light and in dark.

use std::io::{self, Write};

use super::axis::{self, Values, along, amount};
use super::{QueryReport, summary};
use crate::model::{MetricSeries, UnixNanos};
use crate::render::text::cut_middle;
use crate::render::waterfall::page::markup::escaped;
use crate::render::{Theme, text};

/// The picture's parts in its own units: CSS pixels where nothing scales it.
const WIDTH: f64 = 1_000.0;
const LEFT: f64 = 80.0;
const TOP: f64 = 56.0;
const PLOT_WIDTH: f64 = WIDTH - LEFT - 24.0;
const PLOT_HEIGHT: f64 = 300.0;
const ROW_HEIGHT: f64 = 18.0;

/// The characters that fit into a line of the legend.
const LINE_CHARACTERS: usize = 96;

/// The hues of lines; with the dashes they stay apart without colour.
const HUES: [u16; super::DRAWN_MAX] = [210, 30, 130, 280, 190, 330, 90, 250, 50, 160];
const DASHES: [&str; 4] = ["", "6 3", "2 3", "8 3 2 3"];

const STYLE: &str = "\
svg{color-scheme:light dark}text{font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1b1f24}
.ground{fill:#fff}.dim{fill:#57606a}.grid{stroke:#d5dae0;stroke-width:1}.line{fill:none;stroke-width:1.6}
@media (prefers-color-scheme:dark){text{fill:#e4e8ec}.ground{fill:#14171b}.dim{fill:#98a2ad}.grid{stroke:#30363d}}";

impl QueryReport {
    /// Writes the chart as a file of its own; it loads and runs nothing.
    ///
    /// An answer of one moment is a line of no length: its legend has the numbers.
    pub fn svg(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let (drawn, others) = self.drawn();
        let remarks = self.remarks(others);
        let rows = u32::try_from(drawn.len() + remarks.len() + 1).unwrap_or(0);
        let height = TOP + PLOT_HEIGHT + 40.0 + f64::from(rows) * ROW_HEIGHT;
        let query = text::shown(self.query.trim());
        let label = escaped(&cut_middle(&query, LINE_CHARACTERS));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{label}\"><style>{STYLE}</style>\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\
             <text x=\"12\" y=\"22\" font-weight=\"bold\">{label}</text>"
        )?;
        let (first, last) = self.times();
        let said = format!(
            "{} to {} · {}",
            theme.date_time(first),
            theme.date_time(last),
            text::shown(&self.source)
        );
        let said = escaped(&cut_middle(&said, LINE_CHARACTERS + 20));
        writeln!(out, "<text class=\"dim\" x=\"12\" y=\"42\">{said}</text>")?;
        if drawn.is_empty() {
            let middle = TOP + PLOT_HEIGHT / 2.0;
            writeln!(out, "<text x=\"{LEFT}\" y=\"{middle}\">no data</text>")?;
        } else {
            self.plot(out, theme, &drawn)?;
        }
        let mut y = TOP + PLOT_HEIGHT + 52.0;
        for (place, series) in drawn.iter().enumerate() {
            legend(out, series, place, y)?;
            y += ROW_HEIGHT;
        }
        for remark in remarks {
            let remark = escaped(&cut_middle(&remark, LINE_CHARACTERS + 20));
            writeln!(out, "<text class=\"dim\" x=\"12\" y=\"{y}\">{remark}</text>")?;
            y += ROW_HEIGHT;
        }
        writeln!(out, "</svg>")
    }

    fn plot(&self, out: &mut dyn Write, theme: &Theme, drawn: &[&MetricSeries]) -> io::Result<()> {
        let all = || drawn.iter().filter_map(|series| summary(series));
        let (min, max) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), one| {
            (min.min(one.min), max.max(one.max))
        });
        let values = Values::of(min, max, 5);
        let bottom = TOP + PLOT_HEIGHT;
        for (tick, label) in &values.ticks {
            let y = round(bottom - values.place(*tick) * PLOT_HEIGHT);
            let (right, beside, text_y) = (LEFT + PLOT_WIDTH, LEFT - 8.0, y + 4.0);
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text class=\"dim\" text-anchor=\"end\" x=\"{beside}\" y=\"{text_y}\">{label}</text>"
            )?;
        }
        let (first, last) = self.times();
        for (time, label) in axis::times(first, last, 8, &theme.zone) {
            let (x, below) = (round(LEFT + along(time, first, last) * PLOT_WIDTH), bottom + 18.0);
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"dim\" text-anchor=\"middle\" x=\"{x}\" y=\"{below}\">{label}</text>"
            )?;
        }
        drawn.iter().enumerate().try_for_each(|(place, series)| {
            let path = self.path(series, &values, (first, last));
            writeln!(out, "<path class=\"line\" {} d=\"{path}\"/>", ink(place))
        })
    }

    /// Returns the line of a series, with a gap where values are missing; one value alone is a dot.
    fn path(
        &self,
        series: &MetricSeries,
        values: &Values,
        (first, last): (UnixNanos, UnixNanos),
    ) -> String {
        let mut path = String::new();
        let mut before: Option<UnixNanos> = None;
        for point in &series.points {
            if !point.value.is_finite() {
                before = None;
                continue;
            }
            let x = round(LEFT + along(point.time, first, last) * PLOT_WIDTH);
            let y = round(TOP + PLOT_HEIGHT - values.place(point.value) * PLOT_HEIGHT);
            #[expect(clippy::cast_precision_loss, reason = "compared with one and a half steps")]
            let joined = before.is_some_and(|then| {
                self.step_s.is_none_or(|step| point.time.since(then) as f64 <= 1.5e9 * step)
            });
            let piece = if joined { format!("L{x} {y}") } else { format!("M{x} {y}h1") };
            path += &piece;
            before = Some(point.time);
        }
        path
    }
}

/// Writes what a line is: its numbers, its labels.
fn legend(out: &mut dyn Write, series: &MetricSeries, place: usize, y: f64) -> io::Result<()> {
    let Some(all) = summary(series) else { return Ok(()) };
    let numbers = format!(
        "last {}  min {}  mean {}  max {}",
        amount(all.last),
        amount(all.min),
        amount(all.mean),
        amount(all.max)
    );
    let title = text::shown(&series.title());
    let room = LINE_CHARACTERS.saturating_sub(numbers.len());
    let title = cut_middle(&title, room.max(20));
    let (middle, label) = (y - 4.0, escaped(&format!("{numbers}  {title}")));
    writeln!(
        out,
        "<path class=\"line\" {} d=\"M12 {middle}h40\"/><text x=\"64\" y=\"{y}\" \
         xml:space=\"preserve\">{label}</text>",
        ink(place)
    )
}

/// Returns the colour and the dashes of a line, dark on light and light on dark.
fn ink(place: usize) -> String {
    let hue = HUES.get(place % HUES.len()).copied().unwrap_or(210);
    let dash = DASHES.get(place % DASHES.len()).copied().unwrap_or("");
    format!(
        "stroke-dasharray=\"{dash}\" style=\"stroke:light-dark(hsl({hue} 75% 38%),hsl({hue} 70% 66%))\""
    )
}

/// Returns a place to the tenth.
fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}
