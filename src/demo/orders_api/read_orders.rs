//! `GET /orders/{id}` and `GET /orders`.

use std::fmt;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use rusqlite::{OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use crate::demo::database::{QueryError, Statement};
use crate::demo::handler_error::HandlerError;

use super::OrdersApi;

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;

const SELECT_ORDER: Statement = Statement {
    operation: "SELECT",
    collection: "orders",
    text: "SELECT id, status, placed_at FROM orders WHERE id = ?1",
};
const SELECT_ORDERS: Statement = Statement {
    operation: "SELECT",
    collection: "orders",
    text: "SELECT id, status, placed_at FROM orders ORDER BY id DESC LIMIT ?1",
};
const SELECT_ITEMS: Statement = Statement {
    operation: "SELECT",
    collection: "order_items",
    text: "SELECT sku, quantity FROM order_items WHERE order_id = ?1",
};

/// An order as it is answered.
#[derive(Debug, Serialize)]
pub(super) struct Order {
    id: i64,
    status: String,
    placed_at: String,
    items: Vec<Item>,
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Item { sku, quantity } in &self.items {
            writeln!(formatter, "{quantity:>5} x {sku}")?;
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct Item {
    sku: String,
    quantity: u32,
}

/// The query string of `GET /orders`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<u32>,
}

pub(super) async fn show_order(
    State(state): State<OrdersApi>,
    Path(id): Path<String>,
) -> Result<Json<Order>, HandlerError> {
    let order = find_order(&state, &id).await?;
    Ok(Json(with_items(&state, order).await?))
}

/// Returns the order of that id without its items; refuses one that is none or not there.
pub(super) async fn find_order(state: &OrdersApi, id: &str) -> Result<Order, HandlerError> {
    let Ok(id) = id.parse::<i64>() else {
        return Err(HandlerError::bad_request("an order's id is a number"));
    };
    let select = state
        .database
        .run(&SELECT_ORDER, move |select| select.query_row([id], without_items).optional());
    select.await?.ok_or_else(|| HandlerError::not_found(format!("no order {id}")))
}

/// Asks for the items of each order by itself, one query an order: the classic mistake, left in for
/// its trace. A join would be one query.
pub(super) async fn list_orders(
    State(state): State<OrdersApi>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Vec<Order>>, HandlerError> {
    let Query(page) = page.map_err(|rejection| HandlerError::bad_request(rejection.body_text()))?;
    let limit = page.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let select = state.database.run(&SELECT_ORDERS, move |select| {
        select.query_map([limit], without_items)?.collect::<Result<Vec<Order>, _>>()
    });
    let mut orders = Vec::new();
    for order in select.await? {
        orders.push(with_items(&state, order).await?);
    }
    tracing::info!(orders = orders.len(), "orders listed");
    Ok(Json(orders))
}

/// Adds the items to an order.
pub(super) async fn with_items(state: &OrdersApi, mut order: Order) -> Result<Order, QueryError> {
    let id = order.id;
    let select = state.database.run(&SELECT_ITEMS, move |select| {
        let item = |row: &Row<'_>| Ok(Item { sku: row.get(0)?, quantity: row.get(1)? });
        select.query_map([id], item)?.collect()
    });
    order.items = select.await?;
    Ok(order)
}

fn without_items(row: &Row<'_>) -> rusqlite::Result<Order> {
    Ok(Order { id: row.get(0)?, status: row.get(1)?, placed_at: row.get(2)?, items: Vec::new() })
}
