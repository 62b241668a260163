//! `-f` on files: what is there, then what is appended, across rotation.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use super::Request;
use super::answer::Answer;
use super::files::{is_stream, open};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::{Assembler, Follower, LogFilter, Polled, ScanCount, merge};
use crate::model::LogRecord;
use crate::render::Output;
use crate::render::log_report::LogSummary;

/// How long the files are left alone when nothing new was in them.
const PAUSE: Duration = Duration::from_millis(4);

/// How many lines are shown before what is appended, unless `--limit` or `--since` say otherwise.
const LINES_BEFORE: usize = 10;

/// Shows lines of the files until interrupted; of pipes until the last has ended.
pub(super) fn files(
    files: Vec<PathBuf>,
    request: &Request,
    context: &mut Context,
) -> Result<Outcome> {
    for file in &files {
        // A file that is not there yet is waited for; a folder never becomes one. A pipe opened to
        // look at it would have lost its reader when that is done.
        if !is_stream(file)
            && let Err(error) = open(file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(Error::usage(format!("cannot follow {}", file.display())).because(error));
        }
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let named = files.into_iter().zip(&names);
    let mut sources: Vec<Source<'_>> =
        named.map(|(file, name)| Source::new(file, name, &request.filter)).collect();
    let mut writer = Answer::new(request);
    show_before(&mut sources, request, &mut writer, context)?;
    loop {
        let mut quiet = true;
        let mut records = Vec::new();
        for source in &mut sources {
            let mut kept = VecDeque::new();
            let polled = source.poll(usize::MAX, &mut kept)?;
            quiet &= polled == Polled::default();
            records.push(kept.into());
        }
        for record in merge(records) {
            writer.write(&mut context.output, &record)?;
        }
        for source in &mut sources {
            source.say_what_is_not_shown(&mut context.output);
        }
        context.output.flush()?;
        if quiet && sources.iter().all(|source| source.follower.has_ended()) {
            drop(sources);
            return finish(writer, names, context);
        }
        if quiet {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Shows the last of what is there already; says which files are not.
///
/// The lines of a single file are shown as they are read when all are asked for.
fn show_before(
    sources: &mut [Source<'_>],
    request: &Request,
    writer: &mut Answer,
    context: &mut Context,
) -> Result<()> {
    let asked = request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let all = request.filter.since.is_some() || request.filter.correlation.is_some();
    let limit = asked.unwrap_or(if all { usize::MAX } else { LINES_BEFORE });
    let at_once = sources.len() == 1 && limit == usize::MAX;
    let mut found = Vec::new();
    for source in sources {
        let mut kept = VecDeque::new();
        // What comes through a pipe is all new.
        while !source.is_stream && source.poll(limit, &mut kept)? != Polled::default() {
            if !at_once {
                continue;
            }
            for record in kept.drain(..) {
                writer.write(&mut context.output, &record)?;
            }
        }
        if !source.is_stream && source.follower.is_waiting() {
            context.output.note(&format!("{} is not there yet: waiting for it", source.name));
        }
        found.push(Vec::from(kept));
    }
    let merged = merge(found);
    let surplus = merged.len().saturating_sub(limit);
    for record in merged.iter().skip(surplus) {
        writer.write(&mut context.output, record)?;
    }
    Ok(())
}

fn finish(writer: Answer, names: Vec<String>, context: &mut Context) -> Result<Outcome> {
    let found = writer.written > 0;
    // What was not shown was said when it came.
    let summary = LogSummary { asked: names, ..LogSummary::default() };
    writer.finish(&mut context.output, &summary)?;
    Ok(Outcome::found(found, true))
}

struct Source<'a> {
    name: &'a str,
    is_stream: bool,
    follower: Follower,
    assembler: Assembler<'a>,
    said: ScanCount,
}

impl<'a> Source<'a> {
    fn new(file: PathBuf, name: &'a str, filter: &'a LogFilter) -> Self {
        Self {
            name,
            is_stream: is_stream(&file),
            follower: Follower::from_start(file),
            assembler: Assembler::new(name, filter),
            said: ScanCount::default(),
        }
    }

    /// Reads what is there, a bounded part of it, and keeps the last `limit` records that match.
    fn poll(&mut self, limit: usize, kept: &mut VecDeque<LogRecord>) -> Result<Polled> {
        let mut keep = |record| {
            kept.push_back(record);
            if kept.len() > limit {
                kept.pop_front();
            }
            Ok(ControlFlow::Continue(()))
        };
        let assembler = &mut self.assembler;
        let polled = self
            .follower
            .poll(&mut |line, place| assembler.line(line, place.number, &mut keep).map(drop));
        let polled = polled.map_err(|error| {
            Error::could_not_tell(format!("cannot read {} any longer", self.name)).because(error)
        })?;
        if polled == Polled::default() {
            assembler.flush(&mut keep).map(drop)?;
        }
        Ok(polled)
    }

    /// Says, when there is the first of a kind, what a reader would not expect: there is no end at
    /// which all could be counted.
    fn say_what_is_not_shown(&mut self, output: &mut Output) {
        let mut count = self.assembler.count;
        count.cut += self.follower.cut();
        let new = |now: u64, said: u64| now > 0 && said == 0;
        let mut say = |what: &str| {
            output.note(&format!("{}: {what} (said for the first only)", self.name));
        };
        if new(count.elsewhere, self.said.elsewhere) {
            say("a line holds the id, but not as an id: --anywhere");
        }
        if new(count.malformed, self.said.malformed) {
            say("a line begins as JSON and does not end as it");
        }
        if new(count.untimed, self.said.untimed) {
            say("a line shown has no time, and none before: of any age");
        }
        if new(count.cut, self.said.cut) {
            say("a line was too long and is cut");
        }
        self.said = count;
    }
}
