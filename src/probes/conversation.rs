//! A conversation with a service: its steps timed, its reads bounded, all under one deadline.
//!
//! What goes wrong is a `Finding` already, so that a protocol is its handshake with `?` behind each
//! step. Start at [`Conversation::open`], and end with [`Conversation::finish`].

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::select_ok;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Instant;

use super::address::{Address, Tls};
use super::{Finding, Probe, kinds, secure, tcp};
use crate::http::reason_of_io;
use crate::model::{Phase, Reason};

/// No answer of a protocol here is larger; what claims to be is not read.
pub(super) const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What can be talked over: a connection, encrypted or not, or a socket of the system.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// One connection to a service, from its name to its last answer.
pub(super) struct Conversation<'a> {
    pub(super) address: &'a Address,
    timeout: Duration,
    end: Instant,
    stream: Option<Box<dyn Stream>>,
    peer: Option<SocketAddr>,
    unread: Vec<u8>,
    encrypted: bool,
    heard: bool,
    protocols: &'static [&'static [u8]],
    phases: Vec<Phase>,
    step: Option<(&'static str, Instant)>,
}

impl<'a> Conversation<'a> {
    /// Begins the time that the probe has; nothing is asked yet.
    pub(super) fn new(probe: &Probe, address: &'a Address) -> Self {
        Self {
            address,
            timeout: probe.timeout,
            end: Instant::now() + probe.timeout,
            stream: None,
            peer: None,
            unread: Vec::new(),
            encrypted: false,
            heard: false,
            protocols: &[],
            phases: Vec::new(),
            step: None,
        }
    }

    /// Ends the step before, and begins the next: `auth`, `query`.
    pub(super) fn step(&mut self, name: &'static str) {
        if self.step.is_some_and(|(current, _)| current == name) {
            return;
        }
        let now = Instant::now();
        let Some((ended, began)) = self.step.replace((name, now)) else { return };
        let took = super::phase(ended, now - began);
        // A login that is interrupted by TLS is one step still.
        match self.phases.iter_mut().find(|known| known.name == ended) {
            Some(known) => known.duration_ms += took.duration_ms,
            None => self.phases.push(took),
        }
    }

    /// Ends the last step, and gives the finding the steps.
    pub(super) fn finish(mut self, outcome: Result<Finding, Finding>) -> Finding {
        self.step("");
        let mut finding = outcome.unwrap_or_else(|finding| finding);
        finding.phases = self.phases;
        finding
    }

