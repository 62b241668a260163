//! `GET /reports/slow`: keeps its connection while it works on what it has read.
//!
//! A few of them at once leave no connection for anyone else, until they are done.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::demo::database::Statement;
use crate::demo::handler_error::HandlerError;

use super::OrdersApi;

/// How long a report takes: longer than the pool lets anyone wait.
const RENDERING: Duration = Duration::from_millis(1_500);

const SELECT_REPORT: Statement = Statement {
    operation: "SELECT",
    collection: "order_items",
    text: "SELECT sku, SUM(quantity) FROM order_items GROUP BY sku ORDER BY sku",
};

pub(super) async fn show_slow_report(
    State(state): State<OrdersApi>,
) -> Result<Json<Value>, HandlerError> {
    let select = state.database.run(&SELECT_REPORT, |select| {
        let line = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let lines: Vec<(String, u32)> = select.query_map([], line)?.collect::<Result<_, _>>()?;
        // A thread of its own, on which sleeping is allowed.
        std::thread::sleep(RENDERING);
        Ok(lines)
    });
    let lines = select.await?;
    tracing::info!(lines = lines.len(), "report made");
    Ok(Json(json!({ "sold": lines })))
}
