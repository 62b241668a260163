use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::model::{FoundTrace, TraceList, TraceSearch};
use crate::sources::{SourceError, TraceSource};
use crate::wire::decode_json_traces;

const SECOND: i64 = 1_000_000_000;

/// A backend that gives these spans, one list an answer; the last stays.
#[derive(Debug)]
struct Scripted {
    answers: Vec<Vec<Span>>,
    asked: AtomicUsize,
    /// What it says from its second answer on.
    incomplete: Option<String>,
}

impl Scripted {
    fn boxed(answers: Vec<Vec<Span>>) -> Vec<Box<dyn Backend>> {
        vec![Box::new(Self { answers, asked: AtomicUsize::new(0), incomplete: None })]
    }
}

#[async_trait]
impl Backend for Scripted {
    fn name(&self) -> String {
        "scripted".to_owned()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        Ok(String::new())
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Scripted {
    async fn trace(&self, _: TraceId) -> Result<FoundTrace, SourceError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let spans = self.answers[number.min(self.answers.len() - 1)].clone();
        let incomplete = self.incomplete.clone().filter(|_| number > 0);
        Ok(FoundTrace { spans, incomplete, ..FoundTrace::default() })
    }

    async fn search(&self, _: &TraceSearch) -> Result<TraceList, SourceError> {
        Ok(TraceList::default())
    }
}

/// What came of it, with the pauses that were made, in milliseconds.
fn run(answers: Vec<Vec<Span>>, id: &str, patience: Patience, start: i64) -> (Story, Vec<u128>) {
    let clock = AtomicI64::new(start);
    let pauses = Mutex::new(Vec::new());
    let now = || UnixNanos(clock.load(Ordering::Relaxed));
    let pause = async |length: Duration| {
        pauses.lock().unwrap().push(length.as_millis());
        clock.fetch_add(i64::try_from(length.as_nanos()).unwrap(), Ordering::Relaxed);
    };
    let backends = Scripted::boxed(answers);
    let correlation = Correlation::parse(id).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let gathered = runtime.block_on(arrived(&backends, &correlation, patience, now, pause));
    (gathered.found, pauses.into_inner().unwrap())
}

fn ended(story: &Story) -> (Option<WaitEnd>, usize) {
    (story.waited.map(|waited| waited.ended), story.spans.len())
}

fn span(id: u64, parent: Option<u64>, end: i64) -> Span {
    let json = serde_json::json!({
        "trace_id": ID, "span_id": format!("{id:016x}"), "name": "a", "kind": "server",
        "parent": parent.map(|id| format!("{id:016x}")),
        "service": "s", "start": UnixNanos(end - 1_000), "end": UnixNanos(end),
    });
    serde_json::from_value(json).unwrap()
}

/// Made on 2024-05-06 at 18:42:29.306 UTC.
const ID: &str = "018f4f2aeb3a7c448d215a0b6f4e2d12";

fn made() -> i64 {
    UnixNanos::of_uuid_v7(TraceId::from_hex(ID).unwrap()).unwrap().0
}

#[test]
fn what_is_only_a_part_when_it_is_asked_for_again_is_said_to_be_one() {
    let answers = vec![vec![span(1, None, 0)]];
    let incomplete = Some("too large".to_owned());
    let backends: Vec<Box<dyn Backend>> =
        vec![Box::new(Scripted { answers, asked: AtomicUsize::new(0), incomplete })];
    let id = Correlation::parse(ID).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = AtomicI64::new(SECOND);
    let now = || UnixNanos(clock.fetch_add(SECOND, Ordering::Relaxed));
    let gathered = runtime.block_on(arrived(&backends, &id, Patience::ByAge, now, async |_| ()));
    assert_eq!(gathered.missing, [Missing::in_part("scripted".to_owned(), "too large")]);
}

#[test]
fn an_old_trace_is_asked_for_once() {
    let trace = vec![span(1, None, 0), span(2, Some(9), 0)];
    let (story, pauses) = run(vec![trace], ID, Patience::ByAge, 3_600 * SECOND);
    assert_eq!((ended(&story), pauses), ((None, 2), vec![]));
}

#[test]
fn a_young_trace_is_shown_when_its_spans_stay_the_same_twice() {
    let (one, two) = (vec![span(1, None, 0)], vec![span(2, Some(1), 0), span(1, None, 0)]);
    let (story, pauses) = run(vec![one, two], ID, Patience::ByAge, SECOND);
    assert_eq!(ended(&story), (Some(WaitEnd::Settled), 2));
    assert_eq!(pauses, [500, 1_000, 2_000]);
}

#[test]
fn a_young_trace_without_its_root_is_waited_for_to_the_end() {
    let (story, pauses) = run(vec![vec![span(2, Some(1), 0)]], ID, Patience::ByAge, SECOND);
    assert_eq!(ended(&story), (Some(WaitEnd::ParentsMissing), 1));
    assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 2_500]);
    // Of one that is some minutes old nothing much is to be expected.
    let (story, pauses) = run(vec![vec![span(2, Some(1), 0)]], ID, Patience::ByAge, 300 * SECOND);
    assert_eq!((ended(&story), pauses.len()), ((Some(WaitEnd::ParentsMissing), 1), 2));
}

