//! Leaf siblings that do the same thing again and again.

use std::borrow::Cow;

use super::{Noise, Tree, alike};
use crate::model::{AttributeValue, Span};

/// The fewest equal siblings that count as repeated.
pub const REPEATS_MIN: usize = 5;

/// Leaves under one parent with the same service, kind, name, peer and statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// Their rows, by start; at least [`REPEATS_MIN`].
    pub rows: Vec<usize>,
    /// What they do: the statement with its values left out, else the name.
    pub what: String,
    /// Whether each began after the one before had ended, as in a loop.
    pub sequential: bool,
    /// The sum of their lengths in nanoseconds.
    pub total_ns: i64,
}

/// Finds the repeated leaves that are no noise, in the order of their first rows. O(n log n).
pub fn find(tree: &Tree, noise: &[Option<Noise>]) -> Vec<Repeat> {
    let nodes = tree.nodes();
    let parent_of = |row: usize| {
        nodes[row].parent.filter(|_| tree.subtree(row).len() == 1 && noise[row].is_none())
    };
    let mut leaves = vec![0_usize; nodes.len()];
    for parent in (0..nodes.len()).filter_map(parent_of) {
        leaves[parent] += 1;
    }
    let among_enough =
        |row: &usize| parent_of(*row).is_some_and(|parent| leaves[parent] >= REPEATS_MIN);
    let named = |row: usize| {
        let span = &nodes[row].span;
        (nodes[row].parent, span.kind, &*span.name, &*span.service)
    };
    // Statements are long: they are compared only where all else is equal.
    let asked = |row: usize| {
        let span = &nodes[row].span;
        (peer(span), normalised(statement(span)))
    };
    let named = alike::groups((0..nodes.len()).filter(among_enough), named, REPEATS_MIN);
    let same =
        named.into_iter().flat_map(|rows| alike::groups(rows.into_iter(), asked, REPEATS_MIN));
    let mut repeats: Vec<Repeat> = same.map(|rows| repeat(tree, rows)).collect();
    repeats.sort_unstable_by_key(|repeat| repeat.rows[0]);
    repeats
}

/// Returns the database statement as it was sent, by the current or the older attribute name;
/// empty without one.
pub(super) fn statement(span: &Span) -> &str {
    first_text(span, &["db.query.text", "db.statement"])
}

/// Returns who was called, as far as the span says; empty when it does not.
pub(super) fn peer(span: &Span) -> &str {
    first_text(span, &["peer.service", "server.address", "net.peer.name", "db.namespace"])
}

/// Returns the text of the first of `keys` that the span has; empty when it has none.
pub(super) fn first_text<'a>(span: &'a Span, keys: &[&str]) -> &'a str {
    let mut found = keys.iter().filter_map(|key| span.attribute(key));
    found.find_map(AttributeValue::as_text).unwrap_or("")
}

fn repeat(tree: &Tree, rows: Vec<usize>) -> Repeat {
    let nodes = tree.nodes();
    let first = &nodes[rows[0]].span;
    let statement = normalised(statement(first));
    let what = if statement.is_empty() { first.name.clone() } else { statement.into_owned() };
    let sequential = rows.windows(2).all(|two| nodes[two[0]].end <= nodes[two[1]].start);
    let total_ns = rows.iter().map(|row| nodes[*row].duration_ns()).fold(0, i64::saturating_add);
    Repeat { rows, what, sequential, total_ns }
}

/// Returns a statement with its values as `?`, lists of values as one `?`, and single blanks.
///
/// Values are quoted texts and numbers; a digit inside a word (`orders_2`, `$1`) is left alone.
fn normalised(statement: &str) -> Cow<'_, str> {
    if !has_values_or_layout(statement) {
        return Cow::Borrowed(statement);
    }
    let mut made = String::with_capacity(statement.len());
    let mut last = ' ';
    let mut rest = statement.chars().peekable();
    while let Some(character) = rest.next() {
        let in_word = last.is_alphanumeric() || "_$?".contains(last);
        let kept = match character {
            '\'' => {
                skip_quoted(&mut rest);
                '?'
            }
            '0'..='9' if !in_word => {
                while rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '.').is_some() {}
                '?'
            }
            blank if blank.is_whitespace() && [' ', '('].contains(&last) && !made.is_empty() => {
                continue;
            }
            blank if blank.is_whitespace() => ' ',
            other => other,
        };
        made.push(kept);
        last = kept;
        for list in ["?, ?", "?,?"] {
            if kept == '?' && made.ends_with(list) {
                made.truncate(made.len() - list.len() + 1);
            }
        }
    }
    made.truncate(made.trim_end().len());
    if made == statement { Cow::Borrowed(statement) } else { Cow::Owned(made) }
}

/// Says whether anything may have to be changed; most statements have placeholders and one line.
fn has_values_or_layout(statement: &str) -> bool {
    let bytes = statement.as_bytes();
    let changes =
        |byte: &u8| byte.is_ascii_digit() || *byte == b'\'' || *byte < b' ' || !byte.is_ascii();
    let pair = |two: &[u8]| matches!(two, b"  " | b"( " | b"?,");
    bytes.iter().any(changes) || bytes.windows(2).any(pair) || bytes.last() == Some(&b' ')
}

/// Skips to behind the closing quote; a doubled quote is part of the text.
fn skip_quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(character) = rest.next() {
        if character == '\'' && rest.next_if_eq(&'\'').is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::fixtures::{span, with};

    #[test]
    fn a_statement_is_the_same_whatever_its_values() {
        for (sent, expected) in [
            ("select n from stock where sku = 'a''b'", "select n from stock where sku = ?"),
            (
                "select  n\n from t2 where id=17 and x = -3.5e7",
                "select n from t2 where id=? and x = -?",
            ),
            ("where id in (1, 2,\n 3)", "where id in (?)"),
            ("values ('x','y')", "values (?)"),
            ("where id = $1", "where id = $1"),
            ("open 'quote", "open ?"),
        ] {
            assert_eq!(normalised(sent), expected);
        }
    }

    fn found(spans: Vec<Span>) -> Vec<Repeat> {
        let tree = Tree::assemble(spans);
        find(&tree, &crate::traces::noise::find(&tree))
    }

    #[test]
    fn only_equal_leaves_under_one_parent_are_repeats() {
        let query = |id, parent, sku: &str| {
            let start = i64::try_from(id).unwrap();
            let text = format!("select n where sku = '{sku}'");
            with("db.query.text", &text, span(id, parent, "select", start, start + 1))
        };
        let mut spans = vec![span(1, 0, "root", 0, 90), span(2, 1, "other", 0, 90)];
        spans.extend((10..14).map(|id| query(id, 1, "a")));
        spans.extend((20..24).map(|id| query(id, 2, "b")));
        assert_eq!(found(spans.clone()), []);
        spans.push(query(14, 1, "c"));
        let repeats = found(spans);
        assert_eq!(repeats.len(), 1);
        assert_eq!((repeats[0].rows.len(), repeats[0].sequential), (5, true));
        assert_eq!(repeats[0].what, "select n where sku = ?");
    }
}
