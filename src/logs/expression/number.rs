//! Numbers with units, and what unit the name of a field promises.

use std::cmp::Ordering;

use crate::model::Unit;

/// A number as typed, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) text: String,
    value: f64,
    whole: Option<i128>,
    unit: Option<(Dimension, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Duration,
    Bytes,
    Count,
}

/// The units: durations in nanoseconds, sizes in bytes; whole factors, so that products stay exact.
const UNITS: [(&str, Dimension, f64); 19] = [
    ("ns", Dimension::Duration, 1.0),
    ("us", Dimension::Duration, 1e3),
    ("\u{b5}s", Dimension::Duration, 1e3),
    ("ms", Dimension::Duration, 1e6),
    ("s", Dimension::Duration, 1e9),
    ("m", Dimension::Duration, 60e9),
    ("min", Dimension::Duration, 60e9),
    ("h", Dimension::Duration, 3_600e9),
    ("d", Dimension::Duration, 86_400e9),
    ("B", Dimension::Bytes, 1.0),
    ("kB", Dimension::Bytes, 1e3),
    ("KB", Dimension::Bytes, 1e3),
    ("MB", Dimension::Bytes, 1e6),
    ("GB", Dimension::Bytes, 1e9),
    ("KiB", Dimension::Bytes, 1_024.0),
    ("MiB", Dimension::Bytes, 1_048_576.0),
    ("GiB", Dimension::Bytes, 1_073_741_824.0),
    ("k", Dimension::Count, 1e3),
    ("M", Dimension::Count, 1e6),
];

/// How the names of fields tell the unit of their bare numbers.
const NAME_ENDS: [(&str, Dimension, f64); 14] = [
    ("_ns", Dimension::Duration, 1.0),
    ("_nanos", Dimension::Duration, 1.0),
    ("Nanos", Dimension::Duration, 1.0),
    ("_us", Dimension::Duration, 1e3),
    ("_micros", Dimension::Duration, 1e3),
    ("_ms", Dimension::Duration, 1e6),
    ("Ms", Dimension::Duration, 1e6),
    ("_millis", Dimension::Duration, 1e6),
    ("Millis", Dimension::Duration, 1e6),
    ("_kb", Dimension::Bytes, 1e3),
    ("_kib", Dimension::Bytes, 1_024.0),
    ("_mb", Dimension::Bytes, 1e6),
    ("_mib", Dimension::Bytes, 1_048_576.0),
    ("_min", Dimension::Duration, 60e9),
];

/// The units as an error lists them.
pub(super) const UNITS_SHOWN: &str = "ns, us, ms, s, m, h, d, kB, MB, GB, KiB, MiB, GiB, k, M";

impl Number {
    /// Reads `-1.5`, `1e3`, `500ms`, `2MiB`, `1k`; `None` for all else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digit = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
        // The exponent's letter is no unit when digits follow it.
        let mut end = text.find(|c| !digit(c)).unwrap_or(text.len());
        if let Some(exponent) =
            text.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E'])).filter(|rest| {
                rest.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit())
            })
        {
            let length = exponent.find(|c| !digit(c)).unwrap_or(exponent.len());
            end += 1 + length;
        }
        let (number, unit) = text.split_at_checked(end)?;
        let begins =
            number.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit());
        let value = number.parse::<f64>().ok().filter(|value| begins && value.is_finite())?;
        let unit = match unit {
            "" => None,
            unit => Some(UNITS.iter().find(|(name, ..)| *name == unit).map(|(_, d, f)| (*d, *f))?),
        };
        Some(Self { text: text.to_owned(), value, whole: number.parse().ok(), unit })
    }

    /// Compares the number that a field of this name holds with this one; `None` when it holds none.
    ///
    /// Whole numbers without units are compared exactly, others as doubles. A field's bare number
    /// has the unit that its name ends in (`duration_ms`); where neither it nor the name has one and
    /// the other side has, it is in seconds or bytes, as OpenTelemetry writes them.
    pub(super) fn compare(&self, name: &str, held: &str) -> Option<Ordering> {
        let held = Self::read(held.trim())?;
        if let (None, None, Some(held), Some(own)) = (held.unit, self.unit, held.whole, self.whole)
        {
            return Some(held.cmp(&own));
        }
        let own = self.value * self.unit.map_or(1.0, |(_, factor)| factor);
        let factor = match (held.unit, self.unit) {
            (Some((of_held, factor)), Some((of_own, _))) => {
                (of_held == of_own).then_some(factor)?
            }
            (Some((Dimension::Count, factor)), None) => factor,
            // A bare number says nothing of the unit that the field has.
            (Some(_), None) => return None,
            (None, Some((dimension, _))) => factor_of(name, dimension),
            (None, None) => 1.0,
        };
        (held.value * factor).partial_cmp(&own)
    }
}

/// Returns the number that a text is, and its unit: durations in milliseconds, sizes in bytes; `None`
/// for a text that is no number.
pub(in crate::logs) fn measured(text: &str) -> Option<(f64, Option<Unit>)> {
    let number = Number::read(text.trim())?;
    let measured = match number.unit {
        Some((Dimension::Duration, factor)) => (number.value * factor / 1e6, Some(Unit::Ms)),
        Some((Dimension::Bytes, factor)) => (number.value * factor, Some(Unit::Bytes)),
        Some((Dimension::Count, factor)) => (number.value * factor, None),
        None => (number.value, None),
    };
    measured.0.is_finite().then_some(measured)
}

fn factor_of(name: &str, dimension: Dimension) -> f64 {
    let named = NAME_ENDS.iter().find(|(end, of, _)| *of == dimension && name.ends_with(end));
    match (named, dimension) {
        (Some((.., factor)), _) => *factor,
        (None, Dimension::Duration) => 1e9,
        (None, Dimension::Bytes | Dimension::Count) => 1.0,
    }
}
