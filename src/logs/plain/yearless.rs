//! Times that are written without their year, as old syslog and klog do.

use super::stamp::MONTHS;
use crate::model::UnixNanos;

/// How much later than the last moment that it can be a time may seem to be, in nanoseconds: a day,
/// because its zone is not written either.
const AHEAD_NS: i64 = 86_400_000_000_000;

/// A moment of some year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::logs) struct Yearless<'a> {
    month: usize,
    day: &'a str,
    /// `06:30:00`, with a fraction or without.
    time: &'a str,
}

impl<'a> Yearless<'a> {
    /// Reads `Nov`, ` 2` or `22`, and `06:30:00`.
    pub(super) fn of_syslog(month: &str, day: &'a str, time: &'a str) -> Option<Self> {
        let month = MONTHS.iter().position(|name| *name == month)? + 1;
        Some(Self { month, day: day.trim_start(), time })
    }

    /// Reads `1122` and `06:30:00.123456`.
    pub(super) fn of_klog(date: &'a str, time: &'a str) -> Option<Self> {
        let (month, day) = date.split_at_checked(2)?;
        Some(Self { month: month.parse().ok()?, day, time })
    }

    /// Returns the last moment that is written so and not more than a day after `latest`, in UTC.
    ///
    /// Looks back four years, for the 29th of February.
    pub(in crate::logs) fn before(self, latest: UnixNanos) -> Option<UnixNanos> {
        let year: i64 = latest.to_string().get(..4)?.parse().ok()?;
        let Self { month, day, time } = self;
        let of_year = |year| {
            UnixNanos::parse_rfc3339(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
                .filter(|moment| moment.0 <= latest.0.saturating_add(AHEAD_NS))
        };
        // A file may be written to on New Year's Eve, and its last lines be of the next year.
        (year - 4..=year + 1).rev().find_map(of_year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_last_one_that_is_not_ahead() {
        for (month, day, time, latest, expected) in [
            ("Nov", "22", "06:30:00", "2026-11-22T07:00:00Z", "2026-11-22T06:30:00Z"),
            ("Nov", " 2", "06:30:00", "2026-11-22T07:00:00Z", "2026-11-02T06:30:00Z"),
            ("Nov", "23", "06:30:00", "2026-11-22T07:00:00Z", "2026-11-23T06:30:00Z"),
            ("Dec", "24", "06:30:00", "2026-11-22T07:00:00Z", "2025-12-24T06:30:00Z"),
            ("Jan", " 1", "00:10:00", "2026-12-31T23:50:00Z", "2027-01-01T00:10:00Z"),
            ("Feb", "29", "06:30:00", "2026-11-22T07:00:00Z", "2024-02-29T06:30:00Z"),
        ] {
            let latest = UnixNanos::parse_rfc3339(latest).unwrap();
            let read = Yearless::of_syslog(month, day, time).unwrap().before(latest).unwrap();
            assert_eq!(read.to_string(), expected);
        }
        let latest = UnixNanos::parse_rfc3339("2026-11-22T07:00:00Z").unwrap();
        let klog = Yearless::of_klog("1122", "06:30:00.123456").unwrap();
        assert_eq!(klog.before(latest).unwrap().to_string(), "2026-11-22T06:30:00.123456Z");
        let none = Yearless::of_klog("1399", "06:30:00.123456").unwrap();
        assert_eq!(none.before(latest), None);
    }
}
