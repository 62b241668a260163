//! An error held against the patterns: which cause fits, what shows it, what speaks against it.

use super::evidence::Evidence;
use super::{Matcher, Pattern, Runbook};

/// What the patterns say of some evidence.
#[derive(Debug, Default)]
pub struct Explanation<'a> {
    /// The patterns that fit, the likeliest cause first.
    pub found: Vec<Found<'a>>,
    /// Patterns that would fit, if something did not show that it is really something else.
    pub ruled_out: Vec<RuledOut<'a>>,
    /// How many expressions could not be used, because they do not compile.
    pub broken: usize,
}

/// A pattern that fits.
#[derive(Debug)]
pub struct Found<'a> {
    /// The pattern.
    pub pattern: &'a Pattern,
    /// What of it matched best.
    pub by: By,
    /// Which exception of the chain matched; `None` for a log line.
    pub link: Option<usize>,
    /// The text that matched.
    pub text: String,
    /// The pattern that matched too and produces this one.
    pub explained_by: Option<&'a str>,
    /// The texts that are consistent with it.
    pub supported_by: Vec<String>,
    /// The texts that speak against it.
    pub refuted_by: Vec<String>,
}

/// A pattern that something else rules out.
#[derive(Debug)]
pub struct RuledOut<'a> {
    /// The pattern.
    pub pattern: &'a Pattern,
    /// The text that rules it out.
    pub text: String,
}

/// What matched, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// An exception's type and its message.
    TypeAndMessage,
    /// An exception's type.
    Type,
    /// A message.
    Message,
    /// A line of log.
    Log,
}

impl By {
    /// Returns the words for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeAndMessage => "type and message",
            Self::Type => "type",
            Self::Message => "message",
            Self::Log => "log line",
        }
    }
}

/// One match of one matcher.
struct Match {
    by: By,
    link: Option<usize>,
    text: String,
}

/// Holds the evidence against every pattern.
///
/// Order: causes before what another match explains; then by type, message, log line; then the
/// outermost exception before its causes; then the worst severity; then as they are written.
pub fn explain<'a>(runbook: &'a Runbook, evidence: &Evidence) -> Explanation<'a> {
    let mut explanation = Explanation::default();
    for pattern in &runbook.patterns {
        let Some(best) = best_of(&pattern.direct, evidence) else { continue };
        if let Some(other) = best_of(&pattern.unless, evidence) {
            explanation.ruled_out.push(RuledOut { pattern, text: other.text });
            continue;
        }
        let texts = |matchers: &[Matcher]| {
            matchers.iter().filter_map(|one| one.find(evidence)).map(|one| one.text).collect()
        };
        explanation.found.push(Found {
            pattern,
            by: best.by,
            link: best.link,
            text: best.text,
            explained_by: None,
            supported_by: texts(&pattern.support),
            refuted_by: texts(&pattern.refute),
        });
    }
    let symptoms: Vec<Option<&str>> =
        explanation.found.iter().map(|found| cause_of(found.pattern, &explanation.found)).collect();
    for (found, cause) in explanation.found.iter_mut().zip(symptoms) {
        found.explained_by = cause;
    }
    explanation.found.sort_by_key(|found| {
        let depth = found.link.unwrap_or(usize::MAX);
        let severity = std::cmp::Reverse(found.pattern.severity);
        (found.explained_by.is_some(), !found.refuted_by.is_empty(), found.by, depth, severity)
    });
    let expressions =
        runbook.patterns.iter().flat_map(Pattern::matchers).flat_map(Matcher::expressions);
    explanation.broken = expressions.filter(|one| one.is_broken()).count();
    explanation
}

/// Returns the matched pattern that explains this one and is not explained by it in turn.
fn cause_of<'a>(pattern: &Pattern, found: &[Found<'a>]) -> Option<&'a str> {
    let mut causes = found.iter().map(|other| other.pattern).filter(|other| {
        other.explains.contains(&pattern.id) && !pattern.explains.contains(&other.id)
    });
    causes.next().map(|cause| cause.id.as_str())
}

/// Returns the surest match of several matchers, of equally sure ones the outermost.
fn best_of(matchers: &[Matcher], evidence: &Evidence) -> Option<Match> {
    let matches = matchers.iter().filter_map(|matcher| matcher.find(evidence));
    matches.min_by_key(|one| (one.by, one.link.unwrap_or(usize::MAX)))
}

impl Matcher {
    /// Returns the outermost text that it matches.
    fn find(&self, evidence: &Evidence) -> Option<Match> {
        let links = || evidence.chain.iter().enumerate();
        match self {
            Self::Exception { kind, message } => links().find_map(|(link, one)| {
                let same = same_type(kind, &one.kind, message.is_some());
                if !same {
                    return None;
                }
                let (by, text) = match message {
                    None => (By::Type, one.kind.as_str()),
                    Some(message) => (By::TypeAndMessage, message.finds(&one.message)?),
                };
                Some(Match { by, link: Some(link), text: text.to_owned() })
            }),
            Self::Message(expression) => {
                let in_chain = links().find_map(|(link, one)| {
                    let text = expression.finds(&one.message)?.to_owned();
                    Some(Match { by: By::Message, link: Some(link), text })
                });
                in_chain.or_else(|| {
                    let text = evidence.log.iter().find_map(|one| expression.finds(&one.text))?;
                    Some(Match { by: By::Message, link: None, text: text.to_owned() })
                })
            }
            Self::Log { text, fields } => {
                let mut lines = evidence.log.iter();
                let text = lines.find_map(|line| {
                    let has = |wanted: &(String, String)| line.fields.contains(wanted);
                    let said = || [Some(&line.text), line.bare.as_ref()].into_iter().flatten();
                    fields
                        .iter()
                        .all(has)
                        .then(|| said().find_map(|said| text.finds(said)))
                        .flatten()
                })?;
                Some(Match { by: By::Log, link: None, text: text.to_owned() })
            }
            Self::Kept { .. } => None,
        }
    }
}

/// Says whether a pattern's type is that of an exception.
///
/// The last parts of a dotted name are enough in a pattern: `exc.TimeoutError` is
/// `sqlalchemy.exc.TimeoutError`. An exception whose logger left out the module is taken only where
/// the message says which one it is (`sure`): there are many a `TimeoutError`.
fn same_type(wanted: &str, given: &str, sure: bool) -> bool {
    let parts = |name: &str| -> Vec<String> {
        let name = name.strip_prefix("builtins.").unwrap_or(name);
        let parts = name.split(['.', '$']).flat_map(|part| part.split("::"));
        parts.map(str::to_owned).collect()
    };
    let (wanted, given) = (parts(wanted), parts(given));
    given.ends_with(&wanted) || sure && !given.concat().is_empty() && wanted.ends_with(&given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_last_parts_and_a_bare_one_needs_its_message() {
        assert!(same_type("exc.TimeoutError", "sqlalchemy.exc.TimeoutError", false));
        assert!(same_type("r2d2::Error", "r2d2::Error", false));
        assert!(same_type("builtins.OSError", "OSError", false));
        assert!(!same_type("httpx.PoolTimeout", "psycopg_pool.PoolTimeout", true));
        assert!(!same_type("redis.exceptions.ConnectionError", "ConnectionError", false));
        assert!(same_type("redis.exceptions.ConnectionError", "ConnectionError", true));
        assert!(!same_type("r2d2::Error", "rusqlite::Error", true));
        assert!(!same_type("Error", "", true));
    }
}
