//! A runbook: Markdown that people read on a page, and `obs` reads as sections, steps and patterns.
//!
//! Pure and synchronous: [`Runbook::read`] takes texts and never fails; what is wrong in them is in
//! [`Runbook::problems`], and the rest is there. [`explain()`] holds an error against the patterns,
//! [`search()`] finds words. `outline` walks the Markdown, `front_matter`, `fence` and `patterns` read
//! what is machine-readable in it. Not here: files (`context`), drawing (`render::markdown`), running
//! a step.

mod embedded;
mod evidence;
mod explain;
mod expression;
mod fence;
mod front_matter;
mod links;
mod outline;
mod own;
mod parse;
mod paste;
mod patterns;
mod problem;
mod review;
mod search;
mod traceback;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use embedded::EMBEDDED;
pub use evidence::{Evidence, Link, LogText};
pub use explain::{By, Explanation, Found, RuledOut, explain};
pub use expression::Expression;
pub use fence::StepFence;
pub use links::slug_of;
pub use outline::OPTIONS;
pub use paste::plain;
pub use patterns::{Matcher, Pattern, PatternSeverity};
pub use problem::{Problem, place};
pub use review::overdue;
pub use search::{Hit, HitKind, search};

/// A runbook of one or more files, understood.
#[derive(Debug, Default)]
pub struct Runbook {
    /// The files, in the order they are read in.
    pub pages: Vec<Page>,
    /// Everything with a heading, in order.
    pub sections: Vec<Section>,
    /// What can be run, in order; a step's number is its place here, from 1.
    pub steps: Vec<Step>,
    /// The error patterns, in order.
    pub patterns: Vec<Pattern>,
    /// What was wrong while reading.
    found: Vec<Problem>,
    /// What links point to, with their place.
    links: Vec<links::Target>,
    /// The files that links name and that are not there, as far as anybody has looked.
    absent: BTreeSet<String>,
}

/// One file.
#[derive(Debug)]
pub struct Page {
    /// Its name, as it is shown.
    pub file: String,
    /// Its text, line ends as `\n`, without a byte order mark.
    pub text: String,
    /// Its front matter, in the order written.
    pub metadata: Vec<(String, String)>,
}

/// A heading and what stands below it.
#[derive(Debug)]
pub struct Section {
    /// Which page it is on.
    pub page: usize,
    /// Its anchor on that page, as GitHub makes it.
    pub slug: String,
    /// The heading's text.
    pub title: String,
    /// 1 to 6.
    pub level: u8,
    /// The heading's line in the file, from 1.
    pub line: usize,
    /// Its bytes in the page with the sections within it.
    pub range: Range<usize>,
}

/// A command with a name, and how much it can break.
#[derive(Debug)]
pub struct Step {
    /// Which section it stands in; `None` before the first heading.
    pub section: Option<usize>,
    /// Which page it is on.
    pub page: usize,
    /// Its name, unique in the runbook.
    pub name: String,
    /// What it may do.
    pub risk: Risk,
    /// The language of its fence, `sh`.
    pub language: String,
    /// The command, byte for byte.
    pub command: String,
    /// The fence's other attributes, `timeout` and `undo` among them.
    pub attributes: Vec<(String, String)>,
    /// The fence's line in the file, from 1.
    pub line: usize,
}

/// What a step may do to what it is run against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// It only looks.
    Read,
    /// It changes something that can be changed back; what a step is that does not say.
    Write,
    /// It ends or deletes something.
    Destructive,
}

impl Risk {
    /// Returns the word of the fence's attribute.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }

    /// Returns how it is said to whoever is about to run it.
    pub fn said(self) -> &'static str {
        match self {
            Self::Read => "read-only",
            Self::Write => "changes something",
            Self::Destructive => "destructive",
        }
    }
}

impl Runbook {
    /// Reads the files, each its name and text; never fails, whatever is in them.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut runbook = Self::default();
        for (file, text) in files {
            parse::add_page(&mut runbook, file, text);
        }
        runbook
    }

    /// Looks for the files that links name: `is_there` is asked for each path, which begins where the
    /// pages' own names do. Without it only links between pages are looked at.
    pub fn look_for_files(&mut self, is_there: impl Fn(&str) -> bool) {
        let named = self.links.iter().filter_map(|link| links::file_of(self, link));
        self.absent = named.filter(|file| !is_there(file)).collect();
    }

    /// Returns the text of a section, its heading included.
    pub fn markdown(&self, section: &Section) -> &str {
        self.text(section.page).get(section.range.clone()).unwrap_or_default()
    }

    /// Returns the file a page came from.
    pub fn file(&self, page: usize) -> &str {
        self.pages.get(page).map_or("", |page| &page.file)
    }

    /// Returns the first value that a front matter has for `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let pairs = self.pages.iter().flat_map(|page| &page.metadata);
        pairs.filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).next()
    }

    /// Finds a section by its anchor: `slug`, `#slug`, `file.md#slug`, or a URL with an anchor.
    ///
    /// Where a page is named it is on that page, and without an anchor the page's first section; an
    /// address that names no page has only its anchor.
    pub fn section(&self, asked: &str) -> Option<&Section> {
        let (file, anchor) = asked.split_once('#').unwrap_or(("", asked));
        let (file, anchor) = match anchor {
            whole if file.is_empty() && (whole.contains('/') || links::is_markdown(whole)) => {
                (whole, "")
            }
            anchor => (file, anchor),
        };
        let last = file.split('?').next().unwrap_or_default().rsplit('/').next();
        let file = last.unwrap_or_default();
        let named = |section: &&Section| {
            !file.is_empty() && self.file(section.page).rsplit('/').next() == Some(file)
        };
        if anchor.is_empty() {
            return self.sections.iter().find(named);
        }
        let slug = slug_of(anchor);
        let is = |section: &&Section| section.slug == slug;
        if links::is_markdown(file) {
            return self.sections.iter().filter(named).find(is);
        }
        self.sections.iter().find(is)
    }

    /// Returns the section that a step stands in, by the step's name.
    pub fn section_of_step(&self, name: &str) -> Option<&Section> {
        let step = self.steps.iter().find(|step| step.name == name)?;
        self.sections.get(step.section?)
    }

    /// Returns the names in braces of a section's links, `request_id` and its like, each once.
    pub fn open_names(&self, section: &Section) -> BTreeSet<&str> {
        let within =
            |link: &&links::Target| link.page == section.page && section.range.contains(&link.at);
        self.links.iter().filter(within).flat_map(links::open_in).collect()
    }

    /// Returns everything wrong with the runbook, file by file and line by line.
    ///
    /// Compiles every expression, so it costs more than reading.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.found.clone();
        problems.extend(links::dead(self));
        problems.extend(links::ambiguous(self));
        problems.extend(patterns::problems(self));
        let page = |problem: &Problem| {
            self.pages.iter().position(|page| page.file == problem.file).unwrap_or(0)
        };
        problems.sort_by_key(|problem| (page(problem), problem.line, problem.column));
        problems
    }

    /// Returns a page's text.
    fn text(&self, page: usize) -> &str {
        self.pages.get(page).map_or("", |page| &page.text)
    }

    /// Makes a problem at a byte of a page.
    fn problem(&self, page: usize, at: usize, message: impl Into<String>) -> Problem {
        Problem::new(self.file(page), self.text(page), at, message)
    }
}

#[cfg(test)]
mod tests;
