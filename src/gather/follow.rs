//! Log lines of several sources: asked at once, merged by time, and asked again for what came since.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures_util::future::join_all;

use crate::model::{LogPage, LogQuery, LogRecord, Missing, UnixNanos};
use crate::sources::{Backend, SourceError};

/// A source's name and its page, or why there is none.
pub(super) type Answer = (String, Result<LogPage, SourceError>);

/// How far each source was followed.
#[derive(Debug, Default)]
pub struct Follow {
    positions: HashMap<String, Position>,
}

#[derive(Debug, Default)]
struct Position {
    /// What [`LogPage::position`] was.
    reached: i64,
    /// How often each line was in the last page: a source that goes by time gives its latest again.
    seen: HashMap<u64, u32>,
    /// The first time shown, where there were more lines before it than were asked for.
    floor: Option<UnixNanos>,
}

impl Follow {
    /// Returns how many sources are followed.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Says whether none is.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Takes the page's lines that were not in the one before, and remembers how far it reached.
    fn advance(&mut self, name: &str, page: &mut LogPage) {
        let before = self.positions.remove(name).unwrap_or_default();
        let first = page.records.first().and_then(|record| record.time);
        let floor = before.floor.or(first.filter(|_| page.truncated));
        let mut seen: HashMap<u64, u32> = HashMap::new();
        page.records.retain(|record| {
            let key = key(record);
            let count = seen.entry(key).or_default();
            *count += 1;
            let old = record.time.zip(floor).is_some_and(|(time, floor)| time < floor);
            !old && before.seen.get(&key).is_none_or(|known| *count > *known)
        });
        self.positions.insert(name.to_owned(), Position { reached: page.position, seen, floor });
    }
}

/// Asks all sources of log lines at once.
pub(super) async fn search(backends: &[Box<dyn Backend>], query: &LogQuery) -> Vec<Answer> {
    let asked = backends.iter().filter_map(|backend| {
        let side = backend.logs()?;
        Some(async move { (backend.name(), side.search(query).await) })
    });
    join_all(asked).await
}

/// Joins the pages by time; a source that answered in part is among the missing too.
pub(super) fn joined(pages: Vec<Answer>) -> (LogPage, Vec<Missing>, Follow) {
    let mut follow = Follow::default();
    let mut found = LogPage::default();
    let mut missing = Vec::new();
    for (name, page) in pages {
        match page {
            Ok(mut page) => {
                follow.advance(&name, &mut page);
                let partly = |why: &String| Missing::in_part(name.clone(), why);
                missing.extend(page.incomplete.as_ref().map(partly));
                found.truncated |= page.truncated;
                found.searched.extend(page.searched);
                found.remarks.extend(page.remarks);
                found.records.extend(page.records);
            }
            Err(error) => missing.push(Missing { source: name, reason: error.to_string() }),
        }
    }
    found.records.sort_by_key(|record| record.time);
    (found, missing, follow)
}

/// Returns what came since to the sources that answered before, and which of them no longer do.
///
/// A line that a source gives again because it goes by time is not returned again.
pub async fn follow(
    backends: &[Box<dyn Backend>],
    query: &LogQuery,
    follow: &mut Follow,
) -> (Vec<LogRecord>, Vec<Missing>) {
    let asked = backends.iter().filter_map(|backend| {
        let (name, side) = (backend.name(), backend.logs()?);
        let position = follow.positions.get(&name)?.reached;
        let query = LogQuery { after: Some(position), ..query.clone() };
        Some(async move { (name, side.repeats(), side.search(&query).await) })
    });
    let mut records = Vec::new();
    let mut missing = Vec::new();
    for (name, repeats, page) in join_all(asked).await {
        match page {
            Ok(mut page) if repeats => {
                let partly = |why: &String| Missing::in_part(name.clone(), why);
                missing.extend(page.incomplete.as_ref().map(partly));
                follow.advance(&name, &mut page);
                records.extend(page.records);
            }
            Ok(page) => {
                let position = Position { reached: page.position, ..Position::default() };
                follow.positions.insert(name, position);
                records.extend(page.records);
            }
            Err(error) => missing.push(Missing { source: name, reason: error.to_string() }),
        }
    }
    records.sort_by_key(|record| record.time);
    (records, missing)
}

/// Returns what tells one line from another of the same source.
fn key(record: &LogRecord) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.time.hash(&mut hasher);
    (&record.raw, &record.message, &record.source).hash(&mut hasher);
    hasher.finish()
}
