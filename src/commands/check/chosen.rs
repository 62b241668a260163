//! What there is to check, and what of it was asked for.

use std::sync::Arc;
use std::time::Duration;

use super::args::CheckArgs;
use crate::config::running::RunningBackend;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{mask_text, nearest};
use crate::probes::Probe;
use crate::probes::configured::of_settings;
use crate::probes::targets::{names_of, of_application, of_backend, of_source};
use crate::probes::variables::of_variables;
use crate::sources::Backend as _;

/// Returns the checks that were asked for, of all there are.
pub(super) fn probes(args: &CheckArgs, context: &mut Context) -> Result<Vec<Probe>> {
    chosen(all_probes(args, context)?, args)
}

/// Returns what there is to check: what the files list, else the applications that announced
/// themselves; and the backend, if there is one.
fn all_probes(args: &CheckArgs, context: &mut Context) -> Result<Vec<Probe>> {
    let timeout = context.settings.timeout.value;
    let mut probes = configured(args.window, context);
    let listed = !probes.is_empty();
    if !listed {
        probes = of_environment(timeout, context);
    }
    let mut sources = super::objectives::probes(&probes, timeout, args.window, context);
    sources.extend(source_probes(timeout, context)?);
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
    if !listed {
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

/// Returns the checks that the files list.
pub(super) fn configured(window: Duration, context: &Context) -> Vec<Probe> {
    let settings = &context.settings;
    of_settings(&settings.checks.value, &settings.unread, settings.timeout.value, window)
}

/// Returns the checks of what variables name; says what of it is not asked.
fn of_environment(timeout: Duration, context: &mut Context) -> Vec<Probe> {
    let named = of_variables(&context.settings.services, timeout);
    if !named.probes.is_empty() {
        let origins: Vec<&str> = named.probes.iter().map(|probe| probe.origin.as_str()).collect();
        context
            .output
            .note(&format!("checking what the environment names: {}", origins.join(", ")));
    }
    for remark in &named.remarks {
        context.output.note(remark);
    }
    named.probes.into_iter().chain(named.unknown).collect()
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
        .hint("or write down what is here: obs init")
        .hint("or name them: DATABASE_URL, REDIS_URL, AMQP_URL and their like")
        .hint("see it work: obs demo")
}

/// Keeps the checks that were asked for; refuses a name that is none.
fn chosen(probes: Vec<Probe>, args: &CheckArgs) -> Result<Vec<Probe>> {
    let asked = args.asked();
    // A kind is meant only where nothing else has that name: of `dns` and `dns2` the first is one check.
    let is_kind =
        |name: &&String| !probes.iter().any(|probe| is_called_itself(probe, first_part(name)));
    let kinds: Vec<&String> = asked.iter().copied().chain(&args.skip).filter(is_kind).collect();
    let is_called = |probe: &Probe, name: &String| {
        let part = first_part(name);
        is_called_itself(probe, part) || kinds.contains(&name) && names_of(probe).contains(&part)
    };
    for name in asked.iter().copied().chain(&args.skip) {
        if !probes.iter().any(|probe| is_called(probe, name)) {
            return Err(no_such_check(&probes, name));
        }
    }
    let wanted = |probe: &Probe| {
        (asked.is_empty() || asked.iter().any(|name| is_called(probe, name)))
            && !args.skip.iter().any(|name| is_called(probe, name))
    };
    let kept: Vec<Probe> = probes.into_iter().filter(wanted).collect();
    if kept.is_empty() {
        return Err(Error::usage("every check is left out").hint("leave less out: obs check"));
    }
    Ok(kept)
}

/// Says whether it is a check's id, group, or the last part of its id.
fn is_called_itself(probe: &Probe, name: &str) -> bool {
    [&probe.id, &probe.group, &probe.name].into_iter().any(|one| one == name)
}

/// A component, as `orders-api.readyz/database`, is looked at by the check that it is part of.
fn first_part(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
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
