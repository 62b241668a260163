//! What a certificate says of itself, read out of its DER; all trust is rustls' to judge.
//!
//! Source: RFC 5280 section 4.1. A crate for all of X.509 would cost eight others.

use std::net::IpAddr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::UnixNanos;

const BOOLEAN: u8 = 0x01;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The version, which the oldest certificates leave out.
const CONTEXT_0: u8 = 0xa0;
/// The extensions.
const CONTEXT_3: u8 = 0xa3;
/// A name of the subject's alternative ones that is a host's.
const NAME_OF_HOST: u8 = 0x82;
/// One that is an address.
const NAME_OF_ADDRESS: u8 = 0x87;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// How many of its names are kept.
const NAMES_MAX: usize = 20;

/// What is judged and shown of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// Whose it is: the common name, else the organisation, else the first alternative name.
    pub(super) subject: String,
    /// Who signed it.
    pub(super) issuer: String,
    /// Both as bytes: chains are put together by these.
    pub(super) subject_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    /// The hosts and addresses that it is for, at most 20.
    pub(super) names: Vec<String>,
    pub(super) not_before: UnixNanos,
    pub(super) not_after: UnixNanos,
    /// Whether it may sign others.
    pub(super) is_authority: bool,
}

impl Certificate {
    /// Reads a certificate; `None` when it is malformed.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (certificate, _) = element(der, SEQUENCE)?;
        let (mut fields, _) = element(certificate, SEQUENCE)?;
        if fields.first() == Some(&CONTEXT_0) {
            fields = any(fields)?.2;
        }
        // Serial number, signature algorithm.
        for _ in 0..2 {
            fields = any(fields)?.2;
        }
        let (issuer_der, fields) = element(fields, SEQUENCE)?;
        let (validity, fields) = element(fields, SEQUENCE)?;
        let (subject_der, fields) = element(fields, SEQUENCE)?;
        let (tag, start, end) = any(validity)?;
        let not_before = time(tag, std::str::from_utf8(start).ok()?)?;
        let (tag, end, _) = any(end)?;
        let not_after = time(tag, std::str::from_utf8(end).ok()?)?;
        // The public key; then two ids that nobody has, and the extensions.
        let mut rest = any(fields)?.2;
        let (mut names, mut is_authority) = (Vec::new(), false);
        while let Some((tag, content, after)) = any(rest) {
            if tag == CONTEXT_3 {
                (names, is_authority) = extensions(content)?;
            }
            rest = after;
        }
        let first_name = names.first().cloned().unwrap_or_default();
        Some(Self {
            subject: shown_name(subject_der).unwrap_or(first_name),
            issuer: shown_name(issuer_der).unwrap_or_default(),
            subject_der: subject_der.to_vec(),
            issuer_der: issuer_der.to_vec(),
            names,
            not_before,
            not_after,
            is_authority,
        })
    }

    /// Says whether its issuer is itself, by name; its signature is not looked at.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }
}

/// Finds the common name of a name, else its organisation.
fn shown_name(name: &[u8]) -> Option<String> {
    let attribute = |wanted: &[u8]| {
        let mut rest = name;
        while let Some((part, after)) = element(rest, SET) {
            let (pair, _) = element(part, SEQUENCE)?;
            let (kind, value) = element(pair, OBJECT_IDENTIFIER)?;
            if kind == wanted {
                let (tag, text, _) = any(value)?;
                // Sixteen bits a letter, which only old authorities use.
                let bytes = text.iter().copied().filter(|byte| tag != BMP_STRING || *byte != 0);
                return Some(String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned());
            }
            rest = after;
        }
        None
    };
    attribute(COMMON_NAME).or_else(|| attribute(ORGANISATION))
}

/// Reads the names that it is for, and whether it is an authority's.
fn extensions(content: &[u8]) -> Option<(Vec<String>, bool)> {
    let (mut rest, _) = element(content, SEQUENCE)?;
    let (mut names, mut is_authority) = (Vec::new(), false);
    while let Some((extension, after)) = element(rest, SEQUENCE) {
        rest = after;
        let (kind, mut value) = element(extension, OBJECT_IDENTIFIER)?;
        if value.first() == Some(&BOOLEAN) {
            value = any(value)?.2;
        }
        let (value, _) = element(value, OCTET_STRING)?;
        if kind == ALTERNATIVE_NAMES {
            names = alternative_names(value)?;
        } else if kind == BASIC_CONSTRAINTS {
            let (constraints, _) = element(value, SEQUENCE)?;
            is_authority = element(constraints, BOOLEAN).is_some_and(|(yes, _)| yes != [0]);
        }
    }
    Some((names, is_authority))
}

fn alternative_names(value: &[u8]) -> Option<Vec<String>> {
    let (mut rest, _) = element(value, SEQUENCE)?;
    let mut names = Vec::new();
    while let Some((tag, name, after)) = any(rest) {
        rest = after;
        let text = match tag {
            NAME_OF_HOST => Some(String::from_utf8_lossy(name).into_owned()),
            NAME_OF_ADDRESS => address(name),
            _ => None,
        };
        names.extend(text.filter(|_| names.len() < NAMES_MAX));
    }
    Some(names)
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| sixteen()).ok().map(|address| address.to_string())
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
    fn what_openssl_wrote_is_read() {
        let pem = include_bytes!("../../tests/fixtures/tls/leaf.pem");
        let leaf = CertificateDer::from_pem_slice(pem).unwrap();
        let leaf = Certificate::read(&leaf).unwrap();
        assert_eq!(leaf.not_before.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(leaf.not_after.to_string(), "2027-02-01T00:00:00Z");
        assert_eq!(leaf.subject, "localhost");
        assert_eq!(leaf.names, ["localhost", "127.0.0.1"]);
        assert!(!leaf.is_authority && !leaf.is_self_issued());
        let pem = include_bytes!("../../tests/fixtures/tls/ca.pem");
        let authority = Certificate::read(&CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
        assert!(authority.is_authority && authority.is_self_issued());
        assert_eq!(leaf.issuer_der, authority.subject_der);
        assert_eq!(leaf.issuer, authority.subject);
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
            drop(Certificate::read(&der));
        }

        #[test]
        fn nor_does_a_certificate_with_bytes_changed(at in 0_usize..600, byte in 0_u8..) {
            let pem = include_bytes!("../../tests/fixtures/tls/leaf.pem");
            let mut der = CertificateDer::from_pem_slice(pem).unwrap().to_vec();
            let length = der.len();
            der[at % length] = byte;
            drop(Certificate::read(&der));
        }
    }
}
