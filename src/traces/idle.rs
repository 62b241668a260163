//! Times in which nothing of a trace ran, long enough to be cut out of a picture.

use crate::model::UnixNanos;

/// How many times the longest busy stretch a pause has to last.
const TIMES: i64 = 5;

/// The shortest pause, in nanoseconds.
const PAUSE_NS_MIN: i64 = 1_000_000;

/// More would leave no room for what is between them.
const PAUSES_MAX: usize = 8;

/// Returns the pauses between `intervals` (given in any order, each from start to end) that are more
/// than five times as long as anything between two pauses: the longest eight, in the order of time.
/// O(n log n).
///
/// So it is with an id that was used again, or a message that was taken from its queue much later.
pub fn pauses(
    intervals: impl Iterator<Item = (UnixNanos, UnixNanos)>,
) -> Vec<(UnixNanos, UnixNanos)> {
    let mut intervals: Vec<_> = intervals.collect();
    intervals.sort_unstable();
    let mut busy: Vec<(UnixNanos, UnixNanos)> = Vec::new();
    for (start, end) in intervals {
        match busy.last_mut() {
            Some(last) if start.since(last.1) < PAUSE_NS_MIN => last.1 = last.1.max(end),
            _ => busy.push((start, end)),
        }
    }
    // A long run of short stretches is one busy time: join over the shortest pauses first, until
    // those left are longer than what they stand between.
    let mut pauses: Vec<_> = busy.windows(2).map(|two| (two[0].1, two[1].0)).collect();
    loop {
        let from = busy.first().map(|first| first.0);
        let to = busy.last().map(|last| last.1);
        let (Some(from), Some(to)) = (from, to) else { return Vec::new() };
        let begins = std::iter::once(from).chain(pauses.iter().map(|pause| pause.1));
        let ends = pauses.iter().map(|pause| pause.0).chain([to]);
        let longest = begins.zip(ends).map(|(begin, end)| end.since(begin)).max().unwrap_or(0);
        let before = pauses.len();
        pauses.retain(|pause| pause.1.since(pause.0) > longest.saturating_mul(TIMES));
        if pauses.len() == before {
            break;
        }
    }
    pauses.sort_by_key(|pause| std::cmp::Reverse(pause.1.since(pause.0)));
    pauses.truncate(PAUSES_MAX);
    pauses.sort_unstable();
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses_ms(intervals: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let at = |ms: i64| UnixNanos(ms * 1_000_000);
        let found = pauses(intervals.iter().map(|(from, to)| (at(*from), at(*to))));
        found.into_iter().map(|(from, to)| (from.0 / 1_000_000, to.0 / 1_000_000)).collect()
    }

    #[test]
    fn a_pause_of_more_than_five_times_what_is_around_it_is_one() {
        assert_eq!(pauses_ms(&[(100, 110), (0, 10), (2, 8)]), [(10, 100)]);
        assert_eq!(pauses_ms(&[(0, 10), (60, 70)]), []);
        assert_eq!(pauses_ms(&[(0, 1), (400, 401), (800, 801)]), [(1, 400), (401, 800)]);
    }

    #[test]
    fn pauses_that_are_short_beside_what_they_part_are_none() {
        assert_eq!(pauses_ms(&[(0, 10), (70, 80), (100, 110)]), []);
        assert_eq!(pauses_ms(&[]), []);
    }

    #[test]
    fn of_many_pauses_the_longest_eight_are_kept() {
        let row: Vec<(i64, i64)> = (0..20).map(|at| (at * at * 10, at * at * 10 + 1)).collect();
        let found = pauses_ms(&row);
        assert_eq!((found.len(), found[0]), (8, (1_211, 1_440)));
    }
}
