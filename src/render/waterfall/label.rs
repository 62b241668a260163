//! What a row says: the tree, the service where it changes, the name, and the text of a note.

use super::grid::Grid;
use super::ink::Line;
use super::rows::{Row, Shows};
use super::summary::signed;
use crate::model::SpanKind;
use crate::model::counted;
use crate::render::theme::{duration, severity_tone};
use crate::render::{Tone, text};
use crate::traces::Node;

impl Grid<'_> {
    /// Writes the service where it changes, the name, and what must not be cut off behind it.
    pub(super) fn label(&self, line: &mut Line<'_>, row: &Row, node: &Node) {
        let behind = self.behind_name(row, node);
        if self.changes_service(node) {
            let service = self.shown(&node.span.service);
            line.push(Some(self.tone(node)), text::cut(&service, line.room() / 2).as_ref());
            line.push(None, " ");
        }
        let room = line.room().saturating_sub(text::columns(&behind));
        let name = self.shown(&node.span.name);
        let is_url = name.contains("://") || name.starts_with('/');
        let name = if is_url { text::cut_middle(&name, room) } else { text::cut(&name, room) };
        line.push(None, &name);
        let tone = if node.failed { Tone::Bad } else { Tone::Dim };
        line.push(Some(tone), &behind);
    }

    /// Says whether the span above is of another service, or none.
    pub(super) fn changes_service(&self, node: &Node) -> bool {
        let nodes = self.report.analysis().tree.nodes();
        let above = node.parent.map(|parent| nodes[parent].span.service.as_str());
        above != Some(node.span.service.as_str())
    }

    /// Returns what is said behind the name and must not be cut off.
    pub(super) fn behind_name(&self, row: &Row, node: &Node) -> String {
        let hidden = if row.hidden > 0 { format!(" +{}", row.hidden) } else { String::new() };
        if let Shows::Fold { members, sequential } = &row.shows {
            let how = if *sequential { "N+1" } else { "fan-out" };
            return format!(" ×{}  {how}{hidden}", members.len());
        }
        let nodes = self.report.analysis().tree.nodes();
        let above = node.parent.map(|parent| &nodes[parent]);
        let status = node.span.http_status().map(|code| format!(" {code}"));
        let one = self.tries.get(&node.span.span_id);
        let one = one.map(|(number, count)| format!(" try {number}/{count}"));
        let offset_ns = node.offset_ns.saturating_sub(above.map_or(0, |above| above.offset_ns));
        let is_moved = offset_ns != 0 && node.span.kind == SpanKind::Server;
        let offset = is_moved.then(|| format!(" {}", signed(offset_ns)));
        [status, one, offset, Some(hidden)].into_iter().flatten().collect()
    }

    /// Returns what stands in the place of a name on a row that is no span's.
    pub(super) fn nameless(&self, row: &Row) -> String {
        let missing = self.report.analysis().tree.missing();
        match &row.shows {
            Shows::Missing(place) => format!("missing span {}", missing[*place].span_id),
            Shows::Gap(_) => "not instrumented".to_owned(),
            _ => String::new(),
        }
    }

    /// Returns what stands in the place of a bar.
    pub(super) fn instead_of_bar(&self, row: &Row) -> Option<String> {
        let Shows::Missing(place) = row.shows else { return None };
        let children = self.report.analysis().tree.missing()[place].children.len();
        let children =
            if children == 1 { "1 child".to_owned() } else { format!("{children} children") };
        Some(format!("{children}, never received"))
    }

    /// Returns an event, a log line or a remark as text, harmless, with its tone.
    pub(super) fn note(&self, row: &Row) -> (Tone, String) {
        let nodes = self.report.analysis().tree.nodes();
        match &row.shows {
            Shows::Event { span, event, .. } => {
                let event = &nodes[*span].span.events[*event];
                let tone = if event.name == "exception" { Tone::Bad } else { Tone::Warn };
                (tone, format!("◆ {}", self.shown(&event_text(event))))
            }
            Shows::WentOn { nanos, .. } => {
                (Tone::Warn, format!("↳ went on {} after the client gave up", duration(*nanos)))
            }
            Shows::Line { line, .. } => {
                let lines = self.report.logs.as_deref().unwrap_or_default();
                let Some(line) = lines.get(*line) else { return (Tone::Dim, String::new()) };
                let level = line
                    .level
                    .map(|level| format!("{} ", level.name().to_uppercase()))
                    .unwrap_or_default();
                // Masked when it was taken into the report.
                let text = text::harmless(&line.message);
                (severity_tone(line.level), format!("• {level}{text}"))
            }
            _ => (Tone::Dim, counted(row.hidden, "span")),
        }
    }
}

/// Returns an exception as `Type: message`, any other event with its attributes.
fn event_text(event: &crate::model::SpanEvent) -> String {
    let text = |key: &str| {
        let found = event.attributes.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.to_string()).unwrap_or_default()
    };
    if event.name == "exception" {
        let (kind, message) = (text("exception.type"), text("exception.message"));
        let between = if kind.is_empty() || message.is_empty() { "" } else { ": " };
        return format!("{kind}{between}{message}");
    }
    let attributes = event.attributes.iter().map(|(key, value)| format!(" {key}={value}"));
    format!("{}{}", event.name, attributes.collect::<String>())
}
