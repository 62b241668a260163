//! Requests on demand, sent as the edge proxy in front of `orders-api` would: each with an id.

use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::task::JoinSet;

use identity::Identity;
use scenario::Request;
pub use scenario::Scenario;

mod identity;
mod scenario;
#[cfg(test)]
mod tests;

/// Longer than any scenario takes.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many requests it takes to hold every connection of `orders-api`.
const CONNECTIONS: usize = 4;

/// A request that was sent and answered.
#[derive(Debug, Clone)]
pub struct SentRequest {
    /// What it shows.
    pub scenario: Scenario,
    /// `POST`.
    pub method: String,
    /// With its query string.
    pub path: String,
    /// As it was sent, and as the reply carries it.
    pub request_id: String,
    /// 32 hex digits; `None` where the application chose it.
    pub trace_id: Option<String>,
    /// The status of the reply.
    pub status: u16,
    /// From the first byte sent to the last one received.
    pub duration_ms: f64,
}

/// A request without the answer that it should have.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// No answer, or none in time.
    #[error("no answer from orders-api to {method} {path}")]
    NoAnswer {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The reply is about another request.
    #[error("sent the request id {sent}, got back {received:?}")]
    OtherRequestId {
        /// What was sent.
        sent: String,
        /// What came back, if anything.
        received: Option<String>,
    },
    /// Everything went well.
    #[error("orders-api did not fail as {scenario} should")]
    NotProvoked {
        /// What should have been seen.
        scenario: Scenario,
    },
}

/// Returns the edge's HTTP client; it speaks to loopback, past any proxy.
pub fn client() -> Result<Client, reqwest::Error> {
    super::http_client::build(false)
}

/// Sends the request of `scenario` to `orders_api`, a URL without a path.
///
/// A reply with status 500 is an answer. Checks that the reply carries the request id. Waits at most
/// 5 s for each reply. Two scenarios send more than they return:
///
/// - [`Scenario::PoolExhausted`] sends reports until one finds no connection, and returns that one. The
///   others still hold theirs, for about a second more; then the pool recovers by itself.
/// - [`Scenario::ReusedRequestId`] returns the second of its two requests.
///
/// Must be called within a tokio runtime.
pub async fn send(
    client: &Client,
    orders_api: &str,
    scenario: Scenario,
) -> Result<SentRequest, TrafficError> {
    match scenario {
        Scenario::ForeignRequestId => {
            send_as(client, orders_api, scenario, Identity::foreign()).await
        }
        Scenario::ReusedRequestId => {
            let identity = Identity::matching();
            send_as(client, orders_api, scenario, identity.clone()).await?;
            send_as(client, orders_api, scenario, identity).await
        }
        Scenario::PoolExhausted => exhaust_pool(client, orders_api).await,
        _ => send_as(client, orders_api, scenario, Identity::matching()).await,
    }
}

/// Sends more reports at once than there are connections, and waits for the first that fails.
async fn exhaust_pool(client: &Client, orders_api: &str) -> Result<SentRequest, TrafficError> {
    let scenario = Scenario::PoolExhausted;
    let mut reports = JoinSet::new();
    for _ in 0..=CONNECTIONS {
        let (client, orders_api) = (client.clone(), orders_api.to_owned());
        reports.spawn(async move {
            send_as(&client, &orders_api, scenario, Identity::matching()).await
        });
    }
    while let Some(report) = reports.join_next().await {
        let report = report.unwrap_or_else(|failed| resume_unwind(failed.into_panic()))?;
        if report.status >= 500 {
            // The others go on: whoever looks now sees the pool exhausted.
            reports.detach_all();
            return Ok(report);
        }
    }
    Err(TrafficError::NotProvoked { scenario })
}

async fn send_as(
    client: &Client,
    orders_api: &str,
    scenario: Scenario,
    identity: Identity,
) -> Result<SentRequest, TrafficError> {
    let Request { method, path, body } = scenario.request();
    let mut request = client
        .request(method.clone(), format!("{}{path}", orders_api.trim_end_matches('/')))
        .timeout(DEADLINE)
        .header("x-request-id", &identity.request_id)
        .header("x-user-id", "user-42")
        // What every signed-in caller sends, and what no error event may hold.
        .bearer_auth("edge-session-6f1c9a");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let started = Instant::now();
    let exchange = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let received = response.headers().get("x-request-id").cloned();
        response.bytes().await?;
        Ok((status, received))
    };
    let (status, received) = exchange.await.map_err(|source| TrafficError::NoAnswer {
        method: method.to_string(),
        path: path.to_owned(),
        source,
    })?;
    let received = received.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let Identity { request_id, trace_id } = identity;
    if received.as_ref() != Some(&request_id) {
        return Err(TrafficError::OtherRequestId { sent: request_id, received });
    }
    Ok(SentRequest {
        scenario,
        method: method.to_string(),
        path: path.to_owned(),
        request_id,
        trace_id,
        status,
        duration_ms: started.elapsed().as_secs_f64() * 1e3,
    })
}
