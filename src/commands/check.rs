//! `obs check`: is the application healthy, and what it stands on?

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use crate::completion::checks;
use crate::config::running::RunningBackend;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::model::{CheckResult, Status, mask_text, nearest, parse_duration};
use crate::probes::targets::{names_of, of_application, of_backend, of_settings, of_source};
use crate::probes::{Means, Probe, Target, run_all};
use crate::render::Progress;
use crate::render::check::CheckReport;
use crate::sources::Backend as _;

/// How often `--wait` looks again.
const WAIT_PAUSE: Duration = Duration::from_millis(500);

/// Arguments of `obs check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs check                       everything that obs.toml lists, else what runs here
  obs check orders-api            one application
  obs check readyz --wait 60s     until it is ready
  obs check --skip metrics -o json

Exit codes: 0 healthy (warnings count as healthy unless --fail-on warn), 1 something failed,
3 nothing failed, but something could not be told.")]
pub struct CheckArgs {
    /// Only checks of this id, group or kind
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(checks))]
    names: Vec<String>,
    /// Leave out checks of this id, group or kind; can be given several times
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(checks))]
    skip: Vec<String>,
    /// Look again until all is well, at most that long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// How long all checks together may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    deadline: Duration,
    /// The time between two scrapes of /metrics
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    window: Duration,
    /// What counts as unhealthy
    #[arg(long, value_name = "STATUS", value_enum, default_value_t = FailOn::Fail)]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Only failures.
    Fail,
    /// Warnings too.
    Warn,
}

fn duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it must be longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Checks, shows what was found, and says in the exit code whether it is well.
pub fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("check")?;
    let probes = chosen(all_probes(args, context)?, args)?;
    fits(args, takes_at_least(&probes))?;
    let means = Means { http: context.http(), now: context.now_nanos() };
    let progress = Progress::new(&context.output.notes);
    let (started, began) = (context.now_nanos(), Instant::now());
    let mut attempts = 1;
    let mut looked = Instant::now();
    // What hangs must not make `--wait` longer than it says.
    let first = args.wait.map_or(args.deadline, |wait| wait.min(args.deadline));
    let mut results = look(&probes, &means, first, context, &progress)?;
    while let Some(wait) = args.wait {
        let left = wait.saturating_sub(began.elapsed());
        if left.is_zero() || outcome(&results, args.fail_on) == Outcome::Yes {
            break;
        }
        context.pause(WAIT_PAUSE.min(left))?;
        let left = wait.saturating_sub(began.elapsed());
        // In less time a healthy service might not answer, and be called unknown.
        if left < takes_at_least(&probes) + WAIT_PAUSE {
            break;
        }
        looked = Instant::now();
        results = look(&probes, &means, left.min(args.deadline), context, &progress)?;
        attempts += 1;
    }
    let took = looked.elapsed();
    progress.clear();
    let outcome = outcome(&results, args.fail_on);
    if let Some(wait) = args.wait.filter(|_| outcome != Outcome::Yes) {
        context.output.warn(&format!("not healthy within {wait:?}; this is the last state"));
    }
    let show_secrets = context.output.theme.show_secrets;
    let report = CheckReport::new(results, &context.ids.request_id, started, took, attempts);
    context.output.show(&if show_secrets { report } else { report.masked() })?;
    Ok(outcome)
}

/// Returns the time that the probes take even when every answer is there at once.
fn takes_at_least(probes: &[Probe]) -> Duration {
    let window = |probe: &Probe| match probe.target {
        Target::Metrics(_, window) => window,
        _ => Duration::ZERO,
    };
    probes.iter().map(window).max().unwrap_or_default()
}

