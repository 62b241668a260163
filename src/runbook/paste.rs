//! What others wrote before each line of a paste: container names, timestamps, quotation marks.
//!
//! Conservative: a prefix goes only where nearly all lines have one of its kind, or where the head of a
//! traceback has it and the lines below it have the same.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

/// How many prefixes a line may have: a quoted line of a container's journal has three.
const PREFIXES_MAX: usize = 4;

/// The head of Python's tracebacks, below which every line has what stands before it here.
const HEAD: &str = "Traceback (most recent call last):";

/// Returns the text without escape sequences and controls, and without what stands before each line.
pub fn plain(text: &str) -> String {
    let mut text = without_controls(text).into_owned();
    for _ in 0..PREFIXES_MAX {
        match without_prefix(&text) {
            Some(without) => text = without,
            None => break,
        }
    }
    without_indent(&below_heads(&text))
}

/// Returns the text without escape sequences and other controls, line ends as `\n`.
pub(super) fn without_controls(text: &str) -> Cow<'_, str> {
    static SEQUENCE: OnceLock<Regex> = OnceLock::new();
    let sequence = SEQUENCE.get_or_init(|| {
        // CSI; OSC up to BEL or ST; two-byte sequences; then single controls, the tab left in.
        Regex::new(
            r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -~]?|\r|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\u{9f}\u{feff}]",
        )
        .expect("the expression is constant and tested")
    });
    sequence.replace_all(text, "")
}

/// What is written before lines; what the parentheses hold tells whose line it is.
fn prefixes() -> &'static [Regex] {
    static PREFIXES: OnceLock<Vec<Regex>> = OnceLock::new();
    PREFIXES.get_or_init(|| {
        let all = [
            // A quotation, in a chat or a mail.
            r"^()>(?: |$)",
            // docker compose: `api-1  | …`.
            r"^([A-Za-z0-9][A-Za-z0-9_.-]*) *\|(?: |$)",
            // kubectl logs --prefix: `[pod/api-7d9/app] …`.
            r"^(\[pod/[A-Za-z0-9_./-]+\])(?: |$)",
            // CRI: `2026-11-22T18:40:33.548712345Z stderr F …`.
            r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T\S+ (stdout|stderr) [FP](?: |$)",
            // journald and syslog: `Nov 22 18:40:33 host unit[123]: …`, or with an ISO date.
            r"^(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]|[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](?:\.[0-9]+)?[+-][0-9][0-9]:?[0-9][0-9]) (\S+ [A-Za-z0-9_./@-]+(?:\[[0-9]+\])?):(?: |$)",
            // docker logs -t and kubectl logs --timestamps.
            r"^()[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{7,9}(?:Z|[+-][0-9][0-9]:[0-9][0-9])(?: |$)",
        ];
        let compiled = all.iter().map(|one| Regex::new(one));
        compiled.map(|one| one.expect("the expressions are constant and tested")).collect()
    })
}

/// Takes one prefix off, where at least four in five lines have it; lines of one writer stay together.
fn without_prefix(text: &str) -> Option<String> {
    let all = text.lines().filter(|line| !line.trim().is_empty()).count();
    let prefix = prefixes().iter().find(|prefix| {
        let having = text.lines().filter(|line| prefix.is_match(line)).count();
        having > 0 && having * 5 >= all * 4
    })?;
    let mut writers: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut last = 0;
    for line in text.lines() {
        let found = prefix.captures(line);
        let writer = found.as_ref().and_then(|found| found.get(1)).map(|writer| writer.as_str());
        let end = found.as_ref().and_then(|found| found.get(0)).map_or(0, |whole| whole.end());
        let known = writer.map_or(Some(last), |writer| {
            // A paste has a handful of writers; of more the order is all there is.
            writers.iter().take(32).position(|(name, _)| *name == writer)
        });
        last = known.filter(|known| *known < writers.len()).unwrap_or_else(|| {
            writers.push((writer.unwrap_or_default(), Vec::new()));
            writers.len() - 1
        });
        if let Some((_, lines)) = writers.get_mut(last) {
            lines.push(line.get(end..).unwrap_or_default());
        }
    }
    let each: Vec<String> = writers.into_iter().map(|(_, lines)| lines.join("\n")).collect();
    Some(each.join("\n\n"))
}

/// Takes off what stands before the head of a traceback from the lines below that begin like it, a
/// digit for a digit.
fn below_heads(text: &str) -> String {
    let alike = |a: char, b: char| a == b || a.is_ascii_digit() && b.is_ascii_digit();
    let mut head: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some((before, _)) = line.split_once(HEAD) {
            head = Some(before).filter(|before| !before.trim().is_empty());
            lines.push(line);
            continue;
        }
        let rest = head.and_then(|before| {
            let mut rest = line.chars();
            before
                .chars()
                .all(|one| rest.next().is_some_and(|other| alike(one, other)))
                .then_some(rest.as_str())
        });
        if rest.is_none() {
            head = None;
        }
        lines.push(rest.unwrap_or(line));
    }
    lines.join("\n")
}

/// Takes off the blanks that all lines begin with.
fn without_indent(text: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    let common = filled.map(blanks).min().unwrap_or(0);
    let lines: Vec<&str> =
        text.lines().map(|line| line.get(common..).unwrap_or_default()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"a.py\", line 1, in x\n    y()\n\nKeyError: 'k'";

    fn each(prefix: &str) -> String {
        TRACEBACK.lines().map(|line| [prefix, line, "\n"].concat()).collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_stands_before_each_line_goes() {
        for prefix in [
            "api-1  | ",
            "> ",
            "> > ",
            "    ",
            "[pod/api-7d9f/app] ",
            "2026-11-22T18:40:33.548712345Z ",
            "2026-11-22T18:40:33.548712345Z stderr F ",
            "Nov 22 18:40:33 host api[123]: ",
            "> Nov  2 18:40:33 host docker.api[9]: api-1 | ",
        ] {
            assert_eq!(plain(&each(prefix)), TRACEBACK, "{prefix}");
        }
    }

    #[test]
    fn lines_of_two_containers_are_told_apart() {
        let text = "api-1  | Traceback (most recent call last):\ndb-1   | LOG: checkpoint\n\
                    api-1  |   File \"a.py\", line 1\napi-1  | KeyError: 'k'";
        let wanted = "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'k'\n\n\
                      LOG: checkpoint";
        assert_eq!(plain(text), wanted);
    }

    #[test]
    fn below_a_head_the_same_prefix_goes_whatever_it_is() {
        let text = "starting\n[12:00:01.5 w1] Traceback (most recent call last):\n\
                    [12:00:01.6 w1]   File \"a.py\"\n[12:00:01.7 w1] KeyError: 1\nready";
        let lines: Vec<String> = plain(text).lines().map(str::to_owned).collect();
        assert_eq!(lines[2..], ["  File \"a.py\"", "KeyError: 1", "ready"]);
    }

    #[test]
    fn a_text_without_a_prefix_stays() {
        for text in [
            TRACEBACK,
            "ValueError: a | b\nc",
            "2026-11-22 12:00:00,1 ERROR app: Traceback (most recent call last):\n  File \"a\"\nE: x",
            "name | value\nall lines\nhave\nnone\nof these",
        ] {
            assert_eq!(plain(text), text);
        }
    }
}
