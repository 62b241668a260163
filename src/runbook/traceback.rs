//! Pasted tracebacks of Python, Rust, Java and JavaScript, and `Type: message`, line by line.
//!
//! Tolerant: what was pasted may begin or end anywhere. Frames are passed over; only the types and
//! messages of the chain are kept, and the lines that belong to neither.

use super::evidence::Link;

/// What a text says of exceptions.
#[derive(Debug, Default)]
pub(super) struct Traceback {
    /// Outermost first.
    pub(super) chain: Vec<Link>,
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
    /// Python's frames: the first line that is not indented is the exception.
    PythonFrames,
    /// `Caused by:` alone: each line below is a cause.
    Causes,
    /// `panicked at src/main.rs:3:5:`: the next line is its message.
    Panic,
}

/// Reads a text without controls.
pub(super) fn read(text: &str) -> Traceback {
    Reader::new(Last::Nothing).read(text)
}

/// Reads what a log record has as its exception: it begins with one, whatever its type looks like.
pub(super) fn read_exception(text: &str) -> Traceback {
    Reader::new(Last::PythonFrames).read(text)
}

struct Reader {
    read: Traceback,
    last: Last,
    /// Where in the chain each of Python's tracebacks begins; it writes the cause first.
    blocks: Vec<usize>,
    reversed: bool,
}

impl Reader {
    fn new(last: Last) -> Self {
        Self { read: Traceback::default(), last, blocks: vec![0], reversed: false }
    }

    fn read(mut self, text: &str) -> Traceback {
        for line in text.lines() {
            self.line(ungrouped(line));
        }
        self.finish()
    }

    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            if matches!(self.last, Last::Exception) {
                self.last = Last::Nothing;
            }
        } else if trimmed.ends_with("Traceback (most recent call last):") {
            self.last = Last::PythonFrames;
        } else if is_python_joint(trimmed) {
            self.reversed = true;
            self.blocks.push(self.read.chain.len());
            self.last = Last::Nothing;
        } else if is_frame(trimmed) {
            if trimmed.starts_with("File \"") {
                self.last = Last::PythonFrames;
            }
        } else if let Some(cause) = after_cause(trimmed) {
            self.cause(cause);
        } else if let Some(panic) = panicked(trimmed) {
            self.panic(panic);
        } else {
            self.other(line, trimmed);
        }
    }

    fn other(&mut self, line: &str, trimmed: &str) {
        let indented = line.starts_with([' ', '\t']);
        match self.last {
            Last::PythonFrames if indented => {}
            Last::PythonFrames => {
                self.push(typed(trimmed).unwrap_or_else(|| exception_line(trimmed)));
            }
            Last::Panic => self.panic(trimmed),
            Last::Causes => {
                let numbered = trimmed
                    .split_once(": ")
                    .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
                self.push(typed_or_plain(numbered.map_or(trimmed, |(_, cause)| cause)));
                self.last = Last::Causes;
            }
            _ => match typed(trimmed) {
                Some(link) => self.push(link),
                None if self.last == Last::Exception => self.more(trimmed),
                None => match self.read.chain.is_empty().then(|| within(trimmed)).flatten() {
                    Some(link) => self.push(link),
                    None => self.read.rest.push(trimmed.to_owned()),
                },
            },
        }
    }

    fn push(&mut self, link: Link) {
        self.read.chain.push(link);
        self.last = Last::Exception;
    }

    /// Adds a line to the last exception's message.
    fn more(&mut self, line: &str) {
        if let Some(link) = self.read.chain.last_mut() {
            link.message.push('\n');
            link.message.push_str(line);
        }
    }

    fn cause(&mut self, cause: &str) {
        if cause.is_empty() {
            self.last = Last::Causes;
        } else {
            self.push(typed_or_plain(cause));
        }
    }

    fn panic(&mut self, message: &str) {
        if message.is_empty() {
            self.last = Last::Panic;
        } else {
            self.push(Link { kind: "panic".to_owned(), message: message.to_owned() });
        }
    }

    fn finish(mut self) -> Traceback {
        self.read.cut = self.last == Last::PythonFrames || self.last == Last::Panic;
        if self.reversed {
            let mut chain = Vec::new();
            let mut end = self.read.chain.len();
            for start in self.blocks.into_iter().rev() {
                chain.extend(self.read.chain.get(start..end).unwrap_or_default().iter().cloned());
                end = start;
            }
            self.read.chain = chain;
        }
        self.read
    }
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

