use async_trait::async_trait;

use super::*;
use crate::http::RunIds;
use crate::model::{SpanId, TraceId};
use crate::sources::SourceError;

/// A backend whose ping does what it is told, and nothing else.
#[derive(Debug, Clone, Copy)]
enum Fake {
    Answers,
    Hangs,
    Panics,
}

#[async_trait]
impl Backend for Fake {
    fn name(&self) -> String {
        "fake".to_owned()
    }
    async fn ping(&self) -> Result<String, SourceError> {
        match self {
            Self::Answers => Ok("fine".to_owned()),
            Self::Hangs => std::future::pending().await,
            Self::Panics => panic!("a defect"),
        }
    }
}

fn probe(id: &str, fake: Fake, needs: &[&str]) -> Probe {
    let mut probe = targets::of_backend(Arc::new(fake), "a test", Duration::from_millis(50));
    probe.id = id.to_owned();
    probe.needs = needs.iter().map(|id| (*id).to_owned()).collect();
    probe
}

async fn statuses(probes: &[Probe], deadline: Duration) -> Vec<(Status, Option<Reason>)> {
    let ids = RunIds {
        request_id: "r".to_owned(),
        trace_id: TraceId::new(1).unwrap(),
        span_id: SpanId::new(1).unwrap(),
        caller: None,
    };
    let means = Means { http: Arc::new(Http::new(deadline, &ids)), now: UnixNanos(0) };
    let results = run_all(probes, &means, deadline, |_| {}).await;
    results.into_iter().map(|result| (result.status, result.reason)).collect()
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_probe_that_panics_hides_no_other() {
    let probes = [probe("a", Fake::Panics, &[]), probe("b", Fake::Answers, &[])];
    let expected = [(Status::Unknown, Some(Reason::Internal)), (Status::Ok, None)];
    assert_eq!(statuses(&probes, LONG).await, expected);
}

#[tokio::test]
async fn what_needs_a_failed_check_is_skipped_and_so_is_what_needs_that() {
    let probes = [
        probe("c", Fake::Answers, &["b"]),
        probe("b", Fake::Answers, &["a"]),
        probe("a", Fake::Hangs, &[]),
        probe("d", Fake::Answers, &[]),
    ];
    let skipped = (Status::Skipped, Some(Reason::Skipped));
    let failed = (Status::Fail, Some(Reason::Timeout));
    assert_eq!(statuses(&probes, LONG).await, [skipped, skipped, failed, (Status::Ok, None)]);
}

#[tokio::test]
async fn what_needs_a_check_that_panicked_is_skipped() {
    let probes = [probe("b", Fake::Answers, &["a"]), probe("a", Fake::Panics, &[])];
    assert_eq!(statuses(&probes, LONG).await[0].0, Status::Skipped);
}

#[tokio::test]
async fn what_has_not_answered_at_the_deadline_is_unknown() {
    let mut hangs = probe("a", Fake::Hangs, &[]);
    hangs.timeout = LONG;
    let probes = [hangs, probe("b", Fake::Answers, &[])];
    let expected = [(Status::Unknown, Some(Reason::Timeout)), (Status::Ok, None)];
    assert_eq!(statuses(&probes, Duration::from_millis(50)).await, expected);
}

#[test]
fn a_check_gives_no_advice_for_those_who_ask_for_a_stretch_of_time() {
    let error = |class| SourceError::Refused {
        class,
        what: "what".to_owned(),
        next: "less to do: --since 15m".to_owned(),
    };
    assert_eq!(error(Reason::Timeout).in_a_check(), "what");
    assert_eq!(error(Reason::TooLarge).in_a_check(), "what");
    assert_eq!(error(Reason::Forbidden).in_a_check(), "what; less to do: --since 15m");
}

#[test]
fn a_check_with_a_timeout_of_its_own_is_offered_none_on_the_command_line() {
    let hint = |own_timeout| {
        let probe = Probe { own_timeout, ..probe("a", Fake::Hangs, &[]) };
        complete(&probe, Finding::fail(Reason::Timeout, "no answer"), None).hint.unwrap()
    };
    assert_eq!(hint(false).command.unwrap(), "obs check a --timeout 30s --deadline 60s");
    let own = hint(true);
    assert_eq!(own.command.unwrap(), "obs check a -v");
    assert!(own.likely.ends_with("it has `timeout` 50ms of its own (a test)"), "{}", own.likely);
}
