use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::demo::test_services::{self, NOBODY, Services};

struct OrdersApi {
    router: Router,
    _folder: TempDir,
}

impl OrdersApi {
    /// With an inventory that cannot be reached.
    fn alone() -> Self {
        Self::with_inventory(NOBODY)
    }

    fn with_inventory(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let router = test_services::orders_api(folder.path(), url);
        Self { router, _folder: folder }
    }

    async fn answer(&self, request: http::request::Builder, body: &str) -> (Response<()>, String) {
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 65_536).await.unwrap();
        (Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn metric(&self, series: &str) -> String {
        let (_, page) = self.answer(Request::get("/metrics"), "").await;
        let line = page.lines().find(|line| line.starts_with(series)).unwrap_or_default();
        line.rsplit(' ').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_order_is_reserved_and_counted() {
    let services = Services::start().await;
    let orders_api = OrdersApi::with_inventory(&services.inventory);
    let (head, body) =
        orders_api.answer(Request::post("/orders"), r#"{"sku":"SKU-1","quantity":2}"#).await;
    assert_eq!(head.status(), 201);
    assert_eq!(body, r#"{"id":21,"quantity":2,"sku":"SKU-1","status":"reserved"}"#);
    assert_eq!(orders_api.metric("orders_placed_total").await, "1");
}

#[tokio::test]
async fn an_error_deep_in_inventory_is_an_unhandled_error_here() {
    let services = Services::start().await;
    let request = Request::post("/orders").header("x-request-id", "req_8fK2");
    let (head, body) = OrdersApi::with_inventory(&services.inventory)
        .answer(request, r#"{"sku":"SKU-9","quantity":2}"#)
        .await;
    assert_eq!(head.status(), 500);
    assert_eq!(head.headers()["x-request-id"], "req_8fK2");
    assert_eq!(body, r#"{"error":"internal server error","request_id":"req_8fK2"}"#);
}

#[tokio::test]
async fn an_article_that_inventory_does_not_know_is_refused_with_its_reason() {
    let services = Services::start().await;
    let order = r#"{"sku":"SKU-77","quantity":2}"#;
    let (head, body) = OrdersApi::with_inventory(&services.inventory)
        .answer(Request::post("/orders"), order)
        .await;
    assert_eq!((head.status().as_u16(), body.as_str()), (409, r#"{"error":"no stock of SKU-77"}"#));
}

#[tokio::test]
async fn listing_twenty_orders_makes_twenty_one_queries() {
    let orders_api = OrdersApi::alone();
    let (head, _) = orders_api.answer(Request::get("/orders?limit=20"), "").await;
    assert_eq!(head.status(), 200);
    let queries = |collection: &str| {
        let name = "db_client_operation_duration_seconds_count";
        format!(r#"{name}{{db_collection_name="{collection}",db_operation_name="SELECT"}}"#)
    };
    assert_eq!(orders_api.metric(&queries("orders")).await, "1");
    assert_eq!(orders_api.metric(&queries("order_items")).await, "20");
}

#[tokio::test]
async fn a_request_is_measured_by_its_route_and_not_by_its_path() {
    let orders_api = OrdersApi::alone();
    orders_api.answer(Request::get("/orders/7"), "").await;
    let series = concat!(
        r#"http_server_request_duration_seconds_count{http_request_method="GET","#,
        r#"http_response_status_code="200",http_route="/orders/{id}"}"#
    );
    assert_eq!(orders_api.metric(series).await, "1");
}

#[tokio::test]
async fn the_pool_is_measured_by_state() {
    let orders_api = OrdersApi::alone();
    assert_eq!(orders_api.metric("db_client_connections_max").await, "4");
    assert_eq!(orders_api.metric(r#"db_client_connections_usage{state="used"}"#).await, "0");
}

#[tokio::test]
async fn readiness_names_the_inventory_that_does_not_answer() {
    let (head, body) = OrdersApi::alone().answer(Request::get("/readyz"), "").await;
    assert_eq!(head.status(), 503);
    assert_eq!(
        body,
        concat!(
            r#"{"components":{"database":{"status":"ok"},"inventory":{"#,
            r#""error":"inventory did not answer GET /healthz","status":"fail"}},"status":"fail"}"#
        )
    );
}

#[tokio::test]
async fn input_that_makes_no_sense_is_refused_with_the_reason() {
    let orders_api = OrdersApi::alone();
    let order = r#"{"sku":"SKU-1","quantity":0}"#;
    let (head, body) = orders_api.answer(Request::post("/orders"), order).await;
    assert_eq!(head.status(), 400);
    assert!(body.contains("a quantity from 1 to 1000"), "{body}");
    assert_eq!(orders_api.answer(Request::get("/orders/x"), "").await.0.status(), 400);
    assert_eq!(orders_api.answer(Request::get("/orders/999"), "").await.0.status(), 404);
    assert_eq!(orders_api.answer(Request::get("/nowhere"), "").await.0.status(), 404);
}

#[tokio::test]
async fn a_request_without_an_id_is_given_one_in_the_reply() {
    let (head, _) = OrdersApi::alone().answer(Request::get("/healthz"), "").await;
    let id = head.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7);
}
