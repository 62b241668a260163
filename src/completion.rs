//! What a shell may offer for an argument: ids of recent failures, issues.
//!
//! Asked of the running backend under a short deadline; when there is none, or it is slow, there is
//! nothing to offer, and nothing is said: a shell that completes is no place for a message.

use std::sync::Arc;
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;

use crate::config::{Environment, running};
use crate::http::{Http, RunIds};
use crate::model::{FailureGroup, SpanId, TraceId, UnixNanos, group_failures};
use crate::sources::Backend;
use crate::sources::local::Served;

/// How long a key press may wait.
const DEADLINE: Duration = Duration::from_millis(50);

/// How many are offered.
const OFFERED_MAX: usize = 20;

/// Returns the ids of requests that failed lately, the last first, each with its reason.
pub fn recent_ids() -> Vec<CompletionCandidate> {
    let groups = ask(async |backend| {
        let failures = backend.failures(UnixNanos(0), 200).await.ok()?;
        Some(group_failures(failures))
    });
    let candidate = |group: FailureGroup| {
        let group = group.masked();
        CompletionCandidate::new(group.id).help(Some(group.reason.into()))
    };
    groups.unwrap_or_default().into_iter().take(OFFERED_MAX).map(candidate).collect()
}

/// Returns the issues last seen, each with its title.
pub fn recent_issues() -> Vec<CompletionCandidate> {
    let limit = u32::try_from(OFFERED_MAX).unwrap_or(u32::MAX);
    let issues = ask(async |backend| backend.issues(UnixNanos(0), limit).await.ok());
    let issues = issues.unwrap_or_default().into_iter().map(crate::model::Issue::masked);
    issues.map(|issue| CompletionCandidate::new(issue.id).help(Some(issue.title.into()))).collect()
}

/// Asks the backend that runs; `None` without one, or when the deadline has passed.
fn ask<T>(question: impl AsyncFnOnce(&dyn Backend) -> Option<T>) -> Option<T> {
    let environment = Environment::from_process();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let ids = RunIds {
        request_id: "completion".to_owned(),
        trace_id: TraceId::new(1)?,
        span_id: SpanId::new(1)?,
        caller: None,
    };
    let http = Arc::new(Http::new(DEADLINE, &ids));
    runtime.block_on(async {
        let answer = async {
            for announced in running::announced(&environment) {
                if let Some(backend) = Served::announced(&http, announced).await {
                    return question(&backend).await;
                }
            }
            None
        };
        tokio::time::timeout(DEADLINE, answer).await.ok().flatten()
    })
}
