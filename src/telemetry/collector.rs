//! How finished spans reach the collector: over the runtime that the commands use.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::Client;
use tokio::runtime::Handle;
use url::Url;

use crate::http::{innermost, plain_client, shown};

/// Why spans were lost: the first reason is kept.
#[derive(Debug, Default)]
pub(super) struct Failure {
    asked: OnceLock<String>,
    reason: Mutex<Option<String>>,
}

impl Failure {
    /// Returns the first reason, if any.
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.lock().ok()?.clone()
    }

    /// Returns who was asked, without secrets.
    pub(super) fn asked(&self) -> &str {
        self.asked.get().map_or("the collector", String::as_str)
    }

    fn note(&self, reason: &str) {
        if let Ok(mut first) = self.reason.lock() {
            first.get_or_insert_with(|| format!("{reason} ({})", self.asked()));
        }
    }
}

/// An HTTP client for the span exporter.
///
/// The exporter works on a thread with no runtime, where reqwest panics ("no reactor running"); its
/// blocking client would bring a second runtime along. So each request runs on `runtime`.
#[derive(Debug)]
pub(super) struct Collector {
    runtime: Handle,
    timeout: Duration,
    client: Arc<OnceLock<Client>>,
    failure: Arc<Failure>,
}

impl Collector {
    pub(super) fn new(runtime: Handle, timeout: Duration, failure: Arc<Failure>) -> Self {
        Self { runtime, timeout, client: Arc::default(), failure }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let url: Url = request.uri().to_string().parse()?;
        // Set once: there is one endpoint.
        drop(self.failure.asked.set(shown(&url)));
        let (client, timeout) = (Arc::clone(&self.client), self.timeout);
        let exchange = self.runtime.spawn(async move {
            // Made here, so that reading the certificate authorities holds up no command.
            let client = client.get_or_init(|| plain_client(&url, timeout));
            exchange(client, request).await
        });
        let answer = match exchange.await {
            Ok(answer) => answer,
            Err(stopped) => return Err(stopped.into()),
        };
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(answer),
            Ok(answer) => {
                let reason = format!("answered {}", answer.status());
                self.failure.note(&reason);
                Err(reason.into())
            }
            Err(error) => {
                let reason = if error.is_timeout() {
                    format!("no answer within {:?}", self.timeout)
                } else {
                    innermost(&error)
                };
                self.failure.note(&reason);
                Err(reason.into())
            }
        }
    }
}

async fn exchange(
    client: &Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, reqwest::Error> {
    let response = client.execute(request.try_into()?).await?;
    let status = response.status();
    // What a collector says of single spans is not used; a long answer is not read.
    let mut exchanged = Response::new(Bytes::new());
    *exchanged.status_mut() = status;
    Ok(exchanged)
}
