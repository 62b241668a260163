//! Lines in a terminal: dots of braille, or letters in ASCII; the letters of the legend at their ends.

use std::io::{self, Write};

use super::axis::{self, Values, along, amount, cell};
use super::{QueryReport, summary};
use crate::model::{MetricSeries, MetricValue};
use crate::render::{Theme, Tone, text};

/// What tells the lines apart without colour.
const LETTERS: [&str; super::DRAWN_MAX] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// The eight dots of a character of braille, by row and column.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The columns that a label of time needs, with a blank.
const TIME_COLUMNS: usize = 14;

/// The rows of a plot in which all values are the same: the line is in the middle one.
const FLAT_ROWS: usize = 3;

/// The characters of the plot, each of one or of eight dots.
struct Canvas {
    columns: usize,
    rows: usize,
    /// Dots in a character: across, down.
    dots: (usize, usize),
    cells: Vec<(u8, Option<usize>)>,
}

/// Draws the lines, their axes and their legend.
pub(super) fn draw(
    out: &mut dyn Write,
    theme: &Theme,
    report: &QueryReport,
    drawn: &[&MetricSeries],
) -> io::Result<()> {
    let all = || drawn.iter().filter_map(|series| summary(series));
    let (min, max) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), one| {
        (min.min(one.min), max.max(one.max))
    });
    let rows = match theme.width {
        ..60 => 8,
        60..120 => 12,
        _ => 16,
    };
    let values = Values::of(min, max, rows / 3);
    let rows = if values.is_flat() { FLAT_ROWS } else { rows };
    let margin = values.ticks.iter().map(|(_, label)| label.len()).max().unwrap_or(0);
    let beside = if drawn.len() > 1 { 2 + drawn.len().min(3) } else { 1 };
    let columns = theme.width.saturating_sub(margin + 2 + beside).max(10);
    let dots = if theme.ascii { (1, 1) } else { (2, 4) };
    let mut canvas = Canvas { columns, rows, dots, cells: vec![(0, None); columns * rows] };
    let (first, last) = report.times();
    let mut ends: Vec<String> = vec![String::new(); rows];
    for (place, series) in drawn.iter().enumerate() {
        let end = plot(&mut canvas, series, place, &values, (first, last), report.step_s);
        if let (Some(end), true) = (end, drawn.len() > 1)
            && let Some(row) = ends.get_mut(end)
        {
            row.push_str(LETTERS.get(place).copied().unwrap_or("?"));
        }
    }
    for (row, end) in ends.iter().enumerate() {
        // A tick stands at the row in which its value lies.
        let here = |tick: f64| rows - 1 - cell(values.place(tick), rows) == row;
        let label = values.ticks.iter().find(|(tick, _)| here(*tick));
        let (label, edge) = match label {
            Some((_, label)) => (label.as_str(), theme.symbol("┤", "+")),
            None => ("", theme.symbol("│", "|")),
        };
        let axis = theme.paint(Tone::Dim, format!("{label:>margin$} {edge}"));
        let line =
            format!("{axis}{}  {}", canvas.row(row, theme, drawn.len()), ends_of(end, theme));
        writeln!(out, "{}", line.trim_end())?;
    }
    let times = axis::times(first, last, columns / TIME_COLUMNS, &theme.zone);
    write_times(out, theme, (margin, columns), &times, (first, last))?;
    legend(out, theme, report, drawn)
}

/// Draws one series; returns the row of its last value.
fn plot(
    canvas: &mut Canvas,
    series: &MetricSeries,
    place: usize,
    values: &Values,
    (first, last): (crate::model::UnixNanos, crate::model::UnixNanos),
    step_s: Option<f64>,
) -> Option<usize> {
    let (across, down) = canvas.dots;
    let (width, height) = (canvas.columns * across, canvas.rows * down);
    let mut end = None;
    // Where a value is missing, nothing is known and nothing is drawn.
    #[expect(clippy::cast_precision_loss, reason = "compared with one and a half steps")]
    let joined = |one: &MetricValue, next: &MetricValue| {
        let apart = |step: f64| next.time.since(one.time) as f64 > 1.5e9 * step;
        one.value.is_finite() && next.value.is_finite() && !step_s.is_some_and(apart)
    };
    for run in series.points.chunk_by(joined) {
        let finite = run.iter().filter(|point| point.value.is_finite());
        let places = finite.map(|point| {
            let x = cell(along(point.time, first, last), width);
            (x, height - 1 - cell(values.place(point.value), height))
        });
        let places: Vec<(usize, usize)> = places.collect();
        match places.as_slice() {
            [] => {}
            [(x, y)] => canvas.spot(*x, *y, place),
            places => places.windows(2).for_each(|pair| canvas.line(pair[0], pair[1], place)),
        }
        end = places.last().map(|(_, y)| y / down).or(end);
    }
    end
}

impl Canvas {
    fn set(&mut self, x: usize, y: usize, place: usize) {
        let (across, down) = self.dots;
        let (column, row) = (x / across, y / down);
        let dot = DOTS.get(y % down).and_then(|dots| dots.get(x % across)).copied().unwrap_or(1);
        if let Some((dots, owner)) = self.cells.get_mut(row * self.columns + column) {
            *dots |= dot;
            *owner = Some(place);
        }
    }

    /// Draws a value that stands alone: a dot of braille would not be seen.
    fn spot(&mut self, x: usize, y: usize, place: usize) {
        let (across, down) = self.dots;
        let (beside, below) = (x ^ usize::from(across > 1), y ^ usize::from(down > 1));
        for (x, y) in [(x, y), (beside, y), (x, below), (beside, below)] {
            self.set(x, y, place);
        }
    }

