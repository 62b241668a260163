//! Log records: one line of a log, understood.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Failure, Signal, UnixNanos};

/// A log line with the facts that every dialect has somewhere, and the rest as fields.
///
/// A line that is not JSON is a record whose `message` is the line and that has nothing else.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LogRecord {
    /// When it was logged; `None` when the line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<UnixNanos>,
    /// How bad it is; `None` when the line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Severity>,
    /// What happened, in words.
    #[serde(default)]
    pub message: String,
    /// The service that logged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The part of the program that logged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// The request it belongs to, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The trace it belongs to, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The span it belongs to, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// A traceback or an error chain, with line breaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// All other fields, in the order written; nested ones joined with dots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The file or stream it came from; empty when not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Its 1-based line in that file; 0 when not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub line: u64,
    /// The bytes as they were written, without the last line break; `None` when it was no line.
    ///
    /// In JSON it is text, with U+FFFD for what is no UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "lossy_text")]
    pub raw: Option<Vec<u8>>,
}

impl LogRecord {
    /// The names that a record has for every dialect, in the order in which a table shows them.
    pub const NAMES: [&str; 11] = [
        "time",
        "level",
        "service",
        "message",
        "logger",
        "request_id",
        "trace_id",
        "span_id",
        "exception",
        "source",
        "line",
    ];

    /// Says whether the line matches: as it was written, else (it came without lines) its message, its
    /// exception and its fields.
    pub fn holds(&self, pattern: &regex::Regex) -> bool {
        if let Some(raw) = &self.raw {
            return pattern.is_match(&String::from_utf8_lossy(raw));
        }
        let texts = [Some(&self.message), self.exception.as_ref()].into_iter().flatten();
        texts.into_iter().any(|text| pattern.is_match(text))
            || self.fields.iter().any(|field| pattern.is_match(&field.text()))
    }

    /// Returns the record as a sign of a failed request; `None` when it names no request.
    ///
    /// Whoever asks has looked at the level.
    pub fn failure(&self) -> Option<Failure> {
        let text =
            |name: &str| self.fields.iter().find(|field| field.name == name).map(Field::text);
        let operation = match (text("method"), text("route").or_else(|| text("path"))) {
            (Some(method), Some(route)) => format!("{method} {route}"),
            (_, route) => route.unwrap_or_default(),
        };
        let exception = self.exception.as_ref().and_then(|exception| exception.lines().next());
        // "request finished" says nothing of why it failed; its status says a little.
        let status = text("status").or_else(|| text("http.response.status_code"));
        let status = status.filter(|status| status.starts_with(['4', '5']) && status.len() == 3);
        let reason = match (exception, status) {
            (Some(exception), _) => exception.to_owned(),
            (None, Some(status)) => format!("answered {status}"),
            (None, None) => self.message.clone(),
        };
        Some(Failure {
            time: self.time.unwrap_or_default(),
            id: self.request_id.clone().or_else(|| self.trace_id.clone())?,
            trace_id: self.trace_id.clone(),
            service: self.service.clone().unwrap_or_default(),
            operation,
            reason,
            signal: Signal::Log,
        })
    }
}

/// Bytes as JSON text.
mod lossy_text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(String::into_bytes))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One field of a record: its dotted name and its value as JSON text.
///
/// The value stays text because most values are only shown, or compared with text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Field {
    /// The dotted name.
    pub name: String,
    /// The value, as valid JSON.
    pub value: Box<RawValue>,
}

impl Field {
    /// Returns the value as a reader wants it: a string without its quotes, else the JSON text.
    pub fn text(&self) -> String {
        serde_json::from_str::<String>(self.value.get())
            .unwrap_or_else(|_| self.value.get().to_owned())
    }
}

/// How bad a log line or an error event is, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Every step.
    Trace,
    /// For whoever debugs.
    Debug,
    /// Normal work.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
    /// The process or the service cannot go on.
    Fatal,
}

impl Severity {
    /// Reads a level by any of the names that loggers use, in any case.
    ///
    /// `INFO+2` (Go's slog) is the level before the sign; `None` for a word that is no level.
    pub fn from_name(name: &str) -> Option<Self> {
        let base = name.split(['+', '-']).next().unwrap_or(name);
        let mut lower = [0_u8; 13];
        let lower = lower.get_mut(..base.len())?;
        lower.copy_from_slice(base.as_bytes());
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"verbose" | b"silly" | b"finest" | b"t" => Self::Trace,
            b"debug" | b"fine" | b"d" | b"dbg" => Self::Debug,
            b"info" | b"information" | b"notice" | b"informational" | b"default" | b"http"
            | b"log" | b"i" | b"inf" => Self::Info,
            b"warn" | b"warning" | b"w" | b"wrn" => Self::Warn,
            b"error" | b"err" | b"severe" | b"e" | b"fail" => Self::Error,
            b"fatal" | b"critical" | b"crit" | b"panic" | b"dpanic" | b"alert" | b"emerg"
            | b"emergency" | b"f" => Self::Fatal,
            _ => return None,
        })
    }

    /// Returns the name in lower case, as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_every_loggers_name_for_them() {
        for (name, level) in [
            ("WARNING", Severity::Warn),
            ("critical", Severity::Fatal),
            ("INFO+2", Severity::Info),
            ("Information", Severity::Info),
            ("informational", Severity::Info),
            ("ERR", Severity::Error),
        ] {
            assert_eq!(Severity::from_name(name), Some(level), "{name}");
        }
        assert_eq!(Severity::from_name("a much longer word than any level"), None);
        assert_eq!(Severity::from_name(""), None);
    }

    #[test]
    fn worse_levels_are_greater() {
        assert!(Severity::Fatal > Severity::Error && Severity::Error > Severity::Warn);
    }
}
