//! Waits for a trace that is still arriving: asks again until its spans are the same ones twice.
//!
//! What counts are the ids of the spans: a backend gives the same spans in other pieces while it
//! stores them. The clock and the pauses come from outside, so that a test needs neither.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use super::merge::merged;
use super::{of_trace, story};
use crate::model::{
    Correlation, Gathered, Missing, Span, SpanId, SpanKind, Story, TraceId, UnixNanos, WaitEnd,
    Waited,
};
use crate::sources::Backend;

/// How long a young trace is waited for, where nobody says how long.
const WAIT_DEFAULT: Duration = Duration::from_secs(10);

/// How old what is young can be: senders collect spans for seconds, collectors for up to a minute.
const YOUNG: Duration = Duration::from_mins(1);

/// The same for a trace in which parents are missing: those of long requests come late.
const YOUNG_IN_PART: Duration = Duration::from_mins(10);

/// The first pause; each one is twice as long as the one before, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// How often the ids of the spans have to stay the same.
const STABLE: u32 = 2;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Ten seconds for what is young, else not at all.
    ByAge,
    /// This long, whatever its age; not at all when it is zero.
    UpTo(Duration),
}

/// Which span: two that share an id have two kinds.
type Key = (TraceId, SpanId, SpanKind);

/// Returns everything about one request, as [`story`] does, but waits for its trace where that is
/// still arriving; [`Story::waited`] says for how long and how that ended.
///
/// `now` is the time that goes on, `pause` lets it pass.
pub async fn arrived(
    backends: &[Box<dyn Backend>],
    correlation: &Correlation,
    patience: Patience,
    now: impl Fn() -> UnixNanos,
    pause: impl AsyncFn(Duration),
) -> Gathered<Story> {
    let began = now();
    let mut gathered = story(backends, correlation).await;
    let wait = match patience {
        Patience::UpTo(wait) => wait,
        Patience::ByAge if is_young(&gathered.found, correlation, began) => WAIT_DEFAULT,
        Patience::ByAge => Duration::ZERO,
    };
    let passed = || Duration::from_nanos(u64::try_from(now().since(began)).unwrap_or(0));
    if wait.is_zero() || backends.iter().all(|backend| backend.traces().is_none()) {
        return gathered;
    }
    let at_first = keys(&gathered.found.spans);
    let (mut known, mut same, mut length) = (at_first.clone(), 0, PAUSE);
    let mut unheard = Vec::new();
    let mut ended = loop {
        let left = wait.saturating_sub(passed());
        if left.is_zero() {
            break ended(&gathered.found.spans, same);
        }
        pause(length.min(left)).await;
        length = (length * 2).min(PAUSE_MAX);
        unheard = ask_again(backends, correlation, &mut gathered).await;
        let new = keys(&gathered.found.spans);
        same = if new == known { same + 1 } else { 0 };
        known = new;
        let whole = is_whole(&gathered.found.spans);
        let young = within(&gathered.found.spans, now(), YOUNG);
        if same >= STABLE && !known.is_empty() && (whole || !young) {
            break ended(&gathered.found.spans, same);
        }
    };
    if known != at_first {
        // The log lines and errors of what came may have come with it.
        let spans = std::mem::take(&mut gathered.found.spans);
        gathered = story(backends, correlation).await;
        let again = std::mem::take(&mut gathered.found.spans);
        gathered.found.spans = merged(vec![again, spans]);
        if keys(&gathered.found.spans) != known {
            ended = WaitEnd::Arriving;
        }
    }
    unheard.retain(|one| !gathered.missing.contains(one));
    gathered.missing.extend(unheard);
    gathered.found.waited = Some(Waited { length: passed(), ended });
    gathered
}

/// Asks for the spans of the known traces again, or for everything where none is known; returns who
/// did not answer this time, or only in part.
async fn ask_again(
    backends: &[Box<dyn Backend>],
    correlation: &Correlation,
    gathered: &mut Gathered<Story>,
) -> Vec<Missing> {
    if gathered.found.trace_ids.is_empty() {
        *gathered = story(backends, correlation).await;
        return Vec::new();
    }
    let ids = gathered.found.trace_ids.iter();
    let (mut lists, mut missing) = (Vec::new(), Vec::new());
    for (of_sources, unheard) in join_all(ids.map(|id| of_trace(backends, *id))).await {
        lists.extend(of_sources);
        for one in unheard {
            missing.extend((!missing.contains(&one)).then_some(one));
        }
    }
    // What was there before stays: a source that fails now takes nothing away.
    lists.push(std::mem::take(&mut gathered.found.spans));
    gathered.found.spans = merged(lists);
    missing
}

/// Says whether something of the trace may still be on its way.
fn is_young(found: &Story, correlation: &Correlation, now: UnixNanos) -> bool {
    if found.spans.is_empty() {
        let own = correlation.trace_id().and_then(UnixNanos::of_uuid_v7);
        return own.is_some_and(|own| is_within(own, now, YOUNG));
    }
    let limit = if is_whole(&found.spans) { YOUNG } else { YOUNG_IN_PART };
    within(&found.spans, now, limit)
}

/// Says whether the youngest span is at most so old.
fn within(spans: &[Span], now: UnixNanos, limit: Duration) -> bool {
    let youngest = spans.iter().map(|span| span.end.unwrap_or(span.start)).max();
    youngest.is_some_and(|youngest| is_within(youngest, now, limit))
}

/// Clocks differ: what is from the future is as young as what is as far in the past.
fn is_within(time: UnixNanos, now: UnixNanos, limit: Duration) -> bool {
    u128::from(now.since(time).unsigned_abs()) < limit.as_nanos()
}

/// Says whether every trace has a root and every span its parent.
fn is_whole(spans: &[Span]) -> bool {
    let there: BTreeSet<(TraceId, SpanId)> =
        spans.iter().map(|span| (span.trace_id, span.span_id)).collect();
    let has_parent =
        |span: &Span| span.parent.is_none_or(|parent| there.contains(&(span.trace_id, parent)));
    let roots: BTreeSet<TraceId> =
        spans.iter().filter(|span| span.parent.is_none()).map(|span| span.trace_id).collect();
    spans.iter().all(|span| has_parent(span) && roots.contains(&span.trace_id))
}

fn ended(spans: &[Span], same: u32) -> WaitEnd {
    match spans {
        [] => WaitEnd::Nothing,
        _ if same < STABLE => WaitEnd::Arriving,
        spans if is_whole(spans) => WaitEnd::Settled,
        _ => WaitEnd::ParentsMissing,
    }
}

fn keys(spans: &[Span]) -> BTreeSet<Key> {
    spans.iter().map(|span| (span.trace_id, span.span_id, span.kind)).collect()
}

#[cfg(test)]
mod tests;
