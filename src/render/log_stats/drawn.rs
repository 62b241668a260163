//! Statistics as people read them: a row for each value and each interval, with a bar.

use std::io::{self, Write};

use super::records;
use crate::model::{FieldStats, Interval, NumberStats, Severity, Unit, UnixNanos};
use crate::render::theme::{duration, severity_tone};
use crate::render::{Theme, Tone, text};

/// The values that are shown unless all are asked for.
const VALUES_MAX: usize = 20;

/// The columns of a value.
const VALUE_COLUMNS_MAX: usize = 40;

/// The columns of the longest bar.
const BAR_COLUMNS_MAX: usize = 60;

/// The longest pause that is drawn interval by interval.
const PAUSE_ROWS_MAX: i64 = 24;

/// Draws the statistics.
pub(super) fn draw(
    out: &mut dyn Write,
    theme: &Theme,
    stats: &FieldStats,
    full: bool,
) -> io::Result<()> {
    let field = text::harmless(&stats.field);
    let (with, all) = (stats.with, stats.with + stats.without);
    let of = if stats.without > 0 { format!("{with} of {}", records(all)) } else { records(with) };
    let more = if stats.others > 0 { "more than " } else { "" };
    let count = stats.values.len();
    let title = format!("{of}, {more}{}", text::counted(count, "different value"));
    let title = fold(theme, &title);
    writeln!(out, "{}  {title}", theme.paint(Tone::Strong, fold(theme, &field)))?;
    for numbers in &stats.numbers {
        draw_numbers(out, theme, numbers)?;
    }
    values(out, theme, stats, full)?;
    timeline(out, theme, stats)
}

fn draw_numbers(out: &mut dyn Write, theme: &Theme, numbers: &NumberStats) -> io::Result<()> {
    let NumberStats { unit, count, min, p50, p90, p95, p99, max, relative_error } = numbers;
    let shown = |number: &f64| amount(*number, *unit);
    let mut parts = vec![format!("  {count} numbers")];
    let named =
        [("min", min), ("p50", p50), ("p90", p90), ("p95", p95), ("p99", p99), ("max", max)];
    parts.extend(named.iter().map(|(name, number)| format!("{name} {}", shown(number))));
    if *relative_error > 0.0 {
        parts.push(format!("(percentiles within {:.0}%)", relative_error * 100.0));
    }
    let mut line = String::new();
    for part in parts {
        if !line.is_empty() && line.len() + 2 + part.len() > theme.width {
            writeln!(out, "{line}")?;
            "   ".clone_into(&mut line);
        }
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(&part);
    }
    writeln!(out, "{line}")
}

/// Returns a number in as many digits as tell something.
fn amount(number: f64, unit: Option<Unit>) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a duration of some years")]
    match unit {
        Some(Unit::Ms) if number.abs() < 1e11 => return duration((number * 1e6) as i64),
        _ => {}
    }
    let digits = match number.abs() {
        whole if whole.fract() == 0.0 => 0,
        1000.0.. => 0,
        1.0.. => 2,
        0.001.. => 4,
        _ => return format!("{number:e}"),
    };
    let shown = format!("{number:.digits$}");
    let shown = if digits > 0 { shown.trim_end_matches('0') } else { &shown };
    match unit {
        Some(Unit::Ms) => format!("{shown}ms"),
        Some(Unit::Bytes) => format!("{shown}B"),
        None => shown.to_owned(),
    }
}

fn values(out: &mut dyn Write, theme: &Theme, stats: &FieldStats, full: bool) -> io::Result<()> {
    let shown = if full { stats.values.len() } else { VALUES_MAX };
    // Of measured numbers that hardly occur twice, no list tells anything.
    let in_numbers: u64 = stats.numbers.iter().map(|numbers| numbers.count).sum();
    let measured = in_numbers == stats.with && stats.values.len() > shown;
    let shown = if measured { 0 } else { shown };
    let rows = || stats.values.iter().take(shown);
    let name = |value: &str| {
        let value = text::harmless(value);
        let value =
            if full { value } else { text::cut(&value, VALUE_COLUMNS_MAX).into_owned().into() };
        if value.is_empty() { "\"\"".to_owned() } else { fold(theme, &value) }
    };
    let widest = rows().map(|row| text::columns(&name(&row.value))).max().unwrap_or(0);
    let digits = stats.values.first().map_or(0, |row| row.count.to_string().len());
    let most = stats.values.first().map_or(0, |row| row.count);
    let bar_columns = theme.width.saturating_sub(widest + digits + 13).min(BAR_COLUMNS_MAX);
    for row in rows() {
        let value = name(&row.value);
        let fill = " ".repeat(widest - text::columns(&value));
        let level = (stats.field == "level").then(|| Severity::from_name(&row.value)).flatten();
        let value = match level {
            Some(level) => theme.paint(severity_tone(Some(level)), value),
            None => value,
        };
        let share = share(row.count, stats.with);
        let bar = bar(theme, row.count, most, bar_columns);
        let line = format!("  {value}{fill}  {:>digits$}  {share:>6}  {bar}", row.count);
        writeln!(out, "{}", line.trim_end())?;
    }
    let left: u64 = stats.values.iter().skip(shown).map(|row| row.count).sum();
    let count = stats.values.len().saturating_sub(shown);
    if measured {
        let line = format!("  {count} different numbers; list them: --full");
        writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
    } else if count > 0 {
        let values = text::counted(count, "more value");
        let line = format!("  {values} in {}: --full", records(left));
        writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
    }
    Ok(())
}

