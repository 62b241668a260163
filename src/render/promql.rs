//! What a `PromQL` expression is: a table of numbers, or a chart over time.
//!
//! `axis` places values and times, `chart` draws lines in a terminal, `svg` a picture, `written` rows
//! for other programs. Not a number is none: it is left out of a line, and said.

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Theme, Tone, text};
use crate::model::{
    MetricAnswer, MetricExemplar, MetricQuery, MetricSeries, MetricShape, MetricTimes, UnixNanos,
    mask_value, metric_number,
};

mod axis;
mod chart;
mod svg;
mod written;

/// How many series are drawn in one chart; those that rise highest.
const DRAWN_MAX: usize = 10;

/// The value of an expression; in JSON `obs.metrics-query/1`.
#[derive(Debug, Serialize)]
pub struct QueryReport {
    schema: &'static str,
    /// The expression.
    pub query: String,
    /// Who computed it.
    pub source: String,
    /// The first time, of a range.
    pub since: Option<UnixNanos>,
    /// The last time.
    pub until: Option<UnixNanos>,
    /// From one time to the next, in seconds.
    pub step_s: Option<f64>,
    /// What kind of value it is.
    pub shape: MetricShape,
    /// The text of a string.
    pub text: Option<String>,
    /// The series in the source's order; none is no data.
    pub series: Vec<MetricSeries>,
    /// What the source says of its answer.
    pub warnings: Vec<String>,
    /// Whether the source says that parts are missing.
    pub partial: bool,
    /// The slowest observation with a trace, of a histogram over time.
    pub slowest: Option<MetricExemplar>,
}

/// Numbers of one series together.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Summary {
    last: f64,
    min: f64,
    mean: f64,
    max: f64,
}

impl QueryReport {
    /// Joins a question and its answer; masks secrets in labels unless they are to be shown.
    pub fn new(
        query: &MetricQuery,
        source: String,
        answer: MetricAnswer,
        show_secrets: bool,
    ) -> Self {
        let MetricAnswer { shape, mut series, text, warnings, partial } = answer;
        if !show_secrets {
            for (key, value) in series.iter_mut().flat_map(|one| &mut one.labels) {
                *value = mask_value(key, value).into_owned();
            }
        }
        let (since, until, step_s) = match query.times {
            MetricTimes::Now => (None, None, None),
            MetricTimes::At(time) => (None, Some(time), None),
            MetricTimes::Range { since, until, step } => {
                (Some(since), Some(until), Some(step.as_secs_f64()))
            }
        };
        let (schema, query) = ("obs.metrics-query/1", query.expression.clone());
        Self {
            schema,
            query,
            source,
            since,
            until,
            step_s,
            shape,
            text,
            series,
            warnings,
            partial,
            slowest: None,
        }
    }

    /// Adds the slowest observation with a trace; masks secrets in labels unless they are to be shown.
    pub fn remember(&mut self, slowest: Option<MetricExemplar>, show_secrets: bool) {
        self.slowest = slowest;
        for (key, value) in self.slowest.iter_mut().flat_map(|one| &mut one.labels) {
            if !show_secrets {
                *value = mask_value(key, value).into_owned();
            }
        }
    }

    /// Says whether there is no data at all, which is not the same as zero.
    pub fn is_empty(&self) -> bool {
        self.text.is_none() && self.series.iter().all(|one| one.points.is_empty())
    }

    /// Returns the first and the last time that there is a place for.
    fn times(&self) -> (UnixNanos, UnixNanos) {
        let all = || self.series.iter().flat_map(|one| one.points.iter().map(|point| point.time));
        let first = self.since.or_else(|| all().min()).unwrap_or_default();
        let last = self.until.filter(|_| self.since.is_some()).or_else(|| all().max());
        (first, last.unwrap_or(first).max(first))
    }

    /// Returns the series to draw, with the highest first, and how many others there are.
    fn drawn(&self) -> (Vec<&MetricSeries>, usize) {
        let top = |one: &MetricSeries| summary(one).map_or(f64::NEG_INFINITY, |all| all.max);
        let mut drawn: Vec<&MetricSeries> =
            self.series.iter().filter(|one| summary(one).is_some()).collect();
        let others = drawn.len().saturating_sub(DRAWN_MAX);
        if others > 0 {
            drawn.sort_by(|a, b| top(b).total_cmp(&top(a)));
            drawn.truncate(DRAWN_MAX);
        }
        (drawn, others)
    }

    /// Returns the labels that all series have alike, the name among them.
    fn common(&self) -> Vec<(&str, &str)> {
        let [first, others @ ..] = self.series.as_slice() else { return Vec::new() };
        if others.is_empty() {
            return Vec::new();
        }
        let everywhere = |(key, value): &(&str, &str)| {
            others.iter().all(|one| one.labels.get(*key).is_some_and(|other| other == value))
        };
        let pairs = first.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        pairs.filter(everywhere).collect()
    }

    /// Returns what to call a series where the others are beside it.
    fn title(&self, series: &MetricSeries) -> String {
        let common = self.common();
        let mut own = series.clone();
        own.labels.retain(|key, _| !common.iter().any(|(known, _)| known == key));
        text::harmless(&own.title()).into_owned()
    }

