//! `obs issues`: which errors, how often, since when; one of them in full.

use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::completion::{recent_ids, recent_issues};
use crate::context::{Context, Wanted, read_id};
use crate::error::{Outcome, Result};
use crate::gather;
use crate::model::{Correlation, ErrorEvent, Issue, UnixNanos};
use crate::render::issues::{IssueDetailReport, IssueListReport};

/// How many issues are listed unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 50;

/// How many events of one issue are read: a person sees the latest, JSON has them all.
const EVENTS_MAX: u32 = 20;

/// Arguments of `obs issues`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs issues                          what broke in the last day
  obs issues ORDERS-API-1             one issue: exception, stack, last event
  obs issues --request-id ID          the errors of this very request
  obs issues --since 7d -o json")]
pub struct IssuesArgs {
    /// Show this issue, for example ORDERS-API-1
    #[arg(value_name = "ISSUE", conflicts_with_all = ["request_id", "since", "limit"])]
    #[arg(add = ArgValueCandidates::new(recent_issues))]
    issue: Option<String>,
    /// Only errors of this request, with the very event of each
    #[arg(short, long, value_name = "ID", conflicts_with_all = ["since", "limit"])]
    #[arg(add = ArgValueCandidates::new(recent_ids))]
    request_id: Option<String>,
    /// Only errors last seen since then [default: 24h]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many issues to list [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,
}

/// Lists issues, or shows one.
pub fn run(args: &IssuesArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("issues")?;
    match (&args.issue, &args.request_id) {
        (Some(id), _) => show_one(id, context),
        (None, Some(id)) => of_request(&read_id(id)?, context),
        (None, None) => list(args, context),
    }
}

fn list(args: &IssuesArgs, context: &mut Context) -> Result<Outcome> {
    let since = since(args, context)?;
    let limit = args.limit.unwrap_or(LIMIT_DEFAULT);
    let (lists, missing, asked) = context.ask(Wanted::Embedded, async |backends| {
        // One more than is shown tells whether there are more.
        let (lists, missing) = gather::each(
            backends,
            |backend| backend.issues(),
            |side| side.issues(since, limit + 1),
        )
        .await;
        (lists, missing, gather::names(backends))
    })?;
    context.warn_of_missing(&missing);
    let complete = missing.is_empty();
    let mask =
        |issue: Issue| if context.output.theme.show_secrets { issue } else { issue.masked() };
    let issues = lists.concat().into_iter().map(mask).collect();
    let report = IssueListReport::new(issues, since, limit, asked, missing);
    let found = !report.issues.is_empty();
    context.output.show(&report)?;
    Ok(Outcome::found(found, complete))
}

fn of_request(correlation: &Correlation, context: &mut Context) -> Result<Outcome> {
    let gathered = context.story(Wanted::Errors, correlation)?;
    let (found, complete) = (!gathered.found.events.is_empty(), gathered.missing.is_empty());
    if !found {
        context.say_not_found("no error", correlation, &gathered.asked, &gathered.missing);
    }
    if found || context.output.is_json() {
        let request_id = Some(correlation.id().to_owned());
        let report = IssueDetailReport::new(
            None,
            masked(gathered.found.events, context),
            request_id,
            gathered.asked,
            gathered.missing,
        );
        context.output.show(&report)?;
    }
    Ok(Outcome::found(found, complete))
}

fn show_one(id: &str, context: &mut Context) -> Result<Outcome> {
    let (answers, missing, asked) = context.ask(Wanted::Embedded, async |backends| {
        let (answers, missing) =
            gather::each(backends, |backend| backend.issues(), |side| side.issue(id, EVENTS_MAX))
                .await;
        (answers, missing, gather::names(backends))
    })?;
    context.warn_of_missing(&missing);
    let complete = missing.is_empty();
    let Some((issue, events)) = answers.into_iter().flatten().next() else {
        context.output.warn(&format!("there is no issue {id}; looked in: {}", asked.join(", ")));
        context.output.hint("list them: obs issues --since 7d");
        if context.output.is_json() {
            let report = IssueDetailReport::new(None, Vec::new(), None, asked, missing);
            context.output.show(&report)?;
        }
        return Ok(Outcome::found(false, complete));
    };
    let issue = if context.output.theme.show_secrets { issue } else { issue.masked() };
    let events = masked(events, context);
    context.output.show(&IssueDetailReport::new(Some(issue), events, None, asked, missing))?;
    Ok(Outcome::found(true, complete))
}

fn masked(events: Vec<ErrorEvent>, context: &Context) -> Vec<ErrorEvent> {
    if context.output.theme.show_secrets {
        return events;
    }
    events.into_iter().map(ErrorEvent::masked).collect()
}

fn since(args: &IssuesArgs, context: &mut Context) -> Result<UnixNanos> {
    match &args.since {
        Some(text) => context.moment("--since", text),
        None => Ok(context.now_nanos().before(Duration::from_hours(24))),
    }
}
