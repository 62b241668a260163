//! `GET /ledger`: fails with an error that nobody has seen before.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::demo::database::Statement;
use crate::demo::handler_error::HandlerError;

use super::OrdersApi;

const SELECT_BALANCE: Statement = Statement {
    operation: "SELECT",
    collection: "ledger_entries",
    text: "SELECT SUM(cents) FROM ledger_entries",
};

/// The entries of the ledger do not add up to nothing.
#[derive(Debug, thiserror::Error)]
#[error("ledger out of balance by {cents} cents")]
struct LedgerImbalance {
    cents: i64,
}

pub(super) async fn show_ledger(
    State(state): State<OrdersApi>,
) -> Result<Json<Value>, HandlerError> {
    let select =
        state.database.run(&SELECT_BALANCE, |select| select.query_row([], |row| row.get(0)));
    match select.await? {
        0 => Ok(Json(json!({ "balanced": true }))),
        cents => Err(LedgerImbalance { cents }.into()),
    }
}
