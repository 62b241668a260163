//! Lines into records: a traceback printed below a record is part of it.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;

use super::found::{Found, FoundSink};
use super::line::{Outline, Room, Shape, read};
use super::{Learnt, LogFilter, ScanCount, traceback};
use crate::model::{Correlation, LogRecord, UnixNanos};

/// The longest traceback kept beside a record, in bytes; lines after it are counted as cut.
const EXCEPTION_BYTES_MAX: usize = 1 << 20;

/// What takes matching records, in order; `Break` ends the work.
pub(super) type Sink<'a> = dyn FnMut(LogRecord) -> io::Result<ControlFlow<()>> + 'a;

/// A record whose last line may still come.
#[derive(Debug)]
struct Open {
    record: LogRecord,
    /// Its time or its predecessor's.
    time: Option<UnixNanos>,
    verdict: Verdict,
}

/// What is known of a record from its own line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Matches,
    /// It matches if the condition holds once its traceback is known.
    MatchesIf,
    /// The same, but the id only stands in its text.
    ElsewhereIf,
}

/// What became of the last record, when none is open.
#[derive(Debug)]
enum Before {
    /// There was none.
    Nothing,
    /// It did not match: what continues it goes with it.
    LeftOut,
    /// It was flushed: what continues it follows.
    Given(Box<LogRecord>),
}

/// Takes the lines of one source in order and gives its matching records, with their tracebacks.
///
/// A line continues the one before when it is indented, empty inside a traceback, or one of those
/// that `traceback` knows, and is no JSON. It is
/// added to the `exception` and to `raw` of a record that matched. After a record that did not match
/// it is left out with it, unless the filter looks for text: then it is judged by itself. A condition
/// about the exception is held against the record with its traceback.
///
/// The last record is held until a line shows that it is complete, or [`Assembler::flush`]. What comes
/// later to a record that was flushed is a record of its own: the first one's time, level, service,
/// logger and ids, no message, and the rest of the traceback.
#[derive(Debug)]
pub struct Assembler<'a> {
    source: &'a str,
    filter: Cow<'a, LogFilter>,
    open: Option<Open>,
    after_indented: bool,
    in_traceback: bool,
    in_goroutine: bool,
    before: Before,
    /// The last time that a line of this source has: also that of those after it that have none.
    time: Option<UnixNanos>,
    room: Room,
    /// What was seen so far; `lines` is the caller's to count.
    pub count: ScanCount,
    /// The traces that lines of the request name, whether these lines match otherwise or not.
    pub learnt: Learnt,
    /// Whether what is learnt is looked for at once.
    heeds_learnt: bool,
}

impl<'a> Assembler<'a> {
    /// Begins a source; `source` goes into its records.
    pub fn new(source: &'a str, filter: &'a LogFilter) -> Self {
        Self {
            source,
            filter: Cow::Borrowed(filter),
            open: None,
            after_indented: false,
            in_traceback: false,
            in_goroutine: false,
            before: Before::Nothing,
            time: None,
            room: Room::for_many(),
            count: ScanCount::default(),
            learnt: Learnt::default(),
            heeds_learnt: false,
        }
    }

    /// Takes a moment that no line is later than: it tells the year of times that are written without.
    pub(super) fn written_by(&mut self, latest: UnixNanos) {
        self.room.latest = Some(latest);
    }

    /// Also gives, from where it is learnt on, the lines that have only a trace of the request.
    #[must_use]
    pub fn heeding_learnt(self) -> Self {
        Self { heeds_learnt: true, ..self }
    }

    /// Also gives, from here on, the lines that have only one of these traces.
    pub fn also_of(&mut self, traces: &[Correlation]) {
        for trace in traces {
            if !self.filter.asks_for(trace.id()) {
                self.filter.to_mut().traces.push(trace.clone());
            }
        }
    }

    /// Takes one line without its line break; `number` is its 1-based place in the source.
    pub fn line(
        &mut self,
        line: &[u8],
        number: u64,
        sink: &mut Sink<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let continues = self.continues(without_return(line));
        self.line_that(continues, line, number, sink)
    }

