//! How Sentry's clients are answered.
//!
//! They look at the status and at the headers only. Source: `issues.md` section 5.3;
//! develop.sentry.dev, "Rate Limiting".

use axum::Json;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::super::answer::Refusal;

/// What is not stored, for a day: clients stop to build and send it.
pub(super) const NOT_STORED: &str =
    "86400:profile;profile_chunk;profile_duration;replay;metric_bucket:organization";

/// Why a request was not taken, or not all of it.
const ERROR: HeaderName = HeaderName::from_static("x-sentry-error");

/// The longest reason in a header, in characters.
const ERROR_CHARACTERS_MAX: usize = 200;

/// 200, with the event's id when there is one.
pub(super) fn accepted(id: Option<&str>) -> Response {
    let body = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
    ([("x-sentry-rate-limits", NOT_STORED)], Json(body)).into_response()
}

/// The refusal in the shape that Sentry's own server gives it; `causes` say more.
pub(super) fn refused(refusal: &Refusal, causes: &[String]) -> Response {
    let (status, _) = refusal.status();
    let detail = refusal.message();
    let body = json!({ "detail": detail, "causes": causes });
    let mut response = (status, Json(body)).into_response();
    refusal.dress(&mut response);
    let printable = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    let text: String = detail.chars().take(ERROR_CHARACTERS_MAX).map(printable).collect();
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(ERROR, value);
    }
    response
}
