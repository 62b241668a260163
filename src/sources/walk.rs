//! Walks back in time through a backend's log lines, page by page, until there is enough.

use std::collections::HashSet;

use async_trait::async_trait;

use super::SourceError;
use super::lines::Wanted;
use crate::model::{LogPage, LogQuery, LogRecord, Searched, UnixNanos};

/// How many lines a page has.
const PAGE: u32 = 1_000;

/// The same where more of them have one time; backends refuse more than this by default.
const PAGE_MAX: u32 = 5_000;

/// The most pages that are looked at for one answer.
const PAGES_MAX: usize = 20;

/// How far before its position a follower looks again: lines arrive later than they were written.
const OVERLAP_NS: i64 = 30_000_000_000;

/// A stretch of time, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) since: UnixNanos,
    pub(super) until: UnixNanos,
}

/// One page: the latest lines of a window.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The lines, each with the backend's own time of it, in any order.
    pub(super) lines: Vec<(UnixNanos, LogRecord)>,
    /// Whether there may be more in the window.
    pub(super) full: bool,
    /// Why the backend itself answered only in part.
    pub(super) incomplete: Option<String>,
}

/// What can be asked for the latest lines of a window.
#[async_trait]
pub(super) trait Pages: Send + Sync {
    /// Returns the latest lines in the window that its question matches, at most `size`.
    async fn page(&self, window: Window, size: u32) -> Result<Batch, SourceError>;

    /// Returns how fine the backend's times are, in nanoseconds.
    fn grain(&self) -> i64 {
        1
    }
}

impl Window {
    /// Returns the window that a question asks for; `default` is how far back it reaches by itself.
    pub(super) fn of(query: &LogQuery, now: UnixNanos, default: std::time::Duration) -> Self {
        if let Some(after) = query.after {
            return Self { since: UnixNanos(after.saturating_sub(OVERLAP_NS)), until: now };
        }
        let until = query.until.unwrap_or(now);
        Self { since: query.since.unwrap_or(until.before(default)), until }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    lines: Vec<(UnixNanos, LogRecord)>,
    looked_at: u64,
    incomplete: Option<String>,
    more: bool,
}

/// Looks at the lines of the window, the latest first, until more than `limit` match.
///
/// Nothing is left out between two pages: what has the time at which a page ends is asked for again.
pub(super) async fn walk(
    pages: &dyn Pages,
    window: Window,
    wanted: &Wanted,
    limit: u32,
) -> Result<Walked, SourceError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut walked = Walked::default();
    let mut until = window.until;
    let mut size = wanted.page_size(limit).min(PAGE);
    for _ in 0..PAGES_MAX {
        let batch = pages.page(Window { since: window.since, until }, size).await?;
        walked.incomplete = walked.incomplete.or(batch.incomplete);
        let stamps = batch.lines.iter().map(|(stamp, _)| *stamp);
        let (oldest, newest) = (stamps.clone().min(), stamps.max());
        let (Some(oldest), Some(newest), true) = (oldest, newest, batch.full) else {
            walked.take(batch.lines, window, wanted);
            return Ok(walked);
        };
        let grain = pages.grain();
        let edge = UnixNanos(oldest.0 - oldest.0.rem_euclid(grain) + grain);
        if newest >= edge {
            // What is older than the edge comes again with the next page.
            let whole = batch.lines.into_iter().filter(|(stamp, _)| *stamp >= edge).collect();
            walked.take(whole, window, wanted);
            until = UnixNanos(edge.0 - 1);
        } else if size < PAGE_MAX {
            size = PAGE_MAX;
            continue;
        } else {
            let given = batch.lines.len();
            walked.take(batch.lines, window, wanted);
            let why =
                format!("more than {given} lines have the time {oldest}, some were not given");
            walked.incomplete.get_or_insert(why);
            until = UnixNanos(edge.0 - grain - 1);
        }
        if walked.lines.len() > limit || until < window.since {
            walked.more = walked.lines.len() > limit;
            return Ok(walked);
        }
        size = size.max(PAGE);
    }
    let looked_at = walked.looked_at;
    walked.incomplete.get_or_insert(format!(
        "only the latest {looked_at} lines were looked at, back to {until}, and there are more: \
         narrow it down with --since, --until"
    ));
    Ok(walked)
}

impl Walked {
    fn take(&mut self, lines: Vec<(UnixNanos, LogRecord)>, window: Window, wanted: &Wanted) {
        self.looked_at += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        // A backend that gives what was not asked for is not believed.
        let inside = |stamp: UnixNanos| window.since <= stamp && stamp <= window.until;
        self.lines.extend(
            lines.into_iter().filter(|(stamp, record)| inside(*stamp) && wanted.has(record)),
        );
    }

    /// Adds what another question about the same window found, without what both did.
    pub(super) fn join(&mut self, other: Self) {
        let key = |(stamp, record): &(UnixNanos, LogRecord)| (*stamp, record.raw.clone());
        let known: HashSet<(UnixNanos, Option<Vec<u8>>)> = self.lines.iter().map(key).collect();
        self.lines.extend(other.lines.into_iter().filter(|line| !known.contains(&key(line))));
        self.looked_at += other.looked_at;
        self.more |= other.more;
        if let Some(why) = other.incomplete {
            self.incomplete.get_or_insert(why);
        }
    }

    /// Makes the answer: the last lines that were asked for, by time.
    pub(super) fn page(
        self,
        source: String,
        asked: String,
        window: Window,
        query: &LogQuery,
    ) -> LogPage {
        let mut records: Vec<LogRecord> =
            self.lines.into_iter().map(|(_, record)| record).collect();
        records.sort_by_key(|record| record.time);
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let surplus = records.len().saturating_sub(limit);
        let matched = u64::try_from(records.len()).unwrap_or(u64::MAX);
        records.drain(..surplus);
        let searched = Searched {
            source,
            query: asked,
            since: window.since,
            until: window.until,
            window_by_default: query.since.is_none() && query.after.is_none(),
            looked_at: self.looked_at,
            matched,
        };
        LogPage {
            records,
            position: window.until.0,
            truncated: surplus > 0 || self.more,
            searched: vec![searched],
            incomplete: self.incomplete,
            remarks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
