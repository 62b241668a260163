//! A backend that `obs` asks for logs, traces, metrics and errors: does it answer, does it do its work?
//!
//! Of a configured source it is also told how young its data is: one that answers and gets nothing is of
//! no use. What it says of its own parts becomes rows.

use std::time::Duration;

use super::finding::Part;
use super::{Finding, Means, Probe};
use crate::model::{
    CheckKind, CheckResult, HealthPart, LogQuery, Reason, SourceHealth, Status, TraceSearch,
    UnixNanos,
};
use crate::sources::{Backend, LogSource, SourceError, TraceSource};

/// How far back is looked for the youngest data.
const YOUNG: Duration = Duration::from_mins(15);

/// Asks whether the embedded backend answers.
pub(super) async fn run(backend: &dyn Backend, timeout: Duration) -> Finding {
    match tokio::time::timeout(timeout, backend.ping()).await {
        Ok(Ok(said)) => Finding::ok(said),
        Ok(Err(error)) => Finding::fail(error.check_reason(), error.in_a_check()),
        Err(_) => Finding::fail(Reason::Timeout, format!("no answer within {timeout:?}")),
    }
}

/// Asks a source for its health and for its youngest data, all at once.
///
/// The second value says of the finding's parts what a [`Part`] has no place for; see [`explain`].
pub(super) async fn source(
    backend: &dyn Backend,
    probe: &Probe,
    means: &Means,
) -> (Finding, Vec<HealthPart>) {
    let timeout = probe.timeout;
    let late = || format!("no answer within {timeout:?}");
    let (health, lines, traces) = tokio::join!(
        tokio::time::timeout(timeout, backend.health()),
        tokio::time::timeout(timeout, latest_line(backend.logs(), means.now)),
        tokio::time::timeout(timeout, latest_trace(backend.traces(), means.now)),
    );
    let SourceHealth { said, mut parts } = match health {
        Ok(Ok(health)) => health,
        Ok(Err(error)) => {
            return (Finding::fail(error.check_reason(), error.in_a_check()), Vec::new());
        }
        Err(_) => return (Finding::fail(Reason::Timeout, late()), Vec::new()),
    };
    for (name, looked) in [("log lines", lines), ("traces", traces)] {
        let part = match looked {
            Ok(None) => continue,
            Ok(Some(Ok(latest))) => of_age(name, latest, means.now),
            Ok(Some(Err(error))) => {
                HealthPart::bad(name, Status::Fail, error.check_reason(), error.in_a_check())
            }
            Err(_) => HealthPart::bad(name, Status::Fail, Reason::Timeout, late()),
        };
        parts.push(part);
    }
    let mut finding = Finding::ok(said);
    finding.children = parts.iter().map(as_part).collect();
    (finding, parts)
}

/// Adds to the rows what the backend itself says is behind them, and which section is about it.
pub(super) fn explain(result: &mut CheckResult, parts: &[HealthPart]) {
    for (child, part) in result.children.iter_mut().zip(parts) {
        if let (Some(hint), Some(likely)) = (&mut child.hint, &part.likely) {
            hint.likely.clone_from(likely);
        }
        if let (Some(hint), Some(command)) = (&mut child.hint, &part.command) {
            hint.command = Some(command.clone());
        }
        child.runbook.clone_from(&part.runbook);
        explain(child, &part.parts);
    }
}

fn as_part(part: &HealthPart) -> Part {
    Part {
        name: part.name.clone(),
        kind: CheckKind::Part,
        status: part.status,
        reason: part.reason,
        message: part.message.clone(),
        duration_ms: None,
        children: part.parts.iter().map(as_part).collect(),
    }
}

type Latest = Option<Result<Option<UnixNanos>, SourceError>>;

async fn latest_line(side: Option<&dyn LogSource>, now: UnixNanos) -> Latest {
    let query = LogQuery { since: Some(now.before(YOUNG)), limit: 1, ..LogQuery::default() };
    let page = side?.search(&query).await;
    let latest = |page: crate::model::LogPage| page.records.iter().filter_map(|one| one.time).max();
    Some(page.map(latest))
}

async fn latest_trace(side: Option<&dyn TraceSource>, now: UnixNanos) -> Latest {
    // What arrives between the beginning of the run and this question counts too.
    let until = UnixNanos(now.0.saturating_add(60_000_000_000));
    let search =
        TraceSearch { since: now.before(YOUNG), until, limit: 1, ..TraceSearch::default() };
    let list = side?.search(&search).await;
    Some(list.map(|list| list.traces.iter().map(|trace| trace.start).max()))
}

fn of_age(name: &str, latest: Option<UnixNanos>, now: UnixNanos) -> HealthPart {
    let Some(time) = latest else {
        let minutes = YOUNG.as_secs() / 60;
        let message = format!("none within the last {minutes}m");
        return HealthPart::bad(name, Status::Warn, Reason::Lagging, message)
            .because("what sends to it has stopped, or nothing happened that is worth a record");
    };
    let seconds = now.since(time).max(0) / 1_000_000_000;
    let ago = if seconds < 120 { format!("{seconds}s") } else { format!("{}m", seconds / 60) };
    HealthPart::ok(name, format!("the latest is {ago} old"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixNanos = UnixNanos(1_795_330_800_000_000_000);

    #[test]
    fn data_that_is_young_is_well_and_none_at_all_a_warning() {
        let young = of_age("traces", Some(NOW.before(Duration::from_secs(4))), NOW);
        assert_eq!((young.status, young.message.as_str()), (Status::Ok, "the latest is 4s old"));
        let none = of_age("traces", None, NOW);
        assert_eq!(
            (none.status, none.message.as_str()),
            (Status::Warn, "none within the last 15m")
        );
        // Of a clock that is ahead of ours nothing is older than now.
        assert!(of_age("traces", Some(UnixNanos(NOW.0 + 9)), NOW).message.contains("0s"));
    }
}
