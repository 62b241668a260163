//! How many records when: in intervals that grow with the time there is to show.

use std::collections::BTreeMap;

use crate::model::{Interval, UnixNanos};

/// The most intervals that hold something, before they are made longer.
const INTERVALS_MAX: usize = 2048;

/// The most that are shown, with short pauses between them.
const ROWS_MAX: usize = 24;

/// The most pauses that are longer than what is shown.
const PAUSES_MAX: usize = 2;

/// The intervals that must hold something for a pause not to be most of what is shown.
const ROWS_MIN: usize = 10;

const MS: i64 = 1_000_000;
const S: i64 = 1_000 * MS;
const MIN: i64 = 60 * S;
const H: i64 = 60 * MIN;
const DAY: i64 = 24 * H;

/// How long intervals can be, in nanoseconds; each is a whole part of the next, so that counts can
/// be added up.
const LENGTHS: [i64; 19] = [
    MS,
    10 * MS,
    100 * MS,
    S,
    5 * S,
    10 * S,
    30 * S,
    MIN,
    5 * MIN,
    10 * MIN,
    30 * MIN,
    H,
    3 * H,
    6 * H,
    12 * H,
    DAY,
    7 * DAY,
    28 * DAY,
    364 * DAY,
];

/// Records counted by time, in any order; memory is bounded by 2048 intervals.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    counts: BTreeMap<i64, u64>,
    /// Which of [`LENGTHS`] the intervals have.
    length: usize,
    /// The interval of the last record and how many came in it: most come one after the other.
    run: Option<(i64, u64)>,
    pub(super) untimed: u64,
}

impl Timeline {
    pub(super) fn add(&mut self, time: Option<UnixNanos>) {
        let Some(time) = time else {
            self.untimed += 1;
            return;
        };
        let number = time.0.div_euclid(self.nanos());
        match &mut self.run {
            Some((known, count)) if *known == number => *count += 1,
            run => {
                let before = run.replace((number, 1));
                self.keep(before);
            }
        }
    }

    fn nanos(&self) -> i64 {
        nanos_of(self.length)
    }

    fn keep(&mut self, run: Option<(i64, u64)>) {
        let Some((number, count)) = run else { return };
        *self.counts.entry(number).or_default() += count;
        while self.counts.len() > INTERVALS_MAX && self.length + 1 < LENGTHS.len() {
            let factor = nanos_of(self.length + 1) / self.nanos();
            self.counts = joined(&self.counts, factor);
            if let Some((number, _)) = &mut self.run {
                *number = number.div_euclid(factor);
            }
            self.length += 1;
        }
    }

    /// Returns the intervals that hold something and how long each is, in nanoseconds: the shortest
    /// that leave little enough to show. `None` without any time.
    pub(super) fn intervals(mut self) -> Option<(Vec<Interval>, i64)> {
        let run = self.run.take();
        self.keep(run);
        if self.counts.is_empty() {
            return None;
        }
        while !is_short(&self.counts) && self.length + 1 < LENGTHS.len() {
            self.counts = joined(&self.counts, nanos_of(self.length + 1) / self.nanos());
            self.length += 1;
        }
        let nanos = self.nanos();
        let interval = |(number, count): (&i64, &u64)| Interval {
            start: UnixNanos(number.saturating_mul(nanos)),
            count: *count,
        };
        Some((self.counts.iter().map(interval).collect(), nanos))
    }
}

fn nanos_of(length: usize) -> i64 {
    LENGTHS.get(length).copied().unwrap_or(364 * DAY)
}

fn joined(counts: &BTreeMap<i64, u64>, factor: i64) -> BTreeMap<i64, u64> {
    let mut joined = BTreeMap::new();
    for (number, count) in counts {
        *joined.entry(number.div_euclid(factor)).or_default() += count;
    }
    joined
}

/// Says whether the intervals, and those between them that hold nothing, are few enough to show.
fn is_short(counts: &BTreeMap<i64, u64>) -> bool {
    let gaps = counts.keys().zip(counts.keys().skip(1)).map(|(before, after)| after - before);
    let (mut rows, mut pauses) = (1_usize, 0);
    for gap in gaps {
        match usize::try_from(gap) {
            Ok(gap) if gap <= ROWS_MAX => rows += gap,
            _ => {
                rows += 2;
                pauses += 1;
            }
        }
    }
    let pauses_max = if counts.len() < ROWS_MIN { 0 } else { PAUSES_MAX };
    rows <= ROWS_MAX && pauses <= pauses_max
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[i64]) -> (Vec<Interval>, i64) {
        let mut timeline = Timeline::default();
        for time in times {
            timeline.add(Some(UnixNanos(*time)));
        }
        timeline.intervals().unwrap()
    }

    #[test]
    fn intervals_are_as_long_as_the_time_needs() {
        assert_eq!(of(&[H + 1]).1, MS);
        assert_eq!(of(&[0, 10 * MIN]).1, 30 * S);
        let (intervals, nanos) = of(&[0, 20 * MIN, 119 * MIN, 119 * MIN + 1]);
        assert_eq!(nanos, 5 * MIN);
        let counts: Vec<_> = intervals.iter().map(|one| (one.start.0 / MIN, one.count)).collect();
        assert_eq!(counts, [(0, 1), (20, 1), (115, 2)]);
    }

    #[test]
    fn one_wrong_clock_does_not_make_a_single_bar_of_all_others() {
        let mut times: Vec<i64> = (0..20).map(|minute| 400 * DAY + minute * MIN).collect();
        times.push(0);
        assert_eq!(of(&times).1, MIN);
    }

    proptest! {
        #[test]
        fn every_record_is_in_one_interval_whatever_the_order(
            times in prop::collection::vec(any::<i64>().prop_map(|time| time >> 8), 1..5000),
        ) {
            let (intervals, nanos) = of(&times);
            prop_assert_eq!(intervals.iter().map(|one| one.count).sum::<u64>(), times.len() as u64);
            for Interval { start, count } in &intervals {
                let within = |time: &&i64| **time >= start.0 && **time < start.0 + nanos;
                prop_assert_eq!(times.iter().filter(within).count() as u64, *count);
            }
            prop_assert!(intervals.len() <= ROWS_MAX || nanos == 364 * DAY);
        }
    }
}
