//! `inventory`: knows the stock and reserves it, in boxes.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use prometheus::IntCounter;

use crate::demo::database::{Database, OpenError};
use crate::demo::health;
use crate::demo::layers;
use crate::demo::metrics::{self, Metrics};
use crate::demo::service::Service;

mod forecasts;
mod packing;
mod reservations;
mod stock;

// SKU-9 has no units_per_box: what a careless import leaves behind, and what breaks its packing.
const MIGRATION: &str = "
    CREATE TABLE IF NOT EXISTS stock (
        sku TEXT PRIMARY KEY, available INTEGER NOT NULL, units_per_box INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS reservations (
        id INTEGER PRIMARY KEY, sku TEXT NOT NULL, quantity INTEGER NOT NULL, boxes INTEGER NOT NULL);
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 9)
    INSERT OR IGNORE INTO stock SELECT 'SKU-' || id, 1000000, CASE id WHEN 9 THEN 0 ELSE 6 END FROM n;
";

/// What handlers share.
#[derive(Debug, Clone)]
struct Inventory {
    database: Database,
    forecasts: Arc<forecasts::Forecasts>,
    reservations: IntCounter,
}

/// Opens the database at `database_path` and returns the application, layers included.
pub(super) fn router(database_path: &Path) -> Result<Router, OpenError> {
    let metrics = Arc::new(Metrics::new());
    let state = Inventory {
        database: Database::open(database_path, MIGRATION, &metrics)?,
        forecasts: Arc::default(),
        reservations: metrics.counter("reservations_total", "Reservations made."),
    };
    let routes = Router::new()
        .route("/stock/{sku}", get(stock::show_stock))
        .route("/forecasts/{sku}", get(forecasts::show_forecast))
        .route("/reservations", post(reservations::make_reservation))
        .route("/healthz", get(health::live))
        .route("/readyz", get(ready))
        .with_state(state)
        .route("/metrics", get(metrics::serve).with_state(Arc::clone(&metrics)));
    Ok(layers::instrument(routes, Service::Inventory, &metrics))
}

async fn ready(State(state): State<Inventory>) -> Response {
    health::ready([("database", state.database.ready().await)])
}

#[cfg(test)]
mod tests;
