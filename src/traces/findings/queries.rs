//! Findings about queries that were asked more than once with the same values.

use super::{Finding, FindingKind, label, short, total_ns};
use crate::model::Span;
use crate::traces::repeats::{peer, statement};
use crate::traces::{Noise, Tree, alike};

/// Finds reads with the same service, database, text and values, anywhere in the trace. O(n log n).
///
/// A text with placeholders counts only where the values were sent too: that two such texts are equal
/// says nothing about what was asked for. What writes, begins or commits is meant to be repeated.
pub(super) fn find(tree: &Tree, noise: &[Option<Noise>]) -> Vec<Finding> {
    let span = |row: usize| &tree.nodes()[row].span;
    let read = |row: &usize| noise[*row].is_none() && reads(statement(span(*row)));
    let asked = |row: usize| (statement(span(row)), &*span(row).service, peer(span(row)));
    let mut repeated: Vec<Vec<usize>> = Vec::new();
    for rows in alike::groups((0..tree.nodes().len()).filter(read), asked, 2) {
        let open = has_placeholder(statement(span(rows[0])));
        let told = rows.into_iter().filter(|row| !open || !values(span(*row)).is_empty());
        repeated.extend(alike::groups(told, |row| values(span(row)), 2));
    }
    repeated.retain(|rows| !is_nested(tree, rows));
    repeated.sort_unstable();
    repeated.iter().map(|rows| finding(tree, rows)).collect()
}

/// A driver below an object mapper tells of the same query again.
fn is_nested(tree: &Tree, rows: &[usize]) -> bool {
    rows.windows(2).all(|two| tree.subtree(two[0]).contains(&two[1]))
}

fn finding(tree: &Tree, rows: &[usize]) -> Finding {
    let nodes = || rows.iter().map(|row| &tree.nodes()[*row]);
    let first = &tree.nodes()[rows[0]];
    let (count, text) = (rows.len(), short(statement(&first.span)));
    Finding {
        kind: FindingKind::DuplicateQuery,
        spans: nodes().map(|node| node.span.span_id).collect(),
        text: format!("{}: {count} × exactly `{text}`", label(first)),
        duration_ns: total_ns(nodes().skip(1)),
    }
}

fn reads(text: &str) -> bool {
    const WORDS: [&str; 8] = ["select", "with", "match", "find", "get", "mget", "hget", "hgetall"];
    let first = text.split_whitespace().next().unwrap_or("");
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Returns the values that were sent beside the text, by name.
fn values(span: &Span) -> Vec<(&str, String)> {
    const PREFIX: &str = "db.query.parameter.";
    let sent = span.attributes.iter().filter(|(key, _)| key.starts_with(PREFIX));
    let mut values: Vec<_> =
        sent.map(|(key, value)| (key.as_str(), format!("{value:?}"))).collect();
    values.sort_unstable();
    values
}

/// Says whether a value is left out: `?`, `$1`, `:name`, `@name`, `%s`, `%(name)s`; not inside quotes.
fn has_placeholder(text: &str) -> bool {
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let named = next.is_alphanumeric() || next == '_';
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '?' => return true,
            '$' | '@' if named => return true,
            // `a::text` is a cast.
            ':' if named && before != ':' => return true,
            '%' if next == 's' || next == '(' => return true,
            _ => {}
        }
        before = character;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_placeholder;

    #[test]
    fn a_placeholder_is_one_in_every_drivers_way() {
        for text in ["a = ?", "a = $1", "a = :id", "a = @id", "a = %s", "a = %(id)s"] {
            assert!(has_placeholder(text), "{text}");
        }
        for text in ["a = 1", "a = '?'", "a::text", "a % 2", "a like '50%s'", "a = 'it''s :id'"] {
            assert!(!has_placeholder(text), "{text}");
        }
    }
}
