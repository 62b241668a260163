//! `POST /reservations`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::demo::database::Statement;
use crate::demo::handler_error::{HandlerError, JsonBody};

use super::Inventory;
use super::packing::{self, PackingError};
use super::stock;

const UPDATE_STOCK: Statement = Statement {
    operation: "UPDATE",
    collection: "stock",
    text: "UPDATE stock SET available = available - ?2 WHERE sku = ?1 AND available >= ?2",
};
const INSERT_RESERVATION: Statement = Statement {
    operation: "INSERT",
    collection: "reservations",
    text: "INSERT INTO reservations (sku, quantity, boxes) VALUES (?1, ?2, ?3)",
};

/// What is to be reserved.
#[derive(Debug, Deserialize)]
pub(super) struct NewReservation {
    sku: String,
    quantity: u32,
}

/// A reservation that could not be made, though the stock is there.
#[derive(Debug, thiserror::Error)]
#[error("cannot reserve {quantity} of {sku}")]
struct ReservationError {
    quantity: u32,
    sku: String,
    source: PackingError,
}

pub(super) async fn make_reservation(
    State(state): State<Inventory>,
    JsonBody(reservation): JsonBody<NewReservation>,
) -> Result<(StatusCode, Json<Value>), HandlerError> {
    let NewReservation { sku, quantity } = reservation;
    let Some(stock) = stock::find(&state.database, &sku).await? else {
        return Err(HandlerError::not_found(format!("no stock of {sku}")));
    };
    let boxes = packing::boxes_for(&stock.sku, quantity, stock.units_per_box)
        .map_err(|source| ReservationError { quantity, sku: sku.clone(), source })?;
    let taken = (sku.clone(), quantity);
    let updated = state.database.run(&UPDATE_STOCK, |update| update.execute(taken)).await?;
    if updated == 0 {
        return Err(HandlerError::conflict(format!("only {} of {sku} left", stock.available)));
    }
    let made = (sku.clone(), quantity, boxes);
    let id = state.database.run(&INSERT_RESERVATION, |insert| insert.insert(made)).await?;
    state.reservations.inc();
    tracing::info!(reservation_id = id, sku, quantity, boxes, "stock reserved");
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "sku": sku, "boxes": boxes }))))
}
