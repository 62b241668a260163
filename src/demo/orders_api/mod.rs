//! `orders-api`: takes orders, reserves their stock at `inventory`, and lists them.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use prometheus::IntCounter;

use crate::demo::database::{Database, OpenError};
use crate::demo::health;
use crate::demo::http_client::HttpClient;
use crate::demo::layers;
use crate::demo::metrics::{self, Metrics};
use crate::demo::service::Service;

use inventory_client::InventoryClient;

mod forecast;
mod inventory_client;
mod invoice;
mod ledger;
mod place_order;
mod read_orders;
mod report;
mod users;

// The ledger's two sides differ by 3 cents from the beginning.
const MIGRATION: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        id INTEGER PRIMARY KEY, status TEXT NOT NULL, placed_at TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS order_items (
        order_id INTEGER NOT NULL REFERENCES orders (id), sku TEXT NOT NULL, quantity INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS order_items_order_id ON order_items (order_id);
    CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, created_at TEXT NOT NULL);
    WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20)
    INSERT OR IGNORE INTO orders SELECT id, 'reserved', datetime('now', '-' || (21 - id) || ' hours') FROM n;
    INSERT INTO order_items
        SELECT id, 'SKU-' || (1 + id % 8), 1 + id % 3 FROM orders
        WHERE id NOT IN (SELECT order_id FROM order_items);
    CREATE TABLE IF NOT EXISTS ledger_entries (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);
    INSERT OR IGNORE INTO ledger_entries VALUES (1, 129900), (2, -129897);
";

/// What handlers share.
#[derive(Debug, Clone)]
struct OrdersApi {
    database: Database,
    inventory: InventoryClient,
    orders_placed: IntCounter,
    users_created: IntCounter,
}

/// Opens the database at `database_path` and returns the application, layers included.
pub(super) fn router(
    database_path: &Path,
    client: HttpClient,
    inventory_url: &str,
) -> Result<Router, OpenError> {
    let metrics = Arc::new(Metrics::new());
    let state = OrdersApi {
        database: Database::open(database_path, MIGRATION, &metrics)?,
        inventory: InventoryClient::new(client, inventory_url),
        orders_placed: metrics.counter("orders_placed_total", "Orders placed."),
        users_created: metrics.counter("users_created_total", "Users created."),
    };
    let routes = Router::new()
        .route("/orders", post(place_order::place_order).get(read_orders::list_orders))
        .route("/orders/{id}", get(read_orders::show_order))
        .route("/orders/{id}/invoice", get(invoice::show_invoice))
        .route("/forecasts/{sku}", get(forecast::show_forecast))
        .route("/reports/slow", get(report::show_slow_report))
        .route("/ledger", get(ledger::show_ledger))
        .route("/users", post(users::create_user))
        .route("/healthz", get(health::live))
        .route("/readyz", get(ready))
        .with_state(state)
        .route("/metrics", get(metrics::serve).with_state(Arc::clone(&metrics)));
    Ok(layers::instrument(routes, Service::OrdersApi, &metrics))
}

async fn ready(State(state): State<OrdersApi>) -> Response {
    let (database, inventory) = tokio::join!(state.database.ready(), state.inventory.ready());
    health::ready([("database", database), ("inventory", inventory)])
}

#[cfg(test)]
mod tests;
