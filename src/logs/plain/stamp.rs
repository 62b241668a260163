//! The time at the start of a plain line, in the shapes that loggers write.

use super::yearless::Yearless;
use crate::logs::value::stamp as usual;
use crate::model::UnixNanos;

/// The longest time read, in bytes: a date, a time, nine digits of a fraction, a zone.
const STAMP_BYTES_MAX: usize = 40;

/// The months of Go, Apache and syslog.
pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `2026-11-22 06:30:00,123`, `2026/11/22 06:30:00` and their relatives at the start of `text`.
///
/// `T` or a space, a fraction of up to nine digits after `.` or `,`, and `Z`, `+01:00`, `+0100`,
/// ` +0000` or nothing (UTC) after it. Returns the time and what stands behind it, as written.
pub(super) fn take(text: &str) -> Option<(UnixNanos, &str)> {
    let bytes = text.as_bytes();
    let shape = |place: usize, known: u8| match known {
        b'0' => bytes.get(place).is_some_and(u8::is_ascii_digit),
        b'-' => matches!(bytes.get(place), Some(b'-' | b'/')),
        b'T' => matches!(bytes.get(place), Some(b'T' | b't' | b' ')),
        known => bytes.get(place) == Some(&known),
    };
    if !b"0000-00-00T00:00:00".iter().enumerate().all(|(place, known)| shape(place, *known)) {
        return None;
    }
    let mut written = [0; STAMP_BYTES_MAX];
    let mut length = 19;
    written.get_mut(..19)?.copy_from_slice(bytes.get(..19)?);
    for place in [4, 7] {
        *written.get_mut(place)? = b'-';
    }
    *written.get_mut(10)? = b'T';
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=9).contains(&digits) {
            *written.get_mut(length)? = b'.';
            let digits_end = length + 1 + digits;
            written
                .get_mut(length + 1..digits_end)?
                .copy_from_slice(fraction.as_bytes().get(..digits)?);
            length = digits_end;
            rest = fraction.get(digits..)?;
        }
    }
    let (zone, rest) = take_zone(rest);
    let zone_end = length + zone.len();
    written.get_mut(length..zone_end)?.copy_from_slice(zone.as_bytes());
    let written = written.get(..zone_end)?;
    let other = || UnixNanos::parse_rfc3339(std::str::from_utf8(written).ok()?);
    Some((usual::read(written).or_else(other)?, rest))
}

/// Takes a zone; where there is none, UTC is meant.
fn take_zone(text: &str) -> (&str, &str) {
    if let Some(rest) = text.strip_prefix('Z') {
        return ("Z", rest);
    }
    let spaced = text.strip_prefix(' ').unwrap_or(text);
    let signed = spaced.starts_with(['+', '-']);
    for length in [6, 5] {
        let Some((zone, rest)) = spaced.split_at_checked(length).filter(|_| signed) else {
            continue;
        };
        let colon = zone.len() == 6;
        let digits = zone.bytes().skip(1).enumerate().all(|(place, byte)| {
            if colon && place == 2 { byte == b':' } else { byte.is_ascii_digit() }
        });
        let ends = !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
        if digits && ends {
            return (zone, rest);
        }
    }
    ("Z", text)
}

/// Reads the time in brackets of a line of an access log: `[22/Nov/2026:06:30:00 +0000]`.
///
/// Source: the Common Log Format of Apache httpd, `mod_log_config`.
pub(super) fn of_access_line(text: &str) -> Option<UnixNanos> {
    let (before, rest) = text.split_once(" [")?;
    if before.split(' ').count() < 3 {
        return None;
    }
    let (stamp, after) = rest.split_once(']')?;
    if !after.starts_with(" \"") {
        return None;
    }
    let (date, zone) = stamp.split_once(' ').unwrap_or((stamp, "+0000"));
    let (date, time) = date.split_once(':')?;
    let mut parts = date.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    UnixNanos::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}{zone}"))
}

/// Takes `Nov 22 06:30:00 ` of the old syslog format, which has no year.
///
/// Source: RFC 3164 4.1.2.
pub(super) fn take_syslog(text: &str) -> Option<(Yearless<'_>, &str)> {
    let (month, rest) = text.split_at_checked(3)?;
    let (stamp, rest) = rest.split_at_checked(13)?;
    let shape = |(byte, known): (u8, &u8)| match known {
        b'0' => byte.is_ascii_digit(),
        b'9' => byte.is_ascii_digit() || byte == b' ',
        known => byte == *known,
    };
    let stamped = stamp.bytes().zip(b" 90 00:00:00 ").all(shape);
    let yearless = Yearless::of_syslog(month, stamp.get(1..3)?, stamp.get(4..12)?)?;
    stamped.then_some((yearless, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_shapes_of_loggers() {
        for (text, time, rest) in [
            ("2026-11-22 06:30:01,123 ERROR", "2026-11-22T06:30:01.123Z", " ERROR"),
            ("2026-11-22T06:30:01.5Z x", "2026-11-22T06:30:01.5Z", " x"),
            ("2026-11-22 06:30:01 +0100] x", "2026-11-22T05:30:01Z", "] x"),
            ("2026-11-22T06:30:01+01:00 x", "2026-11-22T05:30:01Z", " x"),
            ("2026/11/22 06:30:01 [error]", "2026-11-22T06:30:01Z", " [error]"),
            ("2026-11-22 06:30:01 -1234567 x", "2026-11-22T06:30:01Z", " -1234567 x"),
        ] {
            let (read, left) = take(text).unwrap();
            assert_eq!((read.to_string().as_str(), left), (time, rest), "{text}");
        }
        for text in ["2026-11-22", "2026-13-22 06:30:01", "12026-11-22 06:30:01", ""] {
            assert_eq!(take(text), None, "{text}");
        }
    }

    #[test]
    fn an_access_line_has_its_time_in_brackets() {
        let line = r#"10.0.0.7 - ann [22/Nov/2026:07:30:00 +0100] "GET / HTTP/1.1" 200 5"#;
        assert_eq!(of_access_line(line).unwrap().to_string(), "2026-11-22T06:30:00Z");
        assert_eq!(of_access_line("a [22/Nov/2026:07:30:00 +0100] x"), None);
    }
}
