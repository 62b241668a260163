//! Sources read to their ends, one after the other or merged, into one answer.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::Request;
use super::answer::Answer;
use super::expand::Log;
use super::inputs::{self, Opened, is_stream, say_if_terminal};
use super::plan::{Plan, Planner};
use super::several::{self, Event};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::{Around, Learnt, Live, LogFilter, Scan, ScanCount, Scanned, merge};
use crate::model::{Correlation, LogRecord, Missing, UnixNanos};
use crate::render::log_report::LogSummary;
use crate::sources::compressed::{Fault, stream};

/// How much later than a file was last written to a time in it may seem to be.
const DAY: Duration = Duration::from_hours(24);

/// The state of reading several sources.
pub(super) struct Reading<'a> {
    request: &'a Request,
    pub(super) context: &'a mut Context,
    writer: Answer,
    kept: Vec<VecDeque<LogRecord>>,
    count: ScanCount,
    /// What cannot be read.
    pub(super) missing: Vec<Missing>,
    /// The older parts of logs that are not needed.
    pub(super) not_read: Vec<String>,
    late: u64,
    truncated: bool,
    /// How each file is read.
    pub(super) planner: Arc<Planner>,
    /// The traces that lines of the request name.
    learnt: Learnt,
    /// Whether lines were passed over and not counted.
    uncounted: bool,
    /// The files that get an index once the answer is given.
    pub(super) to_make: Vec<PathBuf>,
}

impl<'a> Reading<'a> {
    /// Begins an answer.
    pub(super) fn new(request: &'a Request, context: &'a mut Context) -> Self {
        let writer = Answer::new(request);
        let numbers = !writer.needs_no_places(&context.output);
        let planner = Arc::new(Planner::new(request, context, numbers));
        Self {
            request,
            context,
            writer,
            kept: Vec::new(),
            count: ScanCount::default(),
            missing: Vec::new(),
            not_read: Vec::new(),
            late: 0,
            truncated: false,
            planner,
            learnt: Learnt::default(),
            uncounted: false,
            to_make: Vec::new(),
        }
    }

    /// Leaves out the older parts of logs that were last written to before `--since`.
    ///
    /// By a day at least: a time without a zone may be ahead of the file's by most of one.
    pub(super) fn within_time(&mut self, logs: Vec<Log>) -> Vec<Log> {
        let Some(since) = self.request.filter.since else { return logs };
        let since = Duration::from_nanos(u64::try_from(since.0).unwrap_or_default());
        let ended = |file: &PathBuf| {
            let written = std::fs::metadata(file).and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            age.is_some_and(|age| age + DAY < since)
        };
        let mut logs = logs;
        for log in &mut logs {
            let (before, older) = std::mem::take(&mut log.older).into_iter().partition(ended);
            log.older = older;
            self.leave(&before);
        }
        logs
    }

    /// Keeps what is found back until it is known that the files need not be read again.
    pub(super) fn hold(&mut self) {
        self.writer.hold();
    }

    /// Returns what has to be asked for instead, when lines have named traces of the request and
    /// nothing is shown yet.
    pub(super) fn with_traces(&self) -> Option<Request> {
        let traces = self.learnt.traces();
        (self.writer.is_held() && !traces.is_empty()).then(|| {
            let filter = LogFilter { traces: traces.to_vec(), ..self.request.filter.clone() };
            Request { filter, ..self.request.clone() }
        })
    }

    /// Reads logs to their ends.
    pub(super) fn logs(&mut self, logs: &[Log]) -> Result<()> {
        if let [Log { file, older }] = logs
            && older.is_empty()
        {
            self.only(file)
        } else if let Some(last) = self.last_wanted() {
            self.last_of(logs, last)
        } else if self.request.neighbours.is_some() || self.writer.takes_any_order() {
            for file in logs.iter().flat_map(Log::files) {
                self.part(file, None, false)?;
            }
            Ok(())
        } else {
            let files: Vec<PathBuf> = logs.iter().flat_map(Log::files).cloned().collect();
            self.merged(&files)
        }
    }

    fn leave(&mut self, files: &[PathBuf]) {
        self.not_read.extend(files.iter().map(|file| file.display().to_string()));
    }

    /// Reads the only file there is: what it gives is shown as it comes.
    fn only(&mut self, file: &Path) -> Result<()> {
        let name = file.display().to_string();
        if is_stream(file) && self.shows_at_once() {
            say_if_terminal(file, self.context);
            let path = file.to_owned();
            let fault = Fault::default();
            let of_input = fault.clone();
            // Opened on the thread that reads it: a pipe opens when somebody writes to it.
            let open = move || stream(inputs::open_file(&path)?, of_input);
            self.source(Live::new(open)?, &name, true)?;
            if let Some(error) = fault.take() {
                self.failed(name, &error);
            }
            return Ok(());
        }
        self.part(file, None, true).map(drop)
    }

