//! One trace: what `obs trace <id>` answers, and how it is drawn.
//!
//! [`TraceReport`] is the answer; everything that is drawn is in its JSON. Drawing goes top-down as
//! an on-call reads: what trace this is, what failed, what is worth a look, the waterfall, what was
//! left out. Here: the report. In `view` what somebody asked to see, in `rows` which spans are drawn, in
//! `inner` what happened inside them, in `lines` which span a log line belongs to, in `scale` the axis, in `bars` the bars, in `columns` the layout,
//! in `grid` its lines, in `label` what they say, in `summary` and `footer` the text around them, in
//! `ink` a line that keeps its width. In `ticket` the same as Markdown.

mod bars;
mod columns;
mod exports;
mod footer;
mod grid;
pub(super) mod ink;
mod inner;
mod json;
mod label;
mod lines;
pub(in crate::render) mod page;
mod rows;
mod scale;
mod summary;
mod ticket;
mod view;

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Theme};
use crate::model::{Missing, TraceId, UnixNanos};
use crate::traces::{Analysis, Finding, RootCause, Skew, milliseconds};
pub use json::{Spans, TraceLine};
pub use view::{MinDuration, View};

/// The rows drawn unless everything is asked for.
const ROWS_MAX: usize = 60;

/// The fewest columns that the layout is made for.
const WIDTH_MIN: usize = 40;

/// How a trace is shown.
#[derive(Debug, Clone, Default)]
pub struct WaterfallOptions {
    /// The parts to draw; JSON has all.
    pub view: View,
    /// Whether every span that the view shows gets its row: nothing folded, no limit.
    pub all: bool,
    /// Whether secrets are shown as they are, drawn and in JSON alike.
    pub show_secrets: bool,
    /// The options that name the files it was read from, each with a blank before it; empty when
    /// somebody was asked.
    pub files: String,
}

/// One trace with what it tells; in JSON `obs.trace/1`.
#[derive(Debug, Clone, Serialize)]
pub struct TraceReport {
    /// `obs.trace/1`.
    pub schema: &'static str,
    /// The trace; none when the id led to none.
    pub trace_id: Option<TraceId>,
    /// The request id that led here, when it is not the trace id.
    pub request_id: Option<String>,
    /// What led from the request id to the trace: a log line, an error event, a span's attribute.
    pub resolved_by: Option<&'static str>,
    /// Other traces of the same request.
    pub other_trace_ids: Vec<TraceId>,
    /// The operation of the first root; empty without spans.
    pub name: String,
    /// The HTTP status code that the first root answered with.
    pub status_code: Option<i64>,
    /// When the first span began; none without spans.
    pub start: Option<UnixNanos>,
    /// From the first start to the last end, by clocks corrected as `skews` says.
    pub duration_ms: f64,
    /// The services, in the order in which the rows show them.
    pub services: Vec<String>,
    /// Whether all there is to know is here: every parent, every end, every source's answer.
    pub complete: bool,
    /// How long was waited for spans that were still arriving; none when all was asked for once.
    pub waited_ms: Option<f64>,
    /// Where the trace was looked for, by name.
    pub asked: Vec<String>,
    /// The sources that did not answer.
    pub missing: Vec<Missing>,
    /// What was wrong with the spans themselves.
    pub warnings: Vec<String>,
    /// The clocks that are off; the spans keep the times that were sent.
    pub skews: Vec<Skew>,
    /// The failure that the others come from.
    pub root_cause: Option<RootCause>,
    /// What is worth a look.
    pub findings: Vec<Finding>,
    /// The spans in depth-first order.
    pub spans: Spans,
    /// The trace's log lines by time, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<TraceLine>>,
    /// Pages about it elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<TraceLink>,
    /// How it is shown.
    #[serde(skip)]
    pub options: WaterfallOptions,
}

/// A page about a trace.
#[derive(Debug, Clone, Serialize)]
pub struct TraceLink {
    /// What to call it: `honeycomb`.
    pub name: String,
    /// Its address.
    pub url: String,
}

impl TraceReport {
    /// Builds the answer; `asked` are the sources, `missing` those of them that did not answer.
    ///
    /// Texts made of what the spans say are masked here, the spans themselves when they are
    /// serialised or drawn, as few of a large trace are.
    pub fn new(
        trace_id: Option<TraceId>,
        request_id: Option<String>,
        analysis: Analysis,
        asked: Vec<String>,
        missing: Vec<Missing>,
        options: WaterfallOptions,
    ) -> Self {
        let spans = Spans { analysis, show_secrets: options.show_secrets };
        let analysis = &spans.analysis;
        let root = analysis.root().map(|row| &analysis.tree.nodes()[row].span);
        let finding = |one: &Finding| Finding { text: spans.masked(&one.text), ..one.clone() };
        let cause = |one: &RootCause| one.map_texts(|text| spans.masked(text));
        let skew = |one: &Skew| Skew {
            service: spans.masked(&one.service),
            against: spans.masked(&one.against),
            ..one.clone()
        };
        Self {
            schema: "obs.trace/1",
            trace_id,
            request_id,
            resolved_by: None,
            other_trace_ids: Vec::new(),
            name: root.map(|span| spans.masked(&span.name)).unwrap_or_default(),
            status_code: root.and_then(crate::model::Span::http_status),
            start: root.map(|_| analysis.start()),
            duration_ms: milliseconds(analysis.duration_ns()),
            services: analysis.services.iter().map(|name| spans.masked(name)).collect(),
            complete: analysis.is_complete() && missing.is_empty(),
            waited_ms: None,
            asked,
            missing,
            warnings: analysis.tree.warnings().iter().map(ToString::to_string).collect(),
            skews: analysis.tree.skews().iter().map(skew).collect(),
            root_cause: analysis.errors.root_cause.as_ref().map(cause),
            findings: analysis.findings.iter().map(finding).collect(),
            spans,
            logs: None,
            links: Vec::new(),
            options,
        }
    }

    /// Returns the command that shows this trace again, without options of the view.
    fn command(&self) -> String {
        format!("obs trace {}{}", self.name_of_trace(), self.options.files)
    }

    /// Returns the trace's id; a dash when the id led to none.
    fn name_of_trace(&self) -> String {
        self.trace_id.map_or_else(|| "-".to_owned(), |trace_id| trace_id.to_string())
    }

    fn analysis(&self) -> &Analysis {
        &self.spans.analysis
    }
}

impl TraceReport {
    /// Writes the trace as one HTML page: headline, findings, waterfall, every drawn span's attributes.
    ///
    /// It loads nothing and runs nothing; what was sent is masked, and text only.
    pub fn html(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let scope = self.options.view.scope(self.analysis());
        page::html(self, (&rows::choose(self, &scope), &scope), out, theme)
    }

    /// Writes the waterfall as one SVG picture, in light colours or dark ones as its viewer prefers.
    pub fn svg(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let scope = self.options.view.scope(self.analysis());
        page::svg(self, (&rows::choose(self, &scope), &scope), out, theme)
    }
}

impl Render for TraceReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        summary::header(self, out, theme)?;
        if self.analysis().tree.nodes().is_empty() {
            return Ok(());
        }
        let scope = self.options.view.scope(self.analysis());
        let rows = rows::choose(self, &scope);
        summary::roots(self, out, theme)?;
        summary::error(self, out, theme)?;
        summary::findings(self, out, theme)?;
        summary::critical_path(self, out, theme)?;
        writeln!(out)?;
        grid::draw(self, &rows, &scope, out, theme)?;
        footer::write(self, &rows, out, theme)
    }
}

#[cfg(test)]
mod tests;
