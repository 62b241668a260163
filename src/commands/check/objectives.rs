//! The checks of the objectives that the configuration sets.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Measured, SloSettings, SourceSettings};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::probes::Probe;
use crate::probes::slo::{By, Slo};
use crate::probes::targets::of_objective;
use crate::sources::{Side, kind_of};

/// Returns a check an objective; opens the sources that they ask.
pub(super) fn probes(
    timeout: Duration,
    window: Duration,
    context: &mut Context,
) -> Result<Vec<Probe>> {
    let mut probes = Vec::new();
    for settings in context.settings.objectives.clone() {
        let checks = context.settings.checks.value.iter().map(|check| &check.id);
        let objectives = context.settings.objectives.iter().map(|objective| &objective.id);
        if checks.chain(objectives).filter(|id| **id == settings.id).count() > 1 {
            let SloSettings { id, origin, .. } = &settings;
            let twice = format!("the objective `{id}` ({origin}) has the id of another check");
            return Err(Error::usage(twice).hint("give each an id of its own"));
        }
        let by = match &settings.measured {
            Measured::Page(url) => By::Page(url.clone(), window),
            Measured::Queries { errors, total, source } => {
                let source = source_of(&settings, source.as_deref(), context)?;
                let backend = Arc::from(context.open_source(&source)?);
                By::Queries(errors.clone(), total.clone(), backend)
            }
        };
        let SloSettings { id, objective, period, runbook, origin, .. } = &settings;
        let slo = Slo { objective: *objective, budget: settings.budget(), period: *period, by };
        probes.push(of_objective(id, slo, &origin.to_string(), runbook.clone(), timeout));
    }
    Ok(probes)
}

fn source_of(
    settings: &SloSettings,
    wanted: Option<&str>,
    context: &Context,
) -> Result<SourceSettings> {
    let is_of_metrics =
        |one: &&SourceSettings| kind_of(&one.kind).is_some_and(|kind| kind.side == Side::Metrics);
    let mut all = context.settings.sources.iter().filter(is_of_metrics);
    let found = all.find(|one| wanted.is_none_or(|wanted| one.name == wanted));
    found.cloned().ok_or_else(|| {
        let SloSettings { id, origin, .. } = settings;
        let which = wanted.map_or_else(String::new, |name| format!(" called `{name}`"));
        Error::usage(format!("the objective `{id}` ({origin}) needs a source of metrics{which}"))
            .hint("[[source]] kind = \"prometheus\" url = \"http://HOST:9090\", or PROMETHEUS_URL")
            .hint("without a Prometheus: url = \"http://HOST:PORT/metrics\" instead of errors and total")
    })
}
