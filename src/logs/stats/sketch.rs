//! Percentiles of any number of numbers in bounded memory.

use std::collections::BTreeMap;

use crate::model::{NumberStats, Unit};

/// How far a percentile may be off, as a part of itself.
const RELATIVE_ERROR: f64 = 0.01;

/// The ratio of a bucket's ends.
const GAMMA: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);

/// Numbers of one unit, in buckets whose ends are powers of [`GAMMA`]: at most 71,000 a sign for all
/// that a double can be, a few hundred for what services measure.
///
/// Source: Masson, Rim and Lee, `DDSketch`, VLDB 2019.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    /// By sign and power, so that the order of keys is the order of numbers.
    buckets: BTreeMap<(i8, i32), u64>,
    /// Those that are known exactly, and how often.
    exact: Vec<(f64, u64)>,
    /// The smallest and the largest.
    ends: Option<(f64, f64)>,
}

impl Sketch {
    /// Adds a number of which only the bucket is kept.
    pub(super) fn add(&mut self, number: f64) {
        *self.buckets.entry(bucket(number)).or_default() += 1;
        self.reach(number);
    }

    /// Adds a number that is kept, `count` times.
    pub(super) fn add_exact(&mut self, number: f64, count: u64) {
        self.exact.push((number, count));
        self.reach(number);
    }

    fn reach(&mut self, number: f64) {
        let (min, max) = self.ends.unwrap_or((number, number));
        self.ends = Some((min.min(number), max.max(number)));
    }

    /// Returns how the numbers are spread; `None` when there are none.
    pub(super) fn stats(mut self, unit: Option<Unit>) -> Option<NumberStats> {
        let (min, max) = self.ends?;
        let relative_error = if self.buckets.is_empty() { 0.0 } else { RELATIVE_ERROR };
        let mut points = std::mem::take(&mut self.exact);
        points.extend(self.buckets.iter().map(|(key, count)| (middle(*key), *count)));
        points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let count = points.iter().map(|(_, count)| count).sum();
        // What stands for a bucket may be beyond all that is in it.
        let at = |percent| nearest_rank(&points, count, percent).unwrap_or(max).clamp(min, max);
        let (p50, p90, p95, p99) = (at(50), at(90), at(95), at(99));
        Some(NumberStats { unit, count, min, p50, p90, p95, p99, max, relative_error })
    }
}

/// Returns the first of sorted points that `percent` of all do not exceed.
fn nearest_rank(points: &[(f64, u64)], count: u64, percent: u64) -> Option<f64> {
    let rank = (u128::from(count) * u128::from(percent)).div_ceil(100);
    let mut passed = 0_u128;
    let mut points = points.iter();
    points.find_map(|(number, count)| {
        passed += u128::from(*count);
        (passed >= rank).then_some(*number)
    })
}

/// Returns the sign of a number, and the smallest power of [`GAMMA`] that it does not exceed.
fn bucket(number: f64) -> (i8, i32) {
    #[expect(clippy::cast_possible_truncation, reason = "a double's logarithm is below 36,000")]
    let power = || (number.abs().ln() / GAMMA.ln()).ceil() as i32;
    match number {
        0.0 => (0, 0),
        ..0.0 => (-1, -power()),
        _ => (1, power()),
    }
}

/// Returns the number from which none of its bucket is further than [`RELATIVE_ERROR`] of itself.
fn middle((sign, power): (i8, i32)) -> f64 {
    let power = if sign < 0 { -power } else { power };
    f64::from(sign) * 2.0 * GAMMA.powi(power) / (GAMMA + 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_as_near_as_is_said(
            numbers in prop::collection::vec(
                prop_oneof![-1e9_f64..1e9, -1.0_f64..1.0, Just(0.0), 1e-9_f64..1e-6], 1..200,
            ),
            kept in 0_usize..200,
        ) {
            let mut sketch = Sketch::default();
            for (index, number) in numbers.iter().enumerate() {
                if index < kept { sketch.add_exact(*number, 1) } else { sketch.add(*number) }
            }
            let found = sketch.stats(None).unwrap();
            let mut sorted = numbers.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(found.count, numbers.len() as u64);
            prop_assert_eq!((found.min, found.max), (sorted[0], sorted[sorted.len() - 1]));
            for (percent, got) in
                [(50, found.p50), (90, found.p90), (95, found.p95), (99, found.p99)]
            {
                let exact = sorted[(sorted.len() * percent).div_ceil(100) - 1];
                let bound = exact.abs() * found.relative_error * 1.000_001;
                prop_assert!((got - exact).abs() <= bound, "p{percent}: {got} for {exact}");
            }
        }
    }

    #[test]
    fn numbers_that_are_kept_are_exact() {
        let mut sketch = Sketch::default();
        sketch.add_exact(500.0, 1);
        sketch.add_exact(200.0, 99);
        let found = sketch.stats(Some(Unit::Ms)).unwrap();
        assert_eq!((found.p99, found.max, found.relative_error), (200.0, 500.0, 0.0));
    }
}
