//! Where in a file the lines of a stretch of time stand, found by looking at a few of its times.
//!
//! Times need not be in order: what is assumed of them is a [`Disorder`]. A file of which the looks show
//! that it is otherwise, or in which they find no times, is read whole. Not here: which line matches
//! ([`crate::logs::Scan`] judges what is in the parts).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use memchr::memchr;

use crate::logs::LogFilter;
use crate::logs::assemble::begins_record;
use crate::logs::line::{Outline, Room};
use crate::model::UnixNanos;

/// How far times may be out of order: of two lines that are further apart than `bytes`, the later one
/// in the file is at most `nanos` older.
#[derive(Debug, Clone, Copy)]
struct Disorder {
    bytes: u64,
    nanos: i64,
}

/// What `obs logs --help` says is assumed.
const DISORDER: Disorder = Disorder { bytes: 4 << 20, nanos: 60_000_000_000 };

/// Files smaller than this are read whole, in bytes.
const FILE_BYTES_MIN: u64 = 32 << 20;

/// How many places are looked at before the search, evenly spread: they tell whether times ascend.
const LOOKS: u64 = 64;

/// The furthest that a line with a time is looked for behind a place, in bytes.
const LOOK_BYTES_MAX: usize = 256 << 10;

/// What is read at a look at first, in bytes: a few lines.
const LOOK_BYTES: usize = 8 << 10;

/// Returns where in `file` lines between `since` and `until` of the filter stand, from where one begins
/// to where one begins or to `u64::MAX`: the start of the file as far as its lines have no time, and one
/// stretch. `None` when the whole is to be read: no bounds, a small file, or times that are not as
/// assumed.
///
/// Costs some eighty short reads.
pub(super) fn ranges(file: &File, filter: &LogFilter) -> io::Result<Option<Vec<Range<u64>>>> {
    let size = file.metadata()?.len();
    if !filter.bounds_time() || size < FILE_BYTES_MIN {
        return Ok(None);
    }
    let step = size / LOOKS;
    Looks { file, size, step, disorder: DISORDER }.ranges(filter.since, filter.until)
}

/// A time and the place where its line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    place: u64,
    time: UnixNanos,
}

/// The looking at a file.
#[derive(Debug)]
struct Looks<'f> {
    file: &'f File,
    size: u64,
    /// How far the first looks are from each other.
    step: u64,
    disorder: Disorder,
}

