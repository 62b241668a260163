//! Asks all sources at once for one request, joins what they say, and says what could not be had.
//!
//! A request id that is not the trace id is resolved here: the log line or the error event that
//! carries both leads to the trace, or else a span that has it as an attribute.

use std::collections::HashSet;

use futures_util::future::join_all;

use crate::model::{
    Correlation, ErrorEvent, FoundTrace, Gathered, LogPage, LogQuery, LogRecord, Missing, Span,
    Story, TraceId,
};
use crate::sources::{Backend, IssueSource, SourceError, TraceSource};
use follow::{joined, search};
use merge::merged;

mod arrival;
mod follow;
mod merge;
mod same_operation;
mod trace_lists;

pub use arrival::{Patience, arrived};
pub use follow::{Follow, follow};
pub use same_operation::{SameOperation, same_operation};
pub use trace_lists::trace_lists;

/// The most traces that one request id leads to: an id that is reused for ever has many.
const TRACES_MAX: usize = 20;

/// The most log lines gathered for one request.
const LOG_LINES_MAX: u32 = 5_000;

/// Returns everything about one request from all sources, asked at once.
///
/// Where nothing leads to a trace, sources that can are asked for one that has the id as an attribute.
pub async fn story(backends: &[Box<dyn Backend>], correlation: &Correlation) -> Gathered<Story> {
    let own: Vec<TraceId> = correlation.trace_id().into_iter().collect();
    let mut all = vec![rounds(backends, correlation, &own).await];
    let (mut trace_ids, mut resolved_by) = traces_of(correlation, &all[0]);
    let learned = trace_ids.iter().copied().filter(|trace_id| !own.contains(trace_id));
    let learned: Vec<TraceId> = learned.take(TRACES_MAX).collect();
    if !learned.is_empty() {
        all.push(rounds(backends, correlation, &learned).await);
    }
    let mut missing: Vec<Missing> = Vec::new();
    if all.iter().flatten().all(|round| round.spans.is_empty()) {
        let (found, unheard) = of_request(backends, &all[0], correlation).await;
        missing.extend(unheard);
        let new: Vec<TraceId> = found.into_iter().filter(|id| !trace_ids.contains(id)).collect();
        if !new.is_empty() {
            trace_ids.extend(&new);
            resolved_by = Some("span attribute");
            all.push(rounds(backends, correlation, &trace_ids).await);
        }
    }
    for (backend, round) in all.iter().flat_map(|rounds| backends.iter().zip(rounds)) {
        let missed = |reason: &String| Missing { source: backend.name(), reason: reason.clone() };
        let partly = round.logs.incomplete.iter().chain(&round.incomplete);
        let partly = partly.map(|reason| Missing::in_part(backend.name(), reason));
        for one in round.failures.iter().map(missed).chain(partly) {
            if !missing.contains(&one) {
                missing.push(one);
            }
        }
    }
    let found = Story { trace_ids, resolved_by, ..join(all) };
    Gathered { found, asked: names(backends), missing }
}

/// Asks those sources that answered before for the traces that have the request id as an attribute;
/// returns who could not say it, too.
async fn of_request(
    backends: &[Box<dyn Backend>],
    before: &[Round],
    correlation: &Correlation,
) -> (Vec<TraceId>, Vec<Missing>) {
    let answered = backends
        .iter()
        .zip(before)
        .filter(|(_, round)| round.failures.is_empty() && round.incomplete.is_empty());
    let sides: Vec<(String, &dyn TraceSource)> =
        answered.filter_map(|(backend, _)| Some((backend.name(), backend.traces()?))).collect();
    let found = join_all(sides.iter().map(|(_, side)| side.of_request(correlation))).await;
    let (mut traces, mut missing) = (Vec::new(), Vec::new());
    for ((source, _), answer) in sides.into_iter().zip(found) {
        match answer {
            Ok(None) => {}
            Ok(Some(found)) => {
                traces.extend(found.traces);
                missing.extend(found.incomplete.map(|why| Missing::in_part(source, &why)));
            }
            Err(error) => missing.push(Missing { source, reason: error.to_string() }),
        }
    }
    traces.truncate(TRACES_MAX);
    (traces, missing)
}

/// Asks all sources for one round, at once; the answers are in the order of the sources.
async fn rounds(
    backends: &[Box<dyn Backend>],
    correlation: &Correlation,
    traces: &[TraceId],
) -> Vec<Round> {
    join_all(backends.iter().map(|backend| one_round(&**backend, correlation, traces))).await
}

