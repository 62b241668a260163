//! `obs trace list`: which requests were there lately, and how long they took.

use std::time::Duration;

use clap::Args;

use crate::context::{Context, Wanted};
use crate::error::{Error, Outcome, Result};
use crate::gather;
use crate::model::{TraceSearch, parse_duration};
use crate::render::trace_list::{ListedTrace, TraceListReport};

/// How many traces are listed unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 20;

/// How far back is looked unless `--since` says otherwise.
const SINCE_DEFAULT: Duration = Duration::from_mins(15);

/// Arguments of `obs trace list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs trace list                                  the latest traces
  obs trace list --errors --service orders-api    those in which orders-api failed
  obs trace list --min-duration 500ms --since 2h
  obs trace list -o json | jq -r '.traces[].trace_id'

All conditions are for one span of the trace: with --service, one of that service.")]
pub(super) struct ListArgs {
    /// Only traces with a span of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only traces with a span that failed
    #[arg(long)]
    errors: bool,
    /// Only traces with a span of at least this length, such as 500ms
    #[arg(long, value_name = "DURATION")]
    min_duration: Option<String>,
    /// Only traces since then [default: 15m]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many traces to list [default: 20]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: Option<u32>,
}

/// Asks all sources that have traces for the latest, and shows them.
///
/// Exit code 0 when there are any, 1 when there are none, 3 when not all was searched.
pub(super) fn run(args: &ListArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("trace list")?;
    let search = understand(args, context)?;
    let gathered = context
        .ask(Wanted::TraceLists, async |backends| gather::trace_lists(backends, &search).await)?;
    context.warn_of_missing(&gathered.missing);
    for remark in &gathered.found.remarks {
        context.output.note(remark);
    }
    let show_secrets = context.output.theme.show_secrets;
    let traces = gathered.found.traces.into_iter();
    let report = TraceListReport::new(
        (search.since, search.until),
        traces.map(|trace| ListedTrace::new(trace, show_secrets)).collect(),
        gathered.found.truncated,
        gathered.found.remarks,
        gathered.asked,
        gathered.missing,
    );
    let outcome = Outcome::found(!report.traces.is_empty(), report.missing.is_empty());
    context.output.show(&report)?;
    Ok(outcome)
}

fn understand(args: &ListArgs, context: &mut Context) -> Result<TraceSearch> {
    let until = context.now_nanos();
    let since = match &args.since {
        Some(text) => context.moment("--since", text)?,
        None => until.before(SINCE_DEFAULT),
    };
    let least = args.min_duration.as_deref().map(parse_duration).transpose();
    let least = least
        .map_err(|error| Error::usage("--min-duration cannot be understood").because(error))?;
    Ok(TraceSearch {
        service: args.service.clone(),
        errors: args.errors,
        min_duration_ns: least.map(|least| i64::try_from(least.as_nanos()).unwrap_or(i64::MAX)),
        since,
        until,
        limit: args.limit.unwrap_or(LIMIT_DEFAULT),
    })
}
