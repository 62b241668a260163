//! The signals as people see them: all requests first, then what is used up, then row by row.

use std::io::{self, Write};

use super::{MetricsReport, PageReport, QuantileRow, Row, Signals, rows, used};
use crate::render::metrics_list::faults;
use crate::render::theme::duration;
use crate::render::{Theme, Tone, text};

/// How wide the words before the numbers are.
pub(super) const LABEL: usize = 12;

/// How many metrics with many series are named.
const MANY_MAX: usize = 5;

pub(super) fn draw(report: &MetricsReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    for (place, page) in report.pages.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        self::page(page, out, theme)?;
    }
    if !report.asked {
        return Ok(());
    }
    let run = format!("obs run {}", text::shown(&report.request_id));
    writeln!(out, "\n{}", theme.paint(Tone::Dim, run))
}

fn page(page: &PageReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let name = text::shown(&page.name);
    let place = text::shown(&page.page);
    let title = theme.paint(Tone::Strong, &name);
    if name == place {
        writeln!(out, "{title}")?;
    } else {
        writeln!(out, "{title}  {place}")?;
    }
    paragraph(out, theme, &how(page))?;
    warnings(page, out, theme)?;
    writeln!(out)?;
    match &page.signals {
        Some(signals) => totals(page, signals, out, theme)?,
        None => writeln!(
            out,
            "no metric of requests among its {}",
            text::counted(page.samples, "sample")
        )?,
    }
    used::draw(&page.saturation, out, theme)?;
    if let Some(signals) = &page.signals {
        rows::draw(signals, out, theme)?;
        remarks(signals, out, theme)?;
    }
    many(page, out, theme)?;
    faults(out, &page.faults)
}

/// Says what was compared, and by which metrics and labels.
fn how(page: &PageReport) -> String {
    let elapsed = page.elapsed_ms.map(milliseconds);
    let what = match (page.lifetime, elapsed) {
        (false, Some(elapsed)) => format!("over {elapsed}"),
        (true, Some(elapsed)) => format!("since the process started, {elapsed} ago"),
        (_, None) => {
            "all since counting began, without rates: when that was is not told".to_owned()
        }
    };
    let Some(signals) = &page.signals else { return what };
    let library = signals.library.map_or_else(
        || "by names that look like requests".to_owned(),
        |library| format!("by the names of {library}"),
    );
    let mut metrics = vec![signals.counted_by.as_str()];
    metrics.extend(signals.timed_by.as_deref().filter(|timed| *timed != signals.counted_by));
    let labels = if signals.labels.is_empty() {
        String::new()
    } else {
        format!(" ({})", signals.labels.join(", "))
    };
    format!("{what}, {library}: {}{labels}", text::shown(&metrics.join(", ")))
}

fn warnings(page: &PageReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let Some(workers) = &page.workers else { return Ok(()) };
    let what = if workers.compared {
        format!("these numbers are of 1 of at least {} worker processes", workers.at_least)
    } else {
        format!(
            "at least {} worker processes answer, and none of them twice: this is what one has counted",
            workers.at_least
        )
    };
    let text = format!("! {what}: {}; {}", workers.evidence, workers.advice);
    for line in text::wrap(&text, theme.width, 2) {
        writeln!(out, "{}", theme.paint(Tone::Warn, line))?;
    }
    Ok(())
}