    /// Source: Bresenham, "Algorithm for computer control of a digital plotter".
    fn line(&mut self, from: (usize, usize), to: (usize, usize), place: usize) {
        let signed = |number: usize| i64::try_from(number).unwrap_or(0);
        let ((mut x, mut y), (to_x, to_y)) =
            ((signed(from.0), signed(from.1)), (signed(to.0), signed(to.1)));
        let (across, up) = ((to_x - x).abs(), -(to_y - y).abs());
        let (step_x, step_y) = ((to_x - x).signum(), (to_y - y).signum());
        let mut error = across + up;
        loop {
            self.set(usize::try_from(x).unwrap_or(0), usize::try_from(y).unwrap_or(0), place);
            if x == to_x && y == to_y {
                return;
            }
            let twice = 2 * error;
            if twice >= up {
                error += up;
                x += step_x;
            }
            if twice <= across {
                error += across;
                y += step_y;
            }
        }
    }

    fn row(&self, row: usize, theme: &Theme, series: usize) -> String {
        let cells = self.cells.get(row * self.columns..(row + 1) * self.columns);
        let mut line = String::new();
        for run in cells.unwrap_or_default().chunk_by(|one, other| one.1 == other.1) {
            let owner = run.first().and_then(|(_, owner)| *owner);
            let drawn: String =
                run.iter().map(|(dots, owner)| self.character(*dots, *owner, series)).collect();
            match owner {
                Some(place) => line.push_str(&theme.paint(tone(place), drawn)),
                None => line.push_str(&drawn),
            }
        }
        line
    }

    fn character(&self, dots: u8, owner: Option<usize>, series: usize) -> char {
        match owner {
            None => ' ',
            Some(_) if self.dots.0 == 2 => char::from_u32(0x2800 + u32::from(dots)).unwrap_or('*'),
            Some(_) if series == 1 => '*',
            Some(place) => LETTERS.get(place).and_then(|l| l.chars().next()).unwrap_or('*'),
        }
    }
}

fn tone(place: usize) -> Tone {
    Tone::Service(place)
}

/// Returns the letters of the lines that end in a row, each in its colour.
fn ends_of(letters: &str, theme: &Theme) -> String {
    let painted = letters.chars().map(|letter| {
        let place = LETTERS.iter().position(|known| known.starts_with(letter)).unwrap_or(0);
        theme.paint(tone(place), letter)
    });
    painted.collect()
}

/// Draws the line below the plot with its ticks, and the times below that.
fn write_times(
    out: &mut dyn Write,
    theme: &Theme,
    (margin, columns): (usize, usize),
    times: &[(crate::model::UnixNanos, String)],
    (first, last): (crate::model::UnixNanos, crate::model::UnixNanos),
) -> io::Result<()> {
    let places: Vec<(usize, &str)> = times
        .iter()
        .map(|(time, label)| (cell(along(*time, first, last), columns), label.as_str()))
        .collect();
    let is_tick = |column: usize| places.iter().any(|(place, _)| *place == column);
    let line: String = (0..columns)
        .map(|column| if is_tick(column) { theme.symbol("┬", "+") } else { theme.symbol("─", "-") })
        .collect();
    let corner = theme.symbol("└", "+");
    writeln!(out, "{:margin$} {}", "", theme.paint(Tone::Dim, format!("{corner}{line}")))?;
    let mut below = String::new();
    for (place, label) in places {
        // Below its tick, and never beyond the right edge or over the one before.
        let at = place.saturating_sub(label.len() / 2).min(columns.saturating_sub(label.len()));
        if at > below.len() || below.is_empty() {
            below.push_str(&" ".repeat(at - below.len()));
            below.push_str(label);
        }
    }
    let below = format!("{:margin$}  {below}", "");
    writeln!(out, "{}\n", theme.paint(Tone::Dim, below.trim_end()))
}

/// Draws a row a line: its letter, its numbers, its labels.
fn legend(
    out: &mut dyn Write,
    theme: &Theme,
    report: &QueryReport,
    drawn: &[&MetricSeries],
) -> io::Result<()> {
    const COLUMNS: usize = 9;
    let heads = ["last", "min", "mean", "max"];
    let mut head = String::new();
    for name in heads {
        push_right(&mut head, name, COLUMNS);
    }
    writeln!(out, "{}", theme.paint(Tone::Dim, format!(" {head}")))?;
    for (place, series) in drawn.iter().enumerate() {
        let Some(numbers) = summary(series) else { continue };
        let letter = if drawn.len() > 1 { LETTERS.get(place).copied().unwrap_or("?") } else { " " };
        let all = [numbers.last, numbers.min, numbers.mean, numbers.max];
        let mut numbers = String::new();
        for number in all {
            push_right(&mut numbers, &amount(number), COLUMNS);
        }
        let room = theme.width.saturating_sub(1 + numbers.len() + 2);
        let title = report.title(series);
        let title = if title == "{}" { "" } else { title.as_str() };
        let title = if theme.terminal { text::cut_middle(title, room) } else { title.into() };
        let line = format!("{}{numbers}  {title}", theme.paint(tone(place), letter));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Adds a word that ends where its column does.
fn push_right(line: &mut String, word: &str, columns: usize) {
    line.extend(std::iter::repeat_n(' ', columns.saturating_sub(word.chars().count())));
    line.push_str(word);
}
