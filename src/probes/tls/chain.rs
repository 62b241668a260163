//! What there is to say of the certificates that a server sends: each fault by itself.
//!
//! A chain can be expired, for another name and untrusted at once; whoever has to repair it wants to
//! hear all of it. rustls judges trust and name, one after the other; dates, order and what is missing
//! are read here. Source: RFC 8446 section 4.4.2, RFC 5280 section 6.

use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error as TlsError, RootCertStore};

use super::super::certificate::Certificate;
use super::super::{Finding, Part, Probe};
use crate::http::words_of_tls;
use crate::model::{CheckKind, Measure, Observation, Reason, Status, UnixNanos};

const NANOS_PER_DAY: f64 = 86_400e9;

/// What a server sent, and what it is judged by.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    /// The certificates as they came, the server's own first; never none.
    pub(super) certificates: &'a [CertificateDer<'static>],
    /// Who was asked.
    pub(super) name: &'a ServerName<'static>,
    /// Who is trusted.
    pub(super) roots: &'a RootCertStore,
    /// What counts as now.
    pub(super) now: UnixNanos,
}

/// Judges a chain: one part for its dates, its name, its trust, its order, and for each certificate in
/// between. The parts are shown when one of them is not well.
pub(super) fn judge(probe: &Probe, sent: &Sent<'_>) -> Finding {
    let read: Option<Vec<Certificate>> =
        sent.certificates.iter().map(|der| Certificate::read(der)).collect();
    let Some((leaf, others)) = read.as_deref().and_then(<[_]>::split_first) else {
        return Finding::fail(Reason::TlsUntrusted, "a certificate that cannot be read");
    };
    let path = path(leaf, others);
    let mut facets = vec![
        ("certificate".to_owned(), validity(probe, leaf, sent.now)),
        ("name".to_owned(), name(leaf, sent)),
        ("trust".to_owned(), trust(&path, sent)),
        ("order".to_owned(), order(leaf, others, &path)),
    ];
    for between in path.iter().skip(1) {
        facets.push((between.subject.clone(), validity(probe, between, sent.now)));
    }
    let mut finding = whole(&facets);
    finding.knows(Measure::Expires);
    let first_end = path.iter().map(|one| one.not_after).min().unwrap_or(leaf.not_after);
    let observe = |name, end| Observation { name, value: Some(days(end, sent.now)), unit: "d" };
    finding.observed =
        vec![observe("expires_days", leaf.not_after), observe("chain_expires_days", first_end)];
    if finding.status != Status::Ok {
        finding.children = facets.into_iter().map(part).collect();
    }
    finding
}

/// Says how it is as a whole: the first of the worst gives the reason, all that is bad is said.
fn whole(facets: &[(String, Finding)]) -> Finding {
    let status = Status::worst(facets.iter().map(|(_, facet)| facet.status));
    let reason =
        facets.iter().find(|(_, facet)| facet.status == status).and_then(|(_, f)| f.reason);
    let said = |bad: bool| -> Vec<&str> {
        let wanted = facets.iter().filter(|(_, facet)| (facet.status != Status::Ok) == bad);
        wanted.map(|(_, facet)| facet.message.as_str()).collect()
    };
    let bad = said(true);
    match status {
        // What is said of those in between only matters when it is bad.
        Status::Ok => Finding::ok(said(false).get(..4).unwrap_or_default().join(", ")),
        _ => Finding::new(status, reason, bad.join("; ")),
    }
}

fn part((name, finding): (String, Finding)) -> Part {
    let Finding { status, reason, message, .. } = finding;
    let (duration_ms, children) = (None, Vec::new());
    Part { name, kind: CheckKind::Part, status, reason, message, duration_ms, children }
}

/// Puts together who vouches for whom, by name, from the server's own upwards.
fn path<'a>(leaf: &'a Certificate, others: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut path = vec![leaf];
    while let Some(last) = path.last().filter(|last| !last.is_self_issued()) {
        let known = |one: &&Certificate| path.iter().any(|other| std::ptr::eq(*other, *one));
        let issues = |one: &&Certificate| one.subject_der == last.issuer_der;
        let Some(next) = others.iter().find(|one| issues(one) && !known(one)) else { break };
        path.push(next);
    }
    path
}

fn validity(probe: &Probe, certificate: &Certificate, now: UnixNanos) -> Finding {
    let left = days(certificate.not_after, now);
    let wait = days(certificate.not_before, now);
    if wait > 0.0 {
        let (from, wait) = (certificate.not_before, in_days(wait));
        let message = format!("is not valid before {from}, which is in {wait}");
        return Finding::fail(Reason::TlsNotYetValid, message);
    }
    if left < 0.0 {
        let message = format!("expired {} ago ({})", in_days(-left), certificate.not_after);
        return Finding::fail(Reason::TlsExpired, message);
    }
    let mut finding = Finding::ok(format!("expires in {}", in_days(left)));
    finding.judge(probe, Measure::Expires, left, Reason::TlsExpired);
    finding
}

