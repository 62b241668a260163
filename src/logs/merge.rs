//! Several sources in one order: all at once, or as they are read and in bounded memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::model::{LogRecord, UnixNanos};

/// How many records of a source wait at the most for one that is older than they are.
const WINDOW_RECORDS_MAX: usize = 1024;

/// How many records of all sources wait, unless that is less than [`WINDOW_RECORDS_MIN`] for each.
const WAITING_RECORDS_MAX: usize = 8 * WINDOW_RECORDS_MAX;

/// How many records of a source wait at the least.
const WINDOW_RECORDS_MIN: usize = 16;

/// How many bytes of a source wait, after which no more is read of it.
const WINDOW_BYTES_MAX: usize = 1 << 20;

/// Returns the records of all sources by time; at the same time, by source and then as given.
///
/// Each source is in the order of its lines. A record without a time has the time of the one before
/// it in its source and stays behind it; those before any time come first. O(n log n) in the records.
pub fn merge(sources: Vec<Vec<LogRecord>>) -> Vec<LogRecord> {
    let mut timed: Vec<(Option<UnixNanos>, LogRecord)> = Vec::new();
    for records in sources {
        let mut last = None;
        for record in records {
            last = record.time.or(last);
            timed.push((last, record));
        }
    }
    // Stable, and linear in the runs that sources already are: the merge is the sort.
    timed.sort_by_key(|(time, _)| *time);
    timed.into_iter().map(|(_, record)| record).collect()
}

/// Merges sources as [`merge`] does, while they are read.
///
/// A record may come later in its source than younger ones, by less than the window: 1024 records,
/// with more than 8 sources fewer, and 1 MiB. One that comes later still is given where it comes, and
/// counted. O(log n) for each record, in the records that wait and in the sources.
#[derive(Debug)]
pub struct Merger {
    sources: Vec<Source>,
    /// The time at or before which nothing comes of a source any more, for each that has not ended.
    next: BinaryHeap<Reverse<(Option<UnixNanos>, usize)>>,
    window: usize,
    /// What was given last: its time and its source.
    last: (Option<UnixNanos>, usize),
    /// How many records were given after younger ones.
    pub late: u64,
}

#[derive(Debug, Default)]
struct Source {
    waiting: BTreeMap<(Option<UnixNanos>, u64), LogRecord>,
    bytes: usize,
    /// The last time seen in it, and how many records.
    time: Option<UnixNanos>,
    count: u64,
    begun: bool,
    ended: bool,
}

impl Merger {
    /// Begins; for each source the time before which it has no record, `None` where that is not known.
    ///
    /// A source is not asked for records before those of that time are wanted.
    pub fn new(starts: &[Option<UnixNanos>]) -> Self {
        let fair = WAITING_RECORDS_MAX / starts.len().max(1);
        Self::with_window(starts, fair.clamp(WINDOW_RECORDS_MIN, WINDOW_RECORDS_MAX))
    }

    fn with_window(starts: &[Option<UnixNanos>], window: usize) -> Self {
        let next = starts.iter().enumerate().map(|(index, start)| Reverse((*start, index)));
        Self {
            sources: starts.iter().map(|_| Source::default()).collect(),
            next: next.collect(),
            window,
            last: (None, 0),
            late: 0,
        }
    }

    /// Returns the next record, `None` after the last of all sources.
    ///
    /// `more` gives the next records of a source, in the order of its lines; `None` at its end, after
    /// which it is not asked for them again.
    pub fn next(
        &mut self,
        more: &mut dyn FnMut(usize) -> Option<Vec<LogRecord>>,
    ) -> Option<LogRecord> {
        loop {
            let Reverse((time, index)) = self.next.pop()?;
            let source = self.sources.get_mut(index)?;
            let begun = std::mem::replace(&mut source.begun, true);
            let given = if begun { source.pop() } else { None };
            while !source.ended && source.waiting.len() < self.window && source.has_room() {
                match more(index) {
                    Some(records) => source.take(records),
                    None => source.ended = true,
                }
            }
            if let Some(((head, _), _)) = source.waiting.first_key_value() {
                self.next.push(Reverse((*head, index)));
            }
            if given.is_some() {
                self.late += u64::from((time, index) < self.last);
                self.last = self.last.max((time, index));
                return given;
            }
        }
    }
}

impl Source {
    fn has_room(&self) -> bool {
        self.bytes < WINDOW_BYTES_MAX
    }

