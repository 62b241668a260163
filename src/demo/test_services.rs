//! The applications as tests run them: in this process, each on a free port, on databases of their own.

use std::path::Path;

use axum::Router;
use tempfile::TempDir;

use crate::demo::http_client::{self, HttpClient};
use crate::demo::{inventory, orders_api};

/// An address where nothing listens: the system never gives out the port "discard".
pub(super) const NOBODY: &str = "http://127.0.0.1:9";

/// Both applications, until the test ends.
pub(super) struct Services {
    pub(super) orders_api: String,
    pub(super) inventory: String,
    _folder: TempDir,
}

impl Services {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inventory = inventory::router(&folder.path().join("inventory.sqlite")).unwrap();
        let inventory = serve(inventory).await;
        let orders_api = serve(orders_api(folder.path(), &inventory)).await;
        Self { orders_api, inventory, _folder: folder }
    }
}

/// Returns `orders-api` without a listener.
pub(super) fn orders_api(folder: &Path, inventory_url: &str) -> Router {
    let client = HttpClient::new(http_client::build(false).unwrap());
    orders_api::router(&folder.join("orders-api.sqlite"), client, inventory_url).unwrap()
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}
