//! Where words stand in a runbook.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::{Render, Theme, Tone, text};
use crate::runbook::{Hit, HitKind, Runbook};

/// Where words stand; in JSON `obs.runbook-search/1`.
#[derive(Debug, Serialize)]
pub struct SearchReport {
    schema: &'static str,
    runbook: Option<String>,
    words: String,
    hits: Vec<HitRow>,
    /// How many more there are.
    truncated: usize,
}

#[derive(Debug, Serialize)]
struct HitRow {
    kind: HitKind,
    anchor: Option<String>,
    title: Option<String>,
    file: String,
    line: usize,
    text: String,
}

impl SearchReport {
    /// Lists the hits of a search.
    pub fn new(
        runbook: &Runbook,
        path: Option<String>,
        words: String,
        (hits, truncated): (Vec<Hit<'_>>, usize),
    ) -> Self {
        let row = |hit: Hit<'_>| HitRow {
            kind: hit.kind,
            anchor: hit.section.map(|section| section.slug.clone()),
            title: hit.section.map(|section| section.title.clone()),
            file: runbook.file(hit.page).to_owned(),
            line: hit.line,
            text: hit.text,
        };
        let hits = hits.into_iter().map(row).collect();
        Self { schema: "obs.runbook-search/1", runbook: path, words, hits, truncated }
    }
}

impl Render for SearchReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        for hit in &self.hits {
            let kind = match hit.kind {
                HitKind::Heading => "section",
                HitKind::Pattern => "pattern",
                HitKind::Step => "step",
                HitKind::Text => "text",
            };
            let anchor = hit.anchor.as_deref().unwrap_or("-");
            let place = format!("{}:{}", hit.file, hit.line);
            writeln!(
                out,
                "{kind:<8} {}  {}",
                theme.paint(Tone::Id, text::harmless(anchor)),
                theme.paint(Tone::Dim, text::harmless(&place))
            )?;
            if hit.title.as_ref() != Some(&hit.text) {
                let width = theme.width.min(100).saturating_sub(9);
                writeln!(out, "         {}", text::cut(&text::harmless(&hit.text), width))?;
            }
        }
        if self.truncated > 0 {
            writeln!(out, "and {} more: add a word", self.truncated)?;
        }
        Ok(())
    }
}
