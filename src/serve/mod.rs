//! The embedded backend: what instrumented services send is stored, what the commands ask is answered.
//!
//! [`app`] is the whole of it as a router, testable without a socket; [`listen`] finds a port and
//! [`run`] serves until told to stop. It answers on loopback and to loopback's names only, unless a
//! [`Token`] says who else may ask.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

use crate::store::{StoreError, Writer};

mod access;
mod answer;
mod counts;
mod guard;
mod intake;
mod limits;
mod listen;
mod logs;
mod otlp;
mod own;
mod paced;
mod query;
mod sentry;
mod tail;

pub use access::{Token, TokenError};
pub use limits::Limits;
pub use listen::{ListenError, listen, listen_at, run};
pub use logs::syslog;
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
    writer: Writer,
    store: PathBuf,
    instance: String,
    counts: counts::Counts,
    limits: Limits,
    bodies: limits::Budget,
    token: Option<Token>,
}

impl Backend {
    /// Opens the store; `instance` is the word that `/healthz` repeats.
    pub fn open(store: PathBuf, instance: String) -> Result<Arc<Self>, StoreError> {
        Self::guarded(store, instance, Limits::default(), None)
    }

    /// The same with bounds of one's own, and the token that every request must carry.
    pub fn guarded(
        store: PathBuf,
        instance: String,
        limits: Limits,
        token: Option<Token>,
    ) -> Result<Arc<Self>, StoreError> {
        let writer = Writer::open(&store)?;
        let bodies = limits::Budget::new(limits.bodies);
        let counts = counts::Counts::new();
        Ok(Arc::new(Self { writer, store, instance, counts, limits, bodies, token }))
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
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(guard::only_loopback_names))
        .layer(from_fn_with_state(Arc::clone(&backend), access::only_with_token))
        .with_state(backend)
}

#[cfg(test)]
mod tests;
