//! Errors as an error tracker keeps them: events, and the issues they are grouped into.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Severity, UnixNanos, mask_text, mask_value};

/// One error that happened once, in one request.
///
/// Source: Sentry's event payload (develop.sentry.dev, "Event Payloads").
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// 32 lower-case hex digits, given by the sender.
    pub event_id: String,
    /// When it happened.
    pub time: UnixNanos,
    /// How bad it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Severity>,
    /// The service that sent it, from a tag, the release or the server's name; empty when unknown.
    pub service: String,
    /// The version that was running; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release: String,
    /// `production`, `staging`; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The route or task it happened in; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transaction: String,
    /// The id of the request it happened in, by its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The trace it happened in: 32 lower-case hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The span it happened in: 16 lower-case hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The user's id; empty when not sent. Never the name, the address or the e-mail.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The text of an event that is no exception.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The message before its parameters were put in; empty when it had none.
    #[serde(skip)]
    pub template: String,
    /// The part of the program that reported it; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub logger: String,
    /// The texts that the sender cut or scrubbed, as paths in the event: `exception.values.0.value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trimmed: Vec<String>,
    /// The chain, root cause first, what reached the top last (the wire's order).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// What happened before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breadcrumbs: Vec<Breadcrumb>,
    /// The sender's tags, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<(String, String)>,
    /// The sender's own grouping key; empty when it left the grouping to the receiver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
    /// The issue it belongs to; empty until it is stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issue_id: String,
    /// The event as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawValue>>,
}

impl ErrorEvent {
    /// Returns the exception that reached the top, without one-child wrappers that say nothing.
    pub fn outermost(&self) -> Option<&Exception> {
        let telling = self.exceptions.iter().rev().find(|exception| !exception.is_wrapper());
        telling.or_else(|| self.exceptions.last())
    }

    /// Returns the first cause, when the chain has one besides the outermost exception.
    pub fn root_cause(&self) -> Option<&Exception> {
        let first = self.exceptions.iter().find(|exception| !exception.is_wrapper())?;
        (self.outermost() != Some(first)).then_some(first)
    }

    /// Returns one line that names the error: `Type: first line of the value`.
    pub fn title(&self) -> String {
        match self.outermost() {
            Some(exception) => exception.title(),
            None => self.message.lines().next().unwrap_or("(no message)").to_owned(),
        }
    }

    /// Returns the place: the route, else the function that failed; empty when neither is known.
    pub fn culprit(&self) -> String {
        if !self.transaction.is_empty() {
            return self.transaction.clone();
        }
        self.outermost().and_then(Exception::crash_frame).map(Frame::place).unwrap_or_default()
    }
}

impl ErrorEvent {
    /// Returns the event with its secrets masked, and without the raw payload, which may hold more.
    #[must_use]
    pub fn masked(self) -> Self {
        let masked = |text: String| mask_text(&text).into_owned();
        let exceptions = self.exceptions.into_iter().map(Exception::masked).collect();
        let tag = |(key, value): (String, String)| {
            let value = mask_value(&key, &value).into_owned();
            (key, value)
        };
        let crumb = |crumb: Breadcrumb| Breadcrumb { message: masked(crumb.message), ..crumb };
        Self {
            message: masked(self.message),
            template: String::new(),
            transaction: masked(self.transaction),
            exceptions,
            tags: self.tags.into_iter().map(tag).collect(),
            breadcrumbs: self.breadcrumbs.into_iter().map(crumb).collect(),
            fingerprint: self.fingerprint.into_iter().map(masked).collect(),
            raw: None,
            ..self
        }
    }
}

/// One exception of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The class or type, `KeyError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its message; empty for some (a timeout often has none).
    #[serde(default)]
    pub value: String,
    /// The package of the type; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Whether the program caught it itself; `None` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled: Option<bool>,
    /// The calls that led there, oldest first, the place of the failure last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// Whether the sender made the type up, so that it says nothing about the fault.
    #[serde(skip)]
    pub synthetic: bool,
    /// How many exceptions of the chain name this one as their parent; 0 when not said.
    #[serde(skip)]
    pub children: usize,
}

impl Exception {
    /// Returns `Type: first line of the value`.
    pub fn title(&self) -> String {
        let first = self.value.lines().next().unwrap_or("");
        match (self.kind.is_empty(), first.is_empty()) {
            (false, false) => format!("{}: {first}", self.kind),
            (false, true) => self.kind.clone(),
            (true, _) => first.to_owned(),
        }
    }

    /// Returns the last frame of the application's own code, else the last frame.
    pub fn crash_frame(&self) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.in_app).or_else(|| self.frames.last())
    }

    fn masked(self) -> Self {
        // A source line can hold a literal secret: `password = "…"`.
        let frame = |frame: Frame| {
            let source = mask_text(&frame.source).into_owned();
            Frame { source, ..frame }
        };
        let value = mask_text(&self.value).into_owned();
        Self { value, frames: self.frames.into_iter().map(frame).collect(), ..self }
    }

    /// Says whether it is a group that carries one other exception: whether a framework wrapped an
    /// error in one depends on the framework's version.
    pub fn is_wrapper(&self) -> bool {
        matches!(self.kind.as_str(), "ExceptionGroup" | "BaseExceptionGroup") && self.children <= 1
    }
}

/// One call of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The function; empty when not known.
    #[serde(default)]
    pub function: String,
    /// The source file as sent.
    #[serde(default)]
    pub filename: String,
    /// The module or package of the function; empty when not sent.
    #[serde(skip)]
    pub module: String,
    /// The 1-based line; `None` when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Whether this is the application's own code.
    #[serde(default)]
    pub in_app: bool,
    /// The line's source; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Frame {
    /// Returns `app.py:121 in stock`, with the parts that are known.
    pub fn place(&self) -> String {
        let name = self.filename.rsplit(['/', '\\']).next().unwrap_or("");
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        match (name.is_empty(), self.function.is_empty()) {
            (false, false) => format!("{name}{line} in {}", self.function),
            (false, true) => format!("{name}{line}"),
            (true, _) => self.function.clone(),
        }
    }
}

/// Something the program noted before the error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breadcrumb {
    /// When; `None` when not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<UnixNanos>,
    /// `query`, `http`, a logger's name; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// In words.
    #[serde(default)]
    pub message: String,
}

/// Errors that are the same fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The id to ask for it with, `ORDERS-API-1`.
    pub id: String,
    /// One line that names it.
    pub title: String,
    /// Where it happens; empty when unknown.
    #[serde(default)]
    pub culprit: String,
    /// The first cause's line, when the chain has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The service that sends it; empty when unknown.
    pub service: String,
    /// How bad the last event was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Severity>,
    /// How often it was seen.
    pub events: u64,
    /// By how many users with an id.
    pub users: u64,
    /// When it was first seen.
    pub first_seen: UnixNanos,
    /// When it was last seen.
    pub last_seen: UnixNanos,
    /// The release of the last event; empty when not sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release: String,
    /// The request id of the last event that has one: an id to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_request_id: Option<String>,
}

impl Issue {
    /// Returns the issue with its secrets masked.
    #[must_use]
    pub fn masked(self) -> Self {
        Self {
            title: mask_text(&self.title).into_owned(),
            culprit: mask_text(&self.culprit).into_owned(),
            cause: self.cause.map(|cause| mask_text(&cause).into_owned()),
            ..self
        }
    }
}
