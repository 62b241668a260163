//! Where values and times are on a chart, and what is written beside them.

use jiff::tz::TimeZone;

use crate::model::UnixNanos;

/// The steps of an axis of time, in seconds.
const STEPS: [i64; 24] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, YEAR,
];

/// A year of 365 days, in seconds.
const YEAR: i64 = 31_536_000;

/// An axis of values: its ends, and its ticks from below.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Values {
    /// Makes an axis that holds all values, with about `count` ticks at round numbers.
    ///
    /// It begins at zero where the values reach down into the lower half of what is above it.
    pub(super) fn of(min: f64, max: f64, count: usize) -> Self {
        let from_zero = min >= 0.0 && min <= max / 2.0;
        let (low, high) = (if from_zero { 0.0 } else { min }, max);
        if high - low <= f64::EPSILON * high.abs().max(low.abs()) || high <= low {
            return Self::flat(high);
        }
        let step = round_step(low, high, count);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        if !(first * step).is_finite() || !(last * step).is_finite() {
            // Beyond the largest number there is no round one.
            return Self { low, high, ticks: [low, high].map(|end| (end, amount(end))).to_vec() };
        }
        let mut ticks = Vec::new();
        let mut place = first;
        while place <= last && ticks.len() < 100 {
            ticks.push(place * step);
            place += 1.0;
        }
        let largest = ticks.iter().fold(0.0_f64, |most, tick| most.max(tick.abs()));
        let ticks = ticks.into_iter().map(|tick| (tick, label(tick, step, largest))).collect();
        Self { low: first * step, high: last * step, ticks }
    }

    /// Makes the axis of one value: it lies in the middle, and nothing else is written there.
    fn flat(value: f64) -> Self {
        let around = if value == 0.0 { 1.0 } else { value.abs() * 0.1 };
        let (low, high) = ((value - around).max(f64::MIN), (value + around).min(f64::MAX));
        Self { low, high, ticks: vec![(value, amount(value))] }
    }

    /// Says whether all values are the same.
    pub(super) fn is_flat(&self) -> bool {
        self.ticks.len() == 1
    }

    /// Returns how far up a value is, 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        // Each alone, because the difference of the largest numbers is infinite.
        let span = self.high / 2.0 - self.low / 2.0;
        ((value / 2.0 - self.low / 2.0) / span).clamp(0.0, 1.0)
    }
}

/// Returns the step of 1, 2 or 5 times a power of ten that makes about `count` of them.
fn round_step(low: f64, high: f64, count: usize) -> f64 {
    let count = u32::try_from(count.max(1)).map_or(1.0, f64::from);
    let rough = high / count - low / count;
    let power = 10.0_f64.powf(rough.log10().floor()).max(f64::MIN_POSITIVE);
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough);
    factor.unwrap_or(10.0) * power
}

/// Writes a tick with as many decimals as its step has, and a letter for thousands.
fn label(tick: f64, step: f64, largest: f64) -> String {
    let (factor, letter) = scale(largest);
    if letter.is_none() {
        return if tick == 0.0 { "0".to_owned() } else { format!("{tick:.1e}") };
    }
    let step = step / factor;
    let decimals = (0..6).find(|decimals| {
        let shifted = step * 10.0_f64.powi(*decimals);
        (shifted - shifted.round()).abs() < 1e-6 * shifted
    });
    let decimals = usize::try_from(decimals.unwrap_or(6)).unwrap_or(6);
    format!("{:.decimals$}{}", tick / factor, letter.unwrap_or_default())
}

/// Returns what numbers of this size are divided by, and the letter for it; none beyond all letters.
fn scale(largest: f64) -> (f64, Option<&'static str>) {
    match largest {
        0.0 => (1.0, Some("")),
        size if size < 1e-4 => (1.0, None),
        size if size < 1e4 => (1.0, Some("")),
        size if size < 1e6 => (1e3, Some("k")),
        size if size < 1e9 => (1e6, Some("M")),
        size if size < 1e12 => (1e9, Some("G")),
        size if size < 1e15 => (1e12, Some("T")),
        _ => (1.0, None),
    }
}

