//! The embedded backend: what instrumented services send is stored, what the commands ask is answered.
//!
//! [`app`] is the whole of it as a router, testable without a socket; [`listen`] finds a port and
//! [`run`] serves until told to stop. It answers on loopback and to loopback's names only.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::store::{Readers, StoreError, Stored, Writer};

mod answer;
mod counts;
mod guard;
mod intake;
mod logs;
mod observe;
mod otlp;
mod own;
mod query;
mod sentry;
mod tail;

pub use crate::store::Retention;
pub use tail::tail;

/// The port that OTLP over HTTP has by default.
pub const DEFAULT_PORT: u16 = 4318;

/// How many ports after the wanted one are tried when it is taken.
const PORTS_TRIED: u16 = 32;

/// The largest body taken, as sent.
const BODY_BYTES_MAX: usize = 20 << 20;

/// The largest body taken, decompressed.
const INFLATED_BYTES_MAX: usize = 64 << 20;

/// What the routes share.
#[derive(Debug)]
pub struct Backend {
    writer: Writer,
    readers: Readers,
    store: PathBuf,
    instance: String,
    counts: counts::Counts,
    told: observe::Told,
    live: sentry::Live,
}

/// How a backend is opened.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The file to store in.
    pub store: PathBuf,
    /// The word that `/healthz` repeats.
    pub instance: String,
    /// How much is kept.
    pub retention: Retention,
}

impl Backend {
    /// Opens the store.
    pub fn open(opening: Opening) -> Result<Arc<Self>, StoreError> {
        let Opening { store, instance, retention } = opening;
        let writer = Writer::open(&store, retention)?;
        let readers = Readers::new(store.clone());
        let counts = counts::Counts::new();
        Ok(Arc::new(Self {
            writer,
            readers,
            store,
            instance,
            counts,
            told: observe::Told::new(),
            live: sentry::Live::new(),
        }))
    }

    /// Counts what became of a batch.
    fn settled(&self, outcome: &Result<Stored, StoreError>) {
        match outcome {
            Ok(stored) => self.counts.stored(stored),
            Err(_) => self.counts.commit_failed(),
        }
    }
}

/// Returns the backend's routes.
pub fn app(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/", get(answer::help))
        .merge(otlp::routes())
        .merge(sentry::routes())
        .merge(logs::routes())
        .merge(query::routes())
        .merge(own::routes())
        .fallback(sentry::elsewhere)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(guard::only_loopback_names))
        .layer(from_fn(otlp::speak_grpc))
        .layer(from_fn_with_state(Arc::clone(&backend), observe::count))
        .with_state(backend)
}

/// Why no port could be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on 127.0.0.1:{port} or on one of the {PORTS_TRIED} ports after it")]
pub struct ListenError {
    /// The port that was wanted.
    pub port: u16,
    /// The system's reason.
    #[source]
    pub source: std::io::Error,
}

/// Listens on loopback at `port`, or at the next free one; port 0 takes any.
pub async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), ListenError> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
    for candidate in port..=port.saturating_add(PORTS_TRIED) {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
            Ok(listener) => {
                let address =
                    listener.local_addr().map_err(|source| ListenError { port, source })?;
                return Ok((listener, address));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => last = error,
            Err(source) => return Err(ListenError { port, source }),
        }
    }
    Err(ListenError { port, source: last })
}

/// Serves until `stop` is done, then finishes the requests that are under way.
pub async fn run(
    listener: TcpListener,
    backend: Arc<Backend>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let told = Arc::clone(&backend);
    let stop = async move {
        stop.await;
        told.live.close();
    };
    axum::serve(listener, app(backend)).with_graceful_shutdown(stop).await
}

#[cfg(test)]
mod tests;
