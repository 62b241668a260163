//! Ports, and the loop that takes connections: bounded, patient only so far, HTTP/1 and HTTP/2 alike.
//!
//! A loop of our own and not axum's, which bounds neither connections nor slow senders. HTTP/2 comes
//! by prior knowledge, so that gRPC works on the same port. One connection too many is told so and
//! closed; a process without free file handles goes on when there are some again.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::Limits;
use super::paced::Paced;
use super::{Backend, app};

/// How many ports after the wanted one are tried when it is taken.
const PORTS_TRIED: u16 = 32;

/// The most requests at a time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;

/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: u32 = 64 << 10;

/// How often a silent HTTP/2 peer is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How long it is waited when the system cannot take a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections too many are told so at a time; others are closed without a word.
const LEAVING_MAX: usize = 64;

/// How long that may take.
const LEAVE_MAX: Duration = Duration::from_secs(1);

/// What one connection too many is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Type: text/plain\r\nContent-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n";

/// Why no port could be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}{}", or_after(*.tried))]
pub struct ListenError {
    /// The address that was wanted.
    pub address: SocketAddr,
    /// How many ports after it were tried.
    pub tried: u16,
    /// The system's reason.
    #[source]
    pub source: io::Error,
}

fn or_after(tried: u16) -> String {
    if tried == 0 { String::new() } else { format!(" or on one of the {tried} ports after it") }
}

/// Listens on loopback at `port`, or at the next free one; port 0 takes any.
pub async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), ListenError> {
    let wanted = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for candidate in port..=port.saturating_add(PORTS_TRIED) {
        match listen_at(SocketAddr::new(wanted.ip(), candidate)).await {
            Ok(listening) => return Ok(listening),
            Err(error) if error.source.kind() == io::ErrorKind::AddrInUse => last = error.source,
            Err(error) => return Err(error),
        }
    }
    Err(ListenError { address: wanted, tried: PORTS_TRIED, source: last })
}

/// Listens at an address and nowhere else.
pub async fn listen_at(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let failed = |source| ListenError { address, tried: 0, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Serves on all listeners until `stop` is done, then finishes the requests that are under way, as
/// far as they end within [`Limits::drain`].
pub async fn run(
    listeners: Vec<TcpListener>,
    backend: Arc<Backend>,
    stop: impl Future<Output = ()> + Send,
) {
    let limits = backend.limits;
    let graceful = GracefulShutdown::new();
    let door = Door {
        builder: builder(&limits),
        app: app(Arc::clone(&backend)),
        backend: Arc::clone(&backend),
        room: Arc::new(Semaphore::new(limits.connections)),
        leaving: Arc::new(Semaphore::new(LEAVING_MAX)),
        graceful: &graceful,
    };
    let open = join_all(listeners.into_iter().map(|listener| door.open(listener)));
    tokio::select! {
        _ = open => {}
        () = stop => {}
    }
    backend.live.close();
    // Nobody is let in any more: the listeners are closed. A client that stalls in the middle of a
    // body does not keep the process.
    drop(tokio::time::timeout(limits.drain, graceful.shutdown()).await);
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(usize::try_from(HEAD_BYTES_MAX).unwrap_or(usize::MAX));
    // Of floods of resets hyper's own bounds hold (CVE-2023-44487, CVE-2024-27316).
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_EVERY);
    builder
}

/// What takes connections.
struct Door<'a> {
    builder: Builder<TokioExecutor>,
    app: Router,
    backend: Arc<Backend>,
    room: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
    graceful: &'a GracefulShutdown,
}

impl Door<'_> {
    /// Takes the connections of one listener, for ever.
    async fn open(&self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => match Arc::clone(&self.room).try_acquire_owned() {
                    Ok(place) => self.serve(stream, place),
                    Err(_) => self.turn_away(stream),
                },
                Err(error) if is_of_the_peer(&error) => {}
                Err(_) => {
                    // No file handle, no memory: what is served now ends some time.
                    self.backend.counts.rejected("connection", "no_file", 1);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let limits = &self.backend.limits;
        // Answers are small and waited for; where it cannot be set they come a little later.
        drop(stream.set_nodelay(true));
        let stream = TokioIo::new(Paced::new(stream, limits.opening, limits.still));
        let service = TowerToHyperService::new(self.app.clone());
        let connection = self.builder.serve_connection(stream, service).into_owned();
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // A peer that breaks off or breaks the protocol is no fault of ours.
            drop(connection.await);
            drop(place);
        });
    }

    fn turn_away(&self, mut stream: TcpStream) {
        self.backend.counts.rejected("connection", "too_many", 1);
        let Ok(place) = Arc::clone(&self.leaving).try_acquire_owned() else { return };
        // What it has sent is read: closed before that, the system would drop the answer with it.
        let leave = async move {
            stream.write_all(FULL).await?;
            stream.shutdown().await?;
            tokio::io::copy(&mut stream.take(u64::from(HEAD_BYTES_MAX)), &mut tokio::io::sink())
                .await
        };
        tokio::spawn(async move {
            // A peer that is slow to go is left.
            drop(tokio::time::timeout(LEAVE_MAX, leave).await);
            drop(place);
        });
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