fn is_python_joint(line: &str) -> bool {
    line.starts_with("During handling of the above exception")
        || line.starts_with("The above exception was the direct cause")
}

/// Says whether a line is a place in code and not an exception.
fn is_frame(line: &str) -> bool {
    let places =
        ["File \"", "at ", "... ", "stack backtrace:", "note: ", "[Previous line repeated"];
    let carets = line.bytes().all(|byte| matches!(byte, b'^' | b'~' | b' '));
    let numbered = line.split_once(": ").is_some_and(|(number, rest)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && rest.contains("::")
    });
    let closes = line.bytes().all(|byte| matches!(byte, b'}' | b']'));
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

/// Returns the message of Rust's panic; empty when it is on the next line.
fn panicked(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("panicked at ")?;
    if !before.starts_with("thread ") {
        return None;
    }
    let quoted = after.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', "));
    Some(quoted.map_or("", |(message, _)| message))
}

fn typed_or_plain(text: &str) -> Link {
    typed(text)
        .or_else(|| within(text))
        .unwrap_or_else(|| Link { kind: String::new(), message: text.to_owned() })
}

/// Reads the line below Python's frames, whatever the type looks like.
fn exception_line(line: &str) -> Link {
    let (kind, message) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    let is_name = kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
    if is_name {
        Link { kind: kind.to_owned(), message: message.to_owned() }
    } else {
        Link { kind: String::new(), message: line.to_owned() }
    }
}

/// Reads `Type: message`, or a type alone.
fn typed(line: &str) -> Option<Link> {
    let (kind, message) = match line.split_once(':') {
        // `a::b::Error: …` has colons of its own.
        Some(_) => split_type(line),
        None => (line, ""),
    };
    let clear = message.is_empty() && !kind.contains(['.', ':']);
    let is = is_type(kind) && (!clear || has_known_ending(kind));
    is.then(|| Link { kind: kind.to_owned(), message: message.trim().to_owned() })
}

/// Splits at the first colon that is followed by a blank or ends the line.
fn split_type(line: &str) -> (&str, &str) {
    match line.split_once(": ") {
        Some((kind, message)) => (kind, message),
        None => (line.trim_end_matches(':'), ""),
    }
}

/// Finds `Type: message` behind what a logger or Java writes before it.
fn within(line: &str) -> Option<Link> {
    let starts = line.match_indices(' ').map(|(at, _)| at + 1);
    starts.take(16).find_map(|start| {
        let rest = line.get(start..)?;
        let (kind, message) = rest.split_once(": ")?;
        let is = is_type(kind) && (kind.contains(['.', ':']) || has_known_ending(kind));
        is.then(|| Link { kind: kind.to_owned(), message: message.trim().to_owned() })
    })
}

/// Says whether a word can be the type of an exception: `sqlalchemy.exc.TimeoutError`,
/// `r2d2::Error`, `DivisionByZero`, `socket.gaierror`; not `DETAIL`, `Process` or `12:30`.
fn is_type(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['.', '$']).flat_map(|part| part.split("::")).collect();
    let name = |part: &&str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let Some(last) = parts.last().filter(|_| parts.iter().all(name)) else {
        return false;
    };
    let capitals = last.chars().filter(|c| c.is_uppercase()).count();
    let camel = last.starts_with(char::is_uppercase) && last.chars().any(char::is_lowercase);
    let dotted = parts.len() > 1;
    has_known_ending(last) && (camel || dotted) || camel && (dotted || capitals > 1)
}

fn has_known_ending(word: &str) -> bool {
    let endings =
        ["error", "exception", "timeout", "warning", "interrupt", "exit", "failure", "panic"];
    let word = word.to_ascii_lowercase();
    endings.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests;
