//! The timestamps that nearly every logger writes, read without a general parser.

use crate::model::UnixNanos;

/// Reads `2026-11-22T06:30:00.169439Z`: `T` or a blank, any fraction after `.` or `,`, `Z`, `+01:00`
/// or nothing (UTC). `None` for all else, which may still be a time.
///
/// Never another time than [`UnixNanos::parse_rfc3339`] reads.
pub(in crate::logs) fn read(text: &[u8]) -> Option<UnixNanos> {
    let (stamp, rest) = text.split_at_checked(19)?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b' ', rest_of_day @ ..] = stamp else {
        return None;
    };
    let [h0, h1, b':', n0, n1, b':', s0, s1] = rest_of_day else { return None };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let (month, day) = (number(&[*m0, *m1])?, number(&[*d0, *d1])?);
    let (hour, minute, second) = (number(&[*h0, *h1])?, number(&[*n0, *n1])?, number(&[*s0, *s1])?);
    // What is no date, a leap second, and years that nanoseconds do not reach, are left to others.
    let known = (1700..2250).contains(&year) && (1..=12).contains(&month) && day >= 1;
    if !known || day > days_of(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = fraction(rest)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(UnixNanos((seconds - offset(zone)?) * 1_000_000_000 + nanos))
}

fn number(digits: &[u8]) -> Option<i64> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(value)
}

/// Returns the nanoseconds of a fraction, if there is one, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) else {
        return Some((0, rest));
    };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, zone) = digits.split_at(length);
    let scale = 10_i64.pow(u32::try_from(9_usize.checked_sub(length)?).ok()?);
    (length > 0).then_some((number(digits)? * scale, zone))
}

/// Returns the seconds east of Greenwich.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"" | b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
            let seconds = hours * 3_600 + minutes * 60;
            (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leaps),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days from 1970-01-01 in the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_read_here_is_the_time_that_the_calendar_says(
            stamp in "(1[0-9]|2[0-3])[0-9]{2}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])[T ]([01][0-9]|2[0-4]):[0-6][0-9]:[0-6][0-9]",
            rest in "([.,][0-9]{0,10})?(Z|[+-][0-2][0-9]:[0-6][0-9]|)",
        ) {
            let text = format!("{stamp}{rest}");
            if let Some(time) = read(text.as_bytes()) {
                prop_assert_eq!(UnixNanos::parse_rfc3339(&text), Some(time));
            }
        }
    }

    #[test]
    fn the_usual_shapes_are_read_here() {
        for text in [
            "2024-02-29T23:59:59.169439Z",
            "2026-11-22 06:30:00,169",
            "1969-12-31T23:59:59",
            "2026-11-22T06:30:00.123456789-03:30",
        ] {
            assert_eq!(read(text.as_bytes()), UnixNanos::parse_rfc3339(text), "{text}");
            assert!(read(text.as_bytes()).is_some(), "{text}");
        }
    }
}
