//! The signals as Markdown, for a ticket.

use std::io::{self, Write};

use super::drawn::{number, percent};
use super::{MetricsReport, Row};
use crate::render::text;

pub(super) fn write(report: &MetricsReport, out: &mut dyn Write) -> io::Result<()> {
    for page in &report.pages {
        writeln!(out, "### {}\n", cell(&page.page))?;
        if let Some(workers) = &page.workers {
            let at_least = workers.at_least;
            writeln!(
                out,
                "**Of 1 of at least {at_least} worker processes**: {}.\n",
                workers.evidence
            )?;
        }
        let seconds =
            page.elapsed_ms.map_or("an unknown time".to_owned(), |ms| format!("{:.1} s", ms / 1e3));
        let since = if page.lifetime { "since it started, " } else { "over " };
        let Some(signals) = &page.signals else {
            writeln!(out, "No metric of requests among its {} samples.\n", page.samples)?;
            continue;
        };
        writeln!(out, "Requests {since}{seconds}, counted by `{}`.\n", cell(&signals.counted_by))?;
        writeln!(out, "| what | requests | rate | errors | p50 | p95 | p99 |")?;
        writeln!(out, "|---|---:|---:|---:|---:|---:|---:|")?;
        row(out, "**all**", &signals.all)?;
        for one in &signals.rows {
            row(out, &format!("`{}`", cell(one.name.as_deref().unwrap_or_default())), one)?;
        }
        writeln!(out)?;
        for used in &page.saturation {
            let of = used.max.map(|max| format!(" of {}", number(max))).unwrap_or_default();
            let unit = if used.unit == "1" { "" } else { used.unit };
            writeln!(out, "- {}: {}{of} {unit}", cell(&used.name), number(used.used))?;
        }
        if let Some(slowest) = &signals.slowest {
            writeln!(out, "\nSlowest with a trace: `obs trace {}`", slowest.trace_id)?;
        }
        writeln!(out)?;
    }
    for one in &report.missing {
        writeln!(out, "Not read: {}: {}", cell(&one.source), cell(&one.reason))?;
    }
    out.flush()
}

fn row(out: &mut dyn Write, name: &str, row: &Row) -> io::Result<()> {
    let dash = || "-".to_owned();
    let rate = row.rate.map_or_else(dash, |rate| format!("{}/s", number(rate)));
    let errors = row.error_ratio.map_or_else(dash, percent);
    let quantiles = [0.5, 0.95, 0.99].map(|wanted| row.drawn(wanted)).join(" | ");
    writeln!(out, "| {name} | {} | {rate} | {errors} | {quantiles} |", number(row.requests))
}

fn cell(words: &str) -> String {
    text::shown(words).replace('|', "\\|").replace('`', "'")
}
