//! A place in a JSON document and what must be there: `$.status == "ok"`, `$.queues[0].depth < 100`.
//!
//! A subset of RFC 9535: members and elements, one value. Without a comparison the value must be there,
//! and be neither `null` nor `false`.

use std::cmp::Ordering;

use serde_json::Value;

/// What is expected of one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expectation {
    steps: Vec<Step>,
    compared: Option<(Comparison, Value)>,
    /// As it was written.
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The longer ones first: `<` begins `<=`, too.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Expectation {
    /// Reads an expectation; `None` for what is none. A value that is no JSON is taken as a text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (mut rest, mut steps) = (text.trim().strip_prefix('$')?, Vec::new());
        while let Some((step, after)) = step(rest) {
            steps.push(step);
            rest = after;
        }
        let rest = rest.trim();
        let compared = if rest.is_empty() {
            None
        } else {
            let found = COMPARISONS.iter().find_map(|(sign, comparison)| {
                Some((*comparison, rest.strip_prefix(sign)?.trim()))
            });
            let (comparison, value) = found.filter(|(_, value)| !value.is_empty())?;
            Some((comparison, serde_json::from_str(value).unwrap_or_else(|_| value.into())))
        };
        Some(Self { steps, compared, text: text.trim().to_owned() })
    }

    /// Says what is there instead of what is expected; `None` when it is as expected.
    pub(super) fn mismatch(&self, document: &Value) -> Option<String> {
        let mut found = Some(document);
        for step in &self.steps {
            found = found.and_then(|value| match step {
                Step::Member(name) => value.get(name),
                Step::Element(place) => value.get(place),
            });
        }
        let Some(found) = found else { return Some("is not there".to_owned()) };
        let good = match &self.compared {
            None => !matches!(found, Value::Null | Value::Bool(false)),
            Some((comparison, expected)) => comparison.holds(found, expected),
        };
        (!good).then(|| format!("is {}", shown(found)))
    }
}

/// Takes `.name`, `["name"]` or `[0]`.
fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
        let (name, rest) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        return (!name.is_empty()).then(|| (Step::Member(name.to_owned()), rest));
    }
    let rest = text.strip_prefix('[')?;
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(quote)?;
            return Some((Step::Member(name.to_owned()), rest.strip_prefix(']')?));
        }
    }
    let (place, rest) = rest.split_once(']')?;
    Some((Step::Element(place.trim().parse().ok()?), rest))
}

/// How much of a value is shown, in characters.
const SHOWN_MAX: usize = 80;

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(SHOWN_MAX).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

impl Comparison {
    fn holds(self, found: &Value, expected: &Value) -> bool {
        let order = order(found, expected);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::Unequal => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// Numbers by size (1 is 1.0), texts by their letters; all else is equal or not.
fn order(found: &Value, expected: &Value) -> Option<Ordering> {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            found.as_f64()?.partial_cmp(&expected.as_f64()?)
        }
        (Value::String(found), Value::String(expected)) => Some(found.cmp(expected)),
        _ => (found == expected).then_some(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mismatch(expectation: &str) -> Option<String> {
        let document = serde_json::json!({
            "status": "ok", "n": 3, "off": false, "queues": [{"depth": 7.0, "a.b": "x"}],
        });
        Expectation::read(expectation).unwrap().mismatch(&document)
    }

    #[test]
    fn what_is_as_expected_is_no_mismatch() {
        for text in [
            "$",
            "$.status",
            "$.status == \"ok\"",
            "$.status == ok",
            "$.status != 'down'",
            "$.n == 3.0",
            "$.n >= 3",
            "$.queues[0].depth < 10",
            "$.queues[0][\"a.b\"] == x",
            "$['queues'][0].depth > 6",
            "$.off == false",
        ] {
            assert_eq!(mismatch(text), None, "{text}");
        }
    }

    #[test]
    fn a_mismatch_says_what_is_there() {
        for (text, expected) in [
            ("$.status == \"UP\"", "is \"ok\""),
            ("$.off", "is false"),
            ("$.nothing == 1", "is not there"),
            ("$.queues[1]", "is not there"),
            ("$.n > 3", "is 3"),
            ("$.status > 3", "is \"ok\""),
        ] {
            assert_eq!(mismatch(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "status", "$..a", "$.a =", "$.a ==", "$[x]", "$.a ~ 3", "$[\"a"] {
            assert_eq!(Expectation::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\$[.\\[\\]a\"'0-9<>=! é]{0,20}|\\PC{0,20}") {
            if let Some(expectation) = Expectation::read(&text) {
                drop(expectation.mismatch(&serde_json::json!({"a": [1, {"a": null}]})));
            }
        }
    }
}
