//! Words, found in headings, patterns, steps and text.

use serde::{Deserialize, Serialize};

use super::{Runbook, Section};

/// How many places are answered.
const HITS_MAX: usize = 50;

/// A place where all words were found.
#[derive(Debug, Clone)]
pub struct Hit<'a> {
    /// What was found.
    pub kind: HitKind,
    /// Its section; `None` before the first heading.
    pub section: Option<&'a Section>,
    /// Which page it is on.
    pub page: usize,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The line's text, or the pattern's or step's name.
    pub text: String,
}

/// What was found, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HitKind {
    /// A heading, other than a pattern's.
    Heading,
    /// An error pattern: its heading, or a type or expression in it.
    Pattern,
    /// A step, by its name.
    Step,
    /// A line of text.
    Text,
}

/// Finds the places that have all the words, in any case; the most telling kind first.
///
/// Returns how many more there are than are answered.
pub fn search<'a>(runbook: &'a Runbook, words: &str) -> (Vec<Hit<'a>>, usize) {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let mut hits = Vec::new();
    if words.is_empty() {
        return (hits, 0);
    }
    let has = |text: &str| {
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    for (place, page) in runbook.pages.iter().enumerate() {
        let sections = || runbook.sections.iter().filter(|section| section.page == place);
        let from = front_matter_lines(&page.text);
        for (number, line) in page.text.lines().enumerate().skip(from).filter(|(_, line)| has(line))
        {
            let line_number = number + 1;
            let section = sections().take_while(|section| section.line <= line_number).last();
            let kind = kind_of(runbook, section, line_number, line);
            let text = line.trim().trim_start_matches('#').trim().to_owned();
            hits.push(Hit { kind, section, page: place, line: line_number, text });
        }
    }
    hits.sort_by_key(|hit| hit.kind);
    // One line a section is enough to go there.
    let mut seen = Vec::new();
    hits.retain(|hit| {
        let here = (hit.page, hit.section.map(|section| section.line));
        let new = !seen.contains(&here);
        seen.push(here);
        new
    });
    let more = hits.len().saturating_sub(HITS_MAX);
    hits.truncate(HITS_MAX);
    (hits, more)
}

fn kind_of(runbook: &Runbook, section: Option<&Section>, number: usize, line: &str) -> HitKind {
    let page = section.map(|section| section.page);
    let is_heading = section.is_some_and(|section| section.line == number);
    let in_pattern = runbook.patterns.iter().any(|pattern| {
        let here = Some(pattern.page) == page
            && section.is_some_and(|section| section.line == pattern.line);
        here && (is_heading || line.contains(" = "))
    });
    let is_step = runbook.steps.iter().any(|step| Some(step.page) == page && step.line == number);
    match (is_heading, in_pattern, is_step) {
        (_, true, _) => HitKind::Pattern,
        (true, ..) => HitKind::Heading,
        (.., true) => HitKind::Step,
        _ => HitKind::Text,
    }
}

fn front_matter_lines(text: &str) -> usize {
    let end = super::front_matter::front_matter(text).end;
    text.get(..end).unwrap_or_default().lines().count()
}
