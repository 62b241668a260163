//! The numbers of traces, by which the index of the spans has them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::super::StoreError;
use crate::model::TraceId;

/// How many traces the writer remembers (some 3 MiB); beyond that it begins to remember anew.
const KNOWN_MAX: usize = 65_536;

/// The traces that the writer has seen lately: their row.
#[derive(Debug, Default)]
pub(in super::super) struct Traces {
    known: HashMap<TraceId, i64>,
}

impl Traces {
    /// Forgets all of them: after a rollback.
    pub(in super::super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Returns the trace's row, making it when it is missing.
    pub(super) fn number_of(
        &mut self,
        connection: &Connection,
        trace: TraceId,
        id: &str,
    ) -> Result<i64, StoreError> {
        if let Some(number) = self.known.get(&trace) {
            return Ok(*number);
        }
        let mut find = connection.prepare_cached("SELECT id FROM traces WHERE trace_id = ?1")?;
        let found: Option<i64> = find.query_row([id], |row| row.get(0)).optional()?;
        let number = match found {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO traces (trace_id) VALUES (?1)")?
                .insert([id])?,
        };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(trace, number);
        Ok(number)
    }

    /// Removes those of these traces of which every span is gone.
    pub(in super::super) fn remove_empty(
        &mut self,
        connection: &Connection,
        mut numbers: Vec<i64>,
    ) -> Result<(), StoreError> {
        numbers.sort_unstable();
        numbers.dedup();
        let mut delete = connection.prepare_cached(
            "DELETE FROM traces
             WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM spans WHERE trace = ?1)
             RETURNING trace_id",
        )?;
        for number in numbers {
            let mut removed = delete.query([number])?;
            while let Some(row) = removed.next()? {
                if let Some(trace) = TraceId::from_hex(row.get_ref(0)?.as_str().unwrap_or("")) {
                    self.known.remove(&trace);
                }
            }
        }
        Ok(())
    }
}
