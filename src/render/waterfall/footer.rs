//! The text below the waterfall: what the symbols mean, what was left out, and what to type for it.

use std::io::{self, Write};

use super::TraceReport;
use super::ink::pieces;
use super::rows::{Rows, Shows};
use crate::model::counted;
use crate::render::{Theme, Tone, text};
use crate::traces::Noise;

/// Writes the legend, what was folded, hidden and filtered, and the command that shows it.
pub(super) fn write(
    report: &TraceReport,
    rows: &Rows,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let legend = legend(report, rows).into_iter().map(|text| (Some(Tone::Dim), text.to_owned()));
    pieces(out, theme, &legend.collect::<Vec<_>>(), "  ")?;
    let said: Vec<_> = left_out(rows).into_iter().map(|text| (None, text)).collect();
    if !said.is_empty() {
        pieces(out, theme, &said, " · ")?;
    }
    let command = report.command();
    let folded = rows.folded + rows.hidden + rows.unsaid + rows.noise.values().sum::<usize>();
    let mut commands = Vec::new();
    if folded > 0 {
        let logs = if report.logs.is_some() { " --logs" } else { "" };
        let options = report.options.view.options();
        commands.push(("all of it:".to_owned(), format!("{command}{options}{logs} --all")));
    }
    if rows.unmatched + rows.outside > 0 {
        commands.push(("the whole trace:".to_owned(), command));
    } else if let Some(span) = most_hidden(report, rows) {
        commands.push(("below one span:".to_owned(), format!("{command} --span {span}")));
    }
    for (what, command) in commands {
        pieces(out, theme, &[(None, what), (Some(Tone::Id), command)], " ")?;
    }
    for link in &report.links {
        // Not broken over lines: it is to be clicked.
        let (name, url) = (text::shown(&link.name), text::shown(&link.url));
        writeln!(out, "in {name}: {}", theme.paint(Tone::Id, url))?;
    }
    Ok(())
}

fn legend(report: &TraceReport, rows: &Rows) -> Vec<&'static str> {
    let mut legend = vec!["█ critical path", "░ off path", "◆ event", "✗ failed", "▪ folded"];
    let gaps = rows.drawn.iter().any(|row| matches!(row.shows, Shows::Gap(_)));
    legend.extend(gaps.then_some("╌ not instrumented"));
    legend.extend((!report.skews.is_empty()).then_some("⇄ clock corrected"));
    legend.extend(report.logs.is_some().then_some("• log line"));
    legend
}

/// Returns a sentence for each kind of thing that is not drawn.
pub(super) fn left_out(rows: &Rows) -> Vec<String> {
    let mut said = Vec::new();
    let noise: usize = rows.noise.values().sum();
    if noise > 0 {
        let kinds: Vec<String> =
            rows.noise.iter().map(|(kind, count)| name(*kind, *count)).collect();
        said.push(format!("{} folded ({})", counted(noise, "noise span"), kinds.join(", ")));
    }
    if rows.folded > 0 {
        said.push(format!("{} folded into rows of their kind", counted(rows.folded, "span")));
    }
    if rows.hidden > 0 {
        let failed = match rows.hidden_errors {
            0 => String::new(),
            errors => format!(", {errors} of them failed"),
        };
        said.push(format!("{} not drawn{failed}", counted(rows.hidden, "span")));
    }
    if rows.unsaid > 0 {
        said.push(format!("{} events, gaps or log lines not drawn", rows.unsaid));
    }
    if rows.unmatched > 0 {
        said.push(format!("{} filtered out", counted(rows.unmatched, "span")));
    }
    if rows.outside > 0 {
        said.push(format!("{} outside of what was asked for", counted(rows.outside, "span")));
    }
    said
}

fn name(noise: Noise, count: usize) -> String {
    match noise {
        Noise::AsgiEvent => counted(count, "ASGI event"),
        Noise::Connect => counted(count, "pool connection"),
        Noise::Empty => format!("{count} of no length"),
        Noise::Duplicate => format!("{count} recorded twice"),
    }
}

/// Returns the span with the most hidden below it, if any has.
fn most_hidden(report: &TraceReport, rows: &Rows) -> Option<String> {
    let hiding = rows.drawn.iter().filter(|row| row.hidden > 0 && row.depth > 0);
    let row = hiding.max_by_key(|row| (row.hidden, std::cmp::Reverse(row.depth)))?;
    let Shows::Span(span) = row.shows else { return None };
    Some(report.analysis().tree.nodes()[span].span.span_id.to_string())
}
