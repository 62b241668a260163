//! Pasted tracebacks of Python, Rust, Java, Go and JavaScript, and `Type: message`, line by line.
//!
//! Tolerant: what was pasted may begin or end anywhere. Frames are passed over; only the types and
//! messages are kept, and the lines that belong to neither. An exception is the cause of another only
//! where the language's own words say so: two that merely stand below each other are two errors.

mod types;

use super::evidence::Link;
pub(super) use types::KnownTypes;

/// What a text says of exceptions.
#[derive(Debug, Default)]
pub(super) struct Traceback {
    /// Each error with its causes, outermost first.
    pub(super) errors: Vec<Vec<Link>>,
    /// Lines that are no part of an exception.
    pub(super) rest: Vec<String>,
    /// Whether it ends with frames, or has nothing but frames.
    pub(super) cut: bool,
}

/// What the last line was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing that goes on.
    Nothing,
    /// An exception: what follows may be more of its message.
    Exception,
    /// Python's frames, indented by more than this: the first line that is not is the exception.
    PythonFrames(usize),
    /// `Caused by:` alone, indented by this: each line below that is indented more is a cause.
    Causes(usize),
    /// `panicked at src/main.rs:3:5:`: the next line is its message.
    Panic,
    /// Go's frames, to the next blank line.
    GoFrames,
}

/// What the next exception is to the error before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    Unrelated,
    /// Python writes the cause first.
    Raised,
    CausedBy,
}

/// Reads a text without controls.
pub(super) fn read(text: &str, known: &KnownTypes) -> Traceback {
    Reader::new(Last::Nothing, known).read(text)
}

/// Reads what a log record has as its exception: it begins with one, whatever its type looks like.
pub(super) fn read_exception(text: &str, known: &KnownTypes) -> Traceback {
    Reader::new(Last::PythonFrames(0), known).read(text)
}

