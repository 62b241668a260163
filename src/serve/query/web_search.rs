//! The part of Sentry's search language that is understood; the rest is refused in words.
//!
//! Source: docs.sentry.io, "Search"; `issues.md`, section 1.1.

use std::collections::HashSet;
use std::time::Duration;

use super::parameters::Parameters;
use crate::model::{Issue, UnixNanos, id_key, parse_duration};
use crate::store::{Reader, StoreError};

/// Parameters that only say how an answer is drawn, or what this store cannot tell apart.
const PRESENTATION: [&str; 9] = [
    "expand",
    "collapse",
    "groupStatsPeriod",
    "shortIdLookup",
    "full",
    "utc",
    "per_page",
    "limit",
    "cursor",
];

/// Which issues.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct IssueSearch {
    /// Only with an event of each of these requests, as `id_key` writes them.
    pub(super) requests: Vec<String>,
    /// Only with an event of each of these traces, likewise.
    pub(super) traces: Vec<String>,
    /// Only with all of these words in title or place, in lower case.
    pub(super) words: Vec<String>,
    /// Only last seen since then.
    pub(super) since: UnixNanos,
    /// In which order.
    pub(super) order: Order,
}

/// The order of issues.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Last seen first.
    #[default]
    LastSeen,
    /// First seen last.
    New,
    /// The most events first.
    Events,
    /// The most users first.
    Users,
}

impl IssueSearch {
    /// Reads `query`, `statsPeriod` and `sort`; errs with words for whatever else there is.
    pub(super) fn read(parameters: &Parameters, now: UnixNanos) -> Result<Self, String> {
        let mut known = vec!["query", "statsPeriod", "sort", "project"];
        known.extend(PRESENTATION);
        if let Some(unknown) = parameters.unknown(&known) {
            return Err(format!("Invalid parameter: `{unknown}` is not supported here"));
        }
        let mut search = Self { order: order(parameters.get(&["sort"]))?, ..Self::default() };
        if let Some(period) = parameters.get(&["statsPeriod"]) {
            let period: Duration =
                parse_duration(period).map_err(|_| format!("Invalid statsPeriod: `{period}`"))?;
            search.since = now.before(period);
        }
        for term in terms(parameters.get(&["query"]).unwrap_or_default())? {
            search.add(&term)?;
        }
        Ok(search)
    }

    fn add(&mut self, term: &str) -> Result<(), String> {
        let invalid = |why: &str| Err(format!("Invalid query: `{term}`: {why}"));
        let (key, value) = match term.split_once(':') {
            Some((key, value)) if is_key(key) => (key, value),
            _ if matches!(term, "AND" | "OR") || term.contains(['*', '(', ')']) => {
                return invalid("alternatives, groups and wildcards are not supported here");
            }
            _ if term.starts_with('!') => return invalid("negation is not supported here"),
            _ => {
                self.words.push(term.to_lowercase());
                return Ok(());
            }
        };
        if value.is_empty() || value.starts_with('[') || value.contains('*') {
            return invalid("one plain value is expected after the colon");
        }
        match key {
            "request_id" | "tags[request_id]" => self.requests.push(id_key(value)),
            "trace" => self.traces.push(id_key(value)),
            // Nothing is ever resolved here.
            "is" if value == "unresolved" => {}
            "is" => return invalid("every issue here is unresolved"),
            _ => {
                return invalid("understood are is:unresolved, request_id:ID, trace:ID and words");
            }
        }
        Ok(())
    }

