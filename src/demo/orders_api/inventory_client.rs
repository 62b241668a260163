//! What `orders-api` asks of `inventory`.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use reqwest::{Method, Request, Response};
use serde_json::{Value, json};

use crate::demo::http_client::HttpClient;

/// What a page can wait for.
const FORECAST_TIMEOUT_MS: u64 = 150;
const FORECAST_RESENDS_MAX: u32 = 1;

/// `inventory` as seen from here.
#[derive(Debug, Clone)]
pub(super) struct InventoryClient {
    client: HttpClient,
    url: Arc<str>,
}

/// What became of a reservation.
#[derive(Debug)]
pub(super) enum Reservation {
    Made,
    /// There is no such stock; `reason` is inventory's and is for the caller.
    Refused {
        reason: String,
    },
}

/// No usable answer from `inventory`.
#[derive(Debug, thiserror::Error)]
#[error("inventory {problem}")]
pub(super) struct InventoryError {
    problem: String,
    source: Option<reqwest::Error>,
}

impl InventoryClient {
    pub(super) fn new(client: HttpClient, url: &str) -> Self {
        Self { client, url: url.into() }
    }

    /// Reserves `quantity` of `sku`.
    pub(super) async fn reserve(
        &self,
        sku: &str,
        quantity: u32,
    ) -> Result<Reservation, InventoryError> {
        let body = json!({ "sku": sku, "quantity": quantity });
        let response = self.call(Method::POST, "/reservations", Some(&body)).await?;
        match response.status() {
            status if status.is_success() => Ok(Reservation::Made),
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
                let reason = reason(response).await;
                Ok(Reservation::Refused { reason })
            }
            status => Err(answered(status, &Method::POST, "/reservations")),
        }
    }

    /// Returns the forecast for `sku`, or `None` where there is no such article.
    ///
    /// Waits 150 ms for an answer and then asks once more. Reading twice is harmless; a reservation
    /// would be made twice.
    pub(super) async fn forecast(&self, sku: &str) -> Result<Option<Value>, InventoryError> {
        let path = format!("/forecasts/{sku}");
        let no_answer = |source| no_answer(&Method::GET, &path, source);
        let mut resend_count = 0;
        let response = loop {
            let mut request = self.request(&Method::GET, &path, None).map_err(no_answer)?;
            *request.timeout_mut() = Some(Duration::from_millis(FORECAST_TIMEOUT_MS));
            let outcome = match resend_count {
                0 => self.client.send(request).await,
                _ => self.client.resend(request, resend_count).await,
            };
            match outcome {
                Err(error) if error.is_timeout() && resend_count < FORECAST_RESENDS_MAX => {
                    resend_count += 1;
                    let (attempt, timeout_ms) = (resend_count + 1, FORECAST_TIMEOUT_MS);
                    tracing::warn!(peer = "inventory", attempt, timeout_ms, "retrying");
                }
                outcome => break outcome.map_err(no_answer)?,
            }
        };
        match response.status() {
            StatusCode::OK => Ok(Some(response.json().await.map_err(no_answer)?)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(answered(status, &Method::GET, &path)),
        }
    }

    /// Checks that it is alive; says why it is not.
    pub(super) async fn ready(&self) -> Result<(), String> {
        match self.call(Method::GET, "/healthz", None).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(format!("answered {} to GET /healthz", response.status())),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, InventoryError> {
        let no_answer = |source| no_answer(&method, path, source);
        let request = self.request(&method, path, body).map_err(no_answer)?;
        self.client.send(request).await.map_err(no_answer)
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request, reqwest::Error> {
        let builder = self.client.request(method.clone(), &format!("{}{path}", self.url));
        match body {
            Some(body) => builder.json(body).build(),
            None => builder.build(),
        }
    }
}

fn no_answer(method: &Method, path: &str, source: reqwest::Error) -> InventoryError {
    // The address stays out of the message: it would tell apart what is one error. The span has it.
    let source = Some(source.without_url());
    InventoryError { problem: format!("did not answer {method} {path}"), source }
}

fn answered(status: StatusCode, method: &Method, path: &str) -> InventoryError {
    InventoryError { problem: format!("answered {status} to {method} {path}"), source: None }
}

async fn reason(response: Response) -> String {
    let body: Value = response.json().await.unwrap_or_default();
    body["error"].as_str().unwrap_or("refused by inventory").to_owned()
}
