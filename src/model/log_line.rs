//! A log record that is shown and forgotten: it borrows from the line it was read from.

use std::borrow::Cow;

use super::{LogRecord, Severity, UnixNanos};

/// What is shown of a log record, as text; the parts are those of [`LogRecord`].
///
/// Made for the reading of whole files, where a record for each line would cost more than all else.
#[derive(Debug, Clone, Default)]
pub struct LogLine<'a> {
    /// When it was logged.
    pub time: Option<UnixNanos>,
    /// How bad it is.
    pub level: Option<Severity>,
    /// What happened.
    pub message: Cow<'a, str>,
    /// The service.
    pub service: Option<Cow<'a, str>>,
    /// The part of the program.
    pub logger: Option<Cow<'a, str>>,
    /// The request.
    pub request_id: Option<Cow<'a, str>>,
    /// The trace.
    pub trace_id: Option<Cow<'a, str>>,
    /// The span.
    pub span_id: Option<Cow<'a, str>>,
    /// A traceback, with line breaks.
    pub exception: Option<Cow<'a, str>>,
    /// The other fields: names, and values as [`super::Field::text`] has them.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The bytes as they were written.
    pub raw: Option<&'a [u8]>,
}

impl<'a> From<&'a LogRecord> for LogLine<'a> {
    fn from(record: &'a LogRecord) -> Self {
        let borrowed = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        let field = |field: &'a super::Field| (field.name.as_str().into(), field.text().into());
        Self {
            time: record.time,
            level: record.level,
            message: record.message.as_str().into(),
            service: borrowed(&record.service),
            logger: borrowed(&record.logger),
            request_id: borrowed(&record.request_id),
            trace_id: borrowed(&record.trace_id),
            span_id: borrowed(&record.span_id),
            exception: borrowed(&record.exception),
            fields: record.fields.iter().map(field).collect(),
            raw: record.raw.as_deref(),
        }
    }
}
