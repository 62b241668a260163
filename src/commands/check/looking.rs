//! Looking once, and again until all is well.

use std::time::{Duration, Instant};

use super::args::CheckArgs;
use super::beside::Beside;
use super::outcome;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::model::{CheckKind, CheckResult, Status};
use crate::probes::slo::{By, Slo};
use crate::probes::{Means, Probe, Target, run_all};
use crate::render::check::{ResultLine, row};
use crate::render::{Format, Live, Output};

/// How often `--wait` looks again.
const WAIT_PAUSE: Duration = Duration::from_millis(500);

/// How often the spinners turn; what is done before the first turn shows none.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// What came of looking.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) results: Vec<CheckResult>,
    /// How long it took, the last time.
    pub(super) took: Duration,
    pub(super) attempts: u32,
}

/// Looks until all is well or `--wait` is over; without it, once.
pub(super) fn look_until_well(
    probes: &[Probe],
    means: &Means,
    args: &CheckArgs,
    beside: &Beside,
    context: &mut Context,
) -> Result<Looked> {
    let live = Live::new(&context.output.notes, probes.iter().map(|probe| probe.id.as_str()));
    live.title(&format!("asking {}", crate::render::text::counted(probes.len(), "check")));
    let began = Instant::now();
    let mut looked = began;
    let mut attempts = 1;
    // What hangs must not make `--wait` longer than it says.
    let first = args.wait.map_or(args.deadline, |wait| wait.min(args.deadline));
    // Of several looks only the last is the answer: nothing is written before it is known to be that.
    let streams = context.output.format() == Format::Jsonl && args.wait.is_none();
    let mut results = look(probes, means, first, context, &live, beside, streams)?;
    while let Some(wait) = args.wait {
        let left = wait.saturating_sub(began.elapsed());
        let is_well = outcome(&results, args.fail_on()) == Outcome::Yes;
        if left.is_zero() || is_well || !results.iter().any(may_get_better) {
            break;
        }
        live.title(&format!("not healthy yet, looked {attempts} times, waiting {wait:?} at most"));
        context.pause(WAIT_PAUSE.min(left))?;
        let left = wait.saturating_sub(began.elapsed());
        // In less time a healthy service might not answer, and be called unknown.
        if left < takes_at_least(probes) + WAIT_PAUSE {
            break;
        }
        looked = Instant::now();
        results = look(probes, means, left.min(args.deadline), context, &live, beside, false)?;
        attempts += 1;
    }
    live.clear();
    if context.output.format() == Format::Jsonl && !streams {
        for result in &results {
            stream(&mut context.output, result)?;
        }
    }
    Ok(Looked { results, took: looked.elapsed(), attempts })
}

/// Says whether waiting may help a check: what a file says wrongly stays wrong.
fn may_get_better(result: &CheckResult) -> bool {
    !matches!(result.status, Status::Ok | Status::Skipped) && result.kind != CheckKind::Config
}

/// Runs all probes once, and draws each as it ends; with `streams` also writes it as a line of JSON.
pub(super) fn look(
    probes: &[Probe],
    means: &Means,
    deadline: Duration,
    context: &mut Context,
    live: &Live,
    beside: &Beside,
    streams: bool,
) -> Result<Vec<CheckResult>> {
    let now = context.now_nanos();
    let looked = context.wait_and_write(async |output: &mut Output| {
        let mut told: Vec<String> = Vec::new();
        let mut tell = |mut result: CheckResult| {
            if !streams || told.contains(&result.id) {
                return Ok(());
            }
            told.push(result.id.clone());
            beside.complete(&mut result, now);
            stream(output, &result)
        };
        let mut written = Ok(());
        let results = {
            let done = |result: &CheckResult| {
                let place = probes.iter().position(|probe| probe.id == result.id);
                live.set(place.unwrap_or(usize::MAX), row(&result.id, Some(result), live.theme()));
                if written.is_ok() {
                    written = tell(result.clone());
                }
            };
            turning(run_all(probes, means, deadline, done), live).await
        };
        written?;
        // What had not answered at the deadline ended with it.
        results.iter().try_for_each(|result| tell(result.clone()))?;
        std::io::Result::Ok(results)
    })?;
    let mut results = looked?;
    for result in &mut results {
        beside.complete(result, now);
    }
    Ok(results)
}

/// Turns the spinners while something is waited for.
async fn turning<T>(work: impl Future<Output = T>, live: &Live) -> T {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(TICK);
    ticks.tick().await;
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => live.tick(),
        }
    }
}

pub(super) fn stream(output: &mut Output, result: &CheckResult) -> std::io::Result<()> {
    let show_secrets = output.theme.show_secrets;
    output.json_line(&ResultLine::new(result, show_secrets))
}

/// Returns the time that the probes take even when every answer is there at once.
fn takes_at_least(probes: &[Probe]) -> Duration {
    let window = |probe: &Probe| match probe.target {
        Target::Metrics(_, window) | Target::Slo(Slo { by: By::Page(_, window), .. }) => window,
        _ => Duration::ZERO,
    };
    probes.iter().map(window).max().unwrap_or_default()
}

/// Refuses times that no answer could meet: that would blame what is checked.
pub(super) fn fits(args: &CheckArgs, probes: &[Probe]) -> Result<()> {
    let needed = takes_at_least(probes);
    let (name, limit) = match args.wait {
        Some(wait) if wait < args.deadline => ("wait", wait),
        _ => ("deadline", args.deadline),
    };
    if needed.is_zero() || needed < limit {
        return Ok(());
    }
    let longer = needed.saturating_mul(2).max(Duration::from_secs(1));
    Err(Error::usage(format!(
        "the scrapes of /metrics are {needed:?} apart, --{name} is {limit:?}"
    ))
    .hint(format!("give more time: --{name} {longer:?}"))
    .hint("or look at less: --skip metrics, or a shorter --window"))
}
