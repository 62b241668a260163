//! `-f` on files: what is there, then what is appended, across rotation.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Request;
use super::answer::Answer;
use super::expand::{absolute, expand, is_pattern};
use super::files::open;
use super::inputs::is_stream;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::{
    Assembler, Follower, Learnt, LogFilter, Polled, ScanCount, is_older_part, merge,
};
use crate::model::{LogRecord, Missing};
use crate::render::Output;
use crate::render::log_report::LogSummary;

/// How long the files are left alone when nothing new was in them.
const PAUSE: Duration = Duration::from_millis(4);

/// How long it takes until files are looked for that have appeared in a folder.
const LOOK_PAUSE: Duration = Duration::from_millis(250);

/// How many lines are shown before what is appended, unless `--limit` or `--since` say otherwise.
const LINES_BEFORE: usize = 10;

/// Shows lines of the files until interrupted; of pipes until the last has ended.
pub(super) fn files(
    files: &[PathBuf],
    request: &Request,
    context: &mut Context,
) -> Result<Outcome> {
    let mut found = Followed::begin(files, request, context)?;
    let mut sources = found.look(&request.filter, context);
    let mut writer = Answer::new(request);
    show_before(&mut sources, request, &mut writer, context)?;
    heed(&mut sources, &mut found.learnt, &mut context.output);
    loop {
        let started = Instant::now();
        let mut quiet = true;
        let mut records = Vec::new();
        let several = sources.len() > 1;
        for source in &mut sources {
            let mut kept = VecDeque::new();
            match source.poll(usize::MAX, &mut kept) {
                Ok(polled) => quiet &= polled == Polled::default(),
                Err(error) if several => {
                    context.output.warn(error.message());
                    source.is_gone = true;
                }
                Err(error) => return Err(error),
            }
            records.push(kept.into());
        }
        for record in merge(records) {
            writer.write(&mut context.output, &record)?;
        }
        for source in &mut sources {
            source.say_what_is_not_shown(&mut context.output);
        }
        heed(&mut sources, &mut found.learnt, &mut context.output);
        context.output.flush()?;
        found.complete &= !sources.iter().any(|source| source.is_gone);
        sources.retain(|source| !source.is_gone);
        if quiet && !found.grows && sources.iter().all(|source| source.follower.has_ended()) {
            drop(sources);
            return finish(writer, found, context);
        }
        sources.extend(found.look_again(&request.filter, context));
        if quiet {
            // Not more than half of a processor, however many the files are.
            std::thread::sleep(PAUSE.max(started.elapsed()));
        }
    }
}

/// What is followed: files that were named, and those that appear in folders and under patterns.
struct Followed {
    arguments: Vec<PathBuf>,
    grows: bool,
    known: BTreeSet<PathBuf>,
    names: Vec<String>,
    looked: Instant,
    complete: bool,
    /// The traces that lines of the request have named.
    learnt: Learnt,
}

impl Followed {
    /// Refuses what can never be followed, and says what is not.
    fn begin(arguments: &[PathBuf], request: &Request, context: &mut Context) -> Result<Self> {
        for file in arguments.iter().filter(|file| !is_group(file)) {
            // A file that is not there yet is waited for. A pipe opened to look at it would have lost
            // its reader when that is done.
            if !is_stream(file)
                && let Err(error) = open(file)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                let message = format!("cannot follow {}", file.display());
                return Err(Error::usage(message).because(error));
            }
        }
        let found = expand(arguments, true);
        let older: usize = found.logs.iter().map(|log| log.older.len()).sum();
        if older > 0 && shows_all(request) {
            let note = "older parts of rotated logs are not read with -f";
            context.output.note(note);
        }
        for missing in &found.missing {
            let Missing { source, reason } = missing;
            context.output.note(&format!("{source}: {reason}; looking again"));
        }
        Ok(Self {
            arguments: arguments.to_vec(),
            grows: arguments.iter().any(|file| is_group(file)),
            known: BTreeSet::new(),
            names: Vec::new(),
            looked: Instant::now(),
            complete: true,
            learnt: Learnt::default(),
        })
    }

    /// Returns the files that were not there before; not the parts into which known ones are rotated.
    fn look<'a>(&mut self, filter: &'a LogFilter, context: &mut Context) -> Vec<Source<'a>> {
        let mut sources = Vec::new();
        let found = expand(&self.arguments, false);
        for file in found.logs.into_iter().map(|log| log.file) {
            let path = absolute(&file);
            if self.known.contains(&path) || self.is_part(&path) {
                continue;
            }
            self.known.insert(path);
            let name = file.display().to_string();
            let named = self.arguments.contains(&file) || is_stream(&file);
            match if named { Ok(()) } else { open(&file).map(drop) } {
                Ok(()) => {
                    self.names.push(name.clone());
                    // It lives as long as the program does, which follows until it is ended.
                    sources.push(Source::new(file, name.leak(), filter));
                }
                Err(error) => context.output.note(&format!("not followed: {name}: {error}")),
            }
        }
        self.looked = Instant::now();
        sources
    }

    /// Looks from time to time for files that have appeared.
    fn look_again<'a>(&mut self, filter: &'a LogFilter, context: &mut Context) -> Vec<Source<'a>> {
        if !self.grows || self.looked.elapsed() < LOOK_PAUSE {
            return Vec::new();
        }
        self.look(filter, context)
    }

    fn is_part(&self, path: &Path) -> bool {
        let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
        let Some(own) = name(path) else { return false };
        let beside = self.known.iter().filter(|known| known.parent() == path.parent());
        beside.filter_map(|known| name(known)).any(|base| is_older_part(&base, &own))
    }
}

/// Says whether files may appear under a name: a folder, or a pattern.
fn is_group(file: &Path) -> bool {
    file.is_dir() || (!file.exists() && is_pattern(file))
}

fn shows_all(request: &Request) -> bool {
    request.filter.since.is_some() || request.filter.correlation.is_some()
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
    let limit = asked.unwrap_or(if shows_all(request) { usize::MAX } else { LINES_BEFORE });
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

fn finish(writer: Answer, followed: Followed, context: &mut Context) -> Result<Outcome> {
    let found = writer.written > 0;
    // What was not shown was said when it came.
    let summary = LogSummary { asked: followed.names, ..LogSummary::default() };
    writer.finish(&mut context.output, &summary)?;
    Ok(Outcome::found(found, followed.complete))
}

/// Lets all sources know of the traces that one of them has learnt; says when there is a new one.
fn heed(sources: &mut [Source<'_>], learnt: &mut Learnt, output: &mut Output) {
    let known = learnt.traces().len();
    for source in &*sources {
        learnt.join(source.assembler.learnt.clone());
    }
    for trace in learnt.traces().iter().skip(known) {
        output.note(&format!(
            "its trace is {}: lines that have that alone are shown from here on",
            trace.id()
        ));
    }
    for source in sources.iter_mut() {
        source.assembler.also_of(learnt.traces());
    }
}

struct Source<'a> {
    name: &'a str,
    is_stream: bool,
    /// It cannot be read any longer.
    is_gone: bool,
    follower: Follower,
    assembler: Assembler<'a>,
    said: ScanCount,
}

impl<'a> Source<'a> {
    fn new(file: PathBuf, name: &'a str, filter: &'a LogFilter) -> Self {
        Self {
            name,
            is_stream: is_stream(&file),
            is_gone: false,
            follower: Follower::from_start(file).lingering(),
            assembler: Assembler::new(name, filter).heeding_learnt(),
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
