//! Runs one application from its start to its graceful stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::demo::database::OpenError;
use crate::demo::http_client::{self, HttpClient};
use crate::demo::service::Service;
use crate::demo::settings::{InvalidSetting, Settings};
use crate::demo::telemetry::{self, TelemetryError};
use crate::demo::{inventory, orders_api};

/// How long requests that are being served may take to finish once the application stops.
const DRAIN_MAX: Duration = Duration::from_secs(1);
/// How long the rest of the telemetry may take to be sent.
const FLUSH_MAX: Duration = Duration::from_millis(900);

/// An application that cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A variable of the environment cannot be read.
    #[error("cannot read the settings")]
    Settings(#[from] InvalidSetting),
    /// No threads.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// Logs, spans or errors cannot be switched on.
    #[error("cannot start telemetry")]
    Telemetry(#[from] TelemetryError),
    /// No database.
    #[error("cannot open the database")]
    Database(#[from] OpenError),
    /// No HTTP client.
    #[error("cannot build an HTTP client")]
    Client(#[from] reqwest::Error),
    /// The address is not free.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address, from `LISTEN`.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The listener broke.
    #[error("cannot serve")]
    Serve(#[source] io::Error),
}

/// Runs `service` until SIGTERM, SIGINT or the end of its standard input; blocks.
///
/// The end of standard input counts because it comes even when the process that started the service
/// is killed: no service outlives it. Stopping takes at most 1 s for requests that are being served
/// and 1 s for telemetry.
pub fn run_service(service: Service) -> Result<(), ServiceError> {
    let settings = Settings::from_environment(service)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(ServiceError::Runtime)?;
    let telemetry = telemetry::start(&settings, runtime.handle())?;
    let outcome = runtime.block_on(serve(&settings));
    if let Err(error) = &outcome {
        let exception = crate::demo::error_chain::text(error);
        tracing::error!(exception, "cannot go on");
    }
    // The exporter sends over the runtime, which therefore ends last.
    telemetry.stop(FLUSH_MAX);
    runtime.shutdown_background();
    outcome
}

async fn serve(settings: &Settings) -> Result<(), ServiceError> {
    let stop = stop_signal();
    let router = router(settings)?;
    let address = settings.listen;
    let cannot_listen = |source| ServiceError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let bound = listener.local_addr().map_err(cannot_listen)?;
    tracing::info!(address = %bound, release = settings.release, "listening");

    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stopped(stop.clone())).into_future();
    tokio::select! {
        outcome = serving => outcome.map_err(ServiceError::Serve)?,
        () = drained(stop) => tracing::warn!("stopped before every request was finished"),
    }
    tracing::info!("stopped");
    Ok(())
}

fn router(settings: &Settings) -> Result<Router, ServiceError> {
    let path = &settings.database_path;
    match settings.service {
        Service::Inventory => Ok(inventory::router(path)?),
        Service::OrdersApi => {
            let client = HttpClient::new(http_client::build(settings.uses_tls())?);
            Ok(orders_api::router(path, client, &settings.inventory_url)?)
        }
    }
}

/// Returns what becomes true when the application is asked to stop.
fn stop_signal() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let at_end_of_input = sender.clone();
    // A thread and not tokio's stdin: a read that never returns would keep the runtime from ending.
    std::thread::spawn(move || {
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        at_end_of_input.send_replace(true);
    });
    tokio::spawn(async move {
        terminated().await;
        sender.send_replace(true);
    });
    receiver
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn terminated() {
    drop(tokio::signal::ctrl_c().await);
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the senders are gone, which they are not before one of them has sent.
    drop(stop.wait_for(|stop| *stop).await);
}

async fn drained(stop: watch::Receiver<bool>) {
    stopped(stop).await;
    tokio::time::sleep(DRAIN_MAX).await;
}
