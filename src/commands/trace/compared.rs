//! A trace held against another one, or against the last ones of the same operation.

use std::time::Duration;

use super::TraceArgs;
use super::found::{Found, find, find_two};
use crate::context::{Context, Wanted};
use crate::error::{Outcome, Result};
use crate::gather;
use crate::model::{Correlation, Missing, Story, TraceId, TraceSearch};
use crate::render::trace_baseline::TraceBaselineReport;
use crate::render::trace_diff::TraceDiffReport;
use crate::traces::{Analysis, analyse};

/// How far before the trace others of its operation are looked for.
const BASELINE_WINDOW: Duration = Duration::from_hours(24);

/// How many traces a baseline is made of.
const BASELINE_TRACES: usize = 50;

/// How many are looked through for those: a service has other operations too.
const BASELINE_LOOKED_AT: u32 = 500;

/// Shows how two traces differ.
///
/// Exit code 0 when both are there, 1 when one is not, 3 when not all of them is here.
pub(super) fn diff(args: &TraceArgs, other: &str, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("trace --diff")?;
    // The arguments require it.
    let id = args.id.as_deref().unwrap_or_default();
    let [left, right] = find_two([id, other], &args.file, args.wait.as_deref(), context)?;
    let complete = left.is_complete() && right.is_complete();
    let (Some(one), Some(two)) = (first_trace(&left), first_trace(&right)) else {
        return Ok(Outcome::found(false, complete));
    };
    let mut missing: Vec<Missing> = left.gathered.missing;
    for one in right.gathered.missing {
        if !missing.contains(&one) {
            missing.push(one);
        }
    }
    let show = (args.view.all, context.output.theme.show_secrets);
    let asked = left.gathered.asked;
    let report = TraceDiffReport::new((one.0, &one.1), (two.0, &two.1), (asked, missing), show);
    context.output.show(&report)?;
    Ok(Outcome::found(true, complete))
}

/// Shows what of a trace took longer than usual.
///
/// Exit code 0 when it could be held against others, 1 when there is no trace or no other, 3 when not
/// everybody answered.
pub(super) fn baseline(args: &TraceArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("trace --baseline")?;
    let found = find(args.id.as_deref(), &args.file, args.wait.as_deref(), context)?;
    let mut complete = found.is_complete();
    let Some((trace_id, trace)) = first_trace(&found) else {
        return Ok(Outcome::found(false, complete));
    };
    let Some(root) = trace.root().map(|row| &trace.tree.nodes()[row].span) else {
        return Ok(Outcome::found(false, complete));
    };
    let search = TraceSearch {
        service: Some(root.service.clone()),
        since: trace.start().before(BASELINE_WINDOW),
        until: trace.start(),
        limit: BASELINE_LOOKED_AT,
        ..TraceSearch::default()
    };
    let others = context.ask(Wanted::TraceLists, async |backends| {
        gather::same_operation(backends, &search, &root.name, trace_id, BASELINE_TRACES).await
    })?;
    context.warn_of_missing(&others.missing);
    complete &= others.missing.is_empty();
    for remark in &others.found.remarks {
        context.output.note(remark);
    }
    let traces = others.found.traces.into_iter();
    let analyses: Vec<Analysis> = traces.map(|(_, spans)| analyse(spans)).collect();
    if analyses.is_empty() {
        context.output.note("no other trace of this operation was found in the day before it");
    }
    let has_others = !analyses.is_empty();
    if !has_others && !context.output.is_json() {
        return Ok(Outcome::found(false, complete));
    }
    let show = (args.view.all, context.output.theme.show_secrets);
    let asked = (others.asked, others.missing);
    let report = TraceBaselineReport::new((trace_id, &trace), &analyses, asked, show);
    context.output.show(&report)?;
    Ok(Outcome::found(has_others, complete))
}

/// Analyses the first trace that has spans.
fn first_trace(found: &Found) -> Option<(TraceId, Analysis)> {
    let trace_id = first_id(&found.correlation, &found.gathered.found)?;
    let spans = found.gathered.found.spans.iter().filter(|span| span.trace_id == trace_id);
    Some((trace_id, analyse(spans.cloned().collect())))
}

fn first_id(correlation: &Correlation, story: &Story) -> Option<TraceId> {
    let ids = story.trace_ids.iter().copied().chain(correlation.trace_id());
    ids.into_iter().find(|id| story.spans.iter().any(|span| span.trace_id == *id))
}
