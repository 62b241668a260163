//! `--watch`: looking again and again, and a line for each change.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::args::CheckArgs;
use super::beside::Beside;
use super::looking::look;
use super::outcome;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::{CheckResult, Status, UnixNanos};
use crate::probes::{Means, Probe};
use crate::render::check::ChangeReport;
use crate::render::{Format, Live};

/// Looks until Ctrl-C, which is how it is meant to end: with the exit code of the last state.
pub(super) fn watch(
    probes: &[Probe],
    means: &Means,
    every: Duration,
    args: &CheckArgs,
    beside: &Beside,
    context: &mut Context,
) -> Result<(Vec<CheckResult>, Outcome)> {
    let live = Live::new(&context.output.notes, probes.iter().map(|probe| probe.id.as_str()));
    let (start, began) = (context.now_nanos(), Instant::now());
    let mut known: HashMap<String, Status> = HashMap::new();
    let mut last: Option<Vec<CheckResult>> = None;
    loop {
        let looked = Instant::now();
        let results = match look(probes, means, args.deadline, context, &live, beside, false) {
            Ok(results) => results,
            Err(error) => break end(error, last, args),
        };
        let passed = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let at = UnixNanos(start.0.saturating_add(passed));
        live.clear();
        tell(&results, &mut known, at, last.is_none(), context)?;
        last = Some(results);
        live.title(&format!("looking every {every:?}; Ctrl-C ends"));
        let pause = every.saturating_sub(looked.elapsed());
        if let Err(error) = pause_drawing(pause, &live, context) {
            break end(error, last, args);
        }
    }
}

/// Writes a line for each check or part that is not as it was; at the first look, for each that is
/// not well, and how many are.
fn tell(
    results: &[CheckResult],
    known: &mut HashMap<String, Status>,
    at: UnixNanos,
    first: bool,
    context: &mut Context,
) -> Result<()> {
    let show_secrets = context.output.theme.show_secrets;
    let all: Vec<&CheckResult> = results.iter().flat_map(CheckResult::flat).collect();
    let well = all.iter().filter(|result| result.status == Status::Ok).count();
    if first {
        let count = all.len();
        context.output.note(&format!("{well} of {count} are ok; from here on, what changes"));
    }
    for result in all {
        let before = known.insert(result.id.clone(), result.status);
        let changed = match before {
            // What was not there at the first look is new: a component of a page that answers again.
            None => result.status != Status::Ok,
            Some(before) => before != result.status,
        };
        if changed {
            let change = ChangeReport::new(result, before, at, show_secrets);
            if context.output.format() == Format::Jsonl {
                context.output.json_line(&change)?;
            } else {
                let (out, theme) = context.output.stream();
                change.line(out, theme)?;
                out.flush()?;
            }
        }
    }
    Ok(())
}

/// Waits, or until Ctrl-C; the rows stay on the screen meanwhile.
fn pause_drawing(length: Duration, live: &Live, context: &mut Context) -> Result<()> {
    live.tick();
    context.pause(length)
}

fn end(
    error: Error,
    last: Option<Vec<CheckResult>>,
    args: &CheckArgs,
) -> Result<(Vec<CheckResult>, Outcome)> {
    match last {
        Some(results) if error.kind() == ErrorKind::Interrupted => {
            let outcome = outcome(&results, args.fail_on());
            Ok((results, outcome))
        }
        _ => Err(error),
    }
}
