use axum::body::Body;
use http::{Request, Response};
use serde_json::Value;
use tower::ServiceExt as _;

async fn answer(request: http::request::Builder, body: &str) -> (Response<()>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let router = super::router(&folder.path().join("inventory.sqlite")).unwrap();
    let request =
        request.header("content-type", "application/json").body(Body::from(body.to_owned()));
    let response = router.oneshot(request.unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 65_536).await.unwrap();
    (Response::from_parts(head, ()), serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_reservation_takes_the_stock_in_boxes() {
    let (head, body) =
        answer(Request::post("/reservations"), r#"{"sku":"SKU-1","quantity":7}"#).await;
    assert_eq!((head.status().as_u16(), &body["boxes"]), (201, &2.into()));
}

#[tokio::test]
async fn the_article_without_units_per_box_is_an_unhandled_error() {
    let request = Request::post("/reservations").header("x-request-id", "req_8fK2");
    let (head, body) = answer(request, r#"{"sku":"SKU-9","quantity":7}"#).await;
    assert_eq!(head.status(), 500);
    assert_eq!(body.to_string(), r#"{"error":"internal server error","request_id":"req_8fK2"}"#);
}

#[tokio::test]
async fn more_than_there_is_is_refused_with_the_reason() {
    let body = r#"{"sku":"SKU-1","quantity":2000000}"#;
    let (head, body) = answer(Request::post("/reservations"), body).await;
    assert_eq!(
        (head.status().as_u16(), &body["error"]),
        (409, &"only 1000000 of SKU-1 left".into())
    );
}

#[tokio::test]
async fn an_unknown_article_is_not_found() {
    let (head, body) = answer(Request::get("/stock/SKU-77"), "").await;
    assert_eq!((head.status().as_u16(), &body["error"]), (404, &"no stock of SKU-77".into()));
}

#[tokio::test]
async fn a_body_that_is_no_reservation_is_refused_with_the_reason() {
    let (head, body) = answer(Request::post("/reservations"), r#"{"sku":"SKU-1"}"#).await;
    assert_eq!(head.status(), 422);
    assert!(body["error"].as_str().unwrap().contains("missing field `quantity`"), "{body}");
}

#[tokio::test]
async fn readiness_names_the_database() {
    let (head, body) = answer(Request::get("/readyz"), "").await;
    assert_eq!(head.status(), 200);
    assert_eq!(body.to_string(), r#"{"components":{"database":{"status":"ok"}},"status":"ok"}"#);
}