    /// Offers these when it encrypts, by their names in RFC 7301.
    pub(super) fn offer(&mut self, protocols: &'static [&'static [u8]]) {
        self.protocols = protocols;
    }

    /// Connects, and encrypts where the address says so.
    pub(super) async fn open(&mut self) -> Result<(), Finding> {
        self.connect().await?;
        match self.address.tls {
            Tls::Verified | Tls::Chain | Tls::Unverified => self.encrypt().await,
            Tls::Off | Tls::Prefer => Ok(()),
        }
    }

    /// Finds the addresses of the name and connects to all of them at once: the first is kept.
    pub(super) async fn connect(&mut self) -> Result<(), Finding> {
        if self.address.is_socket() {
            self.step("connect");
            let stream = self.within(UnixStream::connect(&self.address.host)).await?;
            self.stream = Some(Box::new(stream));
            return Ok(());
        }
        // Of an address there is nothing to find out, and nothing to time.
        if !tcp::is_address(&self.address.host) {
            self.step("resolve");
        }
        let addresses = tcp::resolve(&self.address.host, self.address.port, self.left()).await?;
        self.step("connect");
        let attempts = addresses.iter().map(|address| Box::pin(TcpStream::connect(*address)));
        let (stream, _) = self.within(select_ok(attempts)).await?;
        self.peer = stream.peer_addr().ok();
        // A handshake is small messages in turn: none may wait for the one before.
        drop(stream.set_nodelay(true));
        self.stream = Some(Box::new(stream));
        Ok(())
    }

    /// Encrypts what was connected, as `STARTTLS` asks for; `Prefer` is unverified.
    pub(super) async fn encrypt(&mut self) -> Result<(), Finding> {
        self.step("tls");
        if !self.unread.is_empty() {
            let message = "it sent something before the TLS handshake that was asked for";
            return Err(Finding::fail(Reason::Protocol, message));
        }
        let Some(stream) = self.stream.take() else { return Err(not_connected()) };
        let reading = tokio::time::timeout_at(self.end, secure::Trust::of(self.address)).await;
        let trust = reading.unwrap_or_else(|_| Err(self.too_late()))?;
        let handshake = secure::handshake(stream, &self.address.host, &trust, self.protocols);
        let half = self.left() / 2;
        let mut handshake = Box::pin(handshake);
        let outcome = match tokio::time::timeout(half, &mut handshake).await {
            Ok(outcome) => outcome,
            // What waits for a whole line of a protocol in plain text is as silent as what hangs.
            Err(_) if secure::answers_plain(self.peer, self.left() / 2).await => {
                return Err(secure::no_tls());
            }
            Err(_) => match tokio::time::timeout_at(self.end, handshake).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(self.too_late()),
            },
        };
        self.stream = Some(outcome?);
        self.encrypted = true;
        Ok(())
    }

    /// Says whether what is sent is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Gives the connection to a client library, which reads no more than 1 MiB from it.
    pub(super) fn take_stream(&mut self) -> Result<Box<dyn Stream>, Finding> {
        let (read, write) = tokio::io::split(self.stream.take().ok_or_else(not_connected)?);
        Ok(Box::new(tokio::io::join(read.take(ANSWER_BYTES_MAX as u64), write)))
    }

    /// Says whether the port, asked without TLS, takes a handshake of it; for client libraries, whose
    /// errors say nothing of it.
    pub(super) async fn speaks_tls(&self) -> bool {
        !self.encrypted && secure::answers_tls(self.peer, &self.address.host, self.left() / 2).await
    }

    /// Returns what is left of the probe's time.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Sends all of it; that the other side has closed is told by the next read.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let Some(stream) = &mut self.stream else { return Err(not_connected()) };
        let sending = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        match tokio::time::timeout_at(self.end, sending).await {
            Ok(Ok(())) => Ok(()),
            // Who has no room says so and closes: it is in what can be read.
            Ok(Err(error)) if reason_of_io(&error).is_some_and(|(why, _)| why == Reason::Reset) => {
                Ok(())
            }
            Ok(Err(error)) => Err(self.broken(&error).await),
            Err(_) => Err(self.too_late()),
        }
    }

    /// Reads exactly that many bytes; more than 1 MiB are refused.
    pub(super) async fn read_exact(&mut self, count: usize) -> Result<Vec<u8>, Finding> {
        if count > ANSWER_BYTES_MAX {
            let message = format!("an answer of {count} bytes: this is another protocol");
            return Err(Finding::fail(Reason::Protocol, message));
        }
        while self.unread.len() < count {
            self.fill().await?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// Reads to this byte and with it; where it does not come within `most` bytes, that is refused.
    pub(super) async fn read_until(&mut self, end: u8, most: usize) -> Result<Vec<u8>, Finding> {
        let mut looked = 0;
        loop {
            let fresh = self.unread.get(looked..).unwrap_or_default();
            if let Some(at) = memchr::memchr(end, fresh).map(|at| looked + at + 1)
                && at <= most
            {
                return Ok(self.unread.drain(..at).collect());
            }
            looked = self.unread.len();
            if looked >= most {
                let message = format!("a line of more than {most} bytes: this is another protocol");
                return Err(Finding::fail(Reason::Protocol, message));
            }
            self.fill().await?;
        }
    }

    /// Reads a line without its end; what is no UTF-8 is replaced.
    pub(super) async fn read_line(&mut self, most: usize) -> Result<String, Finding> {
        let line = self.read_until(b'\n', most).await?;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    /// Bounds any other wait of this conversation by the probe's time.
    pub(super) async fn within<T>(
        &mut self,
        work: impl Future<Output = io::Result<T>>,
    ) -> Result<T, Finding> {
        match tokio::time::timeout_at(self.end, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(of_io(&error)),
            Err(_) => Err(self.too_late()),
        }
    }

    /// Says that the time is over, and in which step.
    pub(super) fn too_late(&self) -> Finding {
        let timeout = self.timeout;
        let step = self.step.map_or("", |(name, _)| name);
        let message = match step {
            "resolve" => format!("no name server answered within {timeout:?}"),
            "connect" => format!("no connection within {timeout:?}"),
            "tls" => format!("connected, and no answer to the TLS handshake within {timeout:?}"),
            "greeting" => format!("connected, and no greeting within {timeout:?}"),
            step => format!("connected, and no answer to {step} within {timeout:?}"),
        };
        let finding = Finding::fail(Reason::Timeout, message);
        if matches!(step, "resolve" | "connect") {
            return finding;
        }
        let silent = "it takes connections and says nothing: it hangs, is stopped or overloaded";
        // A client library may have heard something before its query.
        if self.heard || self.stream.is_none() && step == "query" {
            return finding.likely(silent);
        }
        let whose = kinds::of_port(self.address.port)
            .filter(|kind| !kind.schemes.contains(&self.address.scheme.as_str()));
        finding.likely(match whose {
            Some(kind) => {
                let (port, name) = (self.address.port, kind.name);
                format!(
                    "it hangs, or another protocol is spoken at this port: {port} is {name}'s own"
                )
            }
            None => format!("{silent}, or another protocol is spoken at this port"),
        })
    }

    /// Reads what has arrived, at least a byte.
    async fn fill(&mut self) -> Result<(), Finding> {
        let half = Instant::now() + self.left() / 2;
        let mut outcome = self.fill_until(half).await;
        if outcome.is_none() {
            self.tell_silence().await?;
            outcome = self.fill_until(self.end).await;
        }
        let count = match outcome {
            Some(Ok(count)) => count,
            Some(Err(error)) => return Err(self.broken(&error).await),
            None => return Err(self.too_late()),
        };
        if count == 0 {
            let error = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(self.broken(&error).await);
        }
        // An alert of TLS: the first bytes of what was sent are no handshake to it.
        if !self.heard && !self.encrypted && self.unread.starts_with(&[0x15, 0x03]) {
            return Err(secure::only_tls());
        }
        self.heard = true;
        Ok(())
    }

    async fn fill_until(&mut self, end: Instant) -> Option<io::Result<usize>> {
        let stream = self.stream.as_mut()?;
        let mut block = [0; 8192];
        let outcome = tokio::time::timeout_at(end, stream.read(&mut block)).await.ok()?;
        Some(outcome.inspect(|count| {
            self.unread.extend_from_slice(block.get(..*count).unwrap_or_default());
        }))
    }

    /// Finds out whether what says nothing waits for a TLS handshake.
    async fn tell_silence(&self) -> Result<(), Finding> {
        let never = !self.heard && !self.encrypted;
        if never && secure::answers_tls(self.peer, &self.address.host, self.left() / 2).await {
            return Err(secure::only_tls());
        }
        Ok(())
    }

    /// Says why a connection ended; one that was closed at once may have wanted TLS.
    async fn broken(&self, error: &io::Error) -> Finding {
        match self.tell_silence().await {
            Ok(()) => of_io(error),
            Err(finding) => finding,
        }
    }
}

/// Returns what an error of the system stands for.
pub(super) fn of_io(error: &io::Error) -> Finding {
    let (reason, message) = reason_of_io(error).unwrap_or_else(|| match error.kind() {
        io::ErrorKind::NotFound => (Reason::Refused, "there is no such socket".to_owned()),
        io::ErrorKind::PermissionDenied => (Reason::Forbidden, error.to_string()),
        _ => (Reason::Unreachable, error.to_string()),
    });
    Finding::fail(reason, message)
}

fn not_connected() -> Finding {
    Finding::unknown(Reason::Internal, "the probe asks before it is connected")
}

#[cfg(test)]
mod tests;
