//! What can be seen on demand, and the request that shows it.

use std::fmt;

use http::Method;
use serde_json::{Value, json};

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// A request that goes well.
    Order,
    /// An error deep in `inventory` that surfaces in `orders-api`.
    DeepError,
    /// A query for each row of a list.
    QueryPerRow,
    /// A request whose id is not its trace id.
    ForeignRequestId,
    /// A call that takes too long and is repeated.
    TimeoutWithRetry,
    /// No connection to the database is free.
    PoolExhausted,
    /// Time that no span accounts for.
    SlowStretch,
    /// Two requests with one id.
    ReusedRequestId,
    /// An error that no runbook knows.
    UnknownFailure,
}

/// The request of a scenario.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
}

impl Scenario {
    /// Every scenario; first the one that goes well, last the one that others would suffer from.
    pub const ALL: [Self; 9] = [
        Self::Order,
        Self::DeepError,
        Self::QueryPerRow,
        Self::ForeignRequestId,
        Self::TimeoutWithRetry,
        Self::SlowStretch,
        Self::ReusedRequestId,
        Self::UnknownFailure,
        Self::PoolExhausted,
    ];

    /// Returns the name, in the form of a command-line value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::DeepError => "deep-error",
            Self::QueryPerRow => "query-per-row",
            Self::ForeignRequestId => "foreign-request-id",
            Self::TimeoutWithRetry => "timeout-with-retry",
            Self::PoolExhausted => "pool-exhausted",
            Self::SlowStretch => "slow-stretch",
            Self::ReusedRequestId => "reused-request-id",
            Self::UnknownFailure => "unknown-failure",
        }
    }

    /// Says in one sentence what happens.
    pub fn description(self) -> &'static str {
        match self {
            Self::Order => "An order is placed and its stock reserved.",
            Self::DeepError => {
                "Packing an article fails deep in inventory, and orders-api answers 500."
            }
            Self::QueryPerRow => "Listing orders makes one query for each of them.",
            Self::ForeignRequestId => {
                "The edge sends an id of its own, which only log lines join to the trace."
            }
            Self::TimeoutWithRetry => {
                "Inventory takes longer than orders-api waits; the second try succeeds while the \
                 first still runs."
            }
            Self::PoolExhausted => {
                "Slow reports hold every database connection, and the next request gets none."
            }
            Self::SlowStretch => "Most of the time passes between two queries, in no span.",
            Self::ReusedRequestId => "Two separate requests are sent with the same id.",
            Self::UnknownFailure => "A request fails with an error that no runbook knows.",
        }
    }

    pub(super) fn request(self) -> Request {
        match self {
            Self::Order => order("SKU-1"),
            Self::DeepError => order("SKU-9"),
            Self::QueryPerRow => get("/orders?limit=20"),
            Self::ForeignRequestId => order("SKU-2"),
            Self::TimeoutWithRetry => get("/forecasts/SKU-3"),
            Self::PoolExhausted => get("/reports/slow"),
            Self::SlowStretch => get("/orders/7/invoice"),
            Self::ReusedRequestId => order("SKU-4"),
            Self::UnknownFailure => get("/ledger"),
        }
    }
}

fn get(path: &'static str) -> Request {
    Request { method: Method::GET, path, body: None }
}

fn order(sku: &str) -> Request {
    let body = Some(json!({ "sku": sku, "quantity": 2 }));
    Request { method: Method::POST, path: "/orders", body }
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
