//! What takes the records of any source, and ends as the answer that was asked for.

use std::io;
use std::sync::Arc;

use super::Request;
use crate::logs::Condition;
use crate::model::LogRecord;
use crate::render::Output;
use crate::render::log_report::{LogSummary, LogWriter, UnknownField};

/// The answer in the making.
pub(super) struct Answer {
    writer: LogWriter,
    condition: Option<Arc<Condition>>,
    /// How many records it was given.
    pub(super) written: u64,
}

impl Answer {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            writer: LogWriter::new(request.full, request.filter.correlation.clone()),
            condition: request.filter.condition.clone(),
            written: 0,
        }
    }

    /// Takes one record, in the order in which they are to be shown.
    pub(super) fn write(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        self.written += 1;
        self.writer.write(output, record)
    }

    /// Shows what waits, and says what a reader would not expect of the answer.
    pub(super) fn finish(self, output: &mut Output, summary: &LogSummary) -> io::Result<()> {
        let unknown = self.condition.iter().flat_map(|condition| condition.unknown());
        let unknown =
            unknown.map(|field| UnknownField { name: field.name, near: field.near }).collect();
        let summary = LogSummary { unknown_fields: unknown, ..summary.clone() };
        self.writer.finish(output, &summary)
    }
}