impl Looks<'_> {
    fn ranges(
        &self,
        since: Option<UnixNanos>,
        until: Option<UnixNanos>,
    ) -> io::Result<Option<Vec<Range<u64>>>> {
        let Some(mut looks) = self.spread()? else { return Ok(None) };
        let start = match since {
            Some(since) => self.start(&mut looks, since)?,
            None => Some(0),
        };
        let end = match until {
            Some(until) => self.end(&mut looks, until)?,
            None => Some(u64::MAX),
        };
        let untimed = looks.first().map(|first| first.place);
        let (Some(start), Some(end), Some(untimed)) = (start, end, untimed) else {
            return Ok(None);
        };
        if !self.ascend(&mut looks) {
            return Ok(None);
        }
        // What has no time and none before it is of any age.
        let mut ranges = vec![0..untimed, start.max(untimed)..end.max(start).max(untimed)];
        ranges.retain(|range| !range.is_empty());
        Ok(Some(ranges))
    }

    /// Looks at places all over the file; `None` when one shows no time.
    fn spread(&self) -> io::Result<Option<Vec<Look>>> {
        let mut looks = Vec::new();
        let mut place = 0;
        while place < self.size {
            match self.look(place)? {
                Some(look) => {
                    looks.push(look);
                    place = (place + self.step.max(1)).max(look.place + 1);
                }
                // The last lines may have none.
                None if self.size - place <= LOOK_BYTES as u64 && !looks.is_empty() => break,
                None => return Ok(None),
            }
        }
        Ok(Some(looks))
    }

    /// Returns a place before which every line is older, where a line begins.
    fn start(&self, looks: &mut Vec<Look>, since: UnixNanos) -> io::Result<Option<u64>> {
        let old = UnixNanos(since.0.saturating_sub(self.disorder.nanos));
        let Some(found) = self.boundary(looks, |time| time < old)? else { return Ok(None) };
        let Some(last_old) = found.0 else { return Ok(Some(0)) };
        match last_old.place.checked_sub(self.disorder.bytes + 1) {
            Some(place) => self.line_from(place),
            None => Ok(Some(0)),
        }
    }

    /// Returns a place from which on every line is younger, where one begins that has a time: what
    /// follows a line and has none may be asked for with it.
    fn end(&self, looks: &mut Vec<Look>, until: UnixNanos) -> io::Result<Option<u64>> {
        let young = UnixNanos(until.0.saturating_add(self.disorder.nanos));
        let Some(found) = self.boundary(looks, |time| time <= young)? else { return Ok(None) };
        let Some(first_young) = found.1 else { return Ok(Some(u64::MAX)) };
        let place = first_young.place + self.disorder.bytes + 1;
        if place >= self.size {
            return Ok(Some(u64::MAX));
        }
        Ok(Some(self.look(place)?.map_or(u64::MAX, |look| look.place)))
    }

    /// Returns the last look before which, in a file in order, `is_before` holds, and the first after;
    /// `None` when a time is not to be found.
    fn boundary(
        &self,
        looks: &mut Vec<Look>,
        is_before: impl Fn(UnixNanos) -> bool,
    ) -> io::Result<Option<(Option<Look>, Option<Look>)>> {
        // Another search may have added some.
        looks.sort_unstable_by_key(|look| look.place);
        let mut before = looks.iter().copied().take_while(|look| is_before(look.time)).last();
        let mut after = looks.iter().copied().find(|look| !is_before(look.time));
        while let (Some(low), Some(high)) = (before, after) {
            let middle = Range { start: low.place, end: high.place };
            // A hundredth of what is read beyond the boundary anyway is near enough.
            if middle.end - middle.start <= (self.disorder.bytes / 100).max(1) {
                break;
            }
            let Some(look) = self.look(middle.start.midpoint(middle.end))? else {
                return Ok(None);
            };
            if look.place >= high.place {
                break;
            }
            looks.push(look);
            if is_before(look.time) {
                before = Some(look);
            } else {
                after = Some(look);
            }
        }
        Ok(Some((before, after)))
    }

    /// Says whether the looks are as the disorder allows.
    fn ascend(&self, looks: &mut [Look]) -> bool {
        looks.sort_unstable_by_key(|look| look.place);
        let mut near = looks.iter().peekable();
        // The latest time of the lines that are too far behind to be younger.
        let mut latest = i64::MIN;
        looks.iter().all(|look| {
            while let Some(far) = near.next_if(|far| far.place + self.disorder.bytes < look.place) {
                latest = latest.max(far.time.0);
            }
            look.time.0 >= latest.saturating_sub(self.disorder.nanos)
        })
    }

    /// Returns the first line with a time that begins at or after a place; of the last ones in the file
    /// it may be one before. `None` when none is near.
    fn look(&self, place: u64) -> io::Result<Option<Look>> {
        let mut length = LOOK_BYTES;
        loop {
            let found = self.look_in(place, length)?;
            let at_end = place + length as u64 >= self.size;
            if found.is_some() || at_end || length >= LOOK_BYTES_MAX {
                return Ok(found);
            }
            length *= 4;
        }
    }

    /// Returns where the first line begins at or after a place.
    fn line_from(&self, place: u64) -> io::Result<Option<u64>> {
        let mut bytes = vec![0; LOOK_BYTES_MAX];
        let filled = self.file.read_at(&mut bytes, place.saturating_sub(1))?;
        let end = memchr(b'\n', bytes.get(..filled).unwrap_or_default());
        Ok(if place == 0 { Some(0) } else { end.map(|end| place + end as u64) })
    }

    fn look_in(&self, place: u64, length: usize) -> io::Result<Option<Look>> {
        let mut bytes = vec![0; length];
        // The byte before tells whether a line begins there.
        let from = place.saturating_sub(1);
        let filled = self.file.read_at(&mut bytes, from)?;
        bytes.truncate(filled);
        let mut at = match place {
            0 => 0,
            _ => memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1),
        };
        let mut room = Room::default();
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(end) = memchr(b'\n', rest) else { break };
            let line = rest.get(..end).unwrap_or_default();
            // What may belong to the line before does not tell when that was.
            if begins_record(rest)
                && let Some(time) = Outline::of(line, &mut room).time
            {
                return Ok(Some(Look { place: from + at as u64, time }));
            }
            at += end + 1;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
