//! The validity of a certificate, read out of its DER; all else in it is rustls' to judge.
//!
//! Source: RFC 5280 section 4.1. A crate for all of X.509 would cost twenty others.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::UnixNanos;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which the oldest certificates leave out.
const CONTEXT_0: u8 = 0xa0;

/// Returns until when a certificate is valid; `None` when it is malformed.
pub(super) fn not_after(certificate: &[u8]) -> Option<UnixNanos> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if fields.first() == Some(&CONTEXT_0) {
        fields = any(fields)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        fields = any(fields)?.2;
    }
    let (validity, _) = element(fields, SEQUENCE)?;
    let (_, _, end) = any(validity)?;
    let (tag, text, _) = any(end)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

fn time(tag: u8, text: &str) -> Option<UnixNanos> {
    let full = match tag {
        // Two digits of the year: 50 and above are of the last century.
        UTC_TIME => {
            let century = if text.get(..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", full).ok()?;
    let stamp = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    // Beyond the year 2262 is as good as for ever.
    Some(UnixNanos(i64::try_from(stamp.as_nanosecond()).unwrap_or(i64::MAX)))
}

fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(der)?;
    (found == tag).then_some((content, rest))
}

/// Takes one element: its tag, its content, and what follows it.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn the_end_is_the_one_that_openssl_wrote() {
        let pem = include_bytes!("../../tests/fixtures/tls/leaf.pem");
        let leaf = CertificateDer::from_pem_slice(pem).unwrap();
        assert_eq!(not_after(&leaf).unwrap().to_string(), "2027-02-01T00:00:00Z");
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        let read = |tag, text| time(tag, text).map(|time| time.to_string());
        assert_eq!(read(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(read(UTC_TIME, "990101000000Z").as_deref(), Some("1999-01-01T00:00:00Z"));
        assert_eq!(
            read(GENERALIZED_TIME, "20500101000000Z").as_deref(),
            Some("2050-01-01T00:00:00Z")
        );
        assert_eq!(read(UTC_TIME, "x"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(der in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            not_after(&der);
        }
    }
}
