//! How finished spans reach the collector: over the runtime that the application already has.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response, ResponseExt as _};
use tokio::runtime::Handle;

/// An HTTP client for the span exporter.
///
/// The exporter works on a thread with no runtime, where reqwest panics ("no reactor running"); its
/// blocking client would bring a second runtime along. So each request runs on `handle`.
#[derive(Debug)]
pub(super) struct OtlpClient {
    client: reqwest::Client,
    handle: Handle,
    failing: AtomicBool,
}

impl OtlpClient {
    pub(super) fn new(client: reqwest::Client, handle: Handle) -> Self {
        Self { client, handle, failing: AtomicBool::new(false) }
    }

    /// Logs the first failure and the recovery; a dead collector must not fill the log.
    fn note(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        let failing = outcome.is_err();
        if self.failing.swap(failing, Ordering::Relaxed) == failing {
            return;
        }
        match outcome {
            Ok(_) => tracing::info!("spans are exported again"),
            Err(error) => tracing::warn!(reason = %error, "cannot export spans"),
        }
    }
}

#[async_trait]
impl HttpClient for OtlpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = self.handle.spawn(exchange(self.client.clone(), request));
        let outcome = match exchange.await {
            Ok(Ok(response)) => response.error_for_status(),
            Ok(Err(error)) => Err(error.into()),
            Err(stopped) => Err(stopped.into()),
        };
        self.note(&outcome);
        outcome
    }
}

async fn exchange(
    client: reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, reqwest::Error> {
    let response = client.execute(request.try_into()?).await?;
    let status = response.status();
    let mut exchanged = Response::new(response.bytes().await?);
    *exchanged.status_mut() = status;
    Ok(exchanged)
}
