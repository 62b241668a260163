//! `GET /forecasts/{sku}`: inventory's forecast, asked for twice where the first answer is late.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use crate::demo::handler_error::HandlerError;

use super::OrdersApi;

pub(super) async fn show_forecast(
    State(state): State<OrdersApi>,
    Path(sku): Path<String>,
) -> Result<Json<Value>, HandlerError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !sku.bytes().all(known) {
        return Err(HandlerError::bad_request("a sku has letters, digits and dashes"));
    }
    let forecast = state.inventory.forecast(&sku).await?;
    forecast.map(Json).ok_or_else(|| HandlerError::not_found(format!("no forecast for {sku}")))
}
