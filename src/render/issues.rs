//! Error issues: the list, and one in full.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::theme::severity_tone;
use super::{Render, Theme, Tone, text};
use crate::model::{Breadcrumb, ErrorEvent, Exception, Issue, Missing, UnixNanos};

/// How many breadcrumbs are shown: the last tell most.
const BREADCRUMBS_SHOWN: usize = 6;

/// How many frames of one exception are shown when they are not the application's own.
const FOREIGN_FRAMES_SHOWN: usize = 3;

/// The issues of a window; in JSON `obs.issues/1`.
#[derive(Debug, Serialize)]
pub struct IssueListReport {
    schema: &'static str,
    /// The window's start.
    pub since: UnixNanos,
    /// Last seen first.
    pub issues: Vec<Issue>,
    /// Whether there are more than are listed.
    pub truncated: bool,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

impl IssueListReport {
    /// Puts the issues of several sources in one order and keeps `limit` of them.
    pub fn new(
        mut issues: Vec<Issue>,
        since: UnixNanos,
        limit: u32,
        asked: Vec<String>,
        missing: Vec<Missing>,
    ) -> Self {
        issues.sort_by(|a, b| (b.last_seen, &a.id).cmp(&(a.last_seen, &b.id)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let truncated = issues.len() > limit;
        issues.truncate(limit);
        Self { schema: "obs.issues/1", since, issues, truncated, asked, missing }
    }
}

impl Render for IssueListReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        if self.issues.is_empty() && !self.missing.is_empty() {
            // Nobody answered: there is nothing to say, and standard error says why.
            return Ok(());
        }
        if self.issues.is_empty() {
            let since = theme.date_time(self.since);
            return writeln!(out, "no errors since {since} in {}", self.asked.join(", "));
        }
        let wide = theme.width >= 120;
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(theme.width).unwrap_or(u16::MAX));
        let mut header = vec!["ISSUE", "EVENTS"];
        header.extend(if wide { &["USERS", "FIRST", "LAST"][..] } else { &["LAST"] });
        header.push("ERROR");
        table.set_header(header);
        for issue in &self.issues {
            let mut row = vec![text::harmless(&issue.id).into_owned(), issue.events.to_string()];
            if wide {
                row.push(if issue.users == 0 { "-".to_owned() } else { issue.users.to_string() });
                row.push(theme.age(issue.first_seen));
            }
            row.push(theme.age(issue.last_seen));
            row.push(error_cell(issue));
            table.add_row(row);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
        if self.truncated {
            writeln!(out, "there are more; see them with --limit")?;
        }
        let first = &self.issues[0];
        write!(out, "{}", theme.paint(Tone::Id, format!("obs issues {}", text::word(&first.id))))?;
        if let Some(id) = &first.last_request_id {
            let command = format!("obs request {}", text::word(id));
            write!(out, "   {}", theme.paint(Tone::Id, command))?;
        }
        writeln!(out)
    }
}

/// Title, place and cause, a line each.
fn error_cell(issue: &Issue) -> String {
    let mut lines = vec![text::harmless(&issue.title).into_owned()];
    if !issue.culprit.is_empty() {
        lines.push(format!(
            "  {} · {}",
            text::harmless(&issue.culprit),
            text::harmless(&issue.service)
        ));
    }
    lines.extend(issue.cause.iter().map(|cause| format!("  caused by {}", text::harmless(cause))));
    lines.join("\n")
}

/// One issue with its events, or the events of one request; in JSON `obs.issue/1`.
#[derive(Debug, Serialize)]
pub struct IssueDetailReport {
    schema: &'static str,
    /// The issue; absent when events of a request were asked for.
    pub issue: Option<Issue>,
    /// The request that was asked for.
    pub request_id: Option<String>,
    /// The issue's events, the latest first; or the request's, the earliest first.
    pub events: Vec<ErrorEvent>,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

impl IssueDetailReport {
    /// Builds the answer; the caller has masked what it must not show.
    pub fn new(
        issue: Option<Issue>,
        events: Vec<ErrorEvent>,
        request_id: Option<String>,
        asked: Vec<String>,
        missing: Vec<Missing>,
    ) -> Self {
        Self { schema: "obs.issue/1", issue, request_id, events, asked, missing }
    }
}

impl Render for IssueDetailReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let Some(issue) = &self.issue else {
            let count = self.events.len();
            let plural = if count == 1 { "error" } else { "errors, in the order they happened" };
            writeln!(out, "{}", theme.paint(Tone::Strong, format!("{count} {plural}")))?;
            for event in &self.events {
                writeln!(out)?;
                self::event(out, theme, event)?;
            }
            return commands(out, theme, self.events.first());
        };
        let first = theme.date_time(issue.first_seen);
        let last = theme.age(issue.last_seen);
        let users =
            if issue.users == 0 { String::new() } else { format!(" · {} users", issue.users) };
        let times =
            if issue.events == 1 { "once".to_owned() } else { format!("{} times", issue.events) };
        writeln!(out, "{times}{users} · first {first} · last {last}")?;
        if let Some(latest) = self.events.first() {
            event(out, theme, latest)?;
        }
        commands(out, theme, self.events.first())
    }
}

