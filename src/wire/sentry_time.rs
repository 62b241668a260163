//! Times as Sentry's clients send them, and the error of their clocks.

use super::sentry_json::Scalar;
use crate::model::{ErrorEvent, LogRecord, Span, UnixNanos};

/// How far a sender's clock may be off before its times are corrected: less is the time on the way.
const CLOCK_ERROR_MIN_NS: i64 = 60_000_000_000;

/// Reads seconds since the epoch, a number or text, or RFC 3339 text.
///
/// Clients send seconds with six digits behind the point; a double does not hold them exactly, so the
/// nearest microsecond is taken.
pub(super) fn time(sent: &Scalar) -> Option<UnixNanos> {
    if let Some(found) = sent.text().and_then(UnixNanos::parse_rfc3339) {
        return Some(found);
    }
    let read = UnixNanos::from_number(sent.number()?)?;
    Some(UnixNanos(read.0.saturating_add(500).div_euclid(1_000).saturating_mul(1_000)))
}

/// Returns how much later our clock is than the sender's, in nanoseconds; 0 below a minute.
///
/// Source: develop.sentry.dev, "Envelopes", `sent_at`.
pub fn clock_error(sent_at: Option<UnixNanos>, received: UnixNanos) -> i64 {
    let error = sent_at.map_or(0, |sent_at| received.since(sent_at));
    if error.saturating_abs() > CLOCK_ERROR_MIN_NS { error } else { 0 }
}

/// Moves all times of an event by as many nanoseconds.
pub fn move_event(event: &mut ErrorEvent, error: i64) {
    let times = event.breadcrumbs.iter_mut().filter_map(|crumb| crumb.time.as_mut());
    times.chain([&mut event.time]).for_each(|time| shift(time, error));
}

/// Moves all times of a span by as many nanoseconds.
pub fn move_span(span: &mut Span, error: i64) {
    let events = span.events.iter_mut().map(|event| &mut event.time);
    events.chain(span.end.as_mut()).chain([&mut span.start]).for_each(|time| shift(time, error));
}

/// Moves the time of a log record by as many nanoseconds.
pub fn move_log(record: &mut LogRecord, error: i64) {
    record.time.iter_mut().for_each(|time| shift(time, error));
}

fn shift(time: &mut UnixNanos, error: i64) {
    time.0 = time.0.saturating_add(error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_or_text() {
        let expected = Some(UnixNanos(1_795_330_505_339_794_000));
        for sent in [
            Scalar::Number(1_795_330_505.339_794),
            Scalar::Text("1795330505.339794".to_owned()),
            Scalar::Text("2026-11-22T06:55:05.339794Z".to_owned()),
            Scalar::Text("2026-11-22T06:55:05.339794".to_owned()),
        ] {
            assert_eq!(time(&sent), expected, "{sent:?}");
        }
        for sent in [Scalar::Nothing, Scalar::Bool(true), Scalar::Text("soon".to_owned())] {
            assert_eq!(time(&sent), None, "{sent:?}");
        }
        assert_eq!(time(&Scalar::Number(1e300)), None);
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_a_minute_is_corrected() {
        let received = UnixNanos(1_000_000_000_000);
        let off = |seconds: i64| {
            clock_error(Some(UnixNanos(received.0 - seconds * 1_000_000_000)), received)
        };
        assert_eq!([off(60), off(-60), clock_error(None, received)], [0, 0, 0]);
        assert_eq!([off(61), off(-3_600)], [61_000_000_000, -3_600_000_000_000]);
        assert_eq!(clock_error(Some(UnixNanos(i64::MIN)), received), i64::MAX);
    }
}
