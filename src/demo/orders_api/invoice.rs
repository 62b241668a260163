//! `GET /orders/{id}/invoice`: slow between its two queries, where no span says why.

use std::time::Duration;

use axum::extract::{Path, State};

use crate::demo::handler_error::HandlerError;

use super::OrdersApi;
use super::read_orders;

/// How long the page's layout takes.
const LAYOUT: Duration = Duration::from_millis(300);

pub(super) async fn show_invoice(
    State(state): State<OrdersApi>,
    Path(id): Path<String>,
) -> Result<String, HandlerError> {
    let order = read_orders::find_order(&state, &id).await?;
    tokio::time::sleep(LAYOUT).await;
    let order = read_orders::with_items(&state, order).await?;
    Ok(format!("Invoice of order {id}\n\n{order}"))
}