fn totals(
    page: &PageReport,
    signals: &Signals,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let all = &signals.all;
    let requests = counted(all.requests, "request");
    let of_all = if signals.unmatched > 0 { ", of all and not only of --match" } else { "" };
    let few = if all.few && all.requests > 0.0 { ", too few to judge" } else { "" };
    match all.rate {
        Some(rate) => fact(out, "rate", &format!("{}/s   {requests}{of_all}{few}", number(rate)))?,
        None => fact(out, "requests", &format!("{}{of_all}{few}", number(all.requests)))?,
    }
    if let Some(line) = errors(all, theme) {
        fact(out, "errors", &line)?;
    }
    let mut label = "duration";
    for row in &all.quantiles {
        let line = format!("p{:<4}{:<9}{}", name(row.quantile), quantile(row), bucket(row));
        fact(out, label, line.trim_end())?;
        label = "";
    }
    for own in &all.exporter_quantiles {
        let line = format!(
            "p{:<4}{:<9}the exporter's own{}",
            name(own.quantile),
            milliseconds(own.ms),
            if own.series > 1 {
                format!(", the highest of {} series", own.series)
            } else {
                String::new()
            }
        );
        fact(out, label, &line)?;
        label = "";
    }
    let mut last: Vec<String> =
        all.mean_ms.map(|mean| format!("mean {}", milliseconds(mean))).into_iter().collect();
    last.extend(signals.apdex.as_ref().map(|apdex| {
        let (satisfied, tolerated) =
            (milliseconds(apdex.satisfied_ms), milliseconds(apdex.tolerated_ms));
        format!("Apdex {:.2} for {satisfied} and {tolerated}", apdex.score)
    }));
    if !last.is_empty() {
        fact(out, label, &last.join(", "))?;
    } else if all.requests > 0.0 && all.quantiles.is_empty() {
        let why = if signals.uneven {
            "series have different buckets: see row by row"
        } else {
            "no metric tells"
        };
        fact(out, "duration", why)?;
    }
    if let Some(in_flight) = signals.in_flight {
        fact(out, "in flight", &format!("{}, perhaps this scrape among them", number(in_flight)))?;
    }
    if signals.resets > 0 && !page.lifetime {
        let text = format!(
            "{} went back to 0 in between: it was restarted",
            text::counted(signals.resets, "counter")
        );
        fact(out, "", &theme.paint(Tone::Warn, text))?;
    }
    Ok(())
}

/// Draws the share of errors and what it is made of; nothing without requests.
fn errors(all: &Row, theme: &Theme) -> Option<String> {
    let Some(ratio) = all.error_ratio else {
        return (all.requests > 0.0).then(|| "no label tells them apart".to_owned());
    };
    let failed = all.errors > Some(0.0);
    let counts = [
        (all.errors.unwrap_or(0.0), "5xx"),
        (all.throttled, "429"),
        (all.cancelled, "499"),
        (all.client_errors, "other 4xx"),
    ];
    let times = theme.symbol("×", "x");
    let counts = counts.iter().filter(|(count, _)| *count > 0.0);
    let counts: Vec<String> =
        counts.map(|(count, what)| format!("{} {times} {what}", number(*count))).collect();
    let share = format!("{:<8}{}", percent(ratio), counts.join(", "));
    let mark = if failed { theme.symbol("✗ ", "x ") } else { "" };
    let tone = if failed { Tone::Bad } else { Tone::Good };
    Some(theme.paint(tone, format!("{mark}{}", share.trim_end())))
}

fn remarks(signals: &Signals, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let mut said = Vec::new();
    if signals.rows.iter().any(|row| row.few) {
        said.push("Rows of fewer than 20 requests prove little.".to_owned());
    }
    said.extend(rows::of_clients(signals));
    let own = || signals.rows.iter().chain([&signals.all]).map(|row| &row.exporter_quantiles);
    if own().any(|own| !own.is_empty()) {
        let all = "Quantiles are the exporter's own, over a window that it chose: they cannot be added \
                   up, and of several series the highest is shown.";
        said.push(all.to_owned());
    }
    if signals.overall {
        let timed = signals.timed_by.as_deref().unwrap_or_default();
        said.push(format!("Durations of all are of {}, which has no labels.", text::shown(timed)));
    }
    if signals.uneven {
        let all = "Series have different buckets: durations are told of each row, not of all.";
        said.push(all.to_owned());
    }
    said.extend(left_out(signals));
    if let Some(slowest) = &signals.slowest {
        let time = slowest.time.map(|time| format!(" at {}", theme.date_time(time)));
        let (name, time) = (text::harmless(&slowest.name), time.unwrap_or_default());
        let length = milliseconds(slowest.duration_ms);
        said.push(format!("Slowest with a trace: {length} {name}{time}"));
    }
    if !said.is_empty() {
        writeln!(out)?;
    }
    said.iter().try_for_each(|line| paragraph(out, theme, line))?;
    if let Some(slowest) = &signals.slowest {
        let command = format!("obs trace {}", slowest.trace_id);
        writeln!(out, "  {}", theme.paint(Tone::Id, command))?;
    }
    Ok(())
}

