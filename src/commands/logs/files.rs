//! Files and standard input, read to their end: no runtime, no network.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::Request;
use super::answer::Answer;
use super::inputs::{self, Opened};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::{Around, Live, LogFilter, Scan, ScanCount, Scanned, merge};
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
    let mut reading = Reading::new(request, context);
    for file in files {
        let name = file.display().to_string();
        match inputs::open(file, reading.last_wanted()) {
            Ok(opened) if files.len() == 1 && reading.shows_at_once() && is_stream(file) => {
                reading.source(Live::new(|| Ok(opened.input))?, &name, true)?;
            }
            Ok(Opened { input, fault }) => {
                reading.source(input, &name, files.len() == 1)?;
                if let Some(error) = fault.take() {
                    reading.failed(name, &error);
                }
            }
            Err(error) => reading.failed(name, &error),
        }
    }
    reading.finish(files.iter().map(|file| file.display().to_string()).collect())
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

    /// Reads one source; what cannot be read any further is said, and what was read counts.
    fn source(&mut self, input: impl io::Read, name: &str, only: bool) -> Result<()> {
        if let Some(count) = self.request.neighbours {
            return self.with_neighbours(input, name, only, count);
        }
        // Lines of a single source are shown as they come; several wait to be merged.
        let at_once = (only || self.writer.takes_any_order()) && self.request.limit.is_none();
        let limit = self.request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut kept = VecDeque::new();
        let mut scan = Scan::new(input, name, &self.request.filter);
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

    /// The same with `count` neighbours on either side of each record that matches.
    fn with_neighbours(
        &mut self,
        input: impl io::Read,
        name: &str,
        only: bool,
        count: usize,
    ) -> Result<()> {
        let at_once = only && self.request.limit.is_none();
        let limit = self.request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut around = Around::new(&self.request.filter, count);
        let mut kept = VecDeque::new();
        let everything = LogFilter::default();
        let mut scan = Scan::new(input, name, &everything);
        let mut failed = None;
        loop {
            let mut shown: io::Result<()> = Ok(());
            let (writer, output) = (&mut self.writer, &mut self.context.output);
            let truncated = &mut self.truncated;
            let mut give = |record: LogRecord, gap: bool| {
                if !at_once {
                    kept.push_back(record);
                    if limit.is_some_and(|limit| kept.len() > limit) {
                        kept.pop_front();
                        *truncated = true;
                    }
                    return Ok(());
                }
                if gap {
                    writer.gap(output)?;
                }
                writer.write(output, &record)
            };
            let scanned = scan.go_on(&mut |found| {
                shown = around.take(found.into_record(), &mut give);
                let go_on = ControlFlow::Continue(());
                Ok(if shown.is_ok() { go_on } else { ControlFlow::Break(()) })
            });
            shown?;
            around.flush(&mut give)?;
            match scanned {
                Ok(Scanned::Dry) => self.context.output.flush()?,
                Ok(Scanned::Done) => break,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let ScanCount { lines, malformed, cut, .. } = scan.count();
        add(&mut self.count, ScanCount { lines, malformed, cut, ..around.seen });
        self.kept.push(kept);
        if let Some(error) = failed {
            self.failed(name.to_owned(), &error);
        }
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
        let (found, complete) = (self.writer.found(), self.missing.is_empty());
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
        if self.writer.written == 0 && complete {
            let lines = self.count.lines;
            self.context
                .output
                .note(&format!("none of {lines} lines in {} matches", asked.join(", ")));
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
