//! `obs check`: is the application healthy, and what it stands on?
//!
//! `args` is the command line, `chosen` what there is to check, `looking` asks once or until all is
//! well, `watching` again and again, `past` is what the last run found, `beside` lays it and the runbook
//! beside what was found;
//! `objectives` are the checks of `[[slo]]`, `canary` is one request instead of all checks, `landing`
//! where it is sent when nobody says, and `pace` when its signs are looked for.

mod args;
mod beside;
mod canary;
mod chosen;
mod landing;
mod looking;
mod objectives;
mod pace;
mod past;
mod watching;

use std::time::Instant;

use crate::context::Context;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::{CheckResult, Status, UnixNanos};
use crate::probes::Means;
use crate::render::Format;
use crate::render::check::CheckReport;

pub use args::CheckArgs;
use args::FailOn;
use beside::Beside;
use looking::Looked;
use past::Past;

/// Checks, shows what was found, and says in the exit code whether it is well.
pub fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_of_check()?;
    let format = context.output.format();
    args.agree_with(format)?;
    match checked(args, context) {
        // To Nagios the exit code 2 of a wrong configuration would say that a service is down.
        Err(error) if format == Format::Nagios && is_ours(&error) => {
            let (out, _) = context.output.stream();
            let said = std::iter::once(error.message().to_owned()).chain(error.causes());
            let said = said.collect::<Vec<_>>().join(": ");
            let message = crate::render::text::shown(&said).replace('|', "/");
            writeln!(out, "OBS UNKNOWN - {message}")?;
            out.flush()?;
            context.output.error(error.message(), &error.causes(), error.hints());
            Ok(Outcome::Nagios(Status::Unknown))
        }
        other => other,
    }
}

fn is_ours(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::ClosedPipe | ErrorKind::Interrupted | ErrorKind::Internal)
}

fn checked(args: &CheckArgs, context: &mut Context) -> Result<Outcome> {
    if let Some(url) = &args.canary {
        return flown(url, args, context);
    }
    let mut probes = chosen::probes(args, context)?;
    looking::fits(args, &probes)?;
    let means = Means { http: context.http(), now: context.now_nanos() };
    let past = if args.no_baseline { Past::default() } else { Past::read(context) };
    let beside = Beside::new(past, &mut probes, context);
    let started = context.now_nanos();
    if let Some(every) = args.watch {
        let (results, outcome) = watching::watch(&probes, &means, every, args, &beside, context)?;
        keep(beside.past, &results, started, context);
        return Ok(outcome);
    }
    let looked = looking::look_until_well(&probes, &means, args, &beside, context)?;
    let outcome = outcome(&looked.results, args.fail_on());
    if let Some(wait) = args.wait.filter(|_| outcome != Outcome::Yes) {
        context.output.warn(&format!("not healthy within {wait:?}; this is the last state"));
    }
    keep(beside.past, &looked.results, started, context);
    let report = report(looked, args, started, context);
    write(&report, context)?;
    Ok(match context.output.format() {
        Format::Nagios => Outcome::Nagios(report.status),
        _ => outcome,
    })
}

/// Sends one request and shows what became of it.
fn flown(url: &str, args: &CheckArgs, context: &mut Context) -> Result<Outcome> {
    let (started, began) = (context.now_nanos(), Instant::now());
    let results = vec![canary::look(url, args.deadline, context)?];
    if context.output.format() == Format::Jsonl {
        for result in &results {
            looking::stream(&mut context.output, result)?;
        }
    }
    let outcome = outcome(&results, args.fail_on());
    let looked = Looked { results, took: began.elapsed(), attempts: 1 };
    let report = report(looked, args, started, context);
    write(&report, context)?;
    Ok(match context.output.format() {
        Format::Nagios => Outcome::Nagios(report.status),
        _ => outcome,
    })
}

fn report(looked: Looked, args: &CheckArgs, started: UnixNanos, context: &Context) -> CheckReport {
    let Looked { results, took, attempts } = looked;
    let mut report = CheckReport::new(results, &context.ids.request_id, started, took, attempts);
    report.verbose = args.verbose;
    if context.output.theme.show_secrets { report } else { report.masked() }
}

/// Writes the report in the format that was asked for.
fn write(report: &CheckReport, context: &mut Context) -> Result<()> {
    let format = context.output.format();
    if format == Format::Jsonl {
        return Ok(context.output.json_line(&report.summary())?);
    }
    let (out, theme) = context.output.stream();
    match format {
        Format::Short => report.short(out, theme)?,
        Format::Md => report.markdown(out, theme)?,
        Format::Junit => report.junit(out)?,
        Format::Tap => report.tap(out)?,
        Format::Nagios => report.nagios(out)?,
        Format::Prometheus => report.exposition(out)?,
        _ => return Ok(context.output.show(report)?),
    }
    out.flush()?;
    Ok(())
}

/// Keeps what was found for the next run; that it cannot be kept makes this one no worse.
fn keep(past: Past, results: &[CheckResult], started: UnixNanos, context: &mut Context) {
    if let Err(error) = past.keep(results, started) {
        context
            .output
            .note(&format!("this run cannot be kept for the next to compare with: {error}"));
    }
}

fn outcome(results: &[CheckResult], fail_on: FailOn) -> Outcome {
    let statuses: Vec<Status> =
        results.iter().flat_map(CheckResult::flat).map(|result| result.status).collect();
    let has = |status| statuses.contains(&status);
    if fail_on == FailOn::Never {
        Outcome::Yes
    } else if has(Status::Fail) || has(Status::Warn) && fail_on == FailOn::Warn {
        Outcome::No
    } else if has(Status::Unknown) || has(Status::Skipped) {
        Outcome::Incomplete
    } else {
        Outcome::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckKind;

    fn results(statuses: &[Status]) -> Vec<CheckResult> {
        let result = |status: &Status| CheckResult::of_test("a", CheckKind::Tcp, *status);
        statuses.iter().map(result).collect()
    }

    #[test]
    fn the_exit_code_is_no_for_any_failure_even_beside_what_is_unknown() {
        use Status::{Fail, Ok, Skipped, Unknown, Warn};
        for (statuses, fail_on, expected) in [
            (&[Ok, Ok][..], FailOn::Fail, Outcome::Yes),
            (&[Ok, Warn], FailOn::Fail, Outcome::Yes),
            (&[Ok, Warn], FailOn::Warn, Outcome::No),
            (&[Unknown, Fail], FailOn::Fail, Outcome::No),
            (&[Ok, Unknown], FailOn::Fail, Outcome::Incomplete),
            (&[Unknown, Warn], FailOn::Warn, Outcome::No),
            (&[Ok, Skipped], FailOn::Fail, Outcome::Incomplete),
            (&[Fail, Unknown], FailOn::Never, Outcome::Yes),
        ] {
            assert_eq!(outcome(&results(statuses), fail_on), expected, "{statuses:?}");
        }
    }
}