/// One event: what failed, why, where, and what came before.
pub(super) fn event(out: &mut dyn Write, theme: &Theme, event: &ErrorEvent) -> io::Result<()> {
    let id = theme.paint(Tone::Id, text::harmless(&event.issue_id));
    let room = theme.width.saturating_sub(text::columns(&event.issue_id) + 2);
    for (place, line) in text::wrap(&text::harmless(&event.title()), room, 2).iter().enumerate() {
        let start = if place == 0 { format!("{id}  ") } else { String::new() };
        writeln!(out, "{start}{}", theme.paint(severity_tone(event.level), line))?;
    }
    let mut facts = vec![theme.date_time(event.time), event.service.clone()];
    facts.extend([event.transaction.clone(), event.release.clone(), event.environment.clone()]);
    if !event.user.is_empty() {
        facts.push(format!("user {}", event.user));
    }
    let facts: Vec<String> = facts
        .iter()
        .filter(|fact| !fact.is_empty())
        .map(|fact| text::harmless(fact).into_owned())
        .collect();
    for line in text::wrap(&facts.join(" · "), theme.width.saturating_sub(2), 0) {
        writeln!(out, "  {}", theme.paint(Tone::Dim, line))?;
    }
    // The root cause comes first on the wire; a reader starts at what reached the top.
    for (place, exception) in event.exceptions.iter().rev().enumerate() {
        self::exception(out, theme, exception, place)?;
    }
    if event.exceptions.is_empty() && event.message.lines().count() > 1 {
        for line in event.message.lines().skip(1).take(10) {
            writeln!(out, "  {}", text::harmless(line))?;
        }
    }
    if !event.trimmed.is_empty() {
        let told = format!("cut by the sender: {}", event.trimmed.join(", "));
        for line in text::wrap(&text::harmless(&told), theme.width.saturating_sub(2), 0) {
            writeln!(out, "  {}", theme.paint(Tone::Dim, line))?;
        }
    }
    breadcrumbs(out, theme, &event.breadcrumbs)
}

fn exception(
    out: &mut dyn Write,
    theme: &Theme,
    exception: &Exception,
    place: usize,
) -> io::Result<()> {
    if place > 0 {
        let arrow = theme.symbol("↳", "->");
        writeln!(out, "  {arrow} caused by {}", text::harmless(&exception.title()))?;
    }
    for line in exception.value.lines().skip(1).take(10) {
        writeln!(out, "    {}", text::harmless(line))?;
    }
    let own: Vec<_> = exception.frames.iter().rev().filter(|frame| frame.in_app).collect();
    let shown = if own.is_empty() {
        exception.frames.iter().rev().take(FOREIGN_FRAMES_SHOWN).collect()
    } else {
        own
    };
    for frame in &shown {
        let source = if frame.source.is_empty() {
            String::new()
        } else {
            format!("   {}", frame.source.trim())
        };
        writeln!(out, "    {}{}", text::harmless(&frame.place()), text::harmless(&source))?;
    }
    let hidden = exception.frames.len() - shown.len();
    if hidden > 0 {
        writeln!(
            out,
            "    {}",
            theme.paint(Tone::Dim, format!("… {hidden} more frames (-o json)"))
        )?;
    }
    Ok(())
}

fn breadcrumbs(out: &mut dyn Write, theme: &Theme, crumbs: &[Breadcrumb]) -> io::Result<()> {
    let hidden = crumbs.len().saturating_sub(BREADCRUMBS_SHOWN);
    if !crumbs.is_empty() {
        let more = if hidden > 0 {
            format!(" (the last {BREADCRUMBS_SHOWN} of {})", crumbs.len())
        } else {
            String::new()
        };
        writeln!(out, "  before it{more}")?;
    }
    for crumb in crumbs.iter().skip(hidden) {
        let time = crumb.time.map_or_else(String::new, |time| theme.time_of_day(time));
        let what = format!("{}  {}", crumb.category, crumb.message);
        let what = text::harmless(&what);
        let room = theme.width.saturating_sub(18);
        writeln!(out, "    {} {}", theme.paint(Tone::Dim, time), text::cut(&what, room))?;
    }
    Ok(())
}

fn commands(out: &mut dyn Write, theme: &Theme, event: Option<&ErrorEvent>) -> io::Result<()> {
    let id = event.and_then(|event| event.request_id.as_ref().or(event.trace_id.as_ref()));
    let Some(id) = id.map(|id| text::word(id)) else { return Ok(()) };
    writeln!(out)?;
    for command in ["obs request", "obs trace", "obs logs --request-id"] {
        writeln!(out, "{}", theme.paint(Tone::Id, format!("{command} {id}")))?;
    }
    Ok(())
}
