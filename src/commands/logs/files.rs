//! Files and standard input, read to their end: no runtime, no network.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Request;
use super::answer::Answer;
use super::inputs::{self, Input, Opened};
use super::lookup::Lookup;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::index::Form;
use crate::logs::{Live, Parts, Scan, ScanCount, Scanned, merge, parts_of};
use crate::model::{LogRecord, Missing};
use crate::render::log_report::LogSummary;

/// Shows lines of standard input, as they come.
pub(super) fn from_stdin(request: &Request, context: &mut Context) -> Result<Outcome> {
    if request.follow {
        context.output.note("standard input is followed until it ends");
    }
    let mut reading = Reading::new(request, context);
    if reading.shows_at_once() && !stdin_is_file() {
        reading.source(Live::new(|| Ok(io::stdin()))?, "stdin", true)?;
    } else {
        reading.source(io::stdin().lock(), "stdin", true)?;
    }
    reading.finish(vec!["standard input".to_owned()])
}

/// Shows lines of files; of several, merged by time.
pub(super) fn from_files(
    files: &[PathBuf],
    request: &Request,
    context: &mut Context,
) -> Result<Outcome> {
    let mut lookup = Lookup::new(request, context);
    let mut reading = Reading::new(request, context);
    for file in files {
        let name = file.display().to_string();
        match inputs::open(file, reading.last_wanted()) {
            Ok(Opened { input, fault }) => {
                reading.file(input, file, files.len() == 1, &mut lookup)?;
                if let Some(error) = fault.take() {
                    reading.failed(name, &error);
                }
            }
            Err(error) => reading.failed(name, &error),
        }
    }
    let outcome = reading.finish(files.iter().map(|file| file.display().to_string()).collect())?;
    context.output.flush()?;
    lookup.make(&mut context.output);
    Ok(outcome)
}

/// Opens a file that grows; a folder or a compressed one is an error here and not at the first read.
pub(super) fn open(file: &Path) -> io::Result<File> {
    let opened = inputs::open_file(file)?;
    match inputs::compression(&opened)? {
        Some(format) => {
            let reason = format!("it is compressed ({}) and cannot grow", format.name());
            Err(io::Error::new(io::ErrorKind::Unsupported, reason))
        }
        None => Ok(opened),
    }
}

/// Says whether a path is a pipe or another thing that is read once, as it is written.
pub(super) fn is_stream(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn stdin_is_file() -> bool {
    std::fs::metadata("/dev/stdin").is_ok_and(|metadata| metadata.is_file())
}

/// The state of reading several sources.
struct Reading<'a> {
    request: &'a Request,
    context: &'a mut Context,
    writer: Answer,
    kept: Vec<VecDeque<LogRecord>>,
    count: ScanCount,
    missing: Vec<Missing>,
    truncated: bool,
    /// Whether lines were passed over and not counted.
    uncounted: bool,
}

impl<'a> Reading<'a> {
    fn new(request: &'a Request, context: &'a mut Context) -> Self {
        if !request.follow {
            context.output.page();
        }
        let writer = Answer::new(request);
        Self {
            request,
            context,
            writer,
            kept: Vec::new(),
            count: ScanCount::default(),
            missing: Vec::new(),
            truncated: false,
            uncounted: false,
        }
    }

    /// Says whether the lines of a single source are shown as they come.
    fn shows_at_once(&self) -> bool {
        self.request.limit.is_none() && !self.context.output.is_json()
    }

