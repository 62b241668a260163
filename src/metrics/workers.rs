//! Whether several processes answer for one address, each with numbers of its own.
//!
//! A counter never goes down but at a restart, and a process has one start. So of looks over
//! connections of their own: two starts at one time, or a start that comes back, are two processes;
//! so are looks of which one has less and another more than there was before, or less than the look
//! a moment earlier.

use std::collections::{BTreeMap, HashMap};

use super::families::{Family, Kind, Labels, Value};

/// What was found out about the processes behind an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workers {
    /// How many there are at least.
    pub at_least: usize,
    /// How it is known, in words.
    pub evidence: String,
}

/// Which two looks to compare, by their places, and whether there are several processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Of the first looks the latest that has a last one of the same process; `None` where none has.
    ///
    /// The fewer connections lie between the two, the less likely another process came between.
    pub places: Option<(usize, usize)>,
    /// Where there are several processes.
    pub workers: Option<Workers>,
}

/// Judges looks at one address: those made at first, and those made at last, each one after another.
pub fn judge(first: &[&[Family]], last: &[&[Family]]) -> Pair {
    let starts = |looks: &[&[Family]]| looks.iter().map(|look| start(look)).collect::<Vec<_>>();
    let (early, late) = (starts(first), starts(last));
    let mut all: BTreeMap<u64, usize> = BTreeMap::new();
    for start in early.iter().chain(&late).flatten() {
        *all.entry(start.to_bits()).or_default() += 1;
    }
    let several =
        |starts: &[Option<f64>]| starts.iter().flatten().any(|one| Some(*one) != starts[0]);
    let lowest = |starts: &[Option<f64>]| starts.iter().flatten().copied().reduce(f64::min);
    // A later start at last is a restart, an earlier one a process that was there all the time.
    let comes_back = lowest(&late).zip(lowest(&early)).is_some_and(|(late, early)| late < early);
    let by_start = several(&early) || several(&late) || comes_back;
    let counters: Vec<_> = last.iter().map(|look| counters(look)).collect();
    let fits = |i: usize, j: usize| early[i] == late[j] && never_falls(first[i], &counters[j]);
    let mut places = None;
    let mut falls = falls_within(first, &early) || falls_within(last, &late);
    for (i, start) in early.iter().enumerate() {
        let of_it = (0..last.len()).filter(|j| *start == late[*j]);
        let (same, less): (Vec<usize>, Vec<usize>) = of_it.partition(|j| fits(i, *j));
        places = same.first().map(|j| (i, *j)).or(places);
        falls |= !same.is_empty() && !less.is_empty();
    }
    let workers = if by_start {
        let evidence = format!("process_start_time_seconds has {} values", all.len());
        Some(Workers { at_least: all.len(), evidence })
    } else {
        let evidence = "a counter went down between two connections".to_owned();
        falls.then_some(Workers { at_least: 2, evidence })
    };
    // All lower than before, and from one process: it was started again, and all since then counts.
    if places.is_none() && workers.is_none() && !first.is_empty() && !last.is_empty() {
        places = Some((0, 0));
    }
    Pair { places, workers }
}

/// Says whether a counter goes down from one look to the next, of what has one start.
fn falls_within(looks: &[&[Family]], starts: &[Option<f64>]) -> bool {
    let mut next = looks.windows(2).zip(starts.windows(2));
    next.any(|(looks, starts)| {
        starts[0] == starts[1] && !never_falls(looks[0], &counters(looks[1]))
    })
}

fn start(page: &[Family]) -> Option<f64> {
    let family = page.iter().find(|family| family.name == "process_start_time_seconds")?;
    match family.series.first()?.value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

type Counters<'a> = HashMap<(&'a str, &'a Labels), f64>;

fn counters(page: &[Family]) -> Counters<'_> {
    let counters = page.iter().filter(|family| family.kind == Kind::Counter);
    let all = counters.flat_map(|family| {
        family.series.iter().filter_map(|series| match series.value {
            Value::Number(number) => Some(((family.name.as_str(), &series.labels), number)),
            _ => None,
        })
    });
    all.collect()
}

/// Says whether no counter of `before` is lower, or gone, in `after`.
fn never_falls(before: &[Family], after: &Counters<'_>) -> bool {
    counters(before).iter().all(|(key, number)| after.get(key).is_some_and(|now| now >= number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exposition;
    use crate::metrics::families::group;

    /// A page of a process that started then and has counted so many.
    fn page(start: u32, count: u32) -> Vec<Family> {
        let start = if start == 0 {
            String::new()
        } else {
            format!("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {start}\n")
        };
        let text = format!("{start}# TYPE r_total counter\nr_total {count}\n");
        group(&exposition::read(text.as_bytes(), ""))
    }

    fn judged(first: &[(u32, u32)], last: &[(u32, u32)]) -> (Option<(usize, usize)>, usize) {
        let pages = |all: &[(u32, u32)]| -> Vec<Vec<Family>> {
            all.iter().map(|(start, count)| page(*start, *count)).collect()
        };
        let (first, last) = (pages(first), pages(last));
        let first: Vec<&[Family]> = first.iter().map(Vec::as_slice).collect();
        let last: Vec<&[Family]> = last.iter().map(Vec::as_slice).collect();
        let pair = judge(&first, &last);
        (pair.places, pair.workers.map_or(1, |workers| workers.at_least))
    }

    #[test]
    fn one_process_is_compared_with_itself() {
        assert_eq!(judged(&[(1, 5), (1, 5)], &[(1, 9), (1, 10)]), (Some((1, 0)), 1));
        assert_eq!(judged(&[(0, 5)], &[(0, 9)]), (Some((0, 0)), 1));
    }

    #[test]
    fn two_starts_at_one_time_are_two_workers_and_each_is_compared_with_itself() {
        assert_eq!(judged(&[(1, 5), (2, 80)], &[(2, 90), (2, 91)]), (Some((1, 0)), 2));
        assert_eq!(judged(&[(2, 5)], &[(1, 90)]), (None, 2));
    }

    #[test]
    fn a_counter_that_falls_for_one_look_and_grows_for_another_is_of_two_workers() {
        assert_eq!(judged(&[(0, 50)], &[(0, 9), (0, 51)]), (Some((0, 1)), 2));
        assert_eq!(judged(&[(7, 50)], &[(7, 51), (7, 9)]), (Some((0, 0)), 2));
    }

    #[test]
    fn a_counter_that_falls_from_one_look_to_the_next_is_of_two_workers() {
        assert_eq!(judged(&[(0, 50), (0, 9)], &[(0, 60), (0, 61)]).1, 2);
        assert_eq!(judged(&[(0, 9), (0, 9)], &[(0, 60), (0, 10)]).1, 2);
    }

    #[test]
    fn the_looks_nearest_to_each_other_are_compared() {
        // The second worker has counted more, so that nothing falls: it is compared with itself still.
        assert_eq!(judged(&[(0, 9), (0, 60)], &[(0, 61), (0, 61)]), (Some((1, 0)), 1));
        assert_eq!(judged(&[(0, 9), (0, 9)], &[(0, 10), (0, 61)]), (Some((1, 0)), 1));
    }

    #[test]
    fn a_restart_is_no_second_worker() {
        assert_eq!(judged(&[(1, 50), (1, 50)], &[(2, 3), (2, 3)]), (Some((0, 0)), 1));
        assert_eq!(judged(&[(0, 50)], &[(0, 3), (0, 3)]), (Some((0, 0)), 1));
    }
}
