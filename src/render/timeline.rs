//! The story of one request: log lines, spans and errors on one timeline.

use std::io::{self, Write};

use serde::Serialize;

use super::theme::{duration, severity_tone};
use super::{Render, Theme, Tone, issues, text};
use crate::model::{
    Correlation, ErrorEvent, Gathered, LogRecord, Missing, Severity, SpanKind, Story, TraceId,
    UnixNanos, mask_text, mask_value,
};
use crate::traces::{Analysis, RootCause, analyse};

/// The most rows drawn: a timeline that long is better read with `obs logs` and `obs trace`.
const ROWS_MAX: usize = 200;

/// How many lines of a log line's exception are drawn.
const EXCEPTION_LINES_MAX: usize = 8;

/// One request's story; in JSON `obs.request/1`.
#[derive(Debug, Serialize)]
pub struct RequestReport {
    schema: &'static str,
    /// The id as asked for.
    pub id: String,
    /// The request id, when it is another than asked for.
    pub request_id: Option<String>,
    /// The request's traces.
    pub trace_ids: Vec<TraceId>,
    /// What led from the request id to a trace of another id.
    pub resolved_by: Option<&'static str>,
    /// When the first thing happened.
    pub start: Option<UnixNanos>,
    /// From the first to the last.
    pub duration_ms: f64,
    /// The services that took part, in the order of their first sign.
    pub services: Vec<String>,
    /// The failure that the others come from, as the spans tell it.
    pub root_cause: Option<RootCause>,
    /// Everything in the order it happened.
    pub timeline: Vec<Moment>,
    /// The error events in full.
    pub events: Vec<ErrorEvent>,
    /// Whether there were more log lines than are shown.
    pub logs_truncated: bool,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

/// One thing that happened.
#[derive(Debug, Serialize)]
pub struct Moment {
    /// When; `None` for a line that does not say.
    pub time: Option<UnixNanos>,
    /// After the first thing.
    pub offset_ms: Option<f64>,
    /// What kind of thing.
    pub kind: MomentKind,
    /// The service; empty when unknown.
    pub service: String,
    /// In words.
    pub text: String,
    /// How long it took: spans only.
    pub duration_ms: Option<f64>,
    /// How bad it is.
    pub level: Option<Severity>,
    /// How deep a span lies below its root.
    pub depth: usize,
    /// The traceback or error chain that a log line carries.
    pub exception: Option<String>,
}

/// The kinds of things on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MomentKind {
    /// A span began.
    Span,
    /// A line was logged.
    Log,
    /// An error was reported.
    Error,
}

impl RequestReport {
    /// Puts everything in order; texts are masked here unless `show_secrets`.
    pub fn new(correlation: &Correlation, gathered: Gathered<Story>, show_secrets: bool) -> Self {
        let Gathered { found: story, asked, missing } = gathered;
        let mask = |event: ErrorEvent| if show_secrets { event } else { event.masked() };
        let events: Vec<ErrorEvent> = story.events.iter().cloned().map(mask).collect();
        let request_id = story.request_id(correlation);
        let analysis = analyse(story.spans);
        let mut timeline = span_moments(&analysis);
        timeline.extend(story.logs.iter().map(|record| log_moment(record, show_secrets)));
        timeline.extend(events.iter().map(error_moment));
        if !show_secrets {
            for moment in &mut timeline {
                moment.text = mask_text(&moment.text).into_owned();
                moment.service = mask_text(&moment.service).into_owned();
                moment.exception =
                    moment.exception.take().map(|exception| mask_text(&exception).into_owned());
            }
        }
        timeline.sort_by_key(|moment| (moment.time, moment.kind));
        let start = timeline.iter().find_map(|moment| moment.time);
        for moment in &mut timeline {
            moment.offset_ms = start.and_then(|start| Some(ms(moment.time?.since(start))));
        }
        let last = timeline.iter().rev().find_map(|moment| moment.time).max(span_end(&analysis));
        Self {
            schema: "obs.request/1",
            id: correlation.id().to_owned(),
            request_id,
            trace_ids: story.trace_ids,
            resolved_by: story.resolved_by,
            start,
            duration_ms: start.zip(last).map_or(0.0, |(start, last)| ms(last.since(start))),
            services: services(&timeline),
            root_cause: analysis.errors.root_cause.map(|cause| masked_cause(cause, show_secrets)),
            timeline,
            events,
            logs_truncated: story.logs_truncated,
            asked,
            missing,
        }
    }