/// Returns log lines from all sources; of a request, also the lines that only have its trace id.
///
/// Lines of several sources are in the order of time. The positions are for [`follow()`].
pub async fn logs(
    backends: &[Box<dyn Backend>],
    correlation: Option<&Correlation>,
    mut query: LogQuery,
) -> (Gathered<LogPage>, Follow) {
    let mut pages = search(backends, &query).await;
    let mut unheard = Vec::new();
    if let Some(correlation) = correlation {
        // Lines may name the trace alone: then an error event knows whose it is.
        let ids = std::slice::from_ref(correlation);
        let (events, silent) =
            each(backends, |backend| backend.issues(), |side: &dyn IssueSource| side.events(ids))
                .await;
        let answered = pages.iter().filter_map(|(_, page)| page.as_ref().ok());
        let mut traces = traces_in_lines(correlation, answered.flat_map(|page| &page.records));
        traces.extend(traces_in_events(correlation, events.iter().flatten()));
        unheard = silent;
        let known = query.ids.len();
        for trace_id in traces {
            query.add_trace(trace_id);
        }
        if query.ids.len() > known {
            pages = search(backends, &query).await;
        }
    }
    let asked = pages.iter().map(|(name, _)| name.clone()).collect();
    let (found, mut missing, follow) = joined(pages);
    unheard.retain(|more: &Missing| missing.iter().all(|known| known.source != more.source));
    missing.extend(unheard);
    (Gathered { found, asked, missing }, follow)
}

/// Finds the traces that the request's own lines name.
fn traces_in_lines<'a>(
    correlation: &Correlation,
    records: impl Iterator<Item = &'a LogRecord>,
) -> Vec<TraceId> {
    let mut traces: Vec<TraceId> = Vec::new();
    let own =
        |record: &&LogRecord| record.request_id.as_ref().is_some_and(|id| correlation.matches(id));
    for record in records.filter(own) {
        let trace_id = record.trace_id.as_ref().and_then(|id| TraceId::from_hex(id));
        traces.extend(trace_id.filter(|id| !traces.contains(id)));
    }
    traces
}

/// Finds the traces that the request's own events name.
fn traces_in_events<'a>(
    correlation: &Correlation,
    events: impl Iterator<Item = &'a ErrorEvent>,
) -> impl Iterator<Item = TraceId> {
    let own =
        |event: &&ErrorEvent| event.request_id.as_ref().is_some_and(|id| correlation.matches(id));
    events.filter(own).filter_map(|event| TraceId::from_hex(event.trace_id.as_ref()?))
}

/// What one source says in one round; a signal that it did not answer about is empty and has its
/// reason.
#[derive(Default)]
struct Round {
    logs: LogPage,
    spans: Vec<Span>,
    events: Vec<ErrorEvent>,
    failures: Vec<String>,
    /// Why spans may be missing.
    incomplete: Vec<String>,
    remarks: Vec<String>,
}

impl Round {
    /// Keeps an answer, or why there is none.
    fn take<T: Default>(&mut self, answer: Result<T, SourceError>) -> T {
        answer.unwrap_or_else(|error| {
            let reason = error.to_string();
            if !self.failures.contains(&reason) {
                self.failures.push(reason);
            }
            T::default()
        })
    }
}

async fn one_round(backend: &dyn Backend, correlation: &Correlation, traces: &[TraceId]) -> Round {
    let query = LogQuery::of_request(correlation, traces, LOG_LINES_MAX);
    let mut ids = vec![correlation.clone()];
    ids.extend(traces.iter().copied().map(Correlation::from));
    let logs = async {
        match backend.logs() {
            Some(side) => side.search(&query).await,
            None => Ok(LogPage::default()),
        }
    };
    let spans = async {
        match backend.traces() {
            Some(side) => join_all(traces.iter().map(|trace_id| side.trace(*trace_id))).await,
            None => Vec::new(),
        }
    };
    let events = async {
        match backend.issues() {
            Some(side) => side.events(&ids).await,
            None => Ok(Vec::new()),
        }
    };
    let (logs, spans, events) = tokio::join!(logs, spans, events);
    let mut round = Round::default();
    round.logs = round.take(logs);
    for of_trace in spans {
        let FoundTrace { spans, incomplete, remarks } = round.take(of_trace);
        round.spans.extend(spans);
        round.incomplete.extend(incomplete);
        round.remarks.extend(remarks);
    }
    round.events = round.take(events);
    round
}

