use super::*;
use crate::demo::http_client;
use crate::demo::test_services::{NOBODY, Services};

fn client() -> Client {
    http_client::build(false).unwrap()
}

async fn sent(scenario: Scenario) -> SentRequest {
    let services = Services::start().await;
    send(&client(), &services.orders_api, scenario).await.unwrap()
}

async fn status_of(services: &Services, path: &str) -> (u16, String) {
    let url = format!("{}{path}", services.orders_api);
    let response = client().get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn an_order_goes_well_under_a_request_id_that_is_its_trace_id() {
    let order = sent(Scenario::Order).await;
    assert_eq!(order.status, 201);
    assert_eq!(Some(order.request_id.replace('-', "")), order.trace_id);
}

#[tokio::test]
async fn the_failures_that_nobody_handles_are_answered_with_500() {
    assert_eq!(sent(Scenario::DeepError).await.status, 500);
    assert_eq!(sent(Scenario::UnknownFailure).await.status, 500);
}

#[tokio::test]
async fn what_is_only_slow_or_odd_goes_well() {
    assert_eq!(sent(Scenario::QueryPerRow).await.status, 200);
    assert_eq!(sent(Scenario::ReusedRequestId).await.status, 201);
    let foreign = sent(Scenario::ForeignRequestId).await;
    assert!(foreign.request_id.starts_with("req_") && foreign.trace_id.is_none());
}

#[tokio::test]
async fn a_try_that_takes_too_long_is_followed_by_one_that_succeeds() {
    let forecast = sent(Scenario::TimeoutWithRetry).await;
    assert_eq!(forecast.status, 200);
    assert!(forecast.duration_ms >= 150.0, "{}", forecast.duration_ms);
}

#[tokio::test]
async fn the_slow_stretch_is_most_of_its_request() {
    let invoice = sent(Scenario::SlowStretch).await;
    assert_eq!(invoice.status, 200);
    assert!(invoice.duration_ms >= 300.0, "{}", invoice.duration_ms);
}

#[tokio::test]
async fn an_exhausted_pool_fails_a_request_and_is_named_by_readiness() {
    let services = Services::start().await;
    let report = send(&client(), &services.orders_api, Scenario::PoolExhausted).await.unwrap();
    assert_eq!(report.status, 500);
    let (status, body) = status_of(&services, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""database":{"error":"timed out waiting for connection"#), "{body}");
}

#[tokio::test]
async fn an_exhausted_pool_recovers_by_itself() {
    let services = Services::start().await;
    send(&client(), &services.orders_api, Scenario::PoolExhausted).await.unwrap();
    // Each try waits for a connection in the pool, up to 500 ms; the reports are done after 1.5 s.
    let mut tries = 0;
    while status_of(&services, "/orders/7").await.0 != 200 {
        tries += 1;
        assert!(tries < 20, "still exhausted");
    }
}

#[tokio::test]
async fn an_orders_api_that_is_not_there_is_no_answer() {
    let error = send(&client(), NOBODY, Scenario::Order).await.unwrap_err();
    assert_eq!(error.to_string(), "no answer from orders-api to POST /orders");
}

#[test]
fn every_scenario_has_a_name_of_its_own() {
    let mut names = Scenario::ALL.map(Scenario::name);
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}