/// Returns a number in four digits: `0.01234`, `12.34`, `1.234k`.
pub(super) fn amount(value: f64) -> String {
    if !value.is_finite() {
        return crate::model::metric_number(value);
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let (factor, Some(letter)) = scale(value.abs()) else { return format!("{value:.3e}") };
    let scaled = value / factor;
    let decimals = match scaled.abs() {
        size if size >= 999.95 => 0,
        size if size >= 99.995 => 1,
        size if size >= 9.9995 => 2,
        size if size >= 0.99995 => 3,
        size if size >= 0.099_995 => 4,
        size if size >= 0.009_999_5 => 5,
        _ => 6,
    };
    let shown = format!("{scaled:.decimals$}");
    let shown =
        if decimals > 0 { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    format!("{shown}{letter}")
}

/// Returns round times of the zone between two, at most `most`, each with what is written below it.
pub(super) fn times(
    first: UnixNanos,
    last: UnixNanos,
    most: usize,
    zone: &TimeZone,
) -> Vec<(UnixNanos, String)> {
    const SECOND: i64 = 1_000_000_000;
    let most = i64::try_from(most.max(1)).unwrap_or(1);
    let length = last.since(first).max(0) / SECOND;
    let fits = |step: &&i64| length / **step < most;
    let years = || YEAR * (length / YEAR / most + 1);
    let step = STEPS.iter().find(fits).copied().unwrap_or_else(years);
    let format = match (step, length) {
        (86_400.., _) => "%m-%d",
        (_, 86_400..) => "%m-%d %H:%M",
        (60.., _) => "%H:%M",
        _ => "%H:%M:%S",
    };
    // Round in the zone's own time: a day begins at its midnight.
    let offset = i64::from(zone.to_offset(first.timestamp()).seconds());
    let begin = (first.0 + SECOND - 1).div_euclid(SECOND) + offset;
    let mut tick = begin + (step - begin.rem_euclid(step)) % step - offset;
    let mut ticks = Vec::new();
    while let Some(time) = tick.checked_mul(SECOND).map(UnixNanos).filter(|time| *time <= last) {
        let zoned = time.timestamp().to_zoned(zone.clone());
        ticks.push((time, zoned.strftime(format).to_string()));
        tick += step;
    }
    ticks
}

/// Returns how far along a time is, 0 to 1.
pub(super) fn along(time: UnixNanos, first: UnixNanos, last: UnixNanos) -> f64 {
    let length = last.since(first);
    if length <= 0 {
        return 0.5;
    }
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart of some hundred columns")]
    let place = time.since(first) as f64 / length as f64;
    place.clamp(0.0, 1.0)
}

/// Returns the place of a fraction among `cells`, from 0.
pub(super) fn cell(fraction: f64, cells: usize) -> usize {
    let last = u32::try_from(cells.saturating_sub(1)).unwrap_or(0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of cells"
    )]
    let place = (fraction.clamp(0.0, 1.0) * f64::from(last)).round() as usize;
    place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(min: f64, max: f64) -> Vec<String> {
        Values::of(min, max, 4).ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_begin_at_zero_where_that_is_near() {
        assert_eq!(labels(0.1, 0.43), ["0.0", "0.2", "0.4", "0.6"]);
        assert_eq!(labels(98.2, 99.9), ["98.0", "98.5", "99.0", "99.5", "100.0"]);
        assert_eq!(labels(-3.0, 7.0), ["-5", "0", "5", "10"]);
        assert_eq!(labels(0.0, 12_400.0), ["0k", "5k", "10k", "15k"]);
        assert_eq!(labels(0.0, 2e9), ["0.0G", "0.5G", "1.0G", "1.5G", "2.0G"]);
    }

    #[test]
    fn a_flat_line_lies_in_the_middle_with_its_value() {
        for (value, label) in [(1.0, "1"), (0.0, "0"), (-3.5, "-3.5"), (123_456.789, "123.5k")] {
            assert_eq!(labels(value, value), [label]);
            assert!((Values::of(value, value, 4).place(value) - 0.5).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn numbers_have_four_digits() {
        for (value, shown) in [
            (0.0, "0"),
            (0.012_345, "0.01235"),
            (12.345, "12.35"),
            (250.0, "250"),
            (12_345.0, "12.35k"),
            (1_234_567.0, "1.235M"),
            (1e-7, "1.000e-7"),
            (f64::NAN, "NaN"),
            (-0.5, "-0.5"),
        ] {
            assert_eq!(amount(value), shown);
        }
    }

    #[test]
    fn times_are_round_in_the_readers_zone() {
        let at = |text| UnixNanos::parse_rfc3339(text).unwrap();
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let (first, last) = (at("2026-11-22T06:03:00Z"), at("2026-11-22T07:03:00Z"));
        let shown: Vec<String> =
            times(first, last, 5, &zone).into_iter().map(|(_, label)| label).collect();
        assert_eq!(shown, ["11:45", "12:00", "12:15", "12:30"]);
        let days = times(first, at("2026-11-29T07:03:00Z"), 8, &zone);
        assert_eq!((days[0].1.as_str(), days.len()), ("11-23", 7));
    }

    proptest! {
        #[test]
        fn every_value_has_a_place_on_its_axis(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..20)
        ) {
            let min = values.iter().copied().fold(f64::INFINITY, f64::min);
            let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let axis = Values::of(min, max, 4);
            prop_assert!(axis.ticks.len() <= 100);
            for value in values {
                let place = axis.place(value);
                prop_assert!((0.0..=1.0).contains(&place), "{} {:?}", value, axis);
            }
        }

        #[test]
        fn there_are_never_more_times_than_there_is_room_for(
            first in 0_i64..4_000_000_000, length in 0_i64..100_000_000, most in 1_usize..30
        ) {
            let (first, last) = (UnixNanos(first * 1_000_000_000), UnixNanos((first + length) * 1_000_000_000));
            let ticks = times(first, last, most, &TimeZone::UTC);
            prop_assert!(ticks.len() <= most + 1, "{}", ticks.len());
            prop_assert!(ticks.iter().all(|(time, _)| (first..=last).contains(time)));
        }
    }
}