    /// Returns what the numbers alone do not tell, each as a sentence.
    fn remarks(&self, others: usize) -> Vec<String> {
        let mut remarks = Vec::new();
        if others > 0 {
            let all = self.series.len();
            remarks.push(format!(
                "{DRAWN_MAX} of {all} series are drawn, those that rise highest; all: -o csv"
            ));
        }
        let points = || self.series.iter().flat_map(|one| &one.points);
        let odd = points().filter(|point| !point.value.is_finite()).count();
        if odd > 0 && self.shape == MetricShape::Matrix {
            remarks.push(format!("{odd} values are NaN or infinite: gaps in the lines"));
        }
        let histograms: usize = self.series.iter().map(|one| one.histograms).sum();
        if histograms > 0 {
            remarks.push(format!(
                "{histograms} values are native histograms, which have no one number: ask for \
                 histogram_quantile(0.95, …) or histogram_count(…)"
            ));
        }
        remarks
    }
}

/// Sums the finite numbers of a series up; `None` without any.
fn summary(series: &MetricSeries) -> Option<Summary> {
    let finite = || series.points.iter().map(|point| point.value).filter(|value| value.is_finite());
    let last = finite().next_back()?;
    let (min, max) = (finite().fold(last, f64::min), finite().fold(last, f64::max));
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
    let count = finite().count() as f64;
    // Divided first: a sum of large numbers would be infinite.
    let mean = finite().map(|value| value / count).sum();
    Some(Summary { last, min, mean, max })
}

impl Render for QueryReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let (first, last) = self.times();
        let query = text::shown(self.query.trim());
        for line in text::wrap(&query, theme.width, 2) {
            writeln!(out, "{}", theme.paint(Tone::Strong, line))?;
        }
        let is_range = self.shape == MetricShape::Matrix;
        let when = match (is_range, self.series.first().and_then(|one| one.points.last())) {
            (true, _) => {
                let step = self.step_s.map(|step| format!(", each {step}s")).unwrap_or_default();
                format!("{} to {}{step}", theme.date_time(first), theme.date_time(last))
            }
            (false, Some(point)) => theme.date_time(point.time),
            (false, None) => self.until.map_or_else(String::new, |time| theme.date_time(time)),
        };
        let source = text::shown(&self.source);
        let series = text::counted(self.series.len(), "series").replace("seriess", "series");
        let facts = [when, series, source];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        for line in text::wrap(&facts.join(" · "), theme.width, 0) {
            writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
        }
        let common: Vec<String> = self
            .common()
            .iter()
            .filter(|(key, _)| *key != "__name__")
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if !common.is_empty() {
            let all = format!("all have {}", text::harmless(&common.join(", ")));
            for line in text::wrap(&all, theme.width, 2) {
                writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
            }
        }
        writeln!(out)?;
        if let Some(text) = &self.text {
            writeln!(out, "{}", text::shown(text))?;
        } else if self.is_empty() {
            writeln!(out, "no data: no series matches, which is not the same as zero")?;
        }
        let (drawn, others) = self.drawn();
        if is_range && !drawn.is_empty() {
            chart::draw(out, theme, self, &drawn)?;
        } else {
            self.table(out, theme)?;
        }
        for remark in self.remarks(if is_range { others } else { 0 }) {
            for line in text::wrap(&remark, theme.width, 2) {
                writeln!(out, "{}", theme.paint(Tone::Dim, line))?;
            }
        }
        if let Some(slowest) = &self.slowest {
            writeln!(out)?;
            let time = theme.date_time(slowest.time);
            let said = format!("Slowest with a trace: {} at {time}", observed(slowest));
            for line in text::wrap(&said, theme.width, 2) {
                writeln!(out, "{line}")?;
            }
            let command = format!("obs trace {}", slowest.trace_id);
            writeln!(out, "  {}", theme.paint(Tone::Id, command))?;
        }
        Ok(())
    }
}

/// Draws `2.30s http_request_duration_seconds{path="/a"}`: the bucket is no part of it.
fn observed(one: &MetricExemplar) -> String {
    let mut labels = one.labels.clone();
    labels.remove("le");
    let name = labels.get_mut("__name__").map(|name| {
        let bare = name.strip_suffix("_bucket").unwrap_or(name).to_owned();
        name.clone_from(&bare);
        bare
    });
    let factor = match name.as_deref().and_then(|name| name.rsplit('_').next()) {
        Some("seconds") => Some(1e9),
        Some("milliseconds" | "ms") => Some(1e6),
        _ => None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is shown with three digits"
    )]
    let value = match factor {
        Some(factor) => super::theme::duration((one.value * factor) as i64),
        None => metric_number(one.value),
    };
    let series = MetricSeries { labels, points: Vec::new(), histograms: 0 };
    format!("{value} {}", text::harmless(&series.title()))
}

impl QueryReport {
    /// Draws a row a series: its last number, and its labels.
    fn table(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let number = |one: &MetricSeries| match one.points.last() {
            Some(point) => metric_number(point.value),
            None => "-".to_owned(),
        };
        let width = self.series.iter().map(|one| number(one).len()).max().unwrap_or(0).min(24);
        for one in &self.series {
            let title = self.title(one);
            let title = if title == "{}" { "" } else { title.as_str() };
            let room = theme.width.saturating_sub(width + 2);
            let number = format!("{:>width$}", number(one));
            // A value in a pipe is whole; on a terminal a row is a line.
            let title = if theme.terminal { text::cut_middle(title, room) } else { title.into() };
            let line = format!("{}  {title}", theme.paint(Tone::Strong, number));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
