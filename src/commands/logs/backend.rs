//! Lines that a backend has stored.

use std::time::Duration;

use super::Request;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::gather;
use crate::model::{LogQuery, LogRecord};
use crate::render::log_report::{LogSummary, LogWriter};

/// How many lines are asked for unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 1_000;

/// How many lines a backend gives at the most.
const LIMIT_MAX: u32 = 100_000;

/// How long the backend is left alone when nothing new was there.
const PAUSE: Duration = Duration::from_millis(100);

/// Asks for lines and shows them; with `-f` until interrupted.
pub(super) fn run(request: &Request, context: &mut Context) -> Result<Outcome> {
    if request.filter.anywhere {
        return Err(Error::usage("--anywhere is for files: a backend finds ids by their field")
            .hint("search the text: obs logs --grep ID"));
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
    let mut writer = LogWriter::new(request.full, request.filter.correlation.clone());
    for record in &gathered.found.records {
        writer.write(&mut context.output, record)?;
    }
    let (found, complete) = (writer.written > 0, gathered.missing.is_empty());
    if request.follow {
        context.output.flush()?;
        return follow(request, writer, gathered.found.position, context);
    }
    if !found && let Some(correlation) = &request.filter.correlation {
        context.say_not_found("no log line", correlation, &asked, &gathered.missing);
    }
    let summary = LogSummary {
        truncated: gathered.found.truncated,
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
    mut writer: LogWriter,
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
            })
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
        limit: request.limit.unwrap_or(LIMIT_DEFAULT),
    }
}
