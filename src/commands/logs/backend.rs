//! Lines that backends have: the configured sources, or the embedded one.

use std::time::Duration;

use super::Request;
use super::answer::Answer;
use super::expand::{Expanded, Log};
use super::file_source::FileSource;
use crate::context::{Context, Wanted};
use crate::error::{Error, Outcome, Result};
use crate::gather;
use crate::model::{LogQuery, LogRecord, Missing, Searched};
use crate::render::log_report::LogSummary;
use crate::sources::COMMAND;

/// How many lines are asked for unless `--limit` says otherwise.
const LIMIT_DEFAULT: u32 = 1_000;

/// How many lines a backend gives at the most.
const LIMIT_MAX: u32 = 100_000;

/// How many lines are asked for to hold `--where` against, or to count, which a backend does not know.
const CANDIDATES_MAX: u32 = 20_000;

/// How long the backend is left alone when nothing new was there.
const PAUSE: Duration = Duration::from_millis(100);

/// The same where one of the sources is not ours: it counts questions.
const PAUSE_REMOTE: Duration = Duration::from_secs(1);

/// How often all sources that are not ours may fail to answer, one time after the other, until they are
/// no longer followed.
const PATIENCE: u32 = 10;

/// How much of a question is shown to people; JSON has it whole.
const QUESTION_CHARACTERS_MAX: usize = 160;

/// Asks for lines and shows them; with `-f` until interrupted. Lines of files come among them.
pub(super) fn run(files: Expanded, request: &Request, context: &mut Context) -> Result<Outcome> {
    check(&files, request)?;
    refuse_to_follow_commands(request, context)?;
    for note in [files.note(), files.note_of_passed_over()].into_iter().flatten() {
        context.output.note(&note);
    }
    for file in files.logs.iter().flat_map(Log::files) {
        context.also_ask(Box::new(FileSource::new(file.clone(), request.filter.clone())));
    }
    let query = query(request);
    let correlation = request.filter.correlation.clone();
    let (mut gathered, follow) = context.ask(Wanted::Logs, async |backends| {
        gather::logs(backends, correlation.as_ref(), query).await
    })?;
    gathered.missing.extend(files.missing);
    context.warn_of_missing(&gathered.missing);
    if request.follow && !gathered.asked.is_empty() && follow.is_empty() {
        return Err(Error::could_not_tell("no source answers that could be followed"));
    }
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
        say_searched(&gathered.found.searched, &gathered.found.remarks, context);
        return follow_on(request, writer, follow, context);
    }
    if writer.written == 0
        && let Some(correlation) = &request.filter.correlation
    {
        context.say_not_found("no log line", correlation, &gathered.asked, &gathered.missing);
    }
    let summary = LogSummary {
        truncated,
        limit_given: request.limit.is_some(),
        asked: gathered.asked,
        searched: gathered.found.searched.clone(),
        missing: gathered.missing,
        ..LogSummary::default()
    };
    writer.finish(&mut context.output, &summary)?;
    say_searched(&gathered.found.searched, &gathered.found.remarks, context);
    Ok(Outcome::found(found, complete))
}

/// Refuses what only files can do, and what only backends can.
fn check(files: &Expanded, request: &Request) -> Result<()> {
    if request.neighbours.is_some() {
        return Err(Error::usage(
            "-C is for files and standard input: a backend gives what matches",
        )
        .hint("see all that a request left behind: obs request ID"));
    }
    if request.filter.anywhere {
        return Err(Error::usage("--anywhere is for files: a backend finds ids by their field")
            .hint("search the text: obs logs --grep ID"));
    }
    if request.limit.is_some_and(|limit| limit > LIMIT_MAX) {
        return Err(Error::usage(format!("a backend gives at most {LIMIT_MAX} lines"))
            .hint("narrow it down: --since, --until, --level, --service"));
    }
    if request.follow && !(files.logs.is_empty() && files.missing.is_empty()) {
        return Err(Error::usage("the configured files and sources cannot be followed together")
            .hint("follow files: obs logs -f FILE")
            .hint("follow a backend: obs logs -f --url http://HOST:PORT"));
    }
    Ok(())
}

/// Refuses to follow a program that ends: what it prints next is what it has printed.
fn refuse_to_follow_commands(request: &Request, context: &Context) -> Result<()> {
    let mut sources = context.settings.sources.iter();
    let command = sources.find(|source| source.kind == COMMAND);
    match command.filter(|_| request.follow && context.has_log_sources()) {
        None => Ok(()),
        Some(source) => Err(Error::usage(format!(
            "the command of source {} cannot be followed, and it is one of those to ask",
            source.name
        ))
        .hint("follow what another one prints: kubectl logs -f -l app=api | obs logs")
        .hint("follow a backend: obs logs -f --url http://HOST:PORT")),
    }
}

/// Says what was asked of whom, for which time, and how much of what came is the answer.
fn say_searched(searched: &[Searched], remarks: &[String], context: &mut Context) {
    for one in searched {
        let window = if one.window_by_default { " (its window unless --since says)" } else { "" };
        let mut question = crate::model::mask_text(&one.query).into_owned();
        if let Some((end, _)) = question.char_indices().nth(QUESTION_CHARACTERS_MAX) {
            question.truncate(end);
            question.push('…');
        }
        context.output.note(&format!(
            "{}: {} of {} lines that it gave match, {} to {}{window}; asked: {question}",
            one.source, one.matched, one.looked_at, one.since, one.until
        ));
    }
    for remark in remarks {
        context.output.note(remark);
    }
}

/// Asks again and again for what was stored since.
fn follow_on(
    request: &Request,
    mut writer: Answer,
    mut follow: gather::Follow,
    context: &mut Context,
) -> Result<Outcome> {
    let pause = if context.has_log_sources() { PAUSE_REMOTE } else { PAUSE };
    let patience = if context.has_log_sources() { PATIENCE } else { 1 };
    let mut silent: Vec<Missing> = Vec::new();
    let mut in_vain = 0;
    loop {
        let query = query(request);
        let correlation = request.filter.correlation.clone();
        let (records, missing) = context.ask(Wanted::Logs, async |backends| {
            gather::follow(backends, &query, &mut follow).await
        })?;
        let fresh: Vec<Missing> =
            missing.iter().filter(|one| !silent.contains(one)).cloned().collect();
        context.warn_of_missing(&fresh);
        let nobody = follow.len() == missing.iter().filter(|one| !one.is_in_part()).count();
        in_vain = if nobody { in_vain + 1 } else { 0 };
        if in_vain == patience {
            return Err(Error::could_not_tell("no source answers any longer"));
        }
        silent = missing;
        let new = records.len();
        let wanted = |record: &&LogRecord| {
            correlation.as_ref().is_none_or(|correlation| {
                let ids = [&record.request_id, &record.trace_id];
                ids.into_iter().flatten().any(|id| correlation.matches(id))
            }) && holds(record, request)
        };
        for record in records.iter().filter(wanted) {
            writer.write(&mut context.output, record)?;
        }
        context.output.flush()?;
        if new == 0 || pause == PAUSE_REMOTE {
            context.pause(pause)?;
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
        correlations: filter.correlation.iter().cloned().collect(),
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
