//! The records around those that match: of the same request, else of the same file.

use std::collections::{HashMap, VecDeque};
use std::io;

use super::{Learnt, LogFilter, ScanCount};
use crate::model::{LogRecord, UnixNanos, id_key};

/// How many records are looked through before and after one that matches.
const RECORDS_MAX: usize = 10_000;

/// The memory that they may take, in bytes, roughly.
const BYTES_MAX: usize = 8 << 20;

/// What takes records in the order of the file, with whether what is between it and the one before
/// was left out.
pub type AroundSink<'a> = dyn FnMut(LogRecord, bool) -> io::Result<()> + 'a;

/// Takes all records of a source in order, and gives those that match with their neighbours.
///
/// The neighbours of a record with the id of a request, else of a trace, are the `count` records
/// before it and after it with the same id; those of one without are the records next to it. They
/// are looked for among 10,000 records and 8 MiB, no further. Each record is given once.
#[derive(Debug)]
pub struct Around<'a> {
    filter: &'a LogFilter,
    count: usize,
    kept: VecDeque<Kept>,
    /// The place of the first one kept among all.
    first: u64,
    bytes: usize,
    /// Where the last records of each request are.
    by_request: HashMap<String, VecDeque<u64>>,
    /// Which requests' next records are neighbours.
    after: HashMap<String, After>,
    /// The same for any next record.
    after_any: Option<After>,
    time: Option<UnixNanos>,
    /// How far the neighbourhoods reach that something was given of.
    covered: Option<u64>,
    /// What was seen so far; `lines` is the caller's to count.
    pub seen: ScanCount,
    /// The traces that lines of the request name.
    pub learnt: Learnt,
}

#[derive(Debug)]
struct Kept {
    record: LogRecord,
    request: Option<String>,
    bytes: usize,
    state: State,
    /// The last record of the neighbourhoods that it is in.
    reaches: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unwanted,
    Wanted,
    Given,
}

#[derive(Debug, Clone, Copy)]
struct After {
    left: usize,
    from: u64,
}

impl<'a> Around<'a> {
    /// Begins a source; `count` is how many neighbours on either side.
    pub fn new(filter: &'a LogFilter, count: usize) -> Self {
        Self {
            filter,
            count,
            kept: VecDeque::new(),
            first: 0,
            bytes: 0,
            by_request: HashMap::new(),
            after: HashMap::new(),
            after_any: None,
            time: None,
            covered: None,
            seen: ScanCount::default(),
            learnt: Learnt::default(),
        }
    }

    /// Takes the next record, whether it matches or not.
    pub fn take(&mut self, record: LogRecord, sink: &mut AroundSink<'_>) -> io::Result<()> {
        let place = self.first + self.kept.len() as u64;
        self.time = record.time.or(self.time);
        let matches = self.judge(&record);
        let id = record.request_id.as_deref().or(record.trace_id.as_deref());
        let request = id.map(id_key);
        let bytes = 512 + 3 * record.raw.as_ref().map_or(record.message.len(), Vec::len);
        self.bytes += bytes;
        let state = if matches { State::Wanted } else { State::Unwanted };
        self.kept.push_back(Kept {
            record,
            request: request.clone(),
            bytes,
            state,
            reaches: place,
        });
        self.follow_up(place, request.as_deref());
        if matches {
            self.want_before(place, request.as_deref());
            let after = After { left: self.count, from: place };
            match &request {
                Some(request) => drop(self.after.insert(request.clone(), after)),
                None => self.after_any = Some(after),
            }
        }
        if let Some(request) = request {
            let places = self.by_request.entry(request).or_default();
            places.push_back(place);
            if places.len() > self.count {
                places.pop_front();
            }
        }
        while self.kept.len() > RECORDS_MAX || (self.bytes > BYTES_MAX && self.kept.len() > 1) {
            self.forget(sink)?;
        }
        Ok(())
    }

    /// Gives what is known to be wanted, for a source that has nothing more now, or has ended.
    pub fn flush(&mut self, sink: &mut AroundSink<'_>) -> io::Result<()> {
        for index in 0..self.kept.len() {
            let place = self.first + index as u64;
            if let Some(kept) = self.kept.get_mut(index)
                && kept.state == State::Wanted
            {
                kept.state = State::Given;
                let (record, reaches) = (kept.record.clone(), kept.reaches);
                self.give(record, place, reaches, sink)?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, record: &LogRecord) -> bool {
        let filter = self.filter;
        self.learnt.see(filter, record);
        let matches = filter.matches_at(record, self.time);
        let elsewhere = !matches
            && filter.matches_elsewhere(record, self.time)
            && filter.holds(record, self.time);
        self.seen.matched += u64::from(matches);
        self.seen.elsewhere += u64::from(elsewhere);
        self.seen.unlevelled += u64::from(filter.level.is_some() && record.level.is_none());
        self.seen.untimed += u64::from(matches && self.time.is_none() && filter.bounds_time());
        matches
    }

    /// Wants the record at `place` if it comes soon enough after one that matched.
    fn follow_up(&mut self, place: u64, request: Option<&str>) {
        let of_request = request.and_then(|request| self.after.get_mut(request));
        let mut from = [None; 2];
        for (after, from) in of_request.into_iter().chain(&mut self.after_any).zip(&mut from) {
            if let Some(left) = after.left.checked_sub(1) {
                after.left = left;
                *from = Some(after.from);
            }
        }
        for from in from.into_iter().flatten() {
            self.want(place, place);
            self.want(from, place);
        }
        if let Some(request) = request
            && self.after.get(request).is_some_and(|after| after.left == 0)
        {
            self.after.remove(request);
        }
        if self.after.len() > self.kept.len() + 1024 {
            let first = self.first;
            self.after.retain(|_, after| after.from >= first);
        }
    }

    fn want_before(&mut self, place: u64, request: Option<&str>) {
        let places: Vec<u64> = match request {
            Some(request) => self.by_request.get(request).into_iter().flatten().copied().collect(),
            None => (place.saturating_sub(self.count as u64)..place).collect(),
        };
        for before in places {
            self.want(before, place);
        }
    }

    /// Wants the record at `place`, if it is still kept: its neighbourhood reaches to `reaches`.
    fn want(&mut self, place: u64, reaches: u64) {
        let index = place.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let Some(kept) = index.and_then(|index| self.kept.get_mut(index)) else { return };
        kept.reaches = kept.reaches.max(reaches);
        if kept.state == State::Unwanted {
            kept.state = State::Wanted;
        }
    }

    /// Lets the oldest record go, which is given if it is wanted.
    fn forget(&mut self, sink: &mut AroundSink<'_>) -> io::Result<()> {
        let Some(kept) = self.kept.pop_front() else { return Ok(()) };
        let place = self.first;
        self.first += 1;
        self.bytes -= kept.bytes;
        if let Some(request) = &kept.request
            && let Some(places) = self.by_request.get_mut(request)
        {
            if places.front() == Some(&place) {
                places.pop_front();
            }
            if places.is_empty() {
                self.by_request.remove(request);
            }
        }
        if kept.state == State::Wanted {
            self.give(kept.record, place, kept.reaches, sink)?;
        }
        Ok(())
    }

    fn give(
        &mut self,
        record: LogRecord,
        place: u64,
        reaches: u64,
        sink: &mut AroundSink<'_>,
    ) -> io::Result<()> {
        let gap = self.covered.is_some_and(|covered| place > covered + 1);
        self.covered = self.covered.max(Some(reaches));
        sink(record, gap)
    }
}

#[cfg(test)]
mod tests;
