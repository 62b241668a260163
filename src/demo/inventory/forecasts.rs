//! `GET /forecasts/{sku}`: how much will be ordered. Slow for whoever asks first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::demo::handler_error::HandlerError;

use super::Inventory;
use super::stock;

/// How long a forecast takes: longer than `orders-api` waits for one.
const CALCULATION: Duration = Duration::from_millis(400);

/// Whether a forecast is being calculated. Whoever asks meanwhile gets the last one at once.
#[derive(Debug, Default)]
pub(super) struct Forecasts {
    calculating: AtomicBool,
}

impl Forecasts {
    /// Returns what marks the calculation as begun until it is dropped, or `None` where one runs.
    fn begin(&self) -> Option<Calculation<'_>> {
        let running = self.calculating.swap(true, Ordering::AcqRel);
        (!running).then_some(Calculation(&self.calculating))
    }
}

struct Calculation<'forecasts>(&'forecasts AtomicBool);

impl Drop for Calculation<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

pub(super) async fn show_forecast(
    State(state): State<Inventory>,
    Path(sku): Path<String>,
) -> Result<Json<Value>, HandlerError> {
    let Some(stock) = stock::find(&state.database, &sku).await? else {
        return Err(HandlerError::not_found(format!("no stock of {sku}")));
    };
    let calculation = state.forecasts.begin();
    let fresh = calculation.is_some();
    if fresh {
        tokio::time::sleep(CALCULATION).await;
        tracing::info!(sku, "forecast calculated");
    }
    drop(calculation);
    Ok(Json(json!({ "sku": sku, "fresh": fresh, "weekly_orders": stock.available / 52 })))
}