    /// Reads the last records of each log, and of its older parts only as many as are needed.
    fn last_of(&mut self, logs: &[Log], last: usize) -> Result<()> {
        for log in logs {
            let first = self.kept.len();
            let mut given = self.part(&log.file, Some(last), false)?;
            let mut left = log.older.as_slice();
            while let Some((part, rest)) = left.split_last().filter(|_| given < last) {
                given += self.part(part, Some(last), false)?;
                left = rest;
            }
            self.truncated |= !left.is_empty();
            self.leave(left);
            // Read from the youngest on; of one instant the oldest come first.
            self.kept.get_mut(first..).unwrap_or_default().reverse();
        }
        Ok(())
    }

    /// Reads one of several files; returns how many records are kept of it.
    fn part(&mut self, file: &Path, last: Option<usize>, only: bool) -> Result<usize> {
        let name = file.display().to_string();
        let last = if only { self.last_wanted() } else { last };
        match inputs::open(file, last) {
            Ok(Opened { input, fault }) => {
                if self.request.neighbours.is_some() {
                    let written = input.written();
                    self.source_of(input, written, &name, only)?;
                    if let Some(error) = fault.take() {
                        self.failed(name, &error);
                    }
                    return Ok(0);
                }
                let mut plan = match last {
                    Some(_) => Plan::whole("read from its end"),
                    None => self.planner.plan(&input)?,
                };
                let request = self.request;
                let scan = plan.scan(input, &name, &request.filter);
                self.scan(self.counting(scan), &name, only)?;
                if let Err(error) = self.planner.check(&plan) {
                    self.failed(name.clone(), &error);
                }
                self.planned(file, &plan);
                if let Some(error) = fault.take() {
                    self.failed(name, &error);
                }
                return Ok(self.kept.last().map_or(0, VecDeque::len));
            }
            Err(error) => self.failed(name, &error),
        }
        Ok(0)
    }

    /// Notes how a file was read.
    fn planned(&mut self, file: &Path, plan: &Plan) {
        if self.request.explain {
            self.context.output.note(&format!("{}: {}", file.display(), plan.said));
        }
        self.uncounted |= plan.uncounted;
        if plan.make {
            self.to_make.push(file.to_owned());
        }
    }

    /// Reads files at once, merged by time.
    fn merged(&mut self, files: &[PathBuf]) -> Result<()> {
        let limit = self.request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut kept = VecDeque::new();
        let Reading { writer, context, truncated, .. } = self;
        let ends = several::read(files, &self.request.filter, &self.planner, &mut |event| {
            let record = match event {
                Event::Record(record) => *record,
                Event::Waiting(name) => {
                    context.output.note(&format!("waiting for lines from {name}"));
                    return Ok(());
                }
            };
            let Some(limit) = limit else { return writer.write(&mut context.output, &record) };
            kept.push_back(record);
            if kept.len() > limit {
                kept.pop_front();
                *truncated = true;
            }
            Ok(())
        })?;
        self.kept.push(kept);
        self.late = ends.late;
        add(&mut self.count, ends.count);
        self.learnt.join(ends.learnt);
        for (file, plan) in ends.plans {
            self.planned(&file, &plan);
        }
        for (name, error) in &ends.failed {
            self.failed(name.clone(), error);
        }
        Ok(())
    }

