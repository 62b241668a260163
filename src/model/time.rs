//! Points in time as nanoseconds since the Unix epoch, and the times that people type.

use std::time::Duration;

use super::TraceId;
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z (good until the year 2262).
///
/// Serialised as RFC 3339 UTC text with as many fraction digits as needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixNanos(pub i64);

impl UnixNanos {
    /// Builds a time from seconds since the epoch; `None` outside the years 1677 to 2262.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let nanos = seconds * 1e9;
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
        (nanos.abs() < 9.2e18).then_some(Self(nanos as i64))
    }

    /// Reads an RFC 3339 time: `T` or a space between date and time, `.` or `,` before the
    /// fraction, `Z`, an offset, or nothing (taken as UTC, as loggers that leave the zone out mostly
    /// mean it).
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let text = text.trim();
        let fixed = text.replace(',', ".");
        if let Ok(stamp) = fixed.parse::<Timestamp>() {
            return Self::from_timestamp(stamp);
        }
        let civil = fixed.parse::<DateTime>().ok()?;
        Self::from_timestamp(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Reads a number as seconds, milliseconds, microseconds or nanoseconds, by its magnitude.
    pub fn from_number(number: f64) -> Option<Self> {
        let seconds = match number.abs() {
            n if n < 1e11 => number,
            n if n < 1e14 => number / 1e3,
            n if n < 1e17 => number / 1e6,
            _ => number / 1e9,
        };
        Self::from_seconds(seconds)
    }

    /// Returns the time that a `UUIDv7` was made, to the millisecond; `None` for other ids.
    ///
    /// Source: RFC 9562, section 5.7.
    pub fn of_uuid_v7(id: TraceId) -> Option<Self> {
        let bytes = id.to_bytes();
        let is_v7 = bytes[6] >> 4 == 7 && bytes[8] >> 6 == 2;
        let ms = bytes.iter().take(6).fold(0_i64, |ms, byte| ms << 8 | i64::from(*byte));
        ms.checked_mul(1_000_000).filter(|_| is_v7).map(Self)
    }

    /// Takes the same time of jiff's type; `None` outside the years 1677 to 2262.
    pub fn from_timestamp(stamp: Timestamp) -> Option<Self> {
        i64::try_from(stamp.as_nanosecond()).ok().map(Self)
    }

    /// Returns the same time as jiff's type, for zones and formatting.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the time from `earlier` to `self`, in nanoseconds; negative when `self` is before it.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns this time moved back by `duration`.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl std::fmt::Display for UnixNanos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Serialize for UnixNanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixNanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).ok_or_else(|| {
            serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &"an RFC 3339 time")
        })
    }
}

/// Why a time or a duration that somebody typed could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is not written as one.
    #[error(
        "`{0}` is neither a duration (30s, 15m, 2h, 7d) nor a time (12:30, 2026-11-22T06:30:00Z)"
    )]
    Neither(String),
    /// Nothing has a time that far back.
    #[error("`{0}` ago is before 1970: give a shorter duration, or no bound")]
    BeforeAll(String),
}

/// Reads a duration as people write it: `500ms`, `30s`, `15m`, `1h 30m`, `7d`, `2w`.
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let refused = || TimeError::Neither(text.to_owned());
    let mut total = 0.0_f64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refused)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let number: f64 = number.parse().map_err(|_| refused())?;
        total += number * seconds_per(unit).ok_or_else(refused)?;
        rest = tail.trim_start();
    }
    Duration::try_from_secs_f64(total).map_err(|_| refused())
}

fn seconds_per(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" | "sec" | "seconds" => 1.0,
        "m" | "min" | "minutes" => 60.0,
        "h" | "hours" => 3_600.0,
        "d" | "days" => 86_400.0,
        "w" | "weeks" => 604_800.0,
        _ => return None,
    })
}

