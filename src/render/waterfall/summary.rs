//! The text above the waterfall: which trace, what failed, what is worth a look.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::TraceReport;
use super::columns::{percent, sum_of};
use super::ink::{Line, pieces, width, wrapped};
use crate::model::counted;
use crate::render::theme::duration;
use crate::render::{Theme, Tone, text};
use crate::traces::{Finding, FindingKind, Skew};

/// The columns of a name in a line of text.
const NAME_COLUMNS_MAX: usize = 80;

/// The findings shown unless everything is asked for.
const FINDINGS_MAX: usize = 10;

/// Writes the trace, its operation, size, time, sources, and whether anything is missing.
pub(super) fn header(report: &TraceReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let analysis = report.analysis();
    let nodes = analysis.tree.nodes();
    let mut first = vec![(Some(Tone::Id), format!("trace {}", report.name_of_trace()))];
    if let Some(root) = analysis.root() {
        let code = report.status_code.map(|code| format!(" {code}")).unwrap_or_default();
        let tone = if nodes[root].failed { Tone::Bad } else { Tone::Strong };
        first.push((Some(tone), format!("{}{code}", text::harmless(&report.name))));
        let (whole, own) = (analysis.duration_ns(), nodes[root].duration_ns());
        // What went on beside or after the operation is not what its caller waited for.
        let beyond = whole.saturating_sub(own) > whole / 100 && !nodes[root].orphan;
        first.push((Some(Tone::Strong), duration(if beyond { own } else { whole })));
        if beyond {
            first.push((None, format!("{} in all", duration(whole))));
        }
    }
    let mut counts = vec![counted(nodes.len(), "span"), counted(report.services.len(), "service")];
    if !analysis.errors.rows.is_empty() {
        counts.push(counted(analysis.errors.rows.len(), "error"));
    }
    first.push((None, counts.join(" · ")));
    pieces(out, theme, &first, "   ")?;

    let mut second = Vec::new();
    if let Some(request) = &report.request_id {
        second.push((Some(Tone::Id), format!("request {}", text::harmless(request))));
    }
    if !nodes.is_empty() {
        second.extend(report.start.map(|start| (None, theme.date_time(start))));
    }
    second.extend(report.asked.iter().map(|source| (None, text::shown(source))));
    second.push(completeness(report));
    second.extend(report.skews.iter().map(|skew| {
        let half = duration(skew.high_ns.saturating_sub(skew.low_ns) / 2);
        let service = text::harmless(&skew.service);
        let text = format!("clock skew {service} {} (±{half})", signed(skew.offset_ns));
        (Some(Tone::Warn), text)
    }));
    pieces(out, theme, &second, " · ")?;
    for missing in &report.missing {
        paragraph(
            out,
            theme,
            (Tone::Warn, "no answer"),
            &format!("{}: {}", missing.source, text::shown(&missing.reason)),
        )?;
    }
    for warning in &report.warnings {
        paragraph(out, theme, (Tone::Warn, "warning"), &text::shown(warning))?;
    }
    Ok(())
}

pub(super) fn completeness(report: &TraceReport) -> (Option<Tone>, String) {
    if report.complete {
        return (Some(Tone::Dim), "complete".to_owned());
    }
    let tree = &report.analysis().tree;
    let running = tree.nodes().iter().filter(|node| node.span.end.is_none()).count();
    let reasons = [
        (tree.missing().len(), "missing span"),
        (running, "running span"),
        (report.missing.len(), "silent source"),
    ];
    let reasons = reasons.into_iter().filter(|(count, _)| *count > 0);
    let reasons: Vec<String> = reasons.map(|(count, what)| counted(count, what)).collect();
    let reasons = if reasons.is_empty() { "no spans".to_owned() } else { reasons.join(", ") };
    (Some(Tone::Warn), format!("INCOMPLETE: {reasons}"))
}

/// Writes where the first failure was and what it says of itself.
pub(super) fn error(report: &TraceReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    for (at, line) in error_lines(report).iter().enumerate() {
        let word = if at == 0 { "error" } else { "" };
        paragraph(out, theme, (Tone::Bad, word), &text::harmless(line))?;
    }
    Ok(())
}

/// Returns where the first failure was, what was thrown, and the application's frame, as far as they
/// are known; not yet harmless.
pub(super) fn error_lines(report: &TraceReport) -> Vec<String> {
    let Some(cause) = &report.root_cause else { return Vec::new() };
    let handled = if cause.handled { ", handled: the operation itself did not fail" } else { "" };
    let place = format!("{} {} (span {}){handled}", cause.service, cause.name, cause.span_id);
    let said = [cause.exception_type.as_str(), cause.message.as_str()];
    let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
    let frame = cause.frame.as_ref().map(|frame| {
        let inside = if frame.function.is_empty() { "" } else { " in " };
        format!("at {}:{}{inside}{}", frame.file, frame.line, frame.function)
    });
    let said = (!said.is_empty()).then(|| said.join(": "));
    [Some(place), said, frame].into_iter().flatten().collect()
}

