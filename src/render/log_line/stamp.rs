//! The time of a line in a pipe, written by hand: a general formatter costs more than the whole line.

use jiff::tz::TimeZone;

use crate::model::UnixNanos;

/// Adds `2026-11-22T06:30:33.750Z`, in another zone with its offset, `-03:00`, for the `Z`.
pub(super) fn push(text: &mut String, zone: &TimeZone, time: UnixNanos) {
    let offset = i64::from(zone.to_offset(time.timestamp()).seconds());
    let seconds = time.0.div_euclid(1_000_000_000);
    let millis = time.0.rem_euclid(1_000_000_000) / 1_000_000;
    let local = seconds + offset;
    let (days, of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    digits(text, year, 4);
    for (mark, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
        text.push(mark);
        digits(text, number, 2);
    }
    text.push('.');
    digits(text, millis, 3);
    if offset == 0 {
        text.push('Z');
    } else if offset % 60 == 0 {
        text.push(if offset < 0 { '-' } else { '+' });
        digits(text, offset.abs() / 3_600, 2);
        text.push(':');
        digits(text, offset.abs() / 60 % 60, 2);
    } else {
        // Before zones there was each town's own sun.
        let zoned = time.timestamp().to_zoned(zone.clone());
        text.push_str(&zoned.strftime("%:z").to_string());
    }
}

/// Adds the last `count` digits of a number that is not negative.
fn digits(text: &mut String, number: i64, count: u32) {
    for place in (0..count).rev() {
        let digit = u8::try_from(number / 10_i64.pow(place) % 10).unwrap_or_default();
        text.push(char::from(b'0' + digit));
    }
}

/// Returns year, month and day of a number of days from 1970-01-01 in the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_the_general_formatter_writes_it(
            nanos in any::<i64>(), seconds in -93_599_i32..93_599, fixed in any::<bool>(),
        ) {
            let offset = jiff::tz::Offset::from_seconds(if fixed { seconds } else { 0 }).unwrap();
            let zone = TimeZone::fixed(offset);
            let mut text = String::new();
            push(&mut text, &zone, UnixNanos(nanos));
            let zoned = UnixNanos(nanos).timestamp().to_zoned(zone);
            let mark = if offset.is_zero() { "Z" } else { "%:z" };
            let expected = zoned.strftime(&format!("%Y-%m-%dT%H:%M:%S%.3f{mark}")).to_string();
            prop_assert_eq!(text, expected);
        }
    }
}
