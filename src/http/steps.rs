//! How long resolving, connecting and the TLS handshake take within a request, which reqwest does not
//! tell by itself.
//!
//! A resolver, a layer around the connector and the store of TLS sessions (`shaking`) note their times for
//! the request that is being watched; all run inside of its future. What a connection that was open already serves has no such steps.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower::{Layer, Service};

tokio::task_local! {
    static STEPS: Steps;
}

/// What the requests of one page have spent.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps(Arc<Mutex<Spent>>);

#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    resolving: Option<Duration>,
    /// Resolving and the handshake are a part of it.
    connecting: Option<Duration>,
    shaking: Option<Duration>,
    /// Of the connection that is being made.
    handshake: Option<Instant>,
    /// Connections that were begun and are not made.
    open: usize,
    /// Names that are being resolved.
    names: usize,
}

/// What a request that was given up was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Name,
    Connection,
    Handshake,
    Answer,
}

/// What the steps of a page took; of redirects together, absent where there was no such step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Took {
    pub(super) resolve: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
}

impl Steps {
    /// Watches the steps of what is asked within a future.
    pub(super) fn watch<F: Future>(asking: F) -> (Self, impl Future<Output = F::Output>) {
        let steps = Self::default();
        (steps.clone(), STEPS.scope(steps, asking))
    }

    /// Returns what each step took by itself.
    pub(super) fn took(&self) -> Took {
        let Spent { resolving, connecting, shaking, .. } =
            *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let within = resolving.unwrap_or_default() + shaking.unwrap_or_default();
        let connect = connecting.map(|all| all.saturating_sub(within));
        Took { resolve: resolving, connect, tls: shaking }
    }

    /// Returns what is being waited for.
    pub(super) fn waiting(&self) -> Waiting {
        let spent = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match spent {
            Spent { handshake: Some(_), .. } => Waiting::Handshake,
            Spent { names: 1.., .. } => Waiting::Name,
            Spent { open: 1.., .. } => Waiting::Connection,
            _ => Waiting::Answer,
        }
    }

    /// Notes that a TLS handshake begins; of several notes of one handshake the first counts.
    pub(super) fn note_handshake() {
        if let Some(steps) = Self::current() {
            steps.note(|spent| spent.handshake = spent.handshake.or_else(|| Some(Instant::now())));
        }
    }

    fn note(&self, change: impl FnOnce(&mut Spent)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns those of the request that this is done for; none where nobody watches.
    fn current() -> Option<Self> {
        STEPS.try_with(Self::clone).ok()
    }
}

/// Lets a client note its steps.
pub(super) fn watched(builder: ClientBuilder) -> ClientBuilder {
    builder.dns_resolver(Arc::new(Resolver)).connector_layer(Connecting)
}

/// Resolves as the client would, with the system's resolver.
#[derive(Debug)]
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let steps = Steps::current();
        Box::pin(async move {
            let began = Instant::now();
            if let Some(steps) = &steps {
                steps.note(|spent| spent.names += 1);
            }
            // The port is put in by the client.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            if let Some(steps) = &steps {
                steps.note(|spent| spent.names -= 1);
            }
            let addresses: Vec<_> = found?.collect();
            if let Some(steps) = steps {
                let took = began.elapsed();
                steps.note(|spent| *spent.resolving.get_or_insert_default() += took);
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Stands around the connector.
#[derive(Debug, Clone, Copy)]
struct Connecting;

impl<S> Layer<S> for Connecting {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Connector(inner)
    }
}

#[derive(Debug, Clone)]
struct Connector<S>(S);

impl<S: Service<R>, R> Service<R> for Connector<S>
where
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.0.call(request);
        let Some(steps) = Steps::current() else { return Box::pin(connecting) };
        let began = Instant::now();
        steps.note(|spent| spent.open += 1);
        Box::pin(async move {
            let connected = connecting.await;
            let took = began.elapsed();
            steps.note(|spent| {
                // What its own bound has ended still tells what it waited for.
                if connected.is_ok() {
                    spent.open -= 1;
                    *spent.connecting.get_or_insert_default() += took;
                    if let Some(handshake) = spent.handshake.take() {
                        *spent.shaking.get_or_insert_default() += handshake.elapsed();
                    }
                }
            });
            connected
        })
    }
}
