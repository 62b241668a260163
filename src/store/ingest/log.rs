//! Log lines as rows.

use ring::digest::{Context, SHA256};
use rusqlite::params;

use super::super::{LogOrigin, Reader, StoreError};
use super::{Inserts, RecordKind, keys, level_number, short};
use crate::model::LogRecord;

/// One row of `logs`.
#[derive(Debug)]
pub(in super::super) struct LogRow {
    digest: [u8; 16],
    time_ns: i64,
    level: Option<i64>,
    service: Option<String>,
    request_key: Option<String>,
    trace_key: Option<String>,
    body: String,
}

impl LogRow {
    pub(super) fn of(record: LogRecord, origin: LogOrigin) -> Result<Self, StoreError> {
        let (request_key, trace_key) =
            keys(record.request_id.as_deref(), record.trace_id.as_deref());
        Ok(Self {
            digest: digest(&record, origin),
            time_ns: record.time.unwrap_or(origin.received()).0,
            level: record.level.map(level_number),
            request_key,
            trace_key,
            body: serde_json::to_string(&record)?,
            service: record.service,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        let keys = [&self.service, &self.request_key, &self.trace_key];
        self.body.len() + keys.into_iter().flatten().map(String::len).sum::<usize>()
    }

    /// The longer body wins: a line of a file is stored at once, and again when a traceback was
    /// written below it. It then moves to the end, so that who follows the log sees it.
    pub(super) fn store(&self, inserts: &mut Inserts<'_>, id: i64) -> Result<usize, StoreError> {
        let statement = inserts.of(
            RecordKind::Log,
            "INSERT INTO logs (id, digest, time_ns, level, service, request_key, trace_key, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (digest) DO UPDATE SET id = excluded.id, level = excluded.level,
               service = excluded.service, request_key = excluded.request_key,
               trace_key = excluded.trace_key, body = excluded.body
             WHERE (length(excluded.body), excluded.body) > (length(logs.body), logs.body)",
        )?;
        Ok(statement.execute(params![
            id,
            self.digest,
            self.time_ns,
            self.level,
            self.service,
            self.request_key,
            self.trace_key,
            self.body,
        ])?)
    }
}

fn digest(record: &LogRecord, origin: LogOrigin) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    match origin {
        LogOrigin::File { file, offset, .. } => {
            let raw = record.raw.as_deref().unwrap_or_default();
            let first_line = raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return file_digest(first_line, file, offset);
        }
        LogOrigin::Batch { request, index, received } => {
            context.update(&request);
            context.update(&index.to_be_bytes());
            if record.time.is_none() {
                context.update(&received.0.to_be_bytes());
            }
        }
    }
    short(context)
}

/// The content counts too: a file may have been truncated and written anew unseen.
fn file_digest(first_line: &[u8], file: [u8; 16], offset: u64) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    context.update(&file);
    context.update(&offset.to_be_bytes());
    context.update(first_line);
    short(context)
}

impl Reader {
    /// Says whether the first line of this file is stored.
    pub fn has_file(&self, file: [u8; 16], first_line: &[u8]) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM logs WHERE digest = ?1")?;
        Ok(statement.exists([file_digest(first_line, file, 0)])?)
    }
}