    /// Returns the issues, all of at most `searched`, in order.
    pub(super) fn find(
        &self,
        reader: &Reader,
        project: Option<&str>,
        searched: u32,
    ) -> Result<Vec<Issue>, StoreError> {
        let mut issues = reader.issues(self.since, searched)?;
        issues.retain(|issue| project.is_none_or(|project| project == issue.service));
        for (ids, of_request) in [(&self.requests, true), (&self.traces, false)] {
            for id in ids {
                let with_event: HashSet<String> = reader
                    .events_of(std::slice::from_ref(id))?
                    .into_iter()
                    .filter(|event| {
                        let own = if of_request { &event.request_id } else { &event.trace_id };
                        own.as_deref().is_some_and(|own| id_key(own) == *id)
                    })
                    .map(|event| event.issue_id)
                    .collect();
                issues.retain(|issue| with_event.contains(&issue.id));
            }
        }
        // A bare event id finds its issue, as there.
        let mut words = Vec::new();
        for word in &self.words {
            match reader.event(word)? {
                Some(event) => issues.retain(|issue| issue.id == event.issue_id),
                None => words.push(word),
            }
        }
        issues.retain(|issue| {
            let text = format!("{} {} {}", issue.title, issue.culprit, issue.id).to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        });
        match self.order {
            Order::LastSeen => {}
            Order::New => issues.sort_by_key(|issue| std::cmp::Reverse(issue.first_seen)),
            Order::Events => issues.sort_by_key(|issue| std::cmp::Reverse(issue.events)),
            Order::Users => issues.sort_by_key(|issue| std::cmp::Reverse(issue.users)),
        }
        Ok(issues)
    }
}

fn order(sort: Option<&str>) -> Result<Order, String> {
    match sort {
        None | Some("date") => Ok(Order::LastSeen),
        Some("new") => Ok(Order::New),
        Some("freq") => Ok(Order::Events),
        Some("user") => Ok(Order::Users),
        Some(other) => Err(format!("Invalid sort: `{other}`; known are date, new, freq, user")),
    }
}

/// Says whether what stands before a colon is a key, and not part of a text such as `KeyError: 'x'`.
fn is_key(text: &str) -> bool {
    let bare = text.strip_prefix('!').unwrap_or(text);
    !bare.is_empty() && bare.chars().all(|c| c.is_ascii_lowercase() || "_.[]-".contains(c))
}

/// Splits at blanks, keeping what is in double quotes together and without them.
fn terms(query: &str) -> Result<Vec<String>, String> {
    let mut terms = Vec::new();
    let (mut term, mut quoted, mut escaped) = (String::new(), false, false);
    for character in query.chars() {
        match character {
            _ if escaped => {
                term.push(character);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character.is_whitespace() && !quoted => terms.push(std::mem::take(&mut term)),
            _ => term.push(character),
        }
    }
    if quoted {
        return Err("Invalid query: a quotation mark is not closed".to_owned());
    }
    terms.push(term);
    terms.retain(|term| !term.is_empty());
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<IssueSearch, String> {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        IssueSearch::read(&Parameters::read(&format!("query={encoded}")), UnixNanos(0))
    }

    #[test]
    fn keys_and_words_are_told_apart() {
        let search = read(
            r#"is:unresolved request_id:"r 1" tags[request_id]:r2 trace:ab KeyError: "no price""#,
        );
        let expected = IssueSearch {
            requests: vec!["r 1".into(), "r2".into()],
            traces: vec!["ab".into()],
            words: vec!["keyerror:".into(), "no price".into()],
            ..IssueSearch::default()
        };
        assert_eq!(search, Ok(expected));
        assert_eq!(read(""), Ok(IssueSearch::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        for query in [
            "is:resolved",
            "assigned:me",
            "!has:x",
            "!request_id:1",
            "a OR b",
            "request_id:[a, b]",
            "request_id:",
            "trace:ab*",
            "\"open",
            "(a)",
            "!a",
        ] {
            let refused = read(query).unwrap_err();
            assert!(refused.starts_with("Invalid query: "), "{query}: {refused}");
        }
        for parameters in ["environment=x", "sort=inbox", "statsPeriod=soon", "start=1"] {
            let refused = IssueSearch::read(&Parameters::read(parameters), UnixNanos(0));
            assert!(refused.unwrap_err().starts_with("Invalid "), "{parameters}");
        }
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(query in r#"[a-z:"\\ !\[\]*]{0,30}"#) {
            drop(read(&query));
        }
    }
}