    /// Says whether the lines of a single source are shown as they come.
    pub(super) fn shows_at_once(&self) -> bool {
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

    /// Says which lines have only a trace of the request, and where others may be.
    fn say_traces(&mut self) {
        let output = &mut self.context.output;
        let asked = &self.request.filter.traces;
        let alone = self.writer.of_trace_alone;
        if alone > 0 {
            let ids: Vec<&str> = asked.iter().map(Correlation::id).collect();
            let lines = if alone == 1 { "line has" } else { "lines have" };
            let ids = ids.join(", ");
            output.note(&format!("{alone} {lines} no request id, only the request's trace: {ids}"));
        }
        let unasked = self.learnt.traces().iter();
        for trace in unasked.filter(|trace| !asked.iter().any(|asked| asked.key() == trace.key())) {
            let trace = trace.id();
            output.note(&format!(
                "its trace is {trace}: lines may have that alone, and this was read only once; \
                 obs logs -r {trace}"
            ));
        }
        if self.learnt.more {
            output.note("the request has more traces than are looked for");
        }
    }

    /// Says which older parts of logs the answer did not need.
    fn say_not_read(&mut self) {
        let Some(youngest) = self.not_read.last() else { return };
        let why = if self.last_wanted().is_some() {
            "enough lines are younger"
        } else {
            "last written more than a day before --since"
        };
        let note = match self.not_read.len() {
            1 => format!("not read: {youngest}, {why}"),
            count => format!("not read: {youngest} and {} older files, {why}", count - 1),
        };
        self.context.output.note(&note);
    }

    /// Reads one source to its end.
    pub(super) fn source(&mut self, input: impl io::Read, name: &str, only: bool) -> Result<()> {
        // A pipe may be read for months: no moment of now tells the year of what it gives.
        self.source_of(input, None, name, only)
    }

    /// The same of a file that was last written to then.
    fn source_of(
        &mut self,
        input: impl io::Read,
        written: Option<UnixNanos>,
        name: &str,
        only: bool,
    ) -> Result<()> {
        if let Some(count) = self.request.neighbours {
            return self.with_neighbours((input, written), name, only, count);
        }
        let scan = Scan::new(input, name, &self.request.filter);
        self.scan(self.counting(scan.written_by(written)), name, only)
    }

    /// Gives statistics only the records that may have their field; of the others it is told how many.
    fn counting<'s, R: io::Read>(&self, scan: Scan<'s, R>) -> Scan<'s, R> {
        match &self.request.stats {
            Some(field) if self.request.limit.is_none() => {
                scan.counting(field, &self.request.filter)
            }
            _ => scan,
        }
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
        self.writer.pass_over(scan.count().without);
        self.learnt.join(scan.learnt().clone());
        self.kept.push(kept);
        Ok(())
    }

    /// The same with `count` neighbours on either side of each record that matches.
    fn with_neighbours(
        &mut self,
        (input, written): (impl io::Read, Option<UnixNanos>),
        name: &str,
        only: bool,
        count: usize,
    ) -> Result<()> {
        let mut around = Around::new(&self.request.filter, count);
        let mut kept = VecDeque::new();
        let everything = LogFilter::default();
        let mut scan = Scan::new(input, name, &everything).written_by(written);
        let mut failed = None;
        loop {
            let mut shown: io::Result<()> = Ok(());
            let (writer, output) = (&mut self.writer, &mut self.context.output);
            let mut give = |record: LogRecord, gap: bool| {
                // Those of several files wait to be merged.
                if !only {
                    kept.push_back(record);
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
        self.learnt.join(std::mem::take(&mut around.learnt));
        self.kept.push(kept);
        if let Some(error) = failed {
            self.failed(name.to_owned(), &error);
        }
        Ok(())
    }

    /// Notes why a source, or the rest of one, cannot be read.
    pub(super) fn failed(&mut self, source: String, error: &io::Error) {
        self.missing.push(Missing { source, reason: error.to_string() });
    }

    /// Shows what is left, and says what a reader would not expect of the answer.
    pub(super) fn finish(mut self, asked: Vec<String>) -> Result<Outcome> {
        let kept = std::mem::take(&mut self.kept).into_iter().map(Vec::from).collect();
        let mut merged = merge(kept);
        let limit =
            self.request.limit.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let surplus = merged.len().saturating_sub(limit);
        self.truncated |= surplus > 0;
        for record in merged.drain(..).skip(surplus) {
            self.writer.write(&mut self.context.output, &record)?;
        }
        self.writer.release(&mut self.context.output)?;
        let nothing_read = self.missing.len() == asked.len();
        let (found, complete) = (self.writer.found(), self.missing.is_empty());
        if nothing_read && !found {
            let reasons = self.missing.iter().map(|one| format!("{}: {}", one.source, one.reason));
            let error = Error::could_not_tell(format!(
                "cannot read {}",
                reasons.collect::<Vec<_>>().join(", ")
            ));
            return Err(
                error.hint("obs logs reads files, folders, patterns ('*.log') and standard input; gzip, zstd, bzip2, xz and lz4 too")
            );
        }
        for Missing { source, reason } in &self.missing {
            self.context.output.warn(&format!("cannot read {source}: {reason}"));
        }
        self.say_not_read();
        if self.writer.written == 0 && complete {
            let lines = self.count.lines;
            let which = if self.uncounted { " that were looked at" } else { "" };
            let asked = asked.join(", ");
            self.context.output.note(&format!("none of {lines} lines{which} in {asked} matches"));
        }
        self.say_traces();
        let summary = LogSummary {
            lines: Some(self.count.lines),
            elsewhere: self.count.elsewhere,
            malformed: self.count.malformed,
            untimed: self.count.untimed,
            unlevelled: self.count.unlevelled,
            cut: self.count.cut,
            late: self.late,
            not_read: self.not_read,
            traces: self.request.filter.traces.iter().map(|trace| trace.id().to_owned()).collect(),
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

pub(super) fn add(total: &mut ScanCount, count: ScanCount) {
    total.lines += count.lines;
    total.matched += count.matched;
    total.malformed += count.malformed;
    total.elsewhere += count.elsewhere;
    total.untimed += count.untimed;
    total.unlevelled += count.unlevelled;
    total.cut += count.cut;
    total.without += count.without;
}