#[test]
fn spans_that_come_to_the_end_make_it_a_part() {
    let answers = (1..20).map(|count| (1..=count).map(|id| span(id, None, 0)).collect());
    let (story, _) = run(answers.collect(), ID, Patience::ByAge, SECOND);
    assert_eq!(ended(&story), (Some(WaitEnd::Arriving), 7));
    assert_eq!(story.waited.unwrap().length, Duration::from_secs(10));
}

#[test]
fn a_young_id_is_not_said_to_be_unknown_before_it_was_waited_for() {
    let (story, pauses) = run(vec![vec![]], ID, Patience::ByAge, made() + SECOND);
    assert_eq!(ended(&story), (Some(WaitEnd::Nothing), 0));
    assert_eq!(pauses.iter().sum::<u128>(), 10_000);
    for (id, patience, start) in [
        (ID, Patience::ByAge, made() + 61 * SECOND),
        (ID, Patience::UpTo(Duration::ZERO), made()),
        ("4bf92f3577b34da6a3ce929d0e0e4736", Patience::ByAge, made()),
        ("req_1", Patience::ByAge, made()),
    ] {
        let (story, pauses) = run(vec![vec![]], id, patience, start);
        assert_eq!((ended(&story), pauses), ((None, 0), vec![]), "{id}");
    }
}

#[test]
fn a_wait_that_is_asked_for_does_not_go_by_age() {
    let (story, pauses) =
        run(vec![vec![]], ID, Patience::UpTo(Duration::from_secs(2)), 1_000_000 * SECOND);
    assert_eq!((ended(&story), pauses), ((Some(WaitEnd::Nothing), 0), vec![500, 1_000, 500]));
}

#[test]
fn a_source_that_forgets_a_span_takes_nothing_away() {
    let (two, one) = (vec![span(1, None, 0), span(2, Some(1), 0)], vec![span(1, None, 0)]);
    let (story, _) = run(vec![two, one], ID, Patience::ByAge, SECOND);
    assert_eq!(ended(&story), (Some(WaitEnd::Settled), 2));
}

/// The answers that a backend gave while a trace arrived, in their order.
fn recorded(folder: &str) -> (Vec<Vec<Span>>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trace_sources");
    let files = std::fs::read_dir(root.join(folder)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let body = std::fs::read(file).unwrap();
        decode_json_traces(&body, &mut |_: &Span| true).unwrap().spans
    };
    let answers: Vec<Vec<Span>> = files.iter().map(read).collect();
    let id = answers.iter().flatten().next().unwrap().trace_id.to_string();
    (answers, id)
}

#[test]
fn a_recorded_trace_is_shown_whole_after_it_arrived() {
    for (folder, ms, in_ten) in [
        ("victoriatraces_arriving", 35_500, (WaitEnd::ParentsMissing, 1)),
        // The others come just when ten seconds are over.
        ("tempo_arriving", 23_500, (WaitEnd::Arriving, 3)),
    ] {
        let (answers, id) = recorded(folder);
        let whole = keys(answers.last().unwrap());
        let start = answers.iter().flatten().map(|span| span.start.0).min().unwrap();
        let patience = Patience::UpTo(Duration::from_mins(1));
        let (story, _) = run(answers.clone(), &id, patience, start);
        assert_eq!((ended(&story).0, keys(&story.spans)), (Some(WaitEnd::Settled), whole));
        assert_eq!(story.waited.unwrap().length.as_millis(), ms, "{folder}");
        // Within ten seconds the child alone had come: that is said, and not that it is all.
        let patience = Patience::UpTo(Duration::from_secs(10));
        let (story, _) = run(answers, &id, patience, start);
        assert_eq!(ended(&story), (Some(in_ten.0), in_ten.1), "{folder}");
    }
}