/// Refuses times that no answer could meet: that would blame what is checked.
fn fits(args: &CheckArgs, needed: Duration) -> Result<()> {
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

/// Runs all probes once.
fn look(
    probes: &[Probe],
    means: &Means,
    deadline: Duration,
    context: &mut Context,
    progress: &Progress,
) -> Result<Vec<CheckResult>> {
    let total = probes.len();
    let mut left: Vec<&str> = probes.iter().map(|probe| probe.id.as_str()).collect();
    progress.say(&format!("asking {total} checks"));
    context.wait(async || {
        let done = |result: &CheckResult| {
            left.retain(|id| *id != result.id);
            if !left.is_empty() {
                progress.say(&format!(
                    "{} of {total}, waiting for {}",
                    total - left.len(),
                    left.join(", ")
                ));
            }
        };
        run_all(probes, means, deadline, done).await
    })
}

/// Returns what there is to check: what the files list, else the applications that announced
/// themselves; and the backend, if there is one.
fn all_probes(args: &CheckArgs, context: &mut Context) -> Result<Vec<Probe>> {
    let timeout = context.settings.timeout.value;
    let configured = &context.settings.checks.value;
    let mut probes = of_settings(configured, timeout, args.window).map_err(|error| {
        Error::usage("a configured check cannot be made")
            .because(error)
            .hint("see which file lists it: obs config show")
    })?;
    let sources = source_probes(timeout, context)?;
    let Some((served, announced)) = context.embedded()? else {
        probes.extend(sources);
        if probes.is_empty() {
            return Err(nothing_to_check());
        }
        return Ok(probes);
    };
    let origin = announced.as_ref().map_or_else(
        || context.settings.url.origin.to_string(),
        |running| format!("the running {}", running.command),
    );
    let served = Arc::new(served);
    if probes.is_empty() {
        context.output.note(&format!("checking what runs here: {}", served.name()));
        let applications =
            announced.iter().flat_map(|running: &RunningBackend| &running.applications);
        for application in applications {
            let (name, url) = (&application.name, &application.url);
            probes.extend(of_application(name, url, &origin, timeout, args.window));
        }
    }
    probes.push(of_backend(served, &origin, timeout));
    probes.extend(sources);
    Ok(probes)
}

/// Returns the checks of the configured sources: whether each can be asked.
fn source_probes(timeout: Duration, context: &mut Context) -> Result<Vec<Probe>> {
    let mut probes = Vec::new();
    for settings in context.settings.sources.clone() {
        let backend = Arc::from(context.open_source(&settings)?);
        probes.push(of_source(backend, &settings.name, &settings.origin.to_string(), timeout));
    }
    Ok(probes)
}

fn nothing_to_check() -> Error {
    Error::usage("there is nothing to check: no file lists checks and nothing runs here")
        .hint("list them in obs.toml: [[check]] id = \"api\" kind = \"http\" target = \"http://…/healthz\"")
        .hint("see it work: obs demo")
}

/// Keeps the checks that were asked for; refuses a name that is none.
fn chosen(probes: Vec<Probe>, args: &CheckArgs) -> Result<Vec<Probe>> {
    for name in args.names.iter().chain(&args.skip) {
        if !probes.iter().any(|probe| is_called(probe, name)) {
            return Err(no_such_check(&probes, name));
        }
    }
    let is_any = |probe: &Probe, names: &[String]| names.iter().any(|name| is_called(probe, name));
    let wanted = |probe: &Probe| {
        (args.names.is_empty() || is_any(probe, &args.names)) && !is_any(probe, &args.skip)
    };
    let kept: Vec<Probe> = probes.into_iter().filter(wanted).collect();
    if kept.is_empty() {
        return Err(Error::usage("every check is left out").hint("leave less out: obs check"));
    }
    Ok(kept)
}

/// Says whether a check goes by this name; a component, as `orders-api.readyz/database`, is looked at
/// by the check that it is part of.
fn is_called(probe: &Probe, name: &str) -> bool {
    let name = name.split('/').next().unwrap_or(name);
    names_of(probe).contains(&name)
}

fn no_such_check(probes: &[Probe], name: &str) -> Error {
    let mut known: Vec<&str> = Vec::new();
    for place in [0, 1, 3] {
        for probe in probes {
            let name = names_of(probe)[place];
            if !known.contains(&name) {
                known.push(name);
            }
        }
    }
    let refused = Error::usage(format!("there is no check `{}`", mask_text(name)));
    let refused = match nearest(name, known.iter().copied()) {
        Some(like) => refused.hint(format!("did you mean `{like}`?")),
        None => refused,
    };
    refused.hint(format!("checks, groups and kinds: {}", known.join(", ")))
}

fn outcome(results: &[CheckResult], fail_on: FailOn) -> Outcome {
    let statuses: Vec<Status> =
        results.iter().flat_map(CheckResult::flat).map(|result| result.status).collect();
    let has = |status| statuses.contains(&status);
    if has(Status::Fail) || has(Status::Warn) && fail_on == FailOn::Warn {
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
        let result = |status: &Status| CheckResult {
            id: "a".to_owned(),
            name: "a".to_owned(),
            group: "g".to_owned(),
            kind: CheckKind::Tcp,
            target: String::new(),
            status: *status,
            reason: None,
            code: None,
            message: String::new(),
            duration_ms: None,
            phases: Vec::new(),
            observed: Vec::new(),
            hint: None,
            runbook: None,
            needs: Vec::new(),
            origin: String::new(),
            children: Vec::new(),
        };
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
        ] {
            assert_eq!(outcome(&results(statuses), fail_on), expected, "{statuses:?}");
        }
    }
}
