//! Lines that a backend has stored.

use std::time::Duration;

use super::Request;
use super::answer::Answer;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::gather;
use crate::model::{LogQuery, LogRecord};
use crate::render::log_report::LogSummary;

/// How many lines are asked for unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 1_000;

/// How many lines a backend gives at the most.
const LIMIT_MAX: u32 = 100_000;

/// How many lines are asked for to hold `--where` against, or to count, which a backend does not know.
const CANDIDATES_MAX: u32 = 20_000;

/// How long the backend is left alone when nothing new was there.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks for lines and shows them; with `-f` until interrupted.
pub(super) fn run(request: &Request, context: &mut Context) -> Result<Outcome> {
    if request.filter.anywhere {
        return Err(Error::usage("--anywhere is for files: a backend finds ids by their field")
            .hint("search the text: obs logs --grep ID"));
    }
    if request.neighbours.is_some() {
        return Err(Error::usage(
            "-C is for files and standard input: a backend gives what matches",
        )
        .hint("see all that a request left behind: obs request ID"));
    }
    if request.limit.is_some_and(|limit| limit > LIMIT_MAX) {
        return Err(Error::usage(format!("a backend gives at most {LIMIT_MAX} lines"))
            .hint("narrow it down: --since, --until, --level, --service"));
    }
    let query = query(request);
    let correlation = request.filter.correlation.clone();
    let (gathered, asked) = context.ask(async |backends| {
        (gather::logs(backends, correlation.as_ref(), query).await, gather::names(backends))
    })?;
    context.warn_of_missing(&gathered.missing);
    if !request.follow {
        context.output.page();
    }
    let mut writer = Answer::new(request);
    let mut truncated = gathered.found.truncated;
    if truncated && request.filter.condition.is_some() {
        let given = gathered.found.records.len();
        context.output.warn(&format!(
            "--where was held against the last {given} lines that match otherwise; there are more: \
             narrow it down with --since, --until, --level"
        ));
    }
    let records = narrowed(gathered.found.records, request, &mut truncated);
    for record in &records {
        writer.write(&mut context.output, record)?;
    }
    let (found, complete) = (writer.found(), gathered.missing.is_empty());
    // A match may be among the lines that --where was not held against.
    let complete = complete && !(gathered.found.truncated && request.filter.condition.is_some());
    if request.follow {
        context.output.flush()?;
        return follow(request, writer, gathered.found.position, context);
    }
    if writer.written == 0
        && let Some(correlation) = &request.filter.correlation
    {
        context.say_not_found("no log line", correlation, &asked, &gathered.missing);
    }
    let summary = LogSummary {
        truncated,
        limit_given: request.limit.is_some(),
        asked,
        missing: gathered.missing,
        ..LogSummary::default()
    };
    writer.finish(&mut context.output, &summary)?;
    Ok(Outcome::found(found, complete))
}

/// Asks again and again for what was stored since.
fn follow(
    request: &Request,
    mut writer: Answer,
    mut position: i64,
    context: &mut Context,
) -> Result<Outcome> {
    loop {
        let query = LogQuery { after: Some(position), ..query(request) };
        let correlation = request.filter.correlation.clone();
        let (mut pages, missing) = context
            .ask(async |backends| gather::each(backends, |backend| backend.logs(&query)).await)?;
        let Some(page) = pages.pop() else {
            context.warn_of_missing(&missing);
            return Err(Error::could_not_tell("the backend no longer answers"));
        };
        let new = page.records.len();
        position = page.position;
        let wanted = |record: &&LogRecord| {
            correlation.as_ref().is_none_or(|correlation| {
                let ids = [&record.request_id, &record.trace_id];
                ids.into_iter().flatten().any(|id| correlation.matches(id))
            }) && holds(record, request)
        };
        for record in page.records.iter().filter(wanted) {
            writer.write(&mut context.output, record)?;
        }
        context.output.flush()?;
        if new == 0 {
            context.pause(PAUSE)?;
        }
    }
}

/// Leaves the records that `--where` holds for, the last of them that were asked for.
fn narrowed(records: Vec<LogRecord>, request: &Request, truncated: &mut bool) -> Vec<LogRecord> {
    let mut records = records;
    if request.filter.condition.is_some() {
        records.retain(|record| holds(record, request));
        let limit = usize::try_from(request.limit.unwrap_or(LIMIT_DEFAULT)).unwrap_or(usize::MAX);
        let surplus = records.len().saturating_sub(limit);
        *truncated |= surplus > 0;
        records.drain(..surplus);
    }
    records
}

/// Says whether `--where` holds: a backend does not know it.
fn holds(record: &LogRecord, request: &Request) -> bool {
    let condition = request.filter.condition.as_ref();
    condition.is_none_or(|condition| condition.holds(record, record.time))
}

fn query(request: &Request) -> LogQuery {
    let filter = &request.filter;
    LogQuery {
        ids: filter.correlation.iter().map(crate::model::Correlation::key).collect(),
        level: filter.level,
        since: filter.since,
        until: filter.until,
        service: filter.service.clone(),
        grep: filter.grep.as_ref().map(|pattern| pattern.as_str().to_owned()),
        after: None,
        limit: match request.filter.condition {
            Some(_) => CANDIDATES_MAX.max(request.limit.unwrap_or(0)),
            None if request.stats.is_some() => request.limit.unwrap_or(CANDIDATES_MAX),
            None => request.limit.unwrap_or(LIMIT_DEFAULT),
        },
    }
}
