//! What a word must look like to be the type of an exception.

use std::collections::BTreeSet;

use crate::runbook::evidence::Link;

/// The types that the runbook's patterns name: these are types, whatever they look like.
#[derive(Debug, Clone, Default)]
pub(in crate::runbook) struct KnownTypes(BTreeSet<String>);

impl KnownTypes {
    /// Collects names; of a dotted one the last part counts too.
    pub(in crate::runbook) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let both = names.flat_map(|name| [name, parts(name).last().unwrap_or(name)]);
        Self(both.map(str::to_owned).collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Reads `Type: message`, or a type alone.
    pub(super) fn typed(&self, line: &str) -> Option<Link> {
        let (kind, message) = match line.split_once(':') {
            // `a::b::Error: …` has colons of its own.
            Some(_) => split_type(line),
            None => (line, ""),
        };
        let bare = message.is_empty() && !kind.contains(['.', ':']);
        let is = self.has(kind) || is_type(kind) && (!bare || has_known_ending(kind));
        is.then(|| Link::new(kind, message.trim()))
    }

    /// Finds `Type: message` behind what a logger or Java writes before it.
    pub(super) fn within(&self, line: &str) -> Option<Link> {
        let starts = line.match_indices(' ').map(|(at, _)| at + 1);
        starts.take(16).find_map(|start| {
            let rest = line.get(start..)?;
            let (kind, message) = rest.split_once(": ")?;
            let clear = kind.contains(['.', ':']) || has_known_ending(kind);
            let is = self.has(kind) || is_type(kind) && clear;
            is.then(|| Link::new(kind, message.trim()))
        })
    }

    pub(super) fn typed_or_plain(&self, text: &str) -> Link {
        self.typed(text).or_else(|| self.within(text)).unwrap_or_else(|| Link::new("", text))
    }

    /// Reads the line below Python's frames, whatever the type looks like.
    pub(super) fn below_frames(&self, line: &str) -> Link {
        let plain = || {
            let (kind, message) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            let is_name = kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
            if is_name { Link::new(kind, message) } else { Link::new("", line) }
        };
        self.typed(line).unwrap_or_else(plain)
    }
}

/// Splits at the first colon that is followed by a blank or ends the line.
fn split_type(line: &str) -> (&str, &str) {
    match line.split_once(": ") {
        Some((kind, message)) => (kind, message),
        None => (line.trim_end_matches(':'), ""),
    }
}

fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(['.', '$']).flat_map(|part| part.split("::"))
}

/// Says whether a word can be the type of an exception: `sqlalchemy.exc.TimeoutError`,
/// `r2d2::Error`, `DivisionByZero`, `socket.gaierror`; not `DETAIL`, `Process` or `12:30`.
fn is_type(word: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let Some(last) = parts(word).last().filter(|_| parts(word).all(name)) else { return false };
    let capitals = last.chars().filter(|c| c.is_uppercase()).count();
    let camel = last.starts_with(char::is_uppercase) && last.chars().any(char::is_lowercase);
    let dotted = parts(word).count() > 1;
    has_known_ending(last) && (camel || dotted) || camel && (dotted || capitals > 1)
}

fn has_known_ending(word: &str) -> bool {
    let endings =
        ["error", "exception", "timeout", "warning", "interrupt", "exit", "failure", "panic"];
    let word = word.to_ascii_lowercase();
    endings.iter().any(|ending| word.ends_with(ending))
}