    fn count(&self, kind: MomentKind) -> usize {
        self.timeline.iter().filter(|moment| moment.kind == kind).count()
    }
}

fn masked_cause(cause: RootCause, show_secrets: bool) -> RootCause {
    if show_secrets {
        return cause;
    }
    cause.map_texts(|text| mask_text(text).into_owned())
}

fn span_moments(analysis: &Analysis) -> Vec<Moment> {
    let moment = |node: &crate::traces::Node| {
        let span = &node.span;
        let status = span.http_status().map(|code| format!(" {code}")).unwrap_or_default();
        let reason = match span.exception() {
            Some((kind, message)) if span.is_error() => format!(" — {kind}: {message}"),
            _ if span.is_error() && !span.status_message.is_empty() => {
                format!(" — {}", span.status_message)
            }
            _ => String::new(),
        };
        let role = match span.kind {
            SpanKind::Client | SpanKind::Producer => " →",
            _ => "",
        };
        Moment {
            time: Some(span.start),
            offset_ms: None,
            kind: MomentKind::Span,
            service: span.service.clone(),
            text: format!("{}{role}{status}{reason}", span.name),
            duration_ms: span.duration_ns().map(ms),
            level: span.is_error().then_some(Severity::Error),
            depth: node.depth,
            exception: None,
        }
    };
    analysis.tree.nodes().iter().map(moment).collect()
}

fn log_moment(record: &LogRecord, show_secrets: bool) -> Moment {
    let mut text = record.message.clone();
    for field in &record.fields {
        let value = field.text();
        let value = if show_secrets { value.into() } else { mask_value(&field.name, &value) };
        text.extend([" ", &field.name, "=", &value]);
    }
    Moment {
        time: record.time,
        offset_ms: None,
        kind: MomentKind::Log,
        service: record.service.clone().unwrap_or_default(),
        text,
        duration_ms: None,
        level: record.level,
        depth: 0,
        exception: record.exception.clone(),
    }
}

fn error_moment(event: &ErrorEvent) -> Moment {
    Moment {
        time: Some(event.time),
        offset_ms: None,
        kind: MomentKind::Error,
        service: event.service.clone(),
        text: format!("{} {}", event.issue_id, event.title()).trim().to_owned(),
        duration_ms: None,
        level: event.level,
        depth: 0,
        exception: None,
    }
}

fn span_end(analysis: &Analysis) -> Option<UnixNanos> {
    (!analysis.tree.nodes().is_empty()).then(|| analysis.end())
}

fn services(timeline: &[Moment]) -> Vec<String> {
    let mut services: Vec<String> = Vec::new();
    for moment in timeline.iter().filter(|moment| !moment.service.is_empty()) {
        if !services.contains(&moment.service) {
            services.push(moment.service.clone());
        }
    }
    services
}

fn ms(nanos: i64) -> f64 {
    crate::traces::milliseconds(nanos)
}

impl Render for RequestReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        if self.timeline.is_empty() {
            return Ok(());
        }
        self.header(out, theme)?;
        for event in &self.events {
            writeln!(out)?;
            issues::event(out, theme, event)?;
        }
        writeln!(out)?;
        let shown = self.timeline.len().min(ROWS_MAX);
        let columns = self.services.iter().map(|name| text::columns(name)).max().unwrap_or(0);
        for moment in &self.timeline[..shown] {
            self.row(out, theme, moment, columns.min(20))?;
        }
        if shown < self.timeline.len() || self.logs_truncated {
            let more = self.timeline.len() - shown;
            writeln!(out, "… {more} more here, and possibly more log lines: obs logs, obs trace")?;
        }
        writeln!(out)?;
        for command in ["obs trace", "obs logs --request-id", "obs issues --request-id"] {
            writeln!(
                out,
                "{}",
                theme.paint(Tone::Id, format!("{command} {}", text::word(&self.id)))
            )?;
        }
        Ok(())
    }
}