fn name(leaf: &Certificate, sent: &Sent<'_>) -> Finding {
    let asked = sent.name.to_str();
    let verdict = sent.certificates.first().map_or(Err(TlsError::NoCertificatesPresented), |der| {
        verify_server_name(&ParsedCertificate::try_from(der)?, sent.name)
    });
    if verdict.is_ok() {
        return Finding::ok(format!("for {asked}"));
    }
    let message = match leaf.names.as_slice() {
        [] => format!("has no alternative name, and {asked} must be one of them"),
        names => format!("is for {} and not for {asked}", names.join(", ")),
    };
    Finding::fail(Reason::TlsName, message)
}

/// Judges who vouches for it, whatever its dates are: they have parts of their own.
fn trust(path: &[&Certificate], sent: &Sent<'_>) -> Finding {
    let mut verdict = verify(sent, sent.now);
    if verdict.as_ref().is_err_and(is_about_time) {
        let from = path.iter().map(|one| one.not_before).max();
        let until = path.iter().map(|one| one.not_after).min();
        let valid = from.zip(until).filter(|(from, until)| from <= until);
        if let Some((from, until)) = valid {
            verdict = verify(sent, sent.now.clamp(from, until));
        }
    }
    let (Err(error), Some(top)) = (verdict, path.last()) else {
        return Finding::ok("trusted");
    };
    let is_known = |issuer: &[u8]| sent.roots.roots.iter().any(|root| *root.subject == *issuer);
    if path.len() == 1 && top.is_self_issued() {
        // Whoever named it in a file of roots did what is needed, and made it wrongly.
        if top.is_authority && is_root(sent) {
            let message =
                "is trusted here as an authority (CA:TRUE), and refused as a server's own";
            return Finding::fail(Reason::TlsSelfSigned, message);
        }
        return Finding::fail(Reason::TlsSelfSigned, "is self-signed: nobody else vouches for it");
    }
    if !matches!(error, TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) {
        let message = format!("is not to be trusted: {}", words_of_tls(&error));
        return Finding::fail(Reason::TlsUntrusted, message);
    }
    let (subject, issuer) = (&top.subject, &top.issuer);
    if top.is_self_issued() {
        let message = format!("is vouched for by `{subject}`, which this machine does not trust");
        return Finding::fail(Reason::TlsUntrusted, message);
    }
    if is_known(&top.issuer_der) {
        let message = format!("names `{issuer}` as its issuer, whose signature it does not have");
        return Finding::fail(Reason::TlsUntrusted, message);
    }
    let message = format!("the issuer `{issuer}` is missing: neither sent nor known here");
    Finding::fail(Reason::TlsIssuerMissing, message)
}

/// Says whether the server's own certificate is itself one of those that are trusted.
fn is_root(sent: &Sent<'_>) -> bool {
    let mut own = RootCertStore::empty();
    own.add_parsable_certificates(sent.certificates.first().cloned());
    own.roots.iter().any(|root| sent.roots.roots.contains(root))
}

fn verify(sent: &Sent<'_>, at: UnixNanos) -> Result<(), TlsError> {
    let (leaf, others) =
        sent.certificates.split_first().ok_or(TlsError::NoCertificatesPresented)?;
    let since_epoch = Duration::from_nanos(u64::try_from(at.0).unwrap_or(0));
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let time = UnixTime::since_unix_epoch(since_epoch);
    let leaf = ParsedCertificate::try_from(leaf)?;
    verify_server_cert_signed_by_trust_anchor(&leaf, sent.roots, others, time, algorithms.all)
}

fn is_about_time(error: &TlsError) -> bool {
    use CertificateError as Bad;
    let TlsError::InvalidCertificate(bad) = error else { return false };
    matches!(
        bad,
        Bad::Expired
            | Bad::ExpiredContext { .. }
            | Bad::NotValidYet
            | Bad::NotValidYetContext { .. }
    )
}

/// Judges what is sent beside the server's own: clients that do not sort refuse a wrong order.
fn order(leaf: &Certificate, others: &[Certificate], path: &[&Certificate]) -> Finding {
    let count = others.len() + 1;
    let plural = if count == 1 { "certificate" } else { "certificates" };
    let mut last = leaf;
    let mut sorted = true;
    for other in others {
        sorted &= other.subject_der == last.issuer_der;
        last = other;
    }
    if sorted {
        return Finding::ok(format!("{count} {plural} sent"));
    }
    let is_of_path = |one: &&Certificate| path.iter().any(|other| std::ptr::eq(*other, *one));
    let strangers: Vec<&str> =
        others.iter().filter(|one| !is_of_path(one)).map(|one| one.subject.as_str()).collect();
    let message = if strangers.is_empty() {
        "the certificates are sent in the wrong order".to_owned()
    } else {
        format!("what is no part of the chain is sent, too: {}", strangers.join(", "))
    };
    Finding::new(Status::Warn, Some(Reason::TlsOrder), message)
}

fn days(end: UnixNanos, now: UnixNanos) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "shown in days")]
    let nanos = end.since(now) as f64;
    nanos / NANOS_PER_DAY
}

/// Draws `71d`, and hours where it is less than two days.
fn in_days(days: f64) -> String {
    if days < 2.0 {
        format!("{:.0}h", (days * 24.0).floor())
    } else {
        format!("{:.0}d", days.floor())
    }
}

#[cfg(test)]
mod tests;