    fn pop(&mut self) -> Option<LogRecord> {
        let (_, record) = self.waiting.pop_first()?;
        self.bytes -= size(&record);
        Some(record)
    }

    fn take(&mut self, records: Vec<LogRecord>) {
        for record in records {
            self.time = record.time.or(self.time);
            self.count += 1;
            self.bytes += size(&record);
            self.waiting.insert((self.time, self.count), record);
        }
    }
}

fn size(record: &LogRecord) -> usize {
    record.raw.as_ref().map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, times: &[Option<i64>]) -> Vec<LogRecord> {
        let record = |(index, time): (usize, &Option<i64>)| LogRecord {
            time: time.map(UnixNanos),
            message: format!("{name}{index}"),
            ..LogRecord::default()
        };
        times.iter().enumerate().map(record).collect()
    }

    fn merged(sources: Vec<Vec<LogRecord>>) -> String {
        let messages: Vec<String> = merge(sources).into_iter().map(|r| r.message).collect();
        messages.join(" ")
    }

    #[test]
    fn records_come_by_time_and_then_by_source() {
        let a = source("a", &[Some(1), Some(3), Some(3)]);
        let b = source("b", &[Some(2), Some(3), Some(4)]);
        assert_eq!(merged(vec![a, b]), "a0 b0 a1 a2 b1 b2");
    }

    #[test]
    fn a_record_without_a_time_stays_behind_its_predecessor() {
        let a = source("a", &[None, Some(1), None, Some(5)]);
        let b = source("b", &[Some(2)]);
        assert_eq!(merged(vec![a, b]), "a0 a1 a2 b0 a3");
    }

    #[test]
    fn a_source_out_of_order_is_put_in_order() {
        assert_eq!(merged(vec![source("a", &[Some(2), Some(1), None])]), "a1 a2 a0");
    }

    /// Merges while reading `batch` records at a time.
    fn streamed(sources: &[Vec<LogRecord>], window: usize, batch: usize) -> (Vec<String>, u64) {
        let mut rests: Vec<_> = sources.iter().map(|records| records.chunks(batch)).collect();
        let earliest = |records: &Vec<LogRecord>| records.iter().map(|r| r.time).min().flatten();
        let starts: Vec<_> = sources.iter().map(earliest).collect();
        let mut merger = Merger::with_window(&starts, window);
        let mut messages = Vec::new();
        while let Some(record) = merger.next(&mut |index| rests[index].next().map(<[_]>::to_vec)) {
            messages.push(record.message);
        }
        (messages, merger.late)
    }

    proptest::proptest! {
        #[test]
        fn merged_while_read_is_as_merged_at_once(
            sources in proptest::collection::vec(
                proptest::collection::vec(proptest::option::weighted(0.9, 0_i64..30), 0..20), 0..6),
            batch in 1_usize..5,
        ) {
            let sources: Vec<_> =
                sources.iter().zip('a'..).map(|(times, name)| source(&name.to_string(), times)).collect();
            let expected: Vec<_> = merge(sources.clone()).into_iter().map(|r| r.message).collect();
            proptest::prop_assert_eq!(streamed(&sources, 20, batch), (expected.clone(), 0));
            // With a small window nothing is lost or doubled either, and what is in no order is counted.
            let (mut few, late) = streamed(&sources, 2, batch);
            if late == 0 {
                proptest::prop_assert_eq!(&few, &expected);
            }
            let mut expected = expected;
            few.sort();
            expected.sort();
            proptest::prop_assert_eq!(few, expected);
        }
    }

    #[test]
    fn a_record_that_comes_too_late_is_given_and_counted() {
        let a = source("a", &[Some(5), Some(6), Some(7), Some(1)]);
        let (messages, late) = streamed(&[a], 2, 1);
        assert_eq!((messages.join(" ").as_str(), late), ("a0 a1 a3 a2", 1));
    }

    #[test]
    fn a_source_that_begins_later_is_not_asked_before() {
        let mut merger = Merger::new(&[Some(UnixNanos(0)), Some(UnixNanos(100))]);
        let mut first = source("a", &[Some(1), Some(2)]).into_iter();
        let mut asked = Vec::new();
        let mut more = |index: usize| {
            asked.push(index);
            (index == 0).then(|| first.next().map(|record| vec![record])).flatten()
        };
        for _ in 0..2 {
            merger.next(&mut more).unwrap();
        }
        assert_eq!(asked, [0, 0, 0]);
    }
}
