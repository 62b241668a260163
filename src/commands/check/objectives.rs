//! The checks of the objectives that the configuration sets.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Measured, SloSettings, SourceSettings};
use crate::context::Context;
use crate::model::CheckKind;
use crate::probes::Probe;
use crate::probes::configured::of_unread;
use crate::probes::slo::{By, Slo};
use crate::probes::targets::{of_objective, of_wrong};
use crate::sources::{Side, kind_of};

/// Returns a check an objective; opens the sources that they ask. `taken` are the ids of other checks.
///
/// One that cannot be meant, or whose source cannot be asked, says so and stops no other.
pub(super) fn probes(
    taken: &[Probe],
    timeout: Duration,
    window: Duration,
    context: &mut Context,
) -> Vec<Probe> {
    let unread = context.settings.unread.iter().filter(|one| one.what == "objective");
    let mut probes: Vec<Probe> = unread.map(of_unread).collect();
    for settings in context.settings.objectives.clone() {
        let SloSettings { id, objective, period, runbook, origin, line, .. } = &settings;
        let is_taken = |id: &str| taken.iter().chain(&probes).any(|other: &Probe| other.id == id);
        let found = if is_taken(id) {
            Err("has the id of another check: give each an id of its own".to_owned())
        } else {
            measured_by(&settings, window, context)
        };
        let probe = match found {
            Ok(by) => {
                let budget = settings.budget();
                let slo = Slo { objective: *objective, budget, period: *period, by };
                of_objective(id, slo, &origin.at(*line), runbook.clone(), timeout)
            }
            Err(why) => {
                let why = format!("{}: the objective `{id}` {why}", origin.named_at(*line));
                let names = (2..).map(|number| format!("{id}-{number}"));
                let mut names = std::iter::once(id.clone()).chain(names);
                let free = names.find(|name| !is_taken(name)).unwrap_or_default();
                of_wrong(CheckKind::Slo, &free, "objectives", origin.at(*line), why)
            }
        };
        probes.push(probe);
    }
    probes
}

/// Returns what an objective is measured by; errs in words that follow its name.
fn measured_by(
    settings: &SloSettings,
    window: Duration,
    context: &mut Context,
) -> Result<By, String> {
    match &settings.measured {
        Measured::Page(url) => Ok(By::Page(url.clone(), window)),
        Measured::Queries { errors, total, source } => {
            let source = source_of(source.as_deref(), context)?;
            let backend = context.open_source(&source).map_err(|error| {
                let causes = error.causes();
                let said =
                    std::iter::once(error.message()).chain(causes.iter().map(String::as_str));
                format!("cannot ask its source: {}", said.collect::<Vec<_>>().join(": "))
            })?;
            Ok(By::Queries(errors.clone(), total.clone(), Arc::from(backend)))
        }
    }
}

fn source_of(wanted: Option<&str>, context: &Context) -> Result<SourceSettings, String> {
    let is_of_metrics =
        |one: &&SourceSettings| kind_of(&one.kind).is_some_and(|kind| kind.side == Side::Metrics);
    let mut all = context.settings.sources.iter().filter(is_of_metrics);
    let found = all.find(|one| wanted.is_none_or(|wanted| one.name == wanted));
    found.cloned().ok_or_else(|| {
        let which = wanted.map_or_else(String::new, |name| format!(" called `{name}`"));
        format!(
            "needs a source of metrics{which}: [[source]] kind = \"prometheus\", or PROMETHEUS_URL; \
             without one url = \"http://HOST:PORT/metrics\" instead of errors and total"
        )
    })
}
