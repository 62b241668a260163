//! `POST /users`: a user is an id and nothing personal.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use crate::demo::database::Statement;
use crate::demo::handler_error::HandlerError;

use super::OrdersApi;

const INSERT_USER: Statement = Statement {
    operation: "INSERT",
    collection: "users",
    text: "INSERT INTO users (created_at) VALUES (datetime('now'))",
};

pub(super) async fn create_user(
    State(state): State<OrdersApi>,
) -> Result<(StatusCode, Json<Value>), HandlerError> {
    let user_id = state.database.run(&INSERT_USER, |insert| insert.insert([])).await?;
    state.users_created.inc();
    tracing::info!(user_id, "user created");
    Ok((StatusCode::CREATED, Json(json!({ "id": user_id }))))
}
