//! What to say where `--match` fits nothing: how much there is, and what was probably meant.

use regex::Regex;

use crate::model::nearest;
use crate::render::text;

/// How many names are given where none resembles the expression.
const NAMES_MAX: usize = 5;

/// Draws a note and a hint; `what` is one of those that there are, `row`.
pub(super) fn told(pattern: &Regex, what: &str, names: &[String]) -> (String, Option<String>) {
    let none = format!(
        "--match {} fits none of {}",
        text::word(pattern.as_str()),
        text::counted(names.len(), what)
    );
    if let Some(name) = resembling(pattern.as_str(), names) {
        return (none, Some(format!("did you mean `{}`?", text::shown(name))));
    }
    let mut first: Vec<&str> = Vec::new();
    for name in names {
        if !first.contains(&name.as_str()) {
            first.push(name);
        }
        if first.len() == NAMES_MAX {
            break;
        }
    }
    let hint = (!first.is_empty()).then(|| format!("there are {}", text::shown(&first.join(", "))));
    (none, hint)
}

/// Returns a name that has the words in other letters, or in which one word resembles them.
fn resembling<'a>(pattern: &str, names: &'a [String]) -> Option<&'a str> {
    let special = |letter: char| "^$\\.*+?()[]{}|".contains(letter);
    let wanted = pattern.trim_matches(special).to_lowercase();
    if wanted.is_empty() {
        return None;
    }
    if let Some(name) = names.iter().find(|name| name.to_lowercase().contains(&wanted)) {
        return Some(name);
    }
    let words = |name: &'a String| {
        let route = name.split_once(' ').map_or(name.as_str(), |(_, route)| route);
        [name.as_str(), route].into_iter().chain(route.split('/')).filter(|word| word.len() > 2)
    };
    let wanted = wanted.as_str();
    let near = nearest(wanted.trim_start_matches('/'), names.iter().flat_map(words))
        .or_else(|| nearest(wanted, names.iter().flat_map(words)))?;
    names.iter().find(|name| words(name).any(|word| word == near)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(pattern: &str, names: &[&str]) -> Option<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        told(&Regex::new(pattern).unwrap(), "row", &names).1
    }

    #[test]
    fn what_was_probably_meant_is_named() {
        let names = ["GET /items/{id}", "POST /checkout"];
        for pattern in ["Checkout", "^/chekout$", "chckout", "post /checkout"] {
            assert_eq!(
                hint(pattern, &names).unwrap(),
                "did you mean `POST /checkout`?",
                "{pattern}"
            );
        }
    }

    #[test]
    fn where_nothing_resembles_it_what_there_is_is_named_once() {
        assert_eq!(hint("redis", &["a_total", "a_total", "b"]).unwrap(), "there are a_total, b");
        assert_eq!(hint("redis", &[]), None);
    }
}
