//! Recent failing requests, grouped.

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Theme, Tone, text};
use crate::model::{FailureGroup, Missing, Signal, UnixNanos};

/// The failing requests of a window; in JSON `obs.errors/1`.
#[derive(Debug, Serialize)]
pub struct ErrorsReport {
    schema: &'static str,
    /// The window's start.
    pub since: UnixNanos,
    /// Last seen first.
    pub groups: Vec<FailureGroup>,
    /// Whether there may be more than was looked at.
    pub truncated: bool,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

impl ErrorsReport {
    /// Builds the answer.
    pub fn new(
        since: UnixNanos,
        groups: Vec<FailureGroup>,
        truncated: bool,
        asked: Vec<String>,
        missing: Vec<Missing>,
    ) -> Self {
        Self { schema: "obs.errors/1", since, groups, truncated, asked, missing }
    }
}

impl Render for ErrorsReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        if self.groups.is_empty() && !self.missing.is_empty() {
            // Nobody answered: there is nothing to say, and standard error says why.
            return Ok(());
        }
        if self.groups.is_empty() {
            let since = theme.date_time(self.since);
            return writeln!(out, "no failing request since {since} in {}", self.asked.join(", "));
        }
        for group in &self.groups {
            self::group(out, theme, group)?;
        }
        if self.truncated {
            writeln!(out, "there may be more: only the latest were looked at (--since, --limit)")?;
        }
        Ok(())
    }
}

fn group(out: &mut dyn Write, theme: &Theme, group: &FailureGroup) -> io::Result<()> {
    let count = format!("{:>4} ×", group.requests);
    let reason = if group.reason.is_empty() { "(no reason given)" } else { &group.reason };
    let room = theme.width.saturating_sub(7);
    for (place, line) in text::wrap(&text::harmless(reason), room, 2).iter().enumerate() {
        let start = if place == 0 { count.as_str() } else { "      " };
        writeln!(out, "{start} {}", theme.paint(Tone::Bad, line))?;
    }
    let mut facts = vec![
        text::harmless(&group.service).into_owned(),
        text::harmless(&group.operation).into_owned(),
        format!("last {}", theme.age(group.last)),
    ];
    if group.requests > 1 {
        facts.push(format!("first {}", theme.age(group.first)));
    }
    let signals: Vec<&str> = group.signals.iter().map(|signal| name(*signal)).collect();
    facts.push(format!("seen in {}", signals.join(", ")));
    facts.retain(|fact| !fact.is_empty());
    for line in text::wrap(&facts.join(" · "), room, 0) {
        writeln!(out, "       {}", theme.paint(Tone::Dim, line))?;
    }
    let command = format!("obs request {}", text::word(&group.id));
    writeln!(out, "       {}", theme.paint(Tone::Id, command))
}

fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Log => "logs",
        Signal::Span => "traces",
        Signal::Error => "errors",
    }
}
