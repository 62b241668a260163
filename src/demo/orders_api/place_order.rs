//! `POST /orders`: the order is stored first and reserved then, so that none is lost.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::demo::database::Statement;
use crate::demo::handler_error::{HandlerError, JsonBody};

use super::OrdersApi;
use super::inventory_client::Reservation;

const QUANTITY_MAX: u32 = 1_000;

const INSERT_ORDER: Statement = Statement {
    operation: "INSERT",
    collection: "orders",
    text: "INSERT INTO orders (status, placed_at) VALUES ('placed', datetime('now'))",
};
const INSERT_ITEM: Statement = Statement {
    operation: "INSERT",
    collection: "order_items",
    text: "INSERT INTO order_items (order_id, sku, quantity) VALUES (?1, ?2, ?3)",
};
const UPDATE_ORDER: Statement = Statement {
    operation: "UPDATE",
    collection: "orders",
    text: "UPDATE orders SET status = ?2 WHERE id = ?1",
};

/// What is ordered.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrder {
    sku: String,
    quantity: u32,
}

pub(super) async fn place_order(
    State(state): State<OrdersApi>,
    JsonBody(order): JsonBody<NewOrder>,
) -> Result<(StatusCode, Json<Value>), HandlerError> {
    let NewOrder { sku, quantity } = order;
    if sku.is_empty() || !(1..=QUANTITY_MAX).contains(&quantity) {
        let reason = format!("an order needs a sku and a quantity from 1 to {QUANTITY_MAX}");
        return Err(HandlerError::bad_request(reason));
    }
    let order_id = state.database.run(&INSERT_ORDER, |insert| insert.insert([])).await?;
    let item = (order_id, sku.clone(), quantity);
    state.database.run(&INSERT_ITEM, |insert| insert.execute(item)).await?;
    tracing::info!(order_id, sku, quantity, "order stored");

    let reservation = state.inventory.reserve(&sku, quantity).await?;
    let status = match &reservation {
        Reservation::Made => "reserved",
        Reservation::Refused { .. } => "refused",
    };
    state.database.run(&UPDATE_ORDER, move |update| update.execute((order_id, status))).await?;
    if let Reservation::Refused { reason } = reservation {
        tracing::warn!(order_id, sku, reason, "order refused");
        return Err(HandlerError::conflict(reason));
    }
    state.orders_placed.inc();
    tracing::info!(order_id, sku, quantity, "order placed");
    let body = json!({ "id": order_id, "status": status, "sku": sku, "quantity": quantity });
    Ok((StatusCode::CREATED, Json(body)))
}
