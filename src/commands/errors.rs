//! `obs errors`: give me an id: recent failing requests, grouped.

use std::time::Duration;

use clap::Args;

use crate::context::{Context, Wanted};
use crate::error::{Outcome, Result};
use crate::gather;
use crate::model::{Failure, FailureGroup, Missing, UnixNanos, group_failures};
use crate::render::errors::ErrorsReport;

/// How many groups are shown unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 20;

/// How many signs of each signal are looked at for one group that is shown.
const SIGNS_PER_GROUP: u32 = 50;

/// Arguments of `obs errors`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs errors                    the failing requests of the last hour, each with an id to follow
  obs errors --since 15m
  obs errors -o json | jq -r '.groups[0].id'")]
pub struct ErrorsArgs {
    /// Only requests that failed since then [default: 1h]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many groups to show [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: Option<u32>,
}

/// Gathers the signs of failed requests, groups and shows them.
///
/// Exit code 0 when there are any, 1 when there are none.
pub fn run(args: &ErrorsArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("errors")?;
    let since = since(args, context)?;
    let limit = args.limit.unwrap_or(LIMIT_DEFAULT);
    let signs = limit.saturating_mul(SIGNS_PER_GROUP);
    let (lists, missing, asked) = context.ask(Wanted::Embedded, async |backends| {
        let (lists, missing) =
            gather::each(backends, |backend| backend.issues(), |side| side.failures(since, signs))
                .await;
        (lists, missing, gather::names(backends))
    })?;
    context.warn_of_missing(&missing);
    let report = report(&lists, since, limit, (asked, missing), context);
    let outcome = Outcome::found(!report.groups.is_empty(), report.missing.is_empty());
    context.output.show(&report)?;
    Ok(outcome)
}

fn report(
    lists: &[Vec<Failure>],
    since: UnixNanos,
    limit: u32,
    (asked, missing): (Vec<String>, Vec<Missing>),
    context: &Context,
) -> ErrorsReport {
    let signs = usize::try_from(limit.saturating_mul(SIGNS_PER_GROUP)).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let full = |list: &Vec<Failure>| list.len() >= signs;
    let mut truncated = lists.iter().any(full);
    let mut groups = group_failures(lists.concat());
    truncated |= groups.len() > limit;
    groups.truncate(limit);
    let show_secrets = context.output.theme.show_secrets;
    let mask = |group: FailureGroup| if show_secrets { group } else { group.masked() };
    let groups = groups.into_iter().map(mask).collect();
    ErrorsReport::new(since, groups, truncated, asked, missing)
}

fn since(args: &ErrorsArgs, context: &mut Context) -> Result<UnixNanos> {
    match &args.since {
        Some(text) => context.moment("--since", text),
        None => Ok(context.now_nanos().before(Duration::from_hours(1))),
    }
}
