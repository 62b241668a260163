//! The reference service: two small applications instrumented as a service should be.
//!
//! `orders-api` takes orders and reserves their stock at `inventory`. They know nothing of the tool
//! that ships them: they read their settings from the environment, and any OTLP collector, Sentry
//! and Prometheus would do. Handlers hold no telemetry code; it is all in the layers around them.
//!
//! | to see | read |
//! |---|---|
//! | what an application is told | `settings` |
//! | start, graceful stop | `serve` |
//! | logs, spans and errors switched on | `telemetry`, `log_format`, `span_export`, `error_tracking` |
//! | the id of a request, and how it travels | `request_id`, `request_scope` |
//! | what surrounds each handler | `layers`, `server_span`, `metrics`, `unhandled` |
//! | what spans calls and queries | `http_client`, `database` |
//! | the applications | `orders_api`, `inventory`, `health` |
//! | what drives them | `process`, `traffic` |

mod database;
mod error_chain;
mod error_tracking;
mod handler_error;
mod health;
mod http_client;
mod inventory;
mod layers;
mod log_format;
mod metrics;
mod orders_api;
mod otlp_client;
pub mod process;
mod request_id;
mod request_scope;
mod scrub;
mod serve;
mod server_span;
mod service;
mod settings;
mod span_export;
#[cfg(test)]
mod span_tests;
mod telemetry;
#[cfg(test)]
mod test_services;
pub mod traffic;
mod unhandled;

pub use serve::{ServiceError, run_service};
pub use service::Service;
