//! `/healthz` and `/readyz`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// `GET /healthz`: the process answers; says nothing of what it stands on.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Answers `GET /readyz` from the outcome of each component's check: 503 when one fails.
///
/// `{"status":"fail","components":{"database":{"status":"fail","error":"…"},"inventory":{"status":"ok"}}}`
pub(super) fn ready<const N: usize>(components: [(&str, Result<(), String>); N]) -> Response {
    let failed = components.iter().any(|(_, outcome)| outcome.is_err());
    let components: Map<String, Value> = components
        .into_iter()
        .map(|(name, outcome)| {
            let state = match outcome {
                Ok(()) => json!({ "status": "ok" }),
                Err(error) => json!({ "status": "fail", "error": error }),
            };
            (name.to_owned(), state)
        })
        .collect();
    let (code, status) =
        if failed { (StatusCode::SERVICE_UNAVAILABLE, "fail") } else { (StatusCode::OK, "ok") };
    (code, Json(json!({ "status": status, "components": components }))).into_response()
}
