//! The signals as Markdown, for a ticket.

use std::io::{self, Write};

use super::drawn::{number, percent};
use super::rows::Duration;
use super::{MetricsReport, PageReport, Signals, rows};
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
        let seconds = page.elapsed_ms.map(super::drawn::milliseconds);
        let since = match (page.lifetime, seconds) {
            (false, Some(seconds)) => format!("over {seconds}"),
            (true, Some(seconds)) => format!("since the process started, {seconds} ago"),
            (_, None) => "since counting began".to_owned(),
        };
        let Some(signals) = &page.signals else {
            writeln!(out, "No metric of requests among its {} samples.\n", page.samples)?;
            used(out, page)?;
            writeln!(out)?;
            continue;
        };
        writeln!(out, "Requests {since}, counted by `{}`.\n", cell(&signals.counted_by))?;
        table(out, signals)?;
        for remark in rows::of_clients(signals) {
            writeln!(out, "{}\n", cell(&remark))?;
        }
        used(out, page)?;
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

fn table(out: &mut dyn Write, signals: &Signals) -> io::Result<()> {
    let (columns, clients) = (Duration::columns(signals), rows::has_client_errors(signals));
    let mut heads =
        vec!["what".to_owned(), "requests".to_owned(), "rate".to_owned(), "errors".to_owned()];
    heads.extend(clients.then(|| "4xx".to_owned()));
    heads.extend(columns.iter().map(|column| column.title()));
    writeln!(out, "| {} |\n|---|{}", heads.join(" | "), "---:|".repeat(heads.len() - 1))?;
    for row in [&signals.all].into_iter().chain(&signals.rows) {
        let name = row.name.as_deref().map(|name| format!("`{}`", cell(name)));
        let rate = row.rate.map_or_else(|| "-".to_owned(), |rate| format!("{}/s", number(rate)));
        let errors = row.error_ratio.map_or_else(|| "-".to_owned(), percent);
        let name = name.unwrap_or_else(|| "**all**".to_owned());
        let mut cells = vec![name, number(row.requests), rate, errors];
        cells.extend(clients.then(|| rows::client_errors(row)));
        cells.extend(columns.iter().map(|column| column.of(row)));
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    writeln!(out)
}

fn used(out: &mut dyn Write, page: &PageReport) -> io::Result<()> {
    for used in &page.saturation {
        let which = super::used::series(used);
        let which = if which.is_empty() { String::new() } else { format!(" `{}`", cell(which)) };
        writeln!(out, "- {}{which}", cell(&super::used::words(used)))?;
    }
    Ok(())
}

fn cell(words: &str) -> String {
    text::shown(words).replace('|', "\\|").replace('`', "'")
}
