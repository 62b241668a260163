//! Removing what is older or more than is to be kept, oldest first, a few rows at a time.
//!
//! Old is what came long ago, not what says of itself that it happened long ago: a file of last month
//! that is read in today stays as long as anything else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::ingest::{Known, LAG_NS, TABLES};
use super::{RecordKind, StoreError};
use crate::model::UnixNanos;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long after it came a record is removed, at most three minutes later than that.
    pub age: Duration,
    /// How many bytes the file may use, without the space that removed rows left in it, which is
    /// used again, and without the write-ahead log beside it.
    pub bytes: u64,
}

/// Seven days, 2 GiB.
impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_hours(7 * 24), bytes: 2 << 30 }
    }
}

/// How many rows of each kind the retention has removed.
#[derive(Debug, Default)]
pub struct Removed([AtomicU64; RecordKind::ALL.len()]);

impl Removed {
    /// Returns the number since the store was opened.
    pub fn of(&self, kind: RecordKind) -> u64 {
        self.0[kind as usize].load(Ordering::Relaxed)
    }
}

/// Marks are this far apart.
const MARK_NS: i64 = 60_000_000_000;

/// At a moment, the last row of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    at_ns: i64,
    last: [i64; RecordKind::ALL.len()],
}

fn mark_of(row: &Row<'_>) -> rusqlite::Result<Mark> {
    let mut mark = Mark { at_ns: row.get(0)?, last: [0; RecordKind::ALL.len()] };
    for (place, last) in mark.last.iter_mut().enumerate() {
        *last = row.get(place + 1)?;
    }
    Ok(mark)
}

/// Notes which rows have come by now, if the last such mark is a minute old.
pub(super) fn mark(
    connection: &Connection,
    known: &Known,
    now: UnixNanos,
) -> Result<(), StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(at_ns) FROM arrivals")?
        .query_row([], |row| row.get(0))?;
    // A clock that was turned back makes no marks until it is where it was.
    if last.is_none_or(|last| last.saturating_add(MARK_NS) <= now.0) {
        add_mark(connection, known, now.0)?;
    }
    Ok(())
}

/// Notes what came since the last mark when nothing comes any more: it gets old too.
fn mark_the_last(connection: &Connection, known: &Known, now: UnixNanos) -> Result<(), StoreError> {
    let newest: Option<Mark> = connection
        .prepare_cached(
            "SELECT at_ns, spans, logs, events, metrics, items FROM arrivals
             ORDER BY at_ns DESC LIMIT 1",
        )?
        .query_row([], mark_of)
        .optional()?;
    let last = known.ids.last();
    if newest.is_some_and(|mark| mark.last == last) || last.iter().all(|last| *last == 0) {
        return Ok(());
    }
    mark(connection, known, now)
}

