//! How a handler fails: a refusal that the caller is told the reason of, or an unhandled error.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// Why a handler has no answer.
#[derive(Debug)]
pub(super) enum HandlerError {
    /// The caller asked for something that cannot be had; `reason` is for the caller.
    Refused { status: StatusCode, reason: String },
    /// Nobody foresaw it; the caller learns only the request id.
    Unhandled(UnhandledError),
}

impl HandlerError {
    pub(super) fn bad_request(reason: impl fmt::Display) -> Self {
        Self::Refused { status: StatusCode::BAD_REQUEST, reason: reason.to_string() }
    }

    pub(super) fn not_found(reason: impl fmt::Display) -> Self {
        Self::Refused { status: StatusCode::NOT_FOUND, reason: reason.to_string() }
    }

    pub(super) fn conflict(reason: impl fmt::Display) -> Self {
        Self::Refused { status: StatusCode::CONFLICT, reason: reason.to_string() }
    }
}

/// Every error that a handler passes on with `?` is an unhandled one.
impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::Unhandled(UnhandledError(Arc::new(error)))
    }
}

/// An unhandled error on its way from the handler to the layer that reports it, as an extension of
/// the response.
#[derive(Debug, Clone)]
pub(super) struct UnhandledError(pub(super) Arc<dyn Error + Send + Sync>);

impl IntoResponse for HandlerError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { status, reason } => {
                (status, Json(json!({ "error": reason }))).into_response()
            }
            Self::Unhandled(error) => {
                let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
                response.extensions_mut().insert(error);
                response
            }
        }
    }
}

/// A JSON body; one that cannot be read is refused with the reason, as JSON like every answer.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = HandlerError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HandlerError> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

fn refused(rejection: &JsonRejection) -> HandlerError {
    HandlerError::Refused { status: rejection.status(), reason: rejection.body_text() }
}

/// Answers a path that no route has.
pub(super) async fn no_such_route() -> HandlerError {
    HandlerError::not_found("no such route")
}
