//! A TLS handshake: whether the certificate is trusted, is for this name, and for how long.

use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{Error as TlsError, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::recorder::Recorder;
use super::{Finding, Means, Probe, phase, tcp};
use crate::http::{reason_of_io, reason_of_tls, words_of_tls};
use crate::model::Reason;

mod chain;

use chain::Sent;

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
    let name = match ServerName::try_from(host.trim_matches(['[', ']']).to_owned()) {
        Ok(name) => name,
        Err(error) => return Finding::unknown(Reason::Config, error.to_string()),
    };
    let recorder = Recorder::new();
    let outcome = match recorder.config() {
        Ok(config) => TlsConnector::from(Arc::new(config)).connect(name.clone(), socket).await,
        Err(error) => return Finding::unknown(Reason::Internal, error.to_string()),
    };
    let shaken = started.elapsed();
    let mut finding = match (recorder.seen(), outcome) {
        (seen, Ok(_)) if seen.is_empty() => {
            Finding::fail(Reason::Protocol, "the server showed no certificate")
        }
        (seen, Ok(stream)) => {
            let (_, connection) = stream.get_ref();
            let (roots, now) = (&crate::http::authorities(), means.now);
            let sent = Sent { certificates: &seen, name: &name, roots, now };
            let mut finding = chain::judge(probe, &sent);
            if let Some(version) = connection.protocol_version().and_then(version) {
                finding.message = format!("{}, {version}", finding.message);
            }
            finding
        }
        (_, Err(error)) => of_error(&error),
    };
    let resolving = (!tcp::is_address(host)).then(|| phase("resolve", resolved));
    let others = [
        phase("connect", connected.saturating_sub(resolved)),
        phase("tls", shaken.saturating_sub(connected)),
    ];
    finding.phases = resolving.into_iter().chain(others).collect();
    finding
}

/// Says why there was no handshake.
fn of_error(error: &std::io::Error) -> Finding {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let of_tls = |tls: &TlsError| (reason_of_tls(tls), words_of_tls(tls));
    let found = tls.map(of_tls).or_else(|| reason_of_io(error));
    let (reason, message) = found.unwrap_or((Reason::Protocol, error.to_string()));
    Finding::fail(reason, message)
}

/// Names a version as people do.
fn version(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("TLS 1.2"),
        ProtocolVersion::TLSv1_3 => Some("TLS 1.3"),
        _ => None,
    }
}