/// Returns the time after the beginning: milliseconds, and from ten seconds on a coarser unit.
fn offset(ms: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a duration that was nanoseconds")]
    let nanos = (ms * 1e6) as i64;
    if ms < 10_000.0 { format!("+{ms:.1}ms") } else { format!("+{}", duration(nanos)) }
}

impl RequestReport {
    fn header(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let id = self.request_id.as_ref().unwrap_or(&self.id);
        let start = self.start.map(|start| theme.date_time(start)).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "a duration that was nanoseconds")]
        let length = duration((self.duration_ms * 1e6) as i64);
        writeln!(out, "{} {}", theme.paint(Tone::Strong, "request"), text::harmless(id))?;
        let facts = [
            start,
            length,
            self.services.iter().map(|name| text::harmless(name)).collect::<Vec<_>>().join(", "),
            text::counted(self.count(MomentKind::Span), "span"),
            text::counted(self.count(MomentKind::Log), "log line"),
            text::counted(self.events.len(), "error"),
        ];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        for line in text::wrap(&facts.join(" · "), theme.width, 0) {
            writeln!(out, "{line}")?;
        }
        for trace_id in &self.trace_ids {
            let how =
                self.resolved_by.map(|how| format!(" (found by its {how})")).unwrap_or_default();
            if !Correlation::from(*trace_id).matches(id) {
                writeln!(out, "trace {trace_id}{how}")?;
            }
        }
        Ok(())
    }

    fn row(
        &self,
        out: &mut dyn Write,
        theme: &Theme,
        moment: &Moment,
        service_columns: usize,
    ) -> io::Result<()> {
        let offset = moment.offset_ms.map_or_else(|| "-".to_owned(), offset);
        let (mark, kind) = match moment.kind {
            MomentKind::Span => (theme.symbol("▸", ">"), "span "),
            MomentKind::Log => (theme.symbol("·", "."), "log  "),
            MomentKind::Error => (theme.symbol("✗", "x"), "ERROR"),
        };
        let index = self.services.iter().position(|name| *name == moment.service).unwrap_or(0);
        let service = text::fit(&text::harmless(&moment.service), service_columns);
        let length = moment.duration_ms.map(|ms| {
            #[expect(clippy::cast_possible_truncation, reason = "a duration that was nanoseconds")]
            let nanos = (ms * 1e6) as i64;
            format!("  {}", duration(nanos))
        });
        let level = match (moment.kind, moment.level) {
            (MomentKind::Log, Some(level)) if level >= Severity::Warn => {
                format!("{} ", level.name().to_uppercase())
            }
            _ => String::new(),
        };
        let indent = "  ".repeat(moment.depth.min(12));
        let used = 10 + 1 + 2 + 6 + service_columns + 1 + indent.len();
        let tail = length.unwrap_or_default();
        let room = theme.width.saturating_sub(used + tail.len());
        let words = format!("{level}{}", text::harmless(&moment.text));
        let words = if theme.terminal { text::cut(&words, room).into_owned() } else { words };
        let bad = moment.level.is_some_and(|level| level >= Severity::Error);
        let words = if bad { theme.paint(severity_tone(moment.level), words) } else { words };
        writeln!(
            out,
            "{} {mark} {} {} {indent}{words}{}",
            theme.paint(Tone::Dim, format!("{offset:>10}")),
            theme.paint(Tone::Dim, kind),
            theme.paint(Tone::Service(index), service),
            theme.paint(Tone::Dim, tail),
        )?;
        // An event in full stands above; without one the log line is all there is of the reason.
        let exception = moment.exception.iter().filter(|_| self.events.is_empty());
        for line in exception.flat_map(|text| text.lines()).take(EXCEPTION_LINES_MAX) {
            writeln!(out, "{:>18}{}", "", theme.paint(Tone::Dim, text::harmless(line)))?;
        }
        Ok(())
    }
}
