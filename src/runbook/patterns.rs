//! Error patterns: the TOML of a ```` ```toml pattern ```` fence.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use super::expression::Expression;
use super::{Problem, Runbook};
use crate::model::nearest;
use reader::Reader;

mod reader;

/// One cause, what gives it away, and what to do.
#[derive(Debug)]
pub struct Pattern {
    /// Its section's anchor, which is its name.
    pub id: String,
    /// Its section's title.
    pub title: String,
    /// Which section it is.
    pub section: usize,
    /// Which page it is on.
    pub page: usize,
    /// The heading's line in the file, from 1.
    pub line: usize,
    /// How bad it is.
    pub severity: PatternSeverity,
    /// Each of these names the cause.
    pub direct: Vec<Matcher>,
    /// What is consistent with it.
    pub support: Vec<Matcher>,
    /// What speaks against it.
    pub refute: Vec<Matcher>,
    /// What shows that it is really something else.
    pub unless: Vec<Matcher>,
    /// The patterns that this cause produces.
    pub explains: Vec<String>,
    /// The paragraph that says the cause, as Markdown; may be empty.
    pub cause: String,
    /// The paragraph that says what to do next, as Markdown; may be empty.
    pub next: String,
    /// The bytes of the page that each id of `explains` begins at.
    explains_at: Vec<usize>,
    /// Whether its TOML cannot be read: that it says nothing is no problem of its own then.
    is_unread: bool,
}

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatternSeverity {
    /// Good to know.
    Info,
    /// Worth a look; what a pattern is that does not say.
    #[default]
    Warning,
    /// Users feel it.
    Critical,
}

/// One thing that evidence can be held against.
#[derive(Debug)]
pub enum Matcher {
    /// An exception of this type, and with such a message where one is given.
    Exception {
        /// The type, dotted; its last parts are enough.
        kind: String,
        /// What its message must match.
        message: Option<Expression>,
    },
    /// An exception's or a log line's message.
    Message(Expression),
    /// A line of log, with these fields where some are given.
    Log {
        /// What the line must match.
        text: Expression,
        /// Fields that the line must have.
        fields: Vec<(String, String)>,
    },
    /// Something that text alone cannot show: a span, a metric, a check, a deploy.
    Kept {
        /// Its first key.
        key: &'static str,
        /// As it is written, TOML.
        toml: String,
    },
}

/// Reads the TOML at `range` of the section's page; what cannot be read is a problem and left out.
pub(super) fn read(
    runbook: &Runbook,
    section: usize,
    range: Range<usize>,
    cause: String,
    next: String,
) -> (Pattern, Vec<Problem>) {
    let at = &runbook.sections[section];
    let mut pattern = Pattern {
        id: at.slug.clone(),
        title: at.title.clone(),
        section,
        page: at.page,
        line: at.line,
        severity: PatternSeverity::default(),
        direct: Vec::new(),
        support: Vec::new(),
        refute: Vec::new(),
        unless: Vec::new(),
        explains: Vec::new(),
        cause,
        next,
        explains_at: Vec::new(),
        is_unread: false,
    };
    let text = runbook.text(at.page).get(range.clone()).unwrap_or_default();
    let mut reader = Reader::new(text, range.start);
    match DeTable::parse(text) {
        Ok(table) => reader.pattern(table.get_ref(), &mut pattern),
        Err(error) => {
            pattern.is_unread = true;
            let reason = error.message().lines().next().unwrap_or_default().to_owned();
            reader.complain(error.span().unwrap_or(0..0), format!("this is no TOML: {reason}"));
        }
    }
    let problems = reader.into_problems().into_iter();
    let problems = problems.map(|(byte, message)| runbook.problem(at.page, byte, message));
    (pattern, problems.collect())
}

impl Matcher {
    /// Returns the expressions in it.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        match self {
            Self::Exception { message, .. } => message.as_ref(),
            Self::Message(expression) | Self::Log { text: expression, .. } => Some(expression),
            Self::Kept { .. } => None,
        }
        .into_iter()
    }
}

impl Pattern {
    /// Returns all that evidence is held against.
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        [&self.direct, &self.support, &self.refute, &self.unless].into_iter().flatten()
    }
}

/// Finds what can only be seen when all patterns are read: expressions and references.
pub(super) fn problems(runbook: &Runbook) -> Vec<Problem> {
    let mut problems = Vec::new();
    for pattern in &runbook.patterns {
        let mut complain = |at, message: String| {
            problems.push(runbook.problem(pattern.page, at, message));
        };
        for expression in pattern.matchers().flat_map(Matcher::expressions) {
            if let Some((at, message)) = expression.problem() {
                complain(at, message);
            } else if expression.finds("").is_some() {
                complain(expression.at, "this expression matches the empty text".to_owned());
            }
        }
        let ids = || runbook.patterns.iter().map(|pattern| pattern.id.as_str());
        for (id, at) in pattern.explains.iter().zip(&pattern.explains_at) {
            if ids().any(|known| known == id) {
                continue;
            }
            let near = nearest(id, ids()).map(|near| format!("; did you mean `{near}`?"));
            complain(*at, format!("no pattern is `{id}`{}", near.unwrap_or_default()));
        }
        if pattern.is_unread {
            continue;
        }
        if pattern.direct.is_empty() {
            let at = runbook.sections.get(pattern.section).map_or(0, |at| at.range.start);
            complain(
                at,
                format!("pattern `{}` has nothing in `direct`: it never matches", pattern.id),
            );
        }
        if pattern.next.is_empty() {
            let at = runbook.sections.get(pattern.section).map_or(0, |at| at.range.start);
            complain(
                at,
                format!("pattern `{}` has no paragraph that begins with **Next:**", pattern.id),
            );
        }
    }
    problems
}
