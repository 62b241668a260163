//! Times as Sentry's clients send them.

use super::sentry_json::Scalar;
use crate::model::UnixNanos;

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
}