/// Finds the traces that this request's log lines and events name.
fn traces_of(correlation: &Correlation, rounds: &[Round]) -> (Vec<TraceId>, Option<&'static str>) {
    let lines = rounds.iter().flat_map(|round| &round.logs.records);
    let of_lines = traces_in_lines(correlation, lines);
    let of_events = traces_in_events(correlation, rounds.iter().flat_map(|round| &round.events));
    let mut traces: Vec<TraceId> = correlation.trace_id().into_iter().collect();
    let mut resolved_by = None;
    let lines = of_lines.into_iter().map(|trace_id| ("log line", trace_id));
    for (how, trace_id) in lines.chain(of_events.map(|trace_id| ("error event", trace_id))) {
        if !traces.contains(&trace_id) {
            traces.push(trace_id);
            resolved_by.get_or_insert(how);
        }
    }
    (traces, resolved_by)
}

/// Joins what several sources said in all rounds.
///
/// Each round asks for the lines of the one before and those of the learned traces, so the last
/// round's stand in the place of all. Spans and events have ids and count once.
fn join(all: Vec<Vec<Round>>) -> Story {
    let mut story = Story::default();
    let last = all.len().saturating_sub(1);
    let mut spans: Vec<Vec<Span>> = Vec::new();
    let mut events = HashSet::new();
    for (number, rounds) in all.into_iter().enumerate() {
        for (source, round) in rounds.into_iter().enumerate() {
            if number == last {
                story.logs_truncated |= round.logs.truncated;
                story.searched.extend(round.logs.searched);
                story.logs.extend(round.logs.records);
            }
            spans.resize_with(spans.len().max(source + 1), Vec::new);
            spans[source].extend(round.spans);
            let new_event = |event: &ErrorEvent| events.insert(event.event_id.clone());
            story.events.extend(round.events.into_iter().filter(new_event));
            for remark in round.remarks {
                if !story.remarks.contains(&remark) {
                    story.remarks.push(remark);
                }
            }
        }
    }
    story.spans = merged(spans);
    story.logs.sort_by_key(|record| record.time);
    story.events.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
    story
}

/// Asks every source that has traces for one; returns a list of spans a source, and who did not
/// answer, or only in part.
async fn of_trace(
    backends: &[Box<dyn Backend>],
    trace_id: TraceId,
) -> (Vec<Vec<Span>>, Vec<Missing>) {
    let sides = backends.iter().filter_map(|backend| Some((backend, backend.traces()?)));
    let asked = sides.map(async |(backend, side)| (backend.name(), side.trace(trace_id).await));
    let (mut lists, mut missing) = (Vec::new(), Vec::new());
    for (source, answer) in join_all(asked).await {
        match answer {
            Ok(FoundTrace { spans, incomplete, .. }) => {
                lists.push(spans);
                missing.extend(incomplete.map(|why| Missing::in_part(source, &why)));
            }
            Err(error) => missing.push(Missing { source, reason: error.to_string() }),
        }
    }
    (lists, missing)
}

/// Asks every source that has this side the same, all at once; returns the answers, and who did not
/// answer.
pub async fn each<'a, S: ?Sized + 'a, T, F>(
    backends: &'a [Box<dyn Backend>],
    side: impl Fn(&'a dyn Backend) -> Option<&'a S>,
    ask: impl Fn(&'a S) -> F,
) -> (Vec<T>, Vec<Missing>)
where
    F: Future<Output = Result<T, SourceError>>,
{
    let sides = backends.iter().filter_map(|backend| Some((&**backend, side(&**backend)?)));
    let (who, asked): (Vec<&dyn Backend>, Vec<F>) =
        sides.map(|(backend, side)| (backend, ask(side))).unzip();
    let mut answers = Vec::new();
    let mut missing = Vec::new();
    for (backend, outcome) in who.into_iter().zip(join_all(asked).await) {
        match outcome {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                missing.push(Missing { source: backend.name(), reason: error.to_string() });
            }
        }
    }
    (answers, missing)
}

/// Returns the names of the sources, as answers list them.
pub fn names(backends: &[Box<dyn Backend>]) -> Vec<String> {
    backends.iter().map(|backend| backend.name()).collect()
}
