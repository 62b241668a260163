//! A trace as one page: what it is, what was found, the waterfall, every drawn span's details.

use std::io::{self, Write};

use super::super::footer::left_out;
use super::super::rows::{Rows, Shows};
use super::super::view::Scope;
use super::super::{TraceReport, summary};
use super::markup::escaped;
use super::svg::{LEGEND, STYLE, headline, inline};
use crate::model::UnixNanos;
use crate::render::Theme;
use crate::render::theme::duration;

/// The longest value of an attribute that the page has, in characters; the rest is counted.
const VALUE_CHARACTERS_MAX: usize = 4_000;

/// How the page looks beside the picture.
const PAGE_STYLE: &str = "\
:root{color-scheme:light dark}body{margin:1.2rem auto;max-width:1200px;padding:0 1rem;
font:14px/1.45 system-ui,sans-serif;background:#fff;color:#1b1f24}h1{font-size:1.25rem;margin:0 0 .3rem}
h2{font-size:1rem;margin:1.4rem 0 .4rem}code,dd,summary{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}
.facts{color:#57606a;margin:0 0 .8rem}.bad{color:#c62828}.warn{color:#8a5a00}ul{padding-left:1.2rem;margin:.3rem 0}
.scroll{overflow-x:auto;border:1px solid #d5dae0;border-radius:6px;padding:.3rem}
details{border-bottom:1px solid #e4e7eb}summary{cursor:pointer;padding:.2rem 0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(8rem,18rem) 1fr;gap:.1rem .8rem;margin:.2rem 0 .6rem 1rem}
dt{color:#57606a;overflow-wrap:anywhere}dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){body{background:#14171b;color:#e4e8ec}.facts,dt{color:#98a2ad}
.bad{color:#ff7b72}.warn{color:#e3b341}.scroll,details{border-color:#30363d}}";

/// Writes the page.
pub(in super::super) fn html(
    report: &TraceReport,
    (rows, scope): (&Rows, &Scope),
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    let name = report.name_of_trace();
    // Nothing is loaded and nothing runs, whatever a text from outside should turn out to be.
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>trace {name}</title>\n<style>{PAGE_STYLE}\n{STYLE}</style>\n</head>\n<body>"
    )?;
    head(report, out, theme)?;
    findings(report, out)?;
    writeln!(out, "<h2>Waterfall</h2>\n<div class=\"scroll\">")?;
    inline(report, (rows, scope), out, theme)?;
    let said = [vec![LEGEND.to_owned()], left_out(rows)].concat().join(" · ");
    writeln!(out, "</div>\n<p class=\"facts\">{}</p>", escaped(&said))?;
    writeln!(out, "<h2>Spans</h2>")?;
    for row in &rows.drawn {
        match &row.shows {
            Shows::Span(span) => details(report, *span, out)?,
            Shows::Fold { members, .. } => {
                members.iter().try_for_each(|span| details(report, *span, out))?;
            }
            _ => {}
        }
    }
    writeln!(out, "</body>\n</html>")
}

fn head(report: &TraceReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    writeln!(out, "<h1>{}</h1>", escaped(&headline(report)))?;
    let mut facts = vec![format!("trace <code>{}</code>", report.name_of_trace())];
    if let Some(request) = &report.request_id {
        facts.push(format!("request <code>{}</code>", escaped(request)));
    }
    facts.extend(report.start.map(|start| escaped(&theme.date_time(start))));
    facts.push(escaped(&report.services.join(", ")));
    facts.extend(report.asked.iter().map(|source| escaped(source)));
    writeln!(out, "<p class=\"facts\">{}</p>", facts.join(" · "))?;
    let silent = report.missing.iter().map(|one| format!("{}: {}", one.source, one.reason));
    for line in silent.chain(report.warnings.iter().cloned()) {
        writeln!(out, "<p class=\"warn\">{}</p>", escaped(&line))?;
    }
    Ok(())
}

fn findings(report: &TraceReport, out: &mut dyn Write) -> io::Result<()> {
    if let Some(cause) = &report.root_cause {
        let lines: Vec<String> =
            summary::error_lines(report).iter().map(|line| escaped(line)).collect();
        let id = cause.span_id;
        let lines = lines.join("<br>");
        writeln!(out, "<p class=\"bad\"><a href=\"#{id}\">error</a> {lines}</p>")?;
    }
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Findings</h2>\n<ul>")?;
    for (tag, line) in summary::finding_lines(report) {
        writeln!(out, "<li><b>{tag}</b> {}</li>", escaped(&line))?;
    }
    writeln!(out, "</ul>")
}

fn details(report: &TraceReport, row: usize, out: &mut dyn Write) -> io::Result<()> {
    let analysis = report.analysis();
    let span = report.spans.span(row);
    let name = escaped(&format!("{} {}", span.service, span.name));
    let class = if span.is_error() { " class=\"bad\"" } else { "" };
    let length = duration(analysis.tree.nodes()[row].duration_ns());
    let id = span.span_id;
    writeln!(out, "<details id=\"{id}\"><summary{class}>{name} · {length}</summary>\n<dl>")?;
    let since = |time: UnixNanos| duration(time.since(analysis.start()));
    fact(out, "span", &id.to_string())?;
    if let Some(parent) = span.parent {
        fact(out, "parent", &parent.to_string())?;
    }
    fact(out, "kind", &format!("{:?}", span.kind).to_lowercase())?;
    fact(out, "after", &since(analysis.tree.nodes()[row].start))?;
    fact(out, "own time", &duration(analysis.self_ns[row]))?;
    fact(out, "on the critical path", &duration(analysis.path.row_ns[row]))?;
    if !span.status_message.is_empty() {
        fact(out, "status", &span.status_message)?;
    }
    for (key, value) in span.attributes.iter().chain(span.resource.iter()) {
        fact(out, key, &value.to_string())?;
    }
    for event in &span.events {
        fact(out, "event", &format!("{} after {}", event.name, since(event.time)))?;
        for (key, value) in &event.attributes {
            fact(out, key, &value.to_string())?;
        }
    }
    writeln!(out, "</dl></details>")
}

/// Writes a name and its value, whose lines stay lines, cut where it is longer than anybody reads.
fn fact(out: &mut dyn Write, key: &str, value: &str) -> io::Result<()> {
    let end = value.char_indices().nth(VALUE_CHARACTERS_MAX).map_or(value.len(), |(end, _)| end);
    let (head, rest) = value.split_at(end);
    let lines: Vec<String> = head.lines().map(escaped).collect();
    let more = match rest.chars().count() {
        0 => String::new(),
        more => format!("… and {more} characters"),
    };
    writeln!(out, "<dt>{}</dt><dd>{}{more}</dd>", escaped(key), lines.join("\n"))
}