/// Returns a part in percent, never 0.0% of something nor 100.0% of less than all.
fn share(count: u64, all: u64) -> String {
    let tenths = u128::from(count) * 1000 / u128::from(all.max(1));
    match tenths {
        0 if count > 0 => "<0.1%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

fn timeline(out: &mut dyn Write, theme: &Theme, stats: &FieldStats) -> io::Result<()> {
    let (Some(interval_ms), Some(first)) = (stats.interval_ms, stats.timeline.first()) else {
        return Ok(());
    };
    #[expect(clippy::cast_possible_truncation, reason = "made of whole nanoseconds")]
    let nanos = (interval_ms * 1e6) as i64;
    let length = length_word(nanos);
    let zoned = first.start.timestamp().to_zoned(theme.zone.clone());
    let zone = zoned.strftime("%Z").to_string();
    writeln!(out, "{}", theme.paint(Tone::Strong, format!("each {length}, {zone}")))?;
    let most = stats.timeline.iter().map(|one| one.count).max().unwrap_or(0);
    let digits = most.to_string().len();
    let stamp_columns = stamp(theme, first.start, nanos).len();
    let columns = theme.width.saturating_sub(stamp_columns + digits + 6).min(BAR_COLUMNS_MAX);
    let row = |start: UnixNanos, count: u64| {
        let bar = bar(theme, count, most, columns);
        format!("  {}  {count:>digits$}  {bar}", stamp(theme, start, nanos)).trim_end().to_owned()
    };
    let mut before: Option<UnixNanos> = None;
    for Interval { start, count } in &stats.timeline {
        let gap = before.map_or(1, |before| start.since(before) / nanos);
        if gap > PAUSE_ROWS_MAX {
            let line = fold(theme, &format!("  … {} of {length} without any", gap - 1));
            writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
        } else if let Some(before) = before {
            for missed in 1..gap {
                writeln!(out, "{}", row(UnixNanos(before.0 + missed * nanos), 0))?;
            }
        }
        writeln!(out, "{}", row(*start, *count))?;
        before = Some(*start);
    }
    Ok(())
}

/// Returns the beginning of an interval, as exact as its length asks for.
fn stamp(theme: &Theme, start: UnixNanos, nanos: i64) -> String {
    const S: i64 = 1_000_000_000;
    let zoned = start.timestamp().to_zoned(theme.zone.clone());
    let format = match nanos {
        ..S => "%Y-%m-%d %H:%M:%S%.3f",
        S..60_000_000_000 => "%Y-%m-%d %H:%M:%S",
        _ => "%Y-%m-%d %H:%M",
    };
    zoned.strftime(format).to_string()
}

fn length_word(nanos: i64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let ms = nanos / 1_000_000;
    let unit = units.iter().find(|(length, _)| ms % length == 0);
    unit.map_or_else(String::new, |(length, name)| format!("{}{name}", ms / length))
}

/// Returns a bar of at most `columns`, to the eighth of one; something is never nothing.
fn bar(theme: &Theme, count: u64, most: u64, columns: usize) -> String {
    let columns = u128::try_from(columns).unwrap_or_default();
    let eighths = (u128::from(count) * columns * 8).checked_div(u128::from(most)).unwrap_or(0);
    let eighths = usize::try_from(eighths).unwrap_or(0).max(usize::from(count > 0));
    if theme.ascii {
        return "#".repeat(eighths.div_ceil(8));
    }
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"].get(eighths % 8).copied();
    format!("{}{}", "█".repeat(eighths / 8), part.unwrap_or_default())
}

/// Returns what this page draws in the symbols that the theme wants.
fn fold(theme: &Theme, drawn: &str) -> String {
    if theme.ascii { text::ascii(drawn) } else { drawn.to_owned() }
}
