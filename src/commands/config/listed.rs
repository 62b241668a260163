//! The rows of what `obs check` asks: each check with its target, and what the environment names.

use std::time::Duration;

use super::Row;
use crate::config::{Measured, Settings, SloSettings};
use crate::http::without_secrets;
use crate::model::mask_text;
use crate::probes::Probe;
use crate::probes::configured::{of_settings, of_unread};
use crate::probes::targets::described;
use crate::probes::variables::of_variables;

/// Returns a row a check, a row an objective, and a row a variable that names a service.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let timeout = settings.timeout.value;
    let checks = of_settings(&settings.checks.value, &settings.unread, timeout, Duration::ZERO);
    let mut rows: Vec<Row> = checks.iter().map(|probe| of_probe("check", probe)).collect();
    rows.extend(of_environment(settings, !checks.is_empty()));
    rows.extend(settings.objectives.iter().map(of_objective));
    let unread = settings.unread.iter().filter(|one| one.what == "objective");
    rows.extend(unread.map(|one| of_probe("slo", &of_unread(one))));
    rows
}

fn of_probe(list: &str, probe: &Probe) -> Row {
    Row {
        name: format!("{list}.{}", probe.id).into(),
        value: mask_text(&described(probe)).into_owned(),
        origin: probe.origin.clone(),
    }
}

/// Where a file lists checks, nothing is asked only because a variable names it.
fn of_environment(settings: &Settings, is_listed: bool) -> Vec<Row> {
    let named = of_variables(&settings.services, settings.timeout.value);
    let probes: Vec<&Probe> = named.probes.iter().chain(&named.unknown).collect();
    let mut rows: Vec<Row> = if is_listed {
        let of_variable = |probe: &&Probe| Row {
            name: probe.origin.clone().into(),
            value: mask_text(&described(probe)).into_owned(),
            origin: "asked only where a [[check]] names it".to_owned(),
        };
        probes.iter().map(of_variable).collect()
    } else {
        probes.iter().map(|probe| of_probe("check", probe)).collect()
    };
    let is_asked = |variable: &str| {
        probes.iter().any(|probe| probe.origin.split(", ").any(|origin| origin == variable))
    };
    for service in &settings.services {
        let variable = format!("${}", service.variable);
        let of_it = |remark: &&String| remark.starts_with(&format!("{variable} "));
        if !is_asked(&variable)
            && let Some(remark) = named.remarks.iter().find(of_it)
        {
            let value = remark.get(variable.len()..).unwrap_or_default().trim().to_owned();
            rows.push(Row { name: variable.clone().into(), value, origin: variable });
        }
    }
    rows
}

fn of_objective(settings: &SloSettings) -> Row {
    let by = match &settings.measured {
        Measured::Page(url) => without_secrets(url),
        Measured::Queries { total, source, .. } => {
            let source = source.as_deref().unwrap_or("the first source of metrics");
            format!("{source}: {}", mask_text(total))
        }
    };
    Row {
        name: format!("slo.{}", settings.id).into(),
        value: format!("{}% by {by}", settings.objective),
        origin: settings.origin.at(settings.line),
    }
}