    fn line_that(
        &mut self,
        continues: bool,
        line: &[u8],
        number: u64,
        sink: &mut Sink<'_>,
    ) -> io::Result<ControlFlow<()>> {
        if continues {
            if self.open.is_some() {
                self.append(line);
                return Ok(ControlFlow::Continue(()));
            }
            match &self.before {
                Before::Given(head) => {
                    let record = continuation(head, line, number);
                    self.open = Some(Open { record, time: None, verdict: Verdict::Matches });
                    return Ok(ControlFlow::Continue(()));
                }
                Before::LeftOut if !self.filter.looks_for_text() => {
                    return Ok(ControlFlow::Continue(()));
                }
                Before::LeftOut | Before::Nothing => {}
            }
        }
        if self.give(sink)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.judge(line, number);
        Ok(ControlFlow::Continue(()))
    }

    /// Gives the record held back, if any; a follower calls this when nothing more has come.
    pub fn flush(&mut self, sink: &mut Sink<'_>) -> io::Result<ControlFlow<()>> {
        let Some(record) = self.settle() else { return Ok(ControlFlow::Continue(())) };
        self.before = Before::Given(Box::new(head(&record)));
        sink(record)
    }

    fn give(&mut self, sink: &mut Sink<'_>) -> io::Result<ControlFlow<()>> {
        self.settle().map_or(Ok(ControlFlow::Continue(())), sink)
    }

    /// Ends the open record and counts it; returns it when it matches.
    fn settle(&mut self) -> Option<LogRecord> {
        let Open { mut record, time, verdict } = self.open.take()?;
        if let Some(exception) = &mut record.exception {
            exception.truncate(exception.trim_end().len());
        }
        record.exception = record.exception.filter(|exception| !exception.is_empty());
        if verdict != Verdict::Matches && !self.filter.holds(&record, time) {
            return None;
        }
        if verdict == Verdict::ElsewhereIf {
            self.count.elsewhere += 1;
            return None;
        }
        if verdict == Verdict::MatchesIf {
            self.count_untimed(time);
        }
        self.count.matched += 1;
        Some(record)
    }

    /// Passes over lines that cannot match; the last time in them may be that of the next line.
    ///
    /// Says whether one has a time, when times are needed.
    pub(super) fn pass_over(&mut self, lines: &[u8]) -> bool {
        let room = &mut self.room;
        let mut times =
            lines.rsplit(|byte| *byte == b'\n').map(|line| Outline::of(line, room).time);
        let time = if self.filter.needs_times() { times.find_map(|time| time) } else { None };
        self.time = time.or(self.time);
        time.is_some()
    }

    /// Passes over records: what continues the last of them goes with it.
    pub(super) fn pass_over_records(&mut self) {
        self.before = Before::LeftOut;
        (self.after_indented, self.in_traceback, self.in_goroutine) = (false, false, false);
    }

    /// Says whether the times of lines that are passed over count.
    pub(super) fn needs_times(&self) -> bool {
        self.filter.needs_times()
    }

