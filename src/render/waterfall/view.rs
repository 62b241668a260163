//! Which spans somebody asked to see, and what is drawn inside them.

use std::ops::Range;

use regex::Regex;

use super::columns::sum_of;
use crate::model::{AttributeValue, Span, SpanId};
use crate::render::text;
use crate::traces::Analysis;

/// The parts of a trace to draw; the default is all of it.
///
/// A span is drawn when it matches every filter, or stands above one that does.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// How many levels below each root, or below `span`.
    pub depth: Option<usize>,
    /// The shortest spans.
    pub min_duration: Option<MinDuration>,
    /// Spans of this service.
    pub service: Option<String>,
    /// Spans in whose name, service, status message, attributes (`key=value`) or events this is found.
    pub grep: Option<Regex>,
    /// This span with all above and below it; the axis is its own.
    pub span: Option<SpanId>,
    /// Spans on the critical path.
    pub critical: bool,
    /// The n-th root, from 1, with all below it; the axis is its own.
    pub root: Option<usize>,
    /// Whether every event of a span gets a row.
    pub events: bool,
}

/// A length to filter by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinDuration {
    /// In nanoseconds.
    Nanos(i64),
    /// In percent of what the roots took, or the root or span that was asked for.
    Percent(f64),
}

/// What a view makes of a trace's rows.
pub(super) struct Scope {
    /// The rows that are looked at, the others being outside of what was asked for.
    pub(super) focus: Range<usize>,
    /// For each row what becomes of it.
    pub(super) fate: Vec<Fate>,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It matches, or stands above one that does.
    Shown,
    /// It matches no filter.
    Unmatched,
    /// It is deeper than was asked for.
    TooDeep,
    /// It is outside of the span or root that was asked for.
    Outside,
}

impl View {
    /// Says what of the view does not exist in this trace, or `None` when all does.
    pub fn unknown(&self, analysis: &Analysis) -> Option<String> {
        if let Some(span) = self.span.filter(|_| self.row_of_span(analysis).is_none()) {
            return Some(format!("no span of this trace has the id {span}"));
        }
        let roots = analysis.tree.roots().count();
        let root = self.root.filter(|number| *number == 0 || *number > roots)?;
        Some(format!("there is no root {root}: this trace has {roots}, counted from 1"))
    }

    /// Returns the options that make this view, each with a blank before it, ready to be typed.
    pub(super) fn options(&self) -> String {
        let least = self.min_duration.map(|least| match least {
            MinDuration::Nanos(nanos) => format!(" --min-duration {}us", nanos / 1_000),
            MinDuration::Percent(percent) => format!(" --min-duration {percent}%"),
        });
        let grep = self.grep.as_ref().map(|grep| text::word(grep.as_str()));
        let parts = [
            self.root.map(|root| format!(" --root {root}")),
            self.span.map(|span| format!(" --span {span}")),
            self.depth.map(|depth| format!(" --depth {depth}")),
            least,
            self.service.as_ref().map(|service| format!(" --service {}", text::word(service))),
            grep.map(|grep| format!(" --grep {grep}")),
            self.critical.then(|| " --critical".to_owned()),
            self.events.then(|| " --events".to_owned()),
        ];
        parts.into_iter().flatten().collect()
    }

    /// Says whether a span is drawn because a filter picked it.
    pub fn any_match(&self, analysis: &Analysis) -> bool {
        let scope = self.scope(analysis);
        scope.fate.contains(&Fate::Shown)
    }

    fn row_of_span(&self, analysis: &Analysis) -> Option<usize> {
        let wanted = self.span?;
        analysis.tree.nodes().iter().position(|node| node.span.span_id == wanted)
    }

    /// Judges every row. O(n).
    pub(super) fn scope(&self, analysis: &Analysis) -> Scope {
        let (tree, nodes) = (&analysis.tree, analysis.tree.nodes());
        let of_root = self.root.and_then(|number| tree.roots().nth(number.saturating_sub(1)));
        let top = self.row_of_span(analysis).or(of_root);
        let focus = top.map_or(0..nodes.len(), |row| tree.subtree(row));
        let depth_max = self.depth.map(|depth| depth + top.map_or(0, |row| nodes[row].depth));
        // Pauses between roots are nobody's time.
        let whole_ns =
            top.map_or_else(|| sum_of(&analysis.path.row_ns), |row| nodes[row].duration_ns());
        let mut fate = vec![Fate::Outside; nodes.len()];
        for row in focus.clone() {
            let node = &nodes[row];
            fate[row] = if depth_max.is_some_and(|max| node.depth > max) {
                Fate::TooDeep
            } else if self.matches(analysis, row, whole_ns) {
                Fate::Shown
            } else {
                Fate::Unmatched
            };
        }
        for row in focus.clone().filter(|row| fate[*row] == Fate::Shown).collect::<Vec<_>>() {
            let mut above = nodes[row].parent;
            while let Some(row) = above.filter(|row| fate[*row] != Fate::Shown) {
                fate[row] = Fate::Shown;
                above = nodes[row].parent;
            }
        }
        Scope { focus, fate }
    }

    fn matches(&self, analysis: &Analysis, row: usize, whole_ns: i64) -> bool {
        let node = &analysis.tree.nodes()[row];
        let length_ns = node.duration_ns();
        let long = match self.min_duration {
            None => true,
            Some(MinDuration::Nanos(least)) => length_ns >= least,
            #[expect(clippy::cast_precision_loss, reason = "a share, compared")]
            Some(MinDuration::Percent(percent)) => {
                length_ns as f64 * 100.0 >= whole_ns as f64 * percent
            }
        };
        long && (!self.critical || analysis.path.row_ns[row] > 0)
            && self.service.as_ref().is_none_or(|service| *service == node.span.service)
            && self.grep.as_ref().is_none_or(|pattern| holds(&node.span, pattern))
    }
}

fn holds(span: &Span, pattern: &Regex) -> bool {
    let attribute =
        |(key, value): &(String, AttributeValue)| pattern.is_match(&format!("{key}={value}"));
    let texts = [&span.name, &span.service, &span.status_message];
    texts.into_iter().any(|text| pattern.is_match(text))
        || span.attributes.iter().any(attribute)
        || span
            .events
            .iter()
            .any(|event| pattern.is_match(&event.name) || event.attributes.iter().any(attribute))
}
