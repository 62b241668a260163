//! The numbers of rows: they grow in the order of arrival and never come back.

use rusqlite::Connection;

use super::super::{RecordKind, StoreError};

/// The table of each kind, in the order of [`RecordKind::ALL`].
pub(in super::super) const TABLES: [&str; RecordKind::ALL.len()] =
    ["spans", "logs", "events", "metrics", "items"];

/// The last number given to a row of each kind.
///
/// `SQLite` would give the number of a removed last row again; a follower of the log would then miss
/// the new one, and the retention take it for an old one.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Ids {
    last: [i64; RecordKind::ALL.len()],
}

impl Ids {
    /// Reads on where the file stands: its rows, and the last mark of the retention.
    pub(in super::super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let mut last = [0; RecordKind::ALL.len()];
        for (last, table) in last.iter_mut().zip(TABLES) {
            let sql = format!(
                "SELECT max(ifnull((SELECT max(id) FROM {table}), 0),
                   ifnull((SELECT {table} FROM arrivals ORDER BY at_ns DESC LIMIT 1), 0))"
            );
            *last = connection.query_row(&sql, [], |row| row.get(0))?;
        }
        Ok(Self { last })
    }

    pub(super) fn next(&mut self, kind: RecordKind) -> i64 {
        let last = &mut self.last[kind as usize];
        *last += 1;
        *last
    }

    /// Returns the last number of each kind, in the order of [`TABLES`].
    pub(in super::super) fn last(&self) -> [i64; RecordKind::ALL.len()] {
        self.last
    }
}
