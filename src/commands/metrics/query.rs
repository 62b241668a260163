//! `obs metrics --query`: a `PromQL` expression, computed by a source of metrics.

use std::time::Duration;

use clap::Args;

use super::answering::told;
use crate::config::{Origin, SourceSettings};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::model::{
    MetricQuery, MetricTimes, Reason, mask_text, nearest, parse_duration, parse_time,
};
use crate::render::Format;
use crate::render::promql::QueryReport;
use crate::sources::{Side, SourceError, kind_of, query_with_slowest};

/// How many points a range has, about, unless `--step` says otherwise: as many as a wide chart shows.
const POINTS: u64 = 250;

/// The most points that Prometheus computes of a series.
const POINTS_MAX: u64 = 11_000;

/// The steps to choose from, in seconds; beyond them whole days.
const STEPS: [u64; 15] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 10_800, 21_600];

/// What is of pages only.
const OF_PAGES: [&str; 8] =
    ["page", "window", "once", "by", "matching", "apdex", "requests", "duration"];

/// The options of a query.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of --query")]
pub(super) struct QueryArgs {
    /// Compute this PromQL expression: now, or with --since over time, as a chart
    #[arg(long, value_name = "PROMQL", allow_hyphen_values = true, conflicts_with_all = OF_PAGES)]
    pub(super) query: Option<String>,
    /// The source to ask, or its address [default: the first of kind prometheus, else that of the environment]
    #[arg(long, value_name = "NAME|URL", requires = "query")]
    source: Option<String>,
    /// Over time, since then: 15m, 06:30, 2026-11-22T06:30:00Z
    #[arg(long, value_name = "TIME", requires = "query")]
    since: Option<String>,
    /// Until then; without --since, at that moment
    #[arg(long, value_name = "TIME", requires = "query")]
    until: Option<String>,
    /// From one value to the next [default: about 250 values]
    #[arg(long, value_name = "DURATION", requires = "since")]
    step: Option<String>,
}

impl QueryArgs {
    /// Returns an option that is given and means nothing without an expression.
    pub(super) fn lacking_query(&self) -> Option<&'static str> {
        let given = [
            ("--source", &self.source),
            ("--since", &self.since),
            ("--until", &self.until),
            ("--step", &self.step),
        ];
        let given = given.into_iter().find(|(_, value)| value.is_some());
        given.filter(|_| self.query.is_none()).map(|(name, _)| name)
    }
}

/// Asks, and shows what the expression is.
///
/// Exit code 0 with data, 1 with none, 2 for an expression that cannot be computed, 3 where the source
/// did not answer or says that parts are missing.
pub(super) fn run(expression: &str, args: &QueryArgs, context: &mut Context) -> Result<Outcome> {
    let format = context.output.format();
    let known = [Format::Human, Format::Json, Format::Jsonl, Format::Csv, Format::Md, Format::Svg];
    if !known.contains(&format) {
        return Err(Error::usage(
            "`obs metrics --query` answers as human, json, jsonl, csv, md or svg",
        ));
    }
    let query = MetricQuery { expression: expression.to_owned(), times: times(args, context)? };
    let settings = chosen(args, context)?;
    let backend = context.open_source(&settings)?;
    let source = backend.name();
    let Some(side) = backend.metrics() else {
        return Err(Error::usage(format!("{source} computes no metrics")));
    };
    let (answer, slowest) = context.wait(async || query_with_slowest(side, &query).await)?;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Err(explained(&source, &settings, error, context)?),
    };
    for warning in &answer.warnings {
        context.output.warn(&format!("{source}: {warning}"));
    }
    if answer.partial {
        context.output.warn(&format!("{source} says that parts of its answer are missing"));
    }
    let show_secrets = context.output.theme.show_secrets;
    let mut report = QueryReport::new(&query, source, answer, show_secrets);
    report.remember(slowest, show_secrets);
    let outcome = Outcome::found(!report.is_empty(), !report.partial);
    let (out, theme) = context.output.stream();
    match format {
        Format::Csv => report.csv(out)?,
        Format::Jsonl => report.lines(out)?,
        Format::Md => report.markdown(out)?,
        Format::Svg => report.svg(out, theme)?,
        _ => context.output.show(&report)?,
    }
    context.output.stream().0.flush()?;
    if matches!(format, Format::Csv | Format::Jsonl | Format::Svg) && report.is_empty() {
        context.output.note("no data: no series matches, which is not the same as zero");
    }
    Ok(outcome)
}

