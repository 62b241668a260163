//! The answer of `obs logs --group`: templates of messages, the most frequent first.

use std::io::{self, Write};

use serde::Serialize;

use super::log_report::LogSummary;
use super::theme::severity_tone;
use super::{Output, Render, Theme, Tone, text};
use crate::model::{LogGroup, Severity, mask_text, mask_value};

/// All groups: `obs.log_groups/1`.
#[derive(Debug, Serialize)]
pub struct GroupReport {
    schema: &'static str,
    groups: Vec<LogGroup>,
    others: u64,
    #[serde(flatten)]
    summary: LogSummary,
}

impl GroupReport {
    /// Makes the report of groups in their order, masked unless secrets are asked for; `others` is how
    /// many records are in none of them.
    pub fn new(
        groups: Vec<LogGroup>,
        others: u64,
        summary: LogSummary,
        show_secrets: bool,
    ) -> Self {
        let mut groups = groups;
        for group in groups.iter_mut().filter(|_| !show_secrets) {
            group.template = mask_text(&group.template).into_owned();
            let service = group.service.take();
            group.service = service.map(|service| mask_value("service", &service).into_owned());
        }
        Self { schema: "obs.log_groups/1", groups, others, summary }
    }

    /// Writes the report, and says what a reader would not expect of it.
    pub fn show(&self, output: &mut Output) -> io::Result<()> {
        output.show(self)?;
        if self.others > 0 {
            let (groups, others) = (self.groups.len(), self.others);
            output.warn(&format!("{others} records are in none of the first {groups} groups"));
        }
        self.summary.say(output);
        Ok(())
    }
}

impl GroupReport {
    /// Returns the command that shows all of an example: files are not asked by other commands.
    fn next(&self, id: &str) -> String {
        let id = text::word(id);
        match (self.summary.lines, self.summary.asked.as_slice()) {
            (None, _) => format!("obs request {id}"),
            (Some(_), [file]) if file != "standard input" => {
                format!("obs logs {} -r {id}", text::word(file))
            }
            (Some(_), _) => format!("obs logs FILE.. -r {id}"),
        }
    }
}

impl Render for GroupReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let largest = self.groups.first().map_or(0, |group| group.count);
        let columns = largest.to_string().len();
        for group in &self.groups {
            let level = group.level.map_or("-", Severity::name).to_uppercase();
            let level = theme.paint(severity_tone(group.level), format!("{level:<5}"));
            let service = group.service.as_deref().map(text::harmless);
            let service = service.map(|service| format!("{service} ")).unwrap_or_default();
            let template = text::harmless(&group.template);
            let count = group.count;
            writeln!(out, "{count:>columns$} × {level} {service}{template}")?;
            let stamp = |time| theme.date_time(time);
            let mut parts: Vec<String> = match (group.first, group.last) {
                (Some(first), Some(last)) if first != last => {
                    vec![format!("{} to {}", stamp(first), stamp(last))]
                }
                (first, _) => first.map(stamp).into_iter().collect(),
            };
            parts.extend(group.example_id.as_deref().map(|id| self.next(id)));
            if !parts.is_empty() {
                let indent = " ".repeat(columns + 3);
                writeln!(out, "{indent}{}", theme.paint(Tone::Dim, parts.join(" · ")))?;
            }
        }
        Ok(())
    }
}