/// Says what is in none of the numbers above.
fn left_out(signals: &Signals) -> Option<String> {
    let mut left = Vec::new();
    if signals.excluded.requests > 0.0 {
        let routes = text::shown(&signals.excluded.routes.join(", "));
        left.push(format!("{} for {routes}", counted(signals.excluded.requests, "request")));
    }
    if signals.idle > 0 {
        left.push(format!("{} without a request", text::counted(signals.idle, "row")));
    }
    if signals.unmatched > 0 {
        left.push(format!("{} that --match leaves out", text::counted(signals.unmatched, "row")));
    }
    (!left.is_empty()).then(|| format!("Left out: {}.", left.join(", ")))
}

fn many(page: &PageReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    for many in page.cardinality.iter().take(MANY_MAX) {
        let alike = match many.alike.as_slice() {
            [one, other, ..] => {
                format!(", such as {one} and {other}: raw paths in place of routes?")
            }
            _ => String::new(),
        };
        let text = format!(
            "! {} has {} of the page's {} samples: its label {} has {} values{alike}",
            many.metric, many.samples, page.samples, many.label, many.values
        );
        for line in text::wrap(&text::shown(&text), theme.width, 2) {
            writeln!(out, "{}", theme.paint(Tone::Warn, line))?;
        }
    }
    let more = page.cardinality.len().saturating_sub(MANY_MAX);
    if more > 0 {
        writeln!(out, "! {more} more metrics have labels with so many values: -o json names them")?;
    }
    Ok(())
}

pub(super) fn fact(out: &mut dyn Write, label: &str, line: &str) -> io::Result<()> {
    writeln!(out, "{label:<LABEL$}{line}")
}

fn paragraph(out: &mut dyn Write, theme: &Theme, text: &str) -> io::Result<()> {
    text::wrap(text, theme.width, 2).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Draws a quantile; above the highest bound only that is known.
pub(super) fn quantile(row: &QuantileRow) -> String {
    // What is computed within the first bucket is a share of its width, and nothing that was measured.
    if row.from_ms == 0.0 && row.to_ms.is_finite() {
        return format!("<{}", milliseconds(row.to_ms));
    }
    let above = if row.to_ms.is_infinite() { ">" } else { "" };
    format!("{above}{}", milliseconds(row.ms))
}

/// Draws the bucket that a quantile lies in: how exact it is.
fn bucket(row: &QuantileRow) -> String {
    if row.to_ms.is_infinite() {
        return "above the highest bucket".to_owned();
    }
    if row.from_ms == 0.0 {
        return "in the lowest bucket".to_owned();
    }
    format!("between {} and {}", milliseconds(row.from_ms), milliseconds(row.to_ms))
}

pub(super) fn counted(number: f64, one: &str) -> String {
    let plural = if (number - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{} {one}{plural}", self::number(number))
}

pub(super) fn name(quantile: f64) -> String {
    number(quantile * 100.0)
}

pub(super) fn milliseconds(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is shown with three digits"
    )]
    duration((value * 1e6) as i64)
}

/// Draws a number with three digits, and a whole one whole.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 || v.fract() == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 0.1 => 2,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

pub(super) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let decimals = match percent {
        p if p == 0.0 || p >= 10.0 => 0,
        p if p >= 1.0 => 1,
        _ => 2,
    };
    format!("{percent:.decimals$}%")
}
