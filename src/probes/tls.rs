//! A TLS handshake: whether the certificate is trusted, is for this name, and for how long.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Finding, Means, Probe, certificate, phase, tcp};
use crate::http::{reason_of_io, reason_of_tls};
use crate::model::{Measure, Observation, Reason, UnixNanos};

const NANOS_PER_DAY: f64 = 86_400e9;

pub(super) async fn run(probe: &Probe, host: &str, port: u16, means: &Means) -> Finding {
    let work = handshake(probe, host, port, means);
    tokio::time::timeout(probe.timeout, work).await.unwrap_or_else(|_| {
        let message = format!("no handshake within {:?}", probe.timeout);
        Finding::fail(Reason::Timeout, message)
    })
}

async fn handshake(probe: &Probe, host: &str, port: u16, means: &Means) -> Finding {
    let started = Instant::now();
    let addresses = match tcp::resolve(host, port, probe.timeout).await {
        Ok(addresses) => addresses,
        Err(finding) => return finding,
    };
    let resolved = started.elapsed();
    let socket = match TcpStream::connect(&*addresses).await {
        Ok(socket) => socket,
        Err(error) => {
            let (reason, message) =
                reason_of_io(&error).unwrap_or((Reason::Unreachable, error.to_string()));
            return Finding::fail(reason, message);
        }
    };
    let connected = started.elapsed();
    let name = host.trim_matches(['[', ']']).to_owned();
    let (name, verifier) = match (ServerName::try_from(name), Recorder::new(means.now)) {
        (Ok(name), Ok(verifier)) => (name, Arc::new(verifier)),
        (Err(error), _) => return Finding::unknown(Reason::Config, error.to_string()),
        (_, Err(error)) => return Finding::unknown(Reason::Internal, error),
    };
    let outcome = match connector(&verifier) {
        Ok(connector) => connector.connect(name, socket).await,
        Err(error) => return Finding::unknown(Reason::Internal, error.to_string()),
    };
    let mut finding = match (verifier.seen(), outcome) {
        (Some(seen), Ok(_)) => judge(probe, &seen, means.now),
        (_, Err(error)) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
            let of_tls = |tls: &TlsError| (reason_of_tls(tls), said(tls));
            let found = tls.map(of_tls).or_else(|| reason_of_io(&error));
            let (reason, message) = found.unwrap_or((Reason::Protocol, error.to_string()));
            Finding::fail(reason, message)
        }
        (None, Ok(_)) => Finding::fail(Reason::Protocol, "the server showed no certificate"),
    };
    finding.phases = vec![
        phase("resolve", resolved),
        phase("connect", connected.saturating_sub(resolved)),
        phase("tls", started.elapsed().saturating_sub(connected)),
    ];
    finding
}

fn connector(verifier: &Arc<Recorder>) -> Result<TlsConnector, TlsError> {
    let config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Recorder>::clone(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn judge(probe: &Probe, seen: &Seen, now: UnixNanos) -> Finding {
    #[expect(clippy::cast_precision_loss, reason = "shown in days")]
    let days = seen.not_after.map(|end| end.since(now) as f64 / NANOS_PER_DAY);
    let until = match days {
        Some(days) if days < 0.0 => format!("expired {:.0}d ago", -days),
        Some(days) => format!("expires in {:.0}d", days.floor()),
        None => "when it expires cannot be read".to_owned(),
    };
    let mut finding = match &seen.verdict {
        Ok(()) => Finding::ok(format!("{until}, trusted")),
        Err(error) => Finding::fail(reason_of_tls(error), format!("{until}; {}", said(error))),
    };
    finding.observed = vec![Observation { name: "expires_days", value: days, unit: "d" }];
    match days {
        Some(days) => finding.judge(probe, Measure::Expires, days, Reason::TlsExpired),
        None => finding.status = finding.status.max(crate::model::Status::Unknown),
    }
    finding
}

/// Says what is wrong in words; the library has none for some of it.
pub(super) fn said(error: &TlsError) -> String {
    use rustls::CertificateError;
    match error {
        TlsError::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
        TlsError::InvalidCertificate(CertificateError::Other(other)) => {
            if format!("{other:?}").contains("CaUsedAsEndEntity") {
                "self-signed: the certificate is an authority's own and no server's".to_owned()
            } else {
                format!("the certificate is not valid: {other}")
            }
        }
        other => other.to_string(),
    }
}

/// What the server showed, and what there is to say against it.
#[derive(Debug, Clone)]
struct Seen {
    not_after: Option<UnixNanos>,
    verdict: Result<(), TlsError>,
}

/// Verifies as usual, but keeps the verdict instead of ending the handshake with it.
///
/// Nothing is sent over the connection but the handshake, so nobody is trusted with anything.
#[derive(Debug)]
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    now: UnixTime,
    seen: Mutex<Option<Seen>>,
}

impl Recorder {
    fn new(now: UnixNanos) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(crate::http::authorities());
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|error| error.to_string())?;
        let since_epoch = u64::try_from(now.0).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_nanos(since_epoch));
        Ok(Self { inner, provider, now, seen: Mutex::new(None) })
    }

    fn seen(&self) -> Option<Seen> {
        self.seen.lock().ok()?.clone()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict = self.inner.verify_server_cert(leaf, chain, name, ocsp, self.now).map(|_| ());
        let not_after = certificate::not_after(leaf);
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some(Seen { not_after, verdict });
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