fn times(args: &QueryArgs, context: &Context) -> Result<MetricTimes> {
    let time = |name: &str, text: &Option<String>| {
        let read = text.as_deref().map(|text| parse_time(text, &context.now)).transpose();
        read.map_err(|error| Error::usage(format!("--{name} cannot be understood")).because(error))
    };
    let (since, until) = (time("since", &args.since)?, time("until", &args.until)?);
    let Some(since) = since else {
        return Ok(until.map_or(MetricTimes::Now, MetricTimes::At));
    };
    let until = until.unwrap_or_else(|| context.now_nanos());
    let length = u64::try_from(until.since(since)).ok().filter(|length| *length > 0);
    let Some(length) = length.map(Duration::from_nanos) else {
        return Err(Error::usage("--since is not before --until")
            .hint("over the last hour: --since 1h; at one moment: --until alone"));
    };
    let step = match &args.step {
        None => step_of(length),
        Some(text) => {
            let read = parse_duration(text);
            read.map_err(|error| Error::usage("--step cannot be understood").because(error))?
        }
    };
    if step < Duration::from_millis(1) {
        return Err(Error::usage("--step is too short: at least 1ms"));
    }
    let points = length.as_millis() / step.as_millis();
    if points >= u128::from(POINTS_MAX) {
        return Err(Error::usage(format!(
            "{points} values of each series: at most {POINTS_MAX} are computed"
        ))
        .hint(format!("a longer step: --step {}s", step_of(length).as_secs())));
    }
    // The last value is that of `until`, whatever the step.
    let points = u64::try_from(points).unwrap_or(POINTS_MAX);
    let covered = step.saturating_mul(u32::try_from(points).unwrap_or(u32::MAX));
    Ok(MetricTimes::Range { since: until.before(covered).max(since), until, step })
}

/// Returns a round step that makes about [`POINTS`] values.
fn step_of(length: Duration) -> Duration {
    let fits = |step: &&u64| length.as_secs() / **step <= POINTS;
    let days = || (length.as_secs() / POINTS / 86_400 + 1) * 86_400;
    Duration::from_secs(STEPS.iter().find(fits).copied().unwrap_or_else(days))
}

/// Returns the source to ask; says when there are others.
fn chosen(args: &QueryArgs, context: &mut Context) -> Result<SourceSettings> {
    let all: Vec<SourceSettings> = context
        .settings
        .sources
        .iter()
        .filter(|one| kind_of(&one.kind).is_some_and(|kind| kind.side == Side::Metrics))
        .cloned()
        .collect();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    if let Some(wanted) = &args.source {
        if wanted.contains("://") {
            return Ok(SourceSettings::plain("prometheus", wanted, Origin::Flag("source")));
        }
        if let Some(found) = all.iter().find(|one| one.name == *wanted) {
            return Ok(found.clone());
        }
        if is_address(wanted) {
            let url = format!("http://{wanted}");
            return Ok(SourceSettings::plain("prometheus", &url, Origin::Flag("source")));
        }
        let error = Error::usage(format!("no source of metrics is called `{}`", mask_text(wanted)));
        let error = match nearest(wanted, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
        return Err(error.hint("its address will do: --source http://HOST:9090"));
    }
    let Some(first) = all.first() else {
        return Err(Error::usage("there is no source of metrics to ask")
            .hint("name one: --source http://HOST:9090, or PROMETHEUS_URL")
            .hint("or in obs.toml: [[source]] kind = \"prometheus\" url = \"http://HOST:9090\""));
    };
    if let [_, others @ ..] = names.as_slice()
        && !others.is_empty()
    {
        let others = others.join(", ");
        context.output.note(&format!("asking {}; others: --source {others}", first.name));
    }
    Ok(first.clone())
}

/// Says whether it is `host:9090`, with or without a path: an address whose scheme was left out.
fn is_address(text: &str) -> bool {
    let port = text.split('/').next().and_then(|host| host.rsplit_once(':'));
    port.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Says why there is no answer, and where the address is none of a source of metrics, what is there.
fn explained(
    source: &str,
    settings: &SourceSettings,
    error: SourceError,
    context: &mut Context,
) -> Result<Error> {
    let strange = matches!(
        error,
        SourceError::Refused { class: Reason::NotFound | Reason::Protocol | Reason::Reset, .. }
    );
    if !strange || settings.datasource.is_some() {
        return Ok(refused(source, error));
    }
    let (http, timeout) = (context.http(), context.settings.timeout.value);
    let found = context.wait(async || {
        let told = told(&http, &settings.url, timeout);
        tokio::time::timeout(timeout, told).await.ok().flatten()
    })?;
    Ok(match found {
        Some(found) => {
            let told = Error::usage(format!("{source} computes no PromQL: {}", found.what));
            // What to do about a refusal is known better now.
            let told = match error {
                SourceError::Refused { what, .. } => told.because(what),
                other => told.because(other),
            };
            found.next.into_iter().fold(told, Error::hint)
        }
        None => refused(source, error),
    })
}

fn refused(source: &str, error: SourceError) -> Error {
    match error {
        SourceError::Refused { class: Reason::Config, what, next } => {
            Error::usage("the expression cannot be computed").because(what).hint(next)
        }
        SourceError::Refused { what, next, .. } => {
            Error::could_not_tell(format!("{source} gave no answer that can be used"))
                .because(what)
                .hint(next)
        }
        other => Error::could_not_tell(format!("{source} gave no answer that can be used"))
            .because(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_round_and_makes_no_more_values_than_a_chart_shows() {
        for (length, step) in [
            (Duration::from_mins(1), 1),
            (Duration::from_hours(1), 15),
            (Duration::from_hours(24), 600),
            (Duration::from_hours(24 * 7), 3_600),
            (Duration::from_hours(24 * 365), 172_800),
        ] {
            assert_eq!(step_of(length).as_secs(), step, "{length:?}");
        }
    }
}
