//! A backend that `obs` asks for logs, traces and errors: its own ping.

use std::time::Duration;

use super::Finding;
use crate::model::Reason;
use crate::sources::Backend;

pub(super) async fn run(backend: &dyn Backend, timeout: Duration) -> Finding {
    match tokio::time::timeout(timeout, backend.ping()).await {
        Ok(Ok(said)) => Finding::ok(said),
        Ok(Err(error)) => Finding::fail(error.check_reason(), error.to_string()),
        Err(_) => Finding::fail(Reason::Timeout, format!("no answer within {timeout:?}")),
    }
}