/// Reads a point in time as people write it, relative to `now` in its zone.
///
/// Taken are: a duration before now (`15m`, `15m ago`), a time of day today (`06:30`, or yesterday's
/// when that is still to come), an ISO date or date and time (without a zone: `now`'s zone), and
/// `now`, `today`, `yesterday` (their first instant).
pub fn parse_time(text: &str, now: &Zoned) -> Result<UnixNanos, TimeError> {
    let refused = || TimeError::Neither(text.to_owned());
    let trimmed = text.trim();
    let at = UnixNanos::from_timestamp(now.timestamp()).ok_or_else(refused)?;
    match trimmed {
        "now" => return Ok(at),
        "today" | "yesterday" => {
            let day = if trimmed == "today" {
                now.date()
            } else {
                now.date().yesterday().map_err(|_| refused())?
            };
            let start = day.to_zoned(now.time_zone().clone()).map_err(|_| refused())?;
            return UnixNanos::from_timestamp(start.timestamp()).ok_or_else(refused);
        }
        _ => {}
    }
    let relative = trimmed.strip_suffix("ago").unwrap_or(trimmed).trim();
    if let Ok(duration) = parse_duration(relative) {
        let then = at.before(duration);
        let before_all = || TimeError::BeforeAll(relative.to_owned());
        return (then >= UnixNanos(0)).then_some(then).ok_or_else(before_all);
    }
    if let Ok(stamp) = trimmed.parse::<Timestamp>() {
        return UnixNanos::from_timestamp(stamp).ok_or_else(refused);
    }
    if let Ok(civil) = trimmed.parse::<DateTime>() {
        let zoned = civil.to_zoned(now.time_zone().clone()).map_err(|_| refused())?;
        return UnixNanos::from_timestamp(zoned.timestamp()).ok_or_else(refused);
    }
    // jiff reads `15` as 15:00; nobody who types a bare number means that for sure.
    let time = trimmed.contains(':').then(|| trimmed.parse::<jiff::civil::Time>().ok()).flatten();
    let time = time.ok_or_else(refused)?;
    let today = now.date().to_datetime(time);
    let zoned = today.to_zoned(now.time_zone().clone()).map_err(|_| refused())?;
    let zoned = if zoned > *now { zoned.yesterday().map_err(|_| refused())? } else { zoned };
    UnixNanos::from_timestamp(zoned.timestamp()).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-22T06:30:00[UTC]".parse().unwrap()
    }

    fn at(text: &str) -> String {
        parse_time(text, &now()).unwrap().to_string()
    }

    #[test]
    fn a_duration_is_a_time_that_long_ago() {
        assert_eq!(at("15m"), "2026-11-22T06:15:00Z");
        assert_eq!(at("1h 30m ago"), "2026-11-22T05:00:00Z");
        assert_eq!(at("7d"), "2026-11-15T06:30:00Z");
    }

    #[test]
    fn a_time_of_day_that_is_still_to_come_is_yesterdays() {
        assert_eq!(at("06:00"), "2026-11-22T06:00:00Z");
        assert_eq!(at("23:00"), "2026-11-21T23:00:00Z");
    }

    #[test]
    fn a_time_without_a_zone_is_in_the_readers_zone() {
        let now: Zoned = "2026-11-22T06:30:00[Europe/Berlin]".parse().unwrap();
        let read = parse_time("2026-11-22T06:00:00", &now).unwrap();
        assert_eq!(read.to_string(), "2026-11-22T05:00:00Z");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["", "soon", "15", "99:99", "-3m", "1e999d", "15 parsecs", "99999999d"] {
            assert!(parse_time(text, &now()).is_err(), "{text}");
        }
    }

    #[test]
    fn loggers_times_are_read_in_all_their_shapes() {
        let expected = UnixNanos(1_795_329_000_169_439_000);
        for text in [
            "2026-11-22T06:30:00.169439Z",
            "2026-11-22 06:30:00,169439",
            "2026-11-22T06:30:00.169439",
            "2026-11-22T07:30:00.169439+01:00",
            "2026-11-22T07:30:00.169439+0100",
        ] {
            assert_eq!(UnixNanos::parse_rfc3339(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_number_is_seconds_to_nanoseconds_by_its_size() {
        let second = UnixNanos(1_795_329_000_000_000_000);
        for number in [1_795_329_000.0, 1_795_329_000e3, 1_795_329_000e6, 1_795_329_000e9] {
            assert_eq!(UnixNanos::from_number(number), Some(second), "{number}");
        }
    }
}