    /// Says whether the next line may belong to a record that matched.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some() || matches!(self.before, Before::Given(_))
    }

    fn judge(&mut self, line: &[u8], number: u64) {
        let outline = self.outline(line);
        let ruled_out = self.filter.rules_out(&outline, self.time, self.source);
        // The line that names the request's trace may be of another level than is asked for.
        if ruled_out && self.filter.correlation.is_none() {
            return;
        }
        let mut record = read(&outline, &self.room);
        if self.learnt.see(&self.filter, &record) && self.heeds_learnt {
            let learnt = std::mem::take(&mut self.learnt);
            self.also_of(learnt.traces());
            self.learnt = learnt;
        }
        if ruled_out {
            return;
        }
        self.source.clone_into(&mut record.source);
        record.line = number;
        let (filter, time) = (&self.filter, self.time);
        let matches = filter.matches_but_condition(&record, time);
        if !matches && !filter.matches_elsewhere(&record, time) {
            return;
        }
        let verdict = if filter.waits_for_traceback() {
            if matches { Verdict::MatchesIf } else { Verdict::ElsewhereIf }
        } else if !filter.holds(&record, time) {
            return;
        } else if matches {
            self.count_untimed(time);
            Verdict::Matches
        } else {
            self.count.elsewhere += 1;
            return;
        };
        self.open = Some(Open { record, time, verdict });
    }

    fn count_untimed(&mut self, time: Option<UnixNanos>) {
        self.count.untimed += u64::from(time.is_none() && self.filter.bounds_time());
    }

    /// Walks a line that begins a record and counts it.
    fn outline<'l>(&mut self, line: &'l [u8]) -> Outline<'l> {
        self.before = Before::LeftOut;
        let outline = Outline::of(line, &mut self.room);
        self.count.malformed += u64::from(outline.shape == Shape::Malformed);
        self.time = outline.time.or(self.time);
        self.count.unlevelled += u64::from(outline.level.is_none() && self.filter.level.is_some());
        outline
    }

    /// Takes a line that the next one does not continue ([`begins_record`]): as [`Assembler::line`],
    /// but what matches is given at once, and no record is built for it.
    pub(super) fn whole_line(
        &mut self,
        line: &[u8],
        number: u64,
        sink: &mut FoundSink<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let record_sink = &mut |record| sink(Found::record(record));
        let continues = self.continues(without_return(line));
        // Ids and conditions are held against records.
        let of_record = self.filter.correlation.is_some() || self.filter.condition.is_some();
        if of_record || continues {
            return self.line_that(continues, line, number, record_sink);
        }
        if self.give(record_sink)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let outline = self.outline(line);
        if self.filter.rules_out(&outline, self.time, self.source) {
            return Ok(ControlFlow::Continue(()));
        }
        self.count_untimed(self.time);
        self.count.matched += 1;
        sink(Found::line(&outline, &self.room, self.source, number))
    }

    fn append(&mut self, line: &[u8]) {
        let Some(Open { record, .. }) = &mut self.open else { return };
        let exception = record.exception.get_or_insert_default();
        if exception.len() + line.len() > EXCEPTION_BYTES_MAX {
            self.count.cut += 1;
            return;
        }
        let text = String::from_utf8_lossy(without_return(line));
        if !exception.is_empty() {
            exception.push('\n');
        }
        exception.push_str(&text);
        let raw = record.raw.get_or_insert_default();
        raw.push(b'\n');
        raw.extend_from_slice(line);
    }

    /// Says whether the line continues the one before, and remembers what the next one needs.
    fn continues(&mut self, line: &[u8]) -> bool {
        let indented = line.starts_with(b" ") || line.starts_with(b"\t");
        let continues = if indented {
            let object = line.trim_ascii_start().starts_with(b"{");
            !object || Outline::of(line, &mut self.room).shape != Shape::Json
        } else if line.is_empty() {
            self.in_traceback
        } else {
            traceback::opens(line)
                || (self.after_indented && traceback::names_an_error(line))
                || (self.in_traceback && traceback::goes_on(line))
                || (self.in_goroutine && traceback::is_frame_of_go(line))
        };
        self.after_indented = continues && indented;
        self.in_traceback = continues || traceback::comes_after(line);
        self.in_goroutine = continues && (self.in_goroutine || traceback::is_goroutine(line));
        continues
    }
}

/// Says whether `rest` begins with a line that continues none that is no continuation itself.
///
/// Cheaper than to read it, and `false` in doubt: also when nothing is there yet.
pub(super) fn begins_record(rest: &[u8]) -> bool {
    match rest.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'\n') => false,
        // What may stand right below a line after which a traceback comes.
        Some(b'[' | b'}' | b'-') => !traceback::goes_on(rest),
        Some(letter) if letter.is_ascii_alphabetic() => !traceback::opens(rest),
        Some(_) => true,
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Returns what a record's later part is known by.
fn head(record: &LogRecord) -> LogRecord {
    LogRecord {
        time: record.time,
        level: record.level,
        service: record.service.clone(),
        logger: record.logger.clone(),
        request_id: record.request_id.clone(),
        trace_id: record.trace_id.clone(),
        span_id: record.span_id.clone(),
        source: record.source.clone(),
        ..LogRecord::default()
    }
}

/// Begins the later part of a record with its first line.
fn continuation(head: &LogRecord, line: &[u8], number: u64) -> LogRecord {
    LogRecord {
        exception: Some(String::from_utf8_lossy(without_return(line)).into_owned()),
        line: number,
        raw: Some(line.to_vec()),
        ..head.clone()
    }
}

#[cfg(test)]
mod tests;