/// Writes a line for each operation that has this trace id, when there are several.
pub(super) fn roots(report: &TraceReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    const ROOTS_MAX: usize = 8;
    let (tree, nodes) = (&report.analysis().tree, report.analysis().tree.nodes());
    let roots: Vec<usize> = tree.roots().filter(|row| !nodes[*row].orphan).collect();
    if roots.len() < 2 || report.options.view.root.is_some() {
        return Ok(());
    }
    let shown = if report.options.all { usize::MAX } else { ROOTS_MAX };
    for (at, row) in roots.iter().enumerate().take(shown) {
        let node = &nodes[*row];
        let code = node.span.http_status().map(|code| format!(" {code}")).unwrap_or_default();
        let name = report.spans.masked(&format!("{} {}", node.span.service, node.span.name));
        let text = format!(
            "{} {}{code} · {} · {} · --root {}",
            theme.time_of_day(node.start),
            text::harmless(&name),
            duration(node.duration_ns()),
            counted(tree.subtree(*row).len(), "span"),
            at + 1
        );
        let tone = if node.failed { Tone::Bad } else { Tone::Strong };
        paragraph(out, theme, (tone, if at == 0 { "root" } else { "" }), &text)?;
    }
    match roots.len().saturating_sub(shown) {
        0 => Ok(()),
        more => paragraph(out, theme, (Tone::Dim, ""), &format!("and {more} more roots (--all)")),
    }
}

/// Writes the findings with the time each accounts for.
pub(super) fn findings(report: &TraceReport, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let shown = if report.options.all { usize::MAX } else { FINDINGS_MAX };
    for (tag, line) in finding_lines(report).take(shown) {
        paragraph(out, theme, (Tone::Warn, tag), &text::harmless(&line))?;
    }
    match report.findings.len().saturating_sub(shown) {
        0 => Ok(()),
        more => {
            paragraph(out, theme, (Tone::Dim, ""), &format!("and {more} more findings (--all)"))
        }
    }
}

/// Returns each finding's word and sentence; not yet harmless.
pub(super) fn finding_lines(report: &TraceReport) -> impl Iterator<Item = (&'static str, String)> {
    // What the roots took: pauses between them are nobody's time.
    let trace_ns = sum_of(&report.analysis().path.row_ns);
    report.findings.iter().map(move |finding| {
        let (time, text) = (finding.duration_ns, &finding.text);
        let line = match skew_of(report, finding) {
            Some(skew) => format!("{text} · {}", shown_skew(skew)),
            // What lies outside of the operations is no part of them.
            None if time > trace_ns => format!("{text} · {}", duration(time)),
            None => format!("{text} · {} ({})", duration(time), percent(time, trace_ns)),
        };
        (tag(finding.kind), line)
    })
}

fn skew_of<'a>(report: &'a TraceReport, finding: &Finding) -> Option<&'a Skew> {
    let of_kind = finding.kind == FindingKind::ClockSkew;
    report.skews.iter().find(|skew| of_kind && skew.spans == finding.spans)
}

fn shown_skew(skew: &Skew) -> String {
    let bounds = format!("{} to {}", signed(skew.low_ns), signed(skew.high_ns));
    format!("shown {}, anything from {bounds} is possible", signed(skew.offset_ns))
}

/// Returns a difference of clocks with its sign.
pub(super) fn signed(nanos: i64) -> String {
    let sign = if nanos < 0 { '-' } else { '+' };
    format!("{sign}{}", duration(nanos.saturating_abs()))
}

fn tag(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::MissingParent => "missing",
        FindingKind::StillRunning => "running",
        FindingKind::ClockSkew => "skew",
        FindingKind::Retry => "retry",
        FindingKind::ServerWentOn => "timeout",
        FindingKind::NPlusOne => "N+1",
        FindingKind::FanOut => "fan-out",
        FindingKind::DuplicateQuery => "duplicate",
        FindingKind::NotInstrumented => "gap",
        FindingKind::Network => "network",
        FindingKind::SeveralRoots => "roots",
    }
}

/// Writes the three spans with the largest share of the critical path.
pub(super) fn critical_path(
    report: &TraceReport,
    out: &mut dyn Write,
    theme: &Theme,
) -> io::Result<()> {
    const SHARES_MAX: usize = 3;
    let analysis = report.analysis();
    let row_ns = &analysis.path.row_ns;
    let whole = sum_of(row_ns);
    let mut rows: Vec<usize> = (0..row_ns.len()).filter(|row| row_ns[*row] > 0).collect();
    rows.sort_by_key(|row| Reverse(row_ns[*row]));
    let share = |row: &usize| {
        let (span, time) = (&analysis.tree.nodes()[*row].span, row_ns[*row]);
        let name = report.spans.masked(&format!("{} {}", span.service, span.name));
        let name = text::harmless(&name);
        let name = text::cut_middle(&name, NAME_COLUMNS_MAX);
        format!("{name} {} ({})", duration(time), percent(time, whole))
    };
    let shares: Vec<String> = rows.iter().take(SHARES_MAX).map(share).collect();
    let more = if rows.len() > SHARES_MAX { " · …" } else { "" };
    if shares.is_empty() {
        return Ok(());
    }
    let text = format!("{}{more}", shares.join(" · "));
    paragraph(out, theme, (Tone::Strong, "critical"), &text)
}

/// Writes a word and, beside it, harmless text over as many lines as it takes.
fn paragraph(
    out: &mut dyn Write,
    theme: &Theme,
    (tone, word): (Tone, &str),
    text: &str,
) -> io::Result<()> {
    const INDENT: usize = 10;
    for (place, part) in wrapped(text, width(theme) - INDENT).iter().enumerate() {
        let mut line = Line::new(theme);
        line.push(Some(tone), if place == 0 { word } else { "" });
        line.pad(INDENT);
        line.push(None, part);
        line.end(out)?;
    }
    Ok(())
}
