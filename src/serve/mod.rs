//! The embedded backend: what instrumented services send is stored, what the commands ask is answered.
//!
//! [`app`] is the whole of it as a router, testable without a socket; [`listen()`] finds a port and
//! [`run`] serves until told to stop. It answers on loopback and to loopback's names only, unless a
//! [`Token`] says who else may ask.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

use crate::store::{Readers, StoreError, Stored, Writer};

mod access;
mod answer;
mod counts;
mod guard;
mod intake;
mod limits;
mod listen;
mod logs;
mod observe;
mod otlp;
mod own;
mod paced;
mod query;
mod sentry;
mod storing;
mod tail;

pub use crate::store::Retention;
pub use access::{Token, TokenError};
pub use limits::Limits;
pub use listen::{ListenError, listen, listen_at, run};
pub use logs::syslog;
pub use storing::Teller;
pub use tail::tail;

/// The port that OTLP over HTTP has by default.
pub const DEFAULT_PORT: u16 = 4318;

/// The largest body taken, as sent.
const BODY_BYTES_MAX: usize = 20 << 20;

/// The largest body taken, decompressed.
const INFLATED_BYTES_MAX: usize = 64 << 20;

/// What the routes share.
#[derive(Debug)]
pub struct Backend {
    // Before the writer: its connection takes the write-ahead log away when it is the last to close.
    readers: Readers,
    writer: Writer,
    store: PathBuf,
    instance: String,
    counts: counts::Counts,
    storing: storing::Storing,
    told: observe::Told,
    live: sentry::Live,
    limits: Limits,
    bodies: limits::Budget,
    token: Option<Token>,
}

/// How a backend is opened.
#[derive(Debug, Default)]
pub struct Opening {
    /// The file to store in.
    pub store: PathBuf,
    /// The word that `/healthz` repeats.
    pub instance: String,
    /// How much is kept.
    pub retention: Retention,
    /// What it may take of the machine.
    pub limits: Limits,
    /// Who hears that nothing can be stored, and that it can again.
    pub teller: Teller,
    /// What every request must carry; `None` for whoever is on this machine.
    pub token: Option<Token>,
}

impl Backend {
    /// Opens the store.
    pub fn open(opening: Opening) -> Result<Arc<Self>, StoreError> {
        let Opening { store, instance, retention, limits, teller, token } = opening;
        let writer = Writer::open(&store, retention)?;
        let readers = Readers::new(store.clone());
        let counts = counts::Counts::new();
        Ok(Arc::new(Self {
            writer,
            readers,
            store,
            instance,
            counts,
            storing: storing::Storing::new(teller),
            told: observe::Told::new(),
            live: sentry::Live::new(),
            limits,
            bodies: limits::Budget::new(limits.bodies),
            token,
        }))
    }

    /// Counts what became of a batch, and says when that turns.
    fn settled(&self, outcome: &Result<Stored, StoreError>) {
        match outcome {
            Ok(stored) => {
                self.counts.stored(stored);
                self.storing.succeeded();
            }
            Err(error) => {
                self.counts.commit_failed();
                self.storing.failed(error);
            }
        }
    }
}

/// Returns the backend's routes.
pub fn app(backend: Arc<Backend>) -> Router {
    Router::new()
        .route("/", get(logs::elastic::root))
        .merge(otlp::routes())
        .merge(sentry::routes())
        .merge(logs::routes())
        .merge(query::routes())
        .merge(own::routes())
        .fallback(sentry::elsewhere)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(guard::only_loopback_names))
        .layer(from_fn_with_state(Arc::clone(&backend), access::only_with_token))
        .layer(from_fn(otlp::speak_grpc))
        .layer(from_fn_with_state(Arc::clone(&backend), observe::count))
        .with_state(backend)
}

#[cfg(test)]
mod tests;