fn add_mark(connection: &Connection, known: &Known, at_ns: i64) -> Result<(), StoreError> {
    let [spans, logs, events, metrics, items] = known.ids.last();
    connection
        .prepare_cached(
            "INSERT INTO arrivals (at_ns, spans, logs, events, metrics, items)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![at_ns, spans, logs, events, metrics, items])?;
    Ok(())
}

/// Removes at most `rows_max` rows of each kind; says whether there may be more to remove.
pub(super) fn step(
    connection: &Connection,
    known: &mut Known,
    retention: Retention,
    now: UnixNanos,
    rows_max: usize,
    removed: &Removed,
) -> Result<bool, StoreError> {
    mark_the_last(connection, known, now)?;
    let Some(mark) = due(connection, retention, now)? else { return Ok(false) };
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let counts = remove_up_to(&transaction, known, mark, rows_max)?;
    let all_gone = counts.iter().all(|count| *count < rows_max);
    let more = !all_gone || next_mark(&transaction, known, mark, retention, now)?;
    transaction.commit()?;
    for (all, count) in removed.0.iter().zip(counts) {
        all.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
    }
    Ok(more)
}

/// Returns the mark up to which everything is to go, if there is anything to remove.
fn due(
    connection: &Connection,
    retention: Retention,
    now: UnixNanos,
) -> Result<Option<Mark>, StoreError> {
    let age = i64::try_from(retention.age.as_nanos()).unwrap_or(i64::MAX);
    let find = |condition: &str, value: i64| {
        let sql = format!(
            "SELECT at_ns, spans, logs, events, metrics, items FROM arrivals WHERE {condition}"
        );
        Ok::<_, StoreError>(
            connection.prepare_cached(&sql)?.query_row([value], mark_of).optional()?,
        )
    };
    let old = find("at_ns < ?1 ORDER BY at_ns DESC LIMIT 1", now.0.saturating_sub(age))?;
    if let Some(mark) = old
        && holds_rows(connection, mark)?
    {
        return Ok(Some(mark));
    }
    if bytes_used(connection)? <= retention.bytes {
        return Ok(None);
    }
    find("at_ns > ?1 ORDER BY at_ns LIMIT 1", i64::MIN)
}

fn holds_rows(connection: &Connection, mark: Mark) -> Result<bool, StoreError> {
    for (table, last) in TABLES.iter().zip(mark.last) {
        let sql = format!("SELECT 1 FROM {table} WHERE id <= ?1 LIMIT 1");
        if connection.prepare_cached(&sql)?.exists([last])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the bytes of the file that hold something.
pub(super) fn bytes_used(connection: &Connection) -> Result<u64, StoreError> {
    let ask = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = ask("page_count")? - ask("freelist_count")?;
    Ok(pages.saturating_mul(ask("page_size")?).unsigned_abs())
}

/// Removes the oldest rows of each kind that had come by the mark; returns how many of each.
fn remove_up_to(
    connection: &Connection,
    known: &mut Known,
    mark: Mark,
    rows_max: usize,
) -> Result<[usize; RecordKind::ALL.len()], StoreError> {
    let limit = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let mut counts = [0; RecordKind::ALL.len()];
    for ((kind, table), last) in RecordKind::ALL.into_iter().zip(TABLES).zip(mark.last) {
        let sql = format!(
            "DELETE FROM {table} WHERE id IN
               (SELECT id FROM {table} WHERE id <= ?1 ORDER BY id LIMIT ?2)"
        );
        counts[kind as usize] = match kind {
            RecordKind::Event => {
                let issues = remove_rows(connection, &sql, "issue", last, limit)?;
                remove_empty_issues(connection, &issues)?;
                issues.len()
            }
            RecordKind::Span => {
                let traces = remove_rows(connection, &sql, "trace", last, limit)?;
                let count = traces.len();
                known.traces.remove_empty(connection, traces)?;
                count
            }
            _ => connection.prepare_cached(&sql)?.execute([last, limit])?,
        };
    }
    Ok(counts)
}

/// Removes rows; returns what each of them had in a column.
fn remove_rows(
    connection: &Connection,
    sql: &str,
    column: &str,
    last: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut delete = connection.prepare_cached(&format!("{sql} RETURNING {column}"))?;
    let rows = delete.query_map([last, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An issue goes with the last of its events.
fn remove_empty_issues(connection: &Connection, issues: &[i64]) -> Result<(), StoreError> {
    let mut issues = issues.to_vec();
    issues.sort_unstable();
    issues.dedup();
    let mut delete = connection.prepare_cached(
        "DELETE FROM issues WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM events WHERE issue = ?1)",
    )?;
    for issue in issues {
        delete.execute([issue])?;
    }
    Ok(())
}

/// Everything up to the mark is gone: removes it and, when the file is still too large, sees to it
/// that there is a next one. The newest mark always stays, it has the last number of each kind.
fn next_mark(
    connection: &Connection,
    known: &mut Known,
    mark: Mark,
    retention: Retention,
    now: UnixNanos,
) -> Result<bool, StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM arrivals
             WHERE at_ns <= ?1 AND at_ns < (SELECT max(at_ns) FROM arrivals)",
        )?
        .execute([mark.at_ns])?;
    remove_resources(connection, known)?;
    if bytes_used(connection)? <= retention.bytes {
        return Ok(false);
    }
    let newest: i64 =
        connection.query_row("SELECT max(at_ns) FROM arrivals", [], |row| row.get(0))?;
    if newest > mark.at_ns {
        return Ok(true);
    }
    // Everything that is left came within the last minute.
    let more = known.ids.last() != mark.last;
    if more {
        add_mark(connection, known, now.0.max(newest.saturating_add(1)))?;
    }
    Ok(more)
}

/// Removes the resources of which every span is gone: their last one began before the first that is
/// left.
fn remove_resources(connection: &Connection, known: &mut Known) -> Result<(), StoreError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM resources WHERE latest_ns <
               (SELECT ifnull(min(start_ns), 9223372036854775807) FROM spans) - ?1",
        )?
        .execute([2 * LAG_NS])?;
    if removed > 0 {
        known.resources.forget();
    }
    Ok(())
}