struct Reader<'a> {
    read: Traceback,
    known: &'a KnownTypes,
    last: Last,
    joint: Joint,
    /// Which exception of the last error was read last.
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(last: Last, known: &'a KnownTypes) -> Self {
        Self { read: Traceback::default(), known, last, joint: Joint::Unrelated, at: 0 }
    }

    fn read(mut self, text: &str) -> Traceback {
        for line in text.lines() {
            if is_member(line) {
                self.joint = Joint::CausedBy;
            }
            self.line(ungrouped(line));
        }
        self.read.cut = matches!(self.last, Last::PythonFrames(_) | Last::Panic);
        self.read
    }

    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            if matches!(self.last, Last::Exception | Last::Causes(_) | Last::GoFrames) {
                self.last = Last::Nothing;
            }
        } else if trimmed.ends_with("Traceback (most recent call last):") {
            self.last = Last::PythonFrames(indent(line));
        } else if is_python_joint(trimmed) {
            (self.joint, self.last) = (Joint::Raised, Last::Nothing);
        } else if trimmed.starts_with("goroutine ") || self.last == Last::GoFrames {
            self.last = Last::GoFrames;
        } else if self.is_numbered_cause(line) {
            self.numbered(trimmed);
        } else if is_frame(trimmed) {
            if trimmed.starts_with("File \"") {
                self.last = Last::PythonFrames(indent(line).saturating_sub(2));
            }
        } else if let Some(cause) = after_cause(trimmed) {
            self.cause(cause, indent(line));
        } else if let Some(panic) = panicked(trimmed) {
            self.panic(panic);
        } else {
            self.other(line, trimmed);
        }
    }

    /// Says whether the line is `0: text` where Rust's chains have it.
    fn is_numbered_cause(&self, line: &str) -> bool {
        let message = || self.read.errors.last().and_then(|error| error.get(self.at));
        numbered(line.trim()).is_some()
            && match self.last {
                Last::Causes(_) => true,
                // `Error:` alone, as color-eyre writes it.
                Last::Exception => message().is_some_and(|link| link.message.is_empty()),
                _ => false,
            }
    }

    fn numbered(&mut self, line: &str) {
        let link = self.known.typed_or_plain(numbered(line).unwrap_or(line));
        self.joint = Joint::CausedBy;
        self.push(link);
        self.last = Last::Causes(0);
    }

    fn other(&mut self, line: &str, trimmed: &str) {
        match self.last {
            Last::PythonFrames(base) if indent(line) > base => {}
            Last::PythonFrames(_) => self.push(self.known.below_frames(trimmed)),
            Last::Panic => self.panic(trimmed),
            Last::Causes(base) if indent(line) > base => {
                self.joint = Joint::CausedBy;
                self.push(self.known.typed_or_plain(trimmed));
                self.last = Last::Causes(base);
            }
            Last::Exception if !begins_anew(trimmed) => match self.known.typed(trimmed) {
                Some(link) => self.push(link),
                None => self.more(trimmed),
            },
            _ => {
                self.last = Last::Nothing;
                match self.known.typed(trimmed).or_else(|| self.known.within(trimmed)) {
                    Some(link) => self.push(link),
                    None => self.read.rest.push(trimmed.to_owned()),
                }
            }
        }
    }

    fn push(&mut self, link: Link) {
        match (std::mem::replace(&mut self.joint, Joint::Unrelated), self.read.errors.last_mut()) {
            (Joint::Raised, Some(error)) => {
                error.insert(0, link);
                self.at = 0;
            }
            (Joint::CausedBy, Some(error)) => {
                error.push(link);
                self.at = error.len() - 1;
            }
            _ => {
                self.read.errors.push(vec![link]);
                self.at = 0;
            }
        }
        self.last = Last::Exception;
    }

    /// Adds a line to the last exception's message.
    fn more(&mut self, line: &str) {
        if let Some(link) = self.read.errors.last_mut().and_then(|error| error.get_mut(self.at)) {
            link.message.push('\n');
            link.message.push_str(line);
        }
    }

    fn cause(&mut self, cause: &str, indent: usize) {
        if cause.is_empty() {
            self.last = Last::Causes(indent);
        } else {
            self.joint = Joint::CausedBy;
            self.push(self.known.typed_or_plain(cause));
        }
    }

    fn panic(&mut self, message: &str) {
        if message.is_empty() {
            self.last = Last::Panic;
        } else {
            self.push(Link::new("panic", message));
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Returns the line without what Python draws around the exceptions of a group.
fn ungrouped(line: &str) -> &str {
    let inner = line.trim_start();
    match inner.strip_prefix("| ").or_else(|| inner.strip_prefix("+ ")) {
        Some(rest) => rest,
        None if inner == "|" || inner.starts_with("+-") => "",
        None => line,
    }
}

/// Says whether a line is `+---------------- 1 ----------------`, above a member of a group.
fn is_member(line: &str) -> bool {
    let drawn = line.trim().trim_matches(['+', '-']);
    line.trim_start().starts_with("+-")
        && drawn.trim().parse::<u32>().is_ok()
        && drawn.starts_with(' ')
}

fn is_python_joint(line: &str) -> bool {
    line.starts_with("During handling of the above exception")
        || line.starts_with("The above exception was the direct cause")
}

/// Says whether a line begins as a logger's does: with a date. It goes on with nothing.
fn begins_anew(line: &str) -> bool {
    let mut bytes = line.bytes();
    line.get(4..5) == Some("-") && bytes.by_ref().take(4).all(|byte| byte.is_ascii_digit())
}

/// Returns what stands behind a number and a colon.
fn numbered(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once(": ")?;
    let is = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is.then_some(rest)
}

/// Says whether a line is a place in code and not an exception.
fn is_frame(line: &str) -> bool {
    let places =
        ["File \"", "at ", "... ", "stack backtrace:", "note: ", "[Previous line repeated"];
    let carets = line.bytes().all(|byte| matches!(byte, b'^' | b'~' | b' '));
    let closes = line.bytes().all(|byte| matches!(byte, b'}' | b']'));
    let numbered = numbered(line).is_some_and(|rest| rest.contains("::"));
    carets || closes || numbered || places.iter().any(|place| line.starts_with(place))
}

/// Returns what stands after `Caused by:` and its like, in any case.
fn after_cause(line: &str) -> Option<&str> {
    let marks = ["caused by:", "suppressed:", "[cause]:", "source:"];
    let mark = marks.iter().find(|mark| {
        line.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
    })?;
    line.get(mark.len()..).map(str::trim)
}

/// Returns the message of Rust's or Go's panic; empty when it is on the next line.
fn panicked(line: &str) -> Option<&str> {
    if let Some(message) = line.strip_prefix("panic: ") {
        return Some(message);
    }
    let (before, after) = line.split_once("panicked at ")?;
    if !before.starts_with("thread ") {
        return None;
    }
    let quoted = after.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', "));
    Some(quoted.map_or("", |(message, _)| message))
}

#[cfg(test)]
mod tests;
