//! What takes the records of any source, and ends as the answer that was asked for.

use std::io;

use super::Request;
use crate::logs::{Found, Groups, LogFilter, Stats};
use crate::model::LogRecord;
use crate::render::Output;
use crate::render::log_groups::GroupReport;
use crate::render::log_report::{LogSummary, LogWriter, UnknownField};
use crate::render::log_stats::StatsReport;

/// How much is kept back, in bytes of lines: what is more is an answer that somebody waits for.
const HELD_BYTES_MAX: usize = 4 << 20;

/// The answer in the making.
pub(super) struct Answer {
    shape: Shape,
    filter: LogFilter,
    /// How many records it was given.
    pub(super) written: u64,
    /// How many of them have only a trace of the request that is asked for.
    pub(super) of_trace_alone: u64,
    held: Option<Held>,
}

/// What is kept back: records, and where some between them are left out.
#[derive(Default)]
struct Held {
    records: Vec<Option<LogRecord>>,
    bytes: usize,
}

enum Shape {
    /// As they come.
    Records(LogWriter),
    /// The last first: they wait for it.
    Reversed(LogWriter, Vec<LogRecord>),
    Groups(Groups),
    /// With whether all values are shown.
    Stats(Box<Stats>, bool),
}

impl Answer {
    pub(super) fn new(request: &Request) -> Self {
        let about = request.filter.correlation.clone();
        let writer = LogWriter::new(request.full, about, request.columns.clone());
        let shape = match &request.stats {
            Some(field) => Shape::Stats(Box::new(Stats::new(field)), request.full),
            None if request.group => Shape::Groups(Groups::default()),
            None if request.reverse => Shape::Reversed(writer, Vec::new()),
            None => Shape::Records(writer),
        };
        Self { shape, filter: request.filter.clone(), written: 0, of_trace_alone: 0, held: None }
    }

    /// Keeps records back from here on, as many as there is room for.
    pub(super) fn hold(&mut self) {
        self.held = Some(Held::default());
    }

    /// Says whether all that was given is still kept back.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Gives on what was kept back, and keeps back nothing more.
    pub(super) fn release(&mut self, output: &mut Output) -> io::Result<()> {
        for record in self.held.take().into_iter().flat_map(|held| held.records) {
            match record {
                Some(record) => self.write(output, &record)?,
                None => self.gap(output)?,
            }
        }
        Ok(())
    }

    /// Says whether the records of several sources need not be in one order.
    pub(super) fn takes_any_order(&self) -> bool {
        matches!(self.shape, Shape::Groups(_) | Shape::Stats(..))
    }

    /// Says whether neither the number of a line nor how many there are is shown.
    pub(super) fn needs_no_places(&self, output: &Output) -> bool {
        match &self.shape {
            Shape::Records(writer) | Shape::Reversed(writer, _) => writer.takes_lines(output),
            Shape::Groups(_) | Shape::Stats(..) => false,
        }
    }

    /// Says whether there is what was asked for: a record, for statistics one that has the field.
    pub(super) fn found(&self) -> bool {
        match &self.shape {
            Shape::Stats(stats, _) => stats.with() > 0,
            _ => self.written > 0,
        }
    }

    /// Takes what a scan found; no record is built of a line that is only to be shown.
    pub(super) fn take(&mut self, output: &mut Output, found: Found<'_>) -> io::Result<()> {
        match &mut self.shape {
            // Of the lines with an id records are made to find it.
            _ if self.filter.correlation.is_some() => self.write(output, &found.into_record()),
            Shape::Records(writer) if writer.takes_lines(output) => {
                self.written += 1;
                writer.write_line(output, &found.shown())
            }
            Shape::Stats(stats, _) => {
                self.written += 1;
                stats.add_found(&found);
                Ok(())
            }
            _ => self.write(output, &found.into_record()),
        }
    }

    /// Counts records that a scan passed over because they lack the field that is counted.
    pub(super) fn pass_over(&mut self, records: u64) {
        if let Shape::Stats(stats, _) = &mut self.shape {
            self.written += records;
            stats.pass_over(records);
        }
    }

    /// Takes one record; they come in the order of their time.
    pub(super) fn write(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            held.bytes += record.raw.as_ref().map_or(0, Vec::len);
            held.records.push(Some(record.clone()));
            return if held.bytes > HELD_BYTES_MAX { self.release(output) } else { Ok(()) };
        }
        self.written += 1;
        self.of_trace_alone += u64::from(self.filter.has_trace_alone(record));
        match &mut self.shape {
            Shape::Records(writer) => return writer.write(output, record),
            Shape::Reversed(_, records) => records.push(record.clone()),
            Shape::Groups(groups) => groups.add(record),
            Shape::Stats(stats, _) => stats.add(record),
        }
        Ok(())
    }

    /// Marks that records between the last one and the next are left out.
    pub(super) fn gap(&mut self, output: &mut Output) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            held.records.push(None);
            return Ok(());
        }
        match &self.shape {
            Shape::Records(_) => LogWriter::gap(output),
            _ => Ok(()),
        }
    }

    /// Shows what waits, and says what a reader would not expect of the answer.
    pub(super) fn finish(self, output: &mut Output, summary: &LogSummary) -> io::Result<()> {
        let unknown = self.filter.condition.iter().flat_map(|condition| condition.unknown());
        let of_stats = match &self.shape {
            Shape::Stats(stats, _) => stats.unknown(),
            _ => None,
        };
        let unknown = unknown.chain(of_stats);
        let unknown =
            unknown.map(|field| UnknownField { name: field.name, near: field.near }).collect();
        let summary = LogSummary { unknown_fields: unknown, ..summary.clone() };
        match self.shape {
            Shape::Records(writer) => writer.finish(output, &summary),
            Shape::Reversed(mut writer, records) => {
                for record in records.iter().rev() {
                    writer.write(output, record)?;
                }
                writer.finish(output, &summary)
            }
            Shape::Groups(groups) => {
                let others = groups.others;
                let show_secrets = output.theme.show_secrets;
                GroupReport::new(groups.sorted(), others, summary, show_secrets).show(output)
            }
            Shape::Stats(stats, full) => {
                let show_secrets = output.theme.show_secrets;
                StatsReport::new(stats.finish(), summary, full, show_secrets).show(output)
            }
        }
    }
}