    /// Returns how many records are asked for where they are the last and nothing else is.
    ///
    /// JSON has line numbers and the number of lines in it: for those the whole is read.
    fn last_wanted(&self) -> Option<usize> {
        let limit = self.request.limit?;
        let whole =
            !self.request.filter.takes_all() || !self.writer.needs_no_places(&self.context.output);
        (!whole).then(|| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Returns the parts of a file that have to be read, where that is found out faster than by reading.
    fn look_ahead(&mut self, file: &File) -> Option<Parts> {
        if self.last_wanted().is_some() {
            return None;
        }
        let filter = &self.request.filter;
        // A condition may be about the number of a line.
        let numbers =
            filter.condition.is_some() || !self.writer.needs_no_places(&self.context.output);
        // What fails here fails again where the file is read, and is said there.
        let parts = parts_of(file, filter, numbers).ok().flatten()?;
        self.uncounted |= !numbers && (filter.since.is_some() || filter.until.is_some());
        Some(parts)
    }

    /// Reads a file, or what an index leaves of it.
    fn file(&mut self, input: Input, path: &Path, only: bool, lookup: &mut Lookup) -> Result<()> {
        let name = path.display().to_string();
        let (filter, output) = (&self.request.filter, &mut self.context.output);
        match input {
            Input::File(file) => {
                let Some(parts) = lookup.parts(&file, Form::Plain, path, output) else {
                    return match self.look_ahead(&file) {
                        Some(parts) => {
                            self.scan(Scan::of_parts(file, parts, &name, filter), &name, only)
                        }
                        None => self.source(file, &name, only),
                    };
                };
                let kept = file.try_clone()?;
                self.scan(Scan::of_parts(file, parts, &name, filter), &name, only)?;
                if lookup.was_changed(&kept) {
                    let reason = "it was changed while it was read: ask again";
                    self.failed(name, &io::Error::other(reason));
                }
                Ok(())
            }
            Input::Decompressed(text, file) => {
                match lookup.parts(&file, Form::Compressed, path, output) {
                    Some(parts) => {
                        let (end, after) = (parts.end(), parts.lines_after());
                        self.scan(Scan::until(text, end, after, &name, filter), &name, only)
                    }
                    None => self.source(text, &name, only),
                }
            }
            Input::Stream(stream) => {
                lookup.say(path, "read as it comes: it is no file that stays", output);
                if only && self.shows_at_once() {
                    self.source(Live::new(|| Ok(stream))?, &name, true)
                } else {
                    self.source(stream, &name, only)
                }
            }
        }
    }

    /// Reads one source to its end.
    fn source(&mut self, input: impl io::Read, name: &str, only: bool) -> Result<()> {
        self.scan(Scan::new(input, name, &self.request.filter), name, only)
    }

    /// Shows what a scan finds; what cannot be read any further is said, and what was read counts.
    fn scan(&mut self, mut scan: Scan<'_, impl io::Read>, name: &str, only: bool) -> Result<()> {
        // Lines of a single source are shown as they come; several wait to be merged.
        let at_once = (only || self.writer.takes_any_order()) && self.request.limit.is_none();
        let limit = self.request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut kept = VecDeque::new();
        loop {
            let mut shown: io::Result<()> = Ok(());
            let (writer, output) = (&mut self.writer, &mut self.context.output);
            let truncated = &mut self.truncated;
            let scanned = scan.go_on(&mut |found| {
                if at_once {
                    shown = writer.take(output, found);
                    let go_on = ControlFlow::Continue(());
                    return Ok(if shown.is_ok() { go_on } else { ControlFlow::Break(()) });
                }
                kept.push_back(found.into_record());
                if limit.is_some_and(|limit| kept.len() > limit) {
                    kept.pop_front();
                    *truncated = true;
                }
                Ok(ControlFlow::Continue(()))
            });
            shown?;
            match scanned {
                Ok(Scanned::Dry) => self.context.output.flush()?,
                Ok(Scanned::Done) => break,
                Err(error) => {
                    self.failed(name.to_owned(), &error);
                    break;
                }
            }
        }
        add(&mut self.count, scan.count());
        self.kept.push(kept);
        Ok(())
    }

    fn failed(&mut self, source: String, error: &io::Error) {
        self.missing.push(Missing { source, reason: error.to_string() });
    }

    fn finish(mut self, asked: Vec<String>) -> Result<Outcome> {
        let kept = std::mem::take(&mut self.kept).into_iter().map(Vec::from).collect();
        let mut merged = merge(kept);
        let limit =
            self.request.limit.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let surplus = merged.len().saturating_sub(limit);
        self.truncated |= surplus > 0;
        for record in merged.drain(..).skip(surplus) {
            self.writer.write(&mut self.context.output, &record)?;
        }
        let nothing_read = self.missing.len() == asked.len();
        let (found, complete) = (self.writer.written > 0, self.missing.is_empty());
        if nothing_read && !found {
            let reasons = self.missing.iter().map(|one| format!("{}: {}", one.source, one.reason));
            let error = Error::could_not_tell(format!(
                "cannot read {}",
                reasons.collect::<Vec<_>>().join(", ")
            ));
            return Err(
                error.hint("obs logs reads files, gzip, zstd and bzip2 too, and standard input")
            );
        }
        for Missing { source, reason } in &self.missing {
            self.context.output.warn(&format!("cannot read {source}: {reason}"));
        }
        if !found && complete {
            let lines = self.count.lines;
            let which = if self.uncounted { " that were looked at" } else { "" };
            let asked = asked.join(", ");
            self.context.output.note(&format!("none of {lines} lines{which} in {asked} matches"));
        }
        let summary = LogSummary {
            lines: Some(self.count.lines),
            elsewhere: self.count.elsewhere,
            malformed: self.count.malformed,
            untimed: self.count.untimed,
            unlevelled: self.count.unlevelled,
            cut: self.count.cut,
            unknown_fields: Vec::new(),
            truncated: self.truncated,
            limit_given: self.request.limit.is_some(),
            asked,
            searched: Vec::new(),
            missing: self.missing,
        };
        self.writer.finish(&mut self.context.output, &summary)?;
        Ok(Outcome::found(found, complete))
    }
}

fn add(total: &mut ScanCount, count: ScanCount) {
    total.lines += count.lines;
    total.matched += count.matched;
    total.malformed += count.malformed;
    total.elsewhere += count.elsewhere;
    total.untimed += count.untimed;
    total.unlevelled += count.unlevelled;
    total.cut += count.cut;
}
