//! Anchors, and the links that point to none.

use super::{Problem, Runbook, Section};
use crate::model::nearest;

/// What a link on a page points to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) page: usize,
    pub(super) url: String,
    pub(super) at: usize,
}

/// Returns the anchor that GitHub gives a heading: lower case, blanks as dashes, no punctuation.
pub fn slug_of(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    let dashed = |c: char| if c == ' ' { '-' } else { c };
    title.trim().chars().flat_map(char::to_lowercase).filter(kept).map(dashed).collect()
}

/// Says whether a file's name is that of a page.
pub(super) fn is_markdown(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, end)| end == "md")
}

/// Returns the names in braces that a link leaves for its reader, `request_id` and its like.
pub(super) fn open_in(link: &Target) -> impl Iterator<Item = &str> {
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let behind = link.url.split('{').skip(1);
    behind
        .filter_map(|rest| rest.split_once('}'))
        .map(|(inner, _)| inner)
        .filter(move |inner| name(inner))
}

/// Finds links to sections and files of the runbook that are not there.
///
/// A link out of the runbook's folder is not looked at, nor is any file that was not read.
pub(super) fn dead(runbook: &Runbook) -> Vec<Problem> {
    runbook
        .links
        .iter()
        .filter_map(|link| {
            let why = why_dead(runbook, link)?;
            Some(runbook.problem(link.page, link.at, why))
        })
        .collect()
}

fn why_dead(runbook: &Runbook, link: &Target) -> Option<String> {
    let (file, anchor) = link.url.split_once('#').unwrap_or((&link.url, ""));
    let page = if file.is_empty() {
        link.page
    } else {
        let path = file_of(runbook, link)?;
        match runbook.pages.iter().position(|page| page.file == path) {
            Some(page) => page,
            None if runbook.absent.contains(&path) => return Some(format!("no file is `{path}`")),
            // Of a runbook that is one file nothing is known of its neighbours.
            None if runbook.pages.len() > 1 && is_markdown(file) && !file.contains("..") => {
                return Some(format!("no file of the runbook is `{path}`"));
            }
            None => return None,
        }
    };
    let on_page = || runbook.sections.iter().filter(|section| section.page == page);
    if anchor.is_empty() || on_page().any(|section| section.slug == anchor) {
        return None;
    }
    let near = nearest(anchor, on_page().map(|section| section.slug.as_str()));
    let instead = near.map(|near| format!("; did you mean `#{near}`?")).unwrap_or_default();
    Some(format!("no heading of {} has the anchor `#{anchor}`{instead}", runbook.file(page)))
}

/// Returns the path of the file that a link names, from where the pages' own names begin.
///
/// `None` for a link within its page, to another place on the network, to an absolute path or one that
/// leaves the folder that the runbook is in.
pub(super) fn file_of(runbook: &Runbook, link: &Target) -> Option<String> {
    let file = link.url.split(['#', '?']).next().filter(|file| !file.is_empty())?;
    if file.starts_with('/') || file.contains(':') || file.contains(['{', '\\']) {
        return None;
    }
    let file = percent_decoded(file)?;
    let mut path: Vec<&str> = runbook.file(link.page).split('/').collect();
    path.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop()?;
            }
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}

/// Returns a path without its `%20`; `None` for what is no text then.
fn percent_decoded(path: &str) -> Option<String> {
    percent_encoding::percent_decode_str(path).decode_utf8().ok().map(Into::into)
}

/// Finds patterns and steps that cannot be told apart by their name.
pub(super) fn ambiguous(runbook: &Runbook) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, pattern) in runbook.patterns.iter().enumerate() {
        let mut before = runbook.patterns.iter().take(place);
        if let Some(other) = before.find(|other| other.id == pattern.id)
            && let Some(Section { page, range, .. }) = runbook.sections.get(pattern.section)
        {
            let message = format!(
                "another pattern is `{}`: {}:{}",
                pattern.id,
                runbook.file(other.page),
                other.line
            );
            problems.push(runbook.problem(*page, range.start, message));
        }
    }
    for (place, step) in runbook.steps.iter().enumerate() {
        let mut before = runbook.steps.iter().take(place);
        if let Some(other) = before.find(|other| other.name == step.name) {
            let (file, line) = (runbook.file(other.page), other.line);
            let message = format!("another step has the name `{}`: {file}:{line}", step.name);
            let lines = runbook.text(step.page).split_inclusive('\n').take(step.line - 1);
            problems.push(runbook.problem(step.page, lines.map(str::len).sum(), message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_githubs() {
        for (title, slug) in [
            ("First five minutes", "first-five-minutes"),
            ("DB pool: exhausted?", "db-pool-exhausted"),
            ("N+1 queries", "n1-queries"),
            ("units_per_box is 0", "units_per_box-is-0"),
            ("Über – alles", "über--alles"),
        ] {
            assert_eq!(slug_of(title), slug);
        }
    }
}
