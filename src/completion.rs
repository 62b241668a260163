//! What a shell may offer for an argument: ids of recent failures, issues, checks, names of the
//! runbook, environments.
//!
//! Ids and issues are asked of the running backend under a short deadline; the rest is read from
//! files. Where there is none, or it is slow, there is nothing to offer, and nothing is said: a shell
//! that completes is no place for a message.

use std::sync::Arc;
use std::time::Duration;

use clap_complete::engine::CompletionCandidate;

use crate::config::{Environment, running};
use crate::context::{Context, GlobalArgs};
use crate::http::{Http, RunIds};
use crate::model::{FailureGroup, SpanId, TraceId, UnixNanos, group_failures};
use crate::probes::configured::of_settings;
use crate::probes::targets;
use crate::sources::Backend;
use crate::sources::local::Served;

/// How long a key press may wait: people take a tenth of a second for at once.
const DEADLINE: Duration = Duration::from_millis(100);

/// How many are offered.
const OFFERED_MAX: usize = 20;

/// Returns the ids of requests that failed lately, the last first, each with its reason.
pub fn recent_ids() -> Vec<CompletionCandidate> {
    let groups = ask(async |backend| {
        let failures = backend.issues()?.failures(UnixNanos(0), 200).await.ok()?;
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
    let issues = ask(async |backend| backend.issues()?.issues(UnixNanos(0), limit).await.ok());
    let issues = issues.unwrap_or_default().into_iter().map(crate::model::Issue::masked);
    issues.map(|issue| CompletionCandidate::new(issue.id).help(Some(issue.title.into()))).collect()
}

/// Returns what `obs check` can be limited to: checks, their groups and kinds.
pub fn checks() -> Vec<CompletionCandidate> {
    let Some(context) = context() else { return Vec::new() };
    let (settings, window) = (&context.settings, Duration::from_secs(1));
    let timeout = settings.timeout.value;
    let mut probes = of_settings(&settings.checks.value, &settings.unread, timeout, window);
    if probes.is_empty() {
        let running = running::announced(&context.environment);
        let applications = running.iter().flat_map(|running| &running.applications);
        probes = applications
            .flat_map(|one| targets::of_application(&one.name, &one.url, "", timeout, window))
            .collect();
    }
    let of_each = |place: usize, help: &'static str| {
        let name = move |probe| (targets::names_of(probe)[place].to_owned(), help.to_owned());
        probes.iter().map(name)
    };
    candidates(of_each(0, "a check").chain(of_each(1, "a group")).chain(of_each(3, "a kind")))
}

/// Returns what `obs runbook` can open: sections, patterns, steps.
pub fn runbook_names() -> Vec<CompletionCandidate> {
    let Some(found) = context().and_then(|mut context| context.runbook().ok()) else {
        return Vec::new();
    };
    let runbook = &found.runbook;
    let sections = runbook.sections.iter().map(|section| (&section.slug, &section.title));
    let mut offered: Vec<(String, String)> =
        sections.map(|(slug, title)| (slug.clone(), title.clone())).collect();
    for step in runbook.steps.iter().filter(|step| !step.name.is_empty()) {
        offered.push((step.name.clone(), format!("a step ({})", step.risk.name())));
    }
    candidates(offered)
}

/// Returns the environments that the configuration has.
pub fn environments() -> Vec<CompletionCandidate> {
    let Some(context) = context() else { return Vec::new() };
    candidates(context.settings.environments.iter().map(|name| (name.clone(), String::new())))
}

/// Keeps the first of each value, in order.
fn candidates(offered: impl IntoIterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let mut seen = std::collections::HashSet::new();
    let first = offered.into_iter().filter(|(value, _)| seen.insert(value.clone()));
    first
        .map(|(value, help)| {
            let help = Some(help).filter(|help| !help.is_empty());
            CompletionCandidate::new(value).help(help.map(Into::into))
        })
        .collect()
}

/// Reads the configuration as a command in this folder would; `None` where it is broken.
fn context() -> Option<Context> {
    let quiet = GlobalArgs { quiet: true, ..GlobalArgs::default() };
    Context::new(&quiet, Environment::from_process(), run_ids()?).ok()
}

fn run_ids() -> Option<RunIds> {
    Some(RunIds {
        request_id: "completion".to_owned(),
        trace_id: TraceId::new(1)?,
        span_id: SpanId::new(1)?,
        caller: None,
    })
}

/// Asks the backend that runs; `None` without one, or when the deadline has passed.
fn ask<T>(question: impl AsyncFnOnce(&dyn Backend) -> Option<T>) -> Option<T> {
    let environment = Environment::from_process();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let http = Arc::new(Http::new(DEADLINE, &run_ids()?));
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
