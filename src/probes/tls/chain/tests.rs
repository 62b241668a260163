use rustls::pki_types::pem::PemObject as _;

use super::*;
use crate::probes::targets::of_application;

fn certificate(name: &str) -> CertificateDer<'static> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/chain");
    CertificateDer::from_pem_file(format!("{folder}/{name}.pem")).unwrap()
}

/// Judges what a server sends to whoever trusts `root`; draws what is not well.
fn judged(sent: &[&str], root: Option<&str>, name: &str, now: &str) -> String {
    let certificates: Vec<_> = sent.iter().map(|name| certificate(name)).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(root.map(certificate));
    let second = Duration::from_secs(1);
    let probe = of_application("a", "http://a", "a test", second, second).remove(0);
    let name = &ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixNanos::parse_rfc3339(now).unwrap();
    let sent = Sent { certificates: &certificates, name, roots: &roots, now };
    let finding = judge(&probe, &sent);
    let bad = finding.children.iter().filter(|part| part.status != Status::Ok);
    let drawn: Vec<String> = bad
        .map(|part| format!("{}: {:?} {:?}", part.name, part.status, part.reason.unwrap()))
        .collect();
    if drawn.is_empty() { finding.message } else { drawn.join(", ") }
}

const NOVEMBER: &str = "2026-11-22T00:00:00Z";
const NAME: &str = "shop.example";

#[test]
fn a_whole_chain_is_trusted() {
    assert_eq!(
        judged(&["leaf", "between"], Some("root"), NAME, NOVEMBER),
        "expires in 71d, for shop.example, trusted, 2 certificates sent"
    );
    // The root may be sent, too.
    let all = judged(&["leaf", "between", "root"], Some("root"), NAME, NOVEMBER);
    assert!(all.ends_with("3 certificates sent"), "{all}");
}

#[test]
fn each_fault_is_told_by_itself() {
    let both = ["leaf", "between"];
    for (sent, root, name, now, expected) in [
        (&["leaf"][..], Some("root"), NAME, NOVEMBER, "trust: Fail TlsIssuerMissing"),
        (&["self"], Some("root"), NAME, NOVEMBER, "trust: Fail TlsSelfSigned"),
        (&["leaf", "between", "root"], None, NAME, NOVEMBER, "trust: Fail TlsUntrusted"),
        (&both, Some("root"), "api.example", NOVEMBER, "name: Fail TlsName"),
        (&["leaf", "root", "between"], Some("root"), NAME, NOVEMBER, "order: Warn TlsOrder"),
        (&["leaf", "between", "self"], Some("root"), NAME, NOVEMBER, "order: Warn TlsOrder"),
        (&both, Some("root"), NAME, "2027-01-20T00:00:00Z", "certificate: Warn TlsExpired"),
        (&both, Some("root"), NAME, "2027-02-03T00:00:00Z", "certificate: Fail TlsExpired"),
        (&both, Some("root"), NAME, "2026-10-31T00:00:00Z", "certificate: Fail TlsNotYetValid"),
        (
            &["leaf", "between-expired"],
            Some("root"),
            NAME,
            NOVEMBER,
            "Shop Issuing: Fail TlsExpired",
        ),
    ] {
        assert_eq!(judged(sent, root, name, now), expected, "{sent:?} {name} {now}");
    }
}

#[test]
fn a_self_signed_certificate_that_is_named_is_trusted_where_it_is_made_as_a_servers_own() {
    let december = "2026-12-01T00:00:00Z";
    let trusted = judged(&["self-server"], Some("self-server"), NAME, december);
    assert!(trusted.contains("trusted"), "{trusted}");
    let other = judged(&["self-server"], Some("self-authority"), NAME, december);
    assert_eq!(other, "trust: Fail TlsSelfSigned");
    let said = |root| {
        let sent = [certificate("self-authority")];
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates([certificate(root)]);
        let name = &ServerName::try_from(NAME).unwrap();
        let now = UnixNanos::parse_rfc3339(december).unwrap();
        let second = Duration::from_secs(1);
        let probe = of_application("a", "http://a", "a test", second, second).remove(0);
        judge(&probe, &Sent { certificates: &sent, name, roots: &roots, now }).message
    };
    assert!(said("self-authority").starts_with("is trusted here as an authority (CA:TRUE)"));
    assert!(said("root").starts_with("is self-signed"));
}

#[test]
fn several_faults_at_once_are_all_told() {
    assert_eq!(
        judged(&["leaf"], Some("root"), "api.example", "2027-02-03T00:00:00Z"),
        "certificate: Fail TlsExpired, name: Fail TlsName, trust: Fail TlsIssuerMissing"
    );
}

#[test]
fn what_is_no_certificate_is_not_trusted() {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates([certificate("root")]);
    let second = Duration::from_secs(1);
    let probe = of_application("a", "http://a", "a test", second, second).remove(0);
    let name = &ServerName::try_from(NAME).unwrap();
    let certificates = &[CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])];
    let sent = Sent { certificates, name, roots: &roots, now: UnixNanos(0) };
    assert_eq!(judge(&probe, &sent).reason, Some(Reason::TlsUntrusted));
}
