//! `GET /stock/{sku}`, and the stock of one article for whoever needs it.

use axum::Json;
use axum::extract::{Path, State};
use rusqlite::OptionalExtension as _;
use serde::Serialize;

use crate::demo::database::{Database, QueryError, Statement};
use crate::demo::handler_error::HandlerError;

use super::Inventory;

const SELECT_STOCK: Statement = Statement {
    operation: "SELECT",
    collection: "stock",
    text: "SELECT sku, available, units_per_box FROM stock WHERE sku = ?1",
};

/// The stock of one article.
#[derive(Debug, Serialize)]
pub(super) struct Stock {
    pub(super) sku: String,
    pub(super) available: u32,
    pub(super) units_per_box: u32,
}

pub(super) async fn show_stock(
    State(state): State<Inventory>,
    Path(sku): Path<String>,
) -> Result<Json<Stock>, HandlerError> {
    let stock = find(&state.database, &sku).await?;
    stock.map(Json).ok_or_else(|| HandlerError::not_found(format!("no stock of {sku}")))
}

/// Returns the stock of `sku`, or `None` where there is no such article.
pub(super) async fn find(database: &Database, sku: &str) -> Result<Option<Stock>, QueryError> {
    let sku = sku.to_owned();
    let select = database.run(&SELECT_STOCK, |select| {
        select
            .query_row([sku], |row| {
                Ok(Stock { sku: row.get(0)?, available: row.get(1)?, units_per_box: row.get(2)? })
            })
            .optional()
    });
    select.await
}
