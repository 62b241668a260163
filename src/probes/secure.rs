//! TLS below a protocol, and what a port speaks when it does not answer what it was asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::Error as TlsError;
use rustls::pki_types::{ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Finding;
use super::conversation::{Stream, of_io};
use super::recorder::Recorder;
use crate::http::{reason_of_tls, with_authorities, words_of_tls};
use crate::model::Reason;

mod trust;

pub(super) use trust::Trust;

/// Encrypts a connection with whoever is trusted; `protocols` are offered, where the one below needs
/// that (RFC 7301).
pub(super) async fn handshake(
    stream: Box<dyn Stream>,
    host: &str,
    trust: &Trust,
    protocols: &[&[u8]],
) -> Result<Box<dyn Stream>, Finding> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Finding::unknown(Reason::Config, error.to_string()))?;
    let recorder = Recorder::new();
    let config = match trust {
        Trust::System => Ok(with_authorities()),
        _ => recorder.config(),
    };
    let mut config =
        config.map_err(|error| Finding::unknown(Reason::Internal, error.to_string()))?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    match TlsConnector::from(Arc::new(config)).connect(name.clone(), stream).await {
        // Nothing was sent yet but the handshake.
        Ok(stream) => trust
            .judge(&recorder.seen(), &name, UnixTime::now())
            .map(|()| Box::new(stream) as Box<_>),
        Err(error) => {
            let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
            Err(match tls {
                Some(TlsError::InvalidMessage(_)) => no_tls(),
                Some(tls) => Finding::fail(reason_of_tls(tls), words_of_tls(tls)),
                None => closed_during_handshake(&error),
            })
        }
    }
}

/// The server answers in plain text where TLS was expected.
pub(super) fn no_tls() -> Finding {
    Finding::fail(Reason::Protocol, "it does not speak TLS on this port")
        .likely("TLS is for another port or is not switched on: ask without it")
}

/// The server speaks TLS where plain text was expected.
pub(super) fn only_tls() -> Finding {
    Finding::fail(Reason::Protocol, "it speaks TLS on this port, and was asked without")
        .likely("the address lacks TLS: another scheme (rediss, amqps) or sslmode=require")
}

fn closed_during_handshake(error: &std::io::Error) -> Finding {
    let mut finding = of_io(error);
    if finding.reason == Some(Reason::Reset) {
        "the connection was closed during the TLS handshake".clone_into(&mut finding.message);
        return finding
            .likely("it does not speak TLS on this port, or wants a client's certificate");
    }
    finding
}

/// Says whether a port completes a TLS handshake, with whatever certificate.
pub(super) async fn answers_tls(peer: Option<SocketAddr>, host: &str, timeout: Duration) -> bool {
    let Some(peer) = peer else { return false };
    let asking = async {
        let stream = TcpStream::connect(peer).await.ok()?;
        handshake(Box::new(stream), host, &Trust::Anybody, &[]).await.ok()
    };
    tokio::time::timeout(timeout, asking).await.is_ok_and(|stream| stream.is_some())
}

/// Says whether a port answers a line of plain text with anything but TLS.
pub(super) async fn answers_plain(peer: Option<SocketAddr>, timeout: Duration) -> bool {
    let Some(peer) = peer else { return false };
    let asking = async {
        let mut stream = TcpStream::connect(peer).await.ok()?;
        stream.write_all(b"PING\r\n\r\n").await.ok()?;
        stream.read_u8().await.ok()
    };
    matches!(tokio::time::timeout(timeout, asking).await, Ok(Some(first)) if first != 0x15)
}
