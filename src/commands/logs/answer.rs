//! What takes the records of any source, and ends as the answer that was asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::Request;
use crate::logs::{Condition, Found, Groups, Stats};
use crate::model::{Correlation, LogRecord};
use crate::render::Output;
use crate::render::log_groups::GroupReport;
use crate::render::log_report::{LogSummary, LogWriter, UnknownField};
use crate::render::log_stats::StatsReport;

/// How many traces of other ids than the one that is asked for are remembered.
const TRACES_MAX: usize = 3;

/// The answer in the making.
pub(super) struct Answer {
    shape: Shape,
    condition: Option<Arc<Condition>>,
    /// How many records it was given.
    pub(super) written: u64,
    about: Option<Correlation>,
    traces: BTreeSet<String>,
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
        Self {
            shape,
            condition: request.filter.condition.clone(),
            written: 0,
            about: request.filter.correlation.clone(),
            traces: BTreeSet::new(),
        }
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
            Shape::Records(writer) if writer.takes_lines(output) => {
                self.written += 1;
                let line = found.shown();
                writer.write_line(output, &line)?;
                let asked = self.about.is_some();
                let trace_id = line.trace_id.filter(|_| asked).map(Cow::into_owned);
                self.see_trace(trace_id.as_deref());
                Ok(())
            }
            Shape::Stats(stats, _) => {
                self.written += 1;
                stats.add_found(&found);
                Ok(())
            }
            _ => self.write(output, &found.into_record()),
        }
    }

    /// Takes one record; they come in the order of their time.
    pub(super) fn write(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        self.written += 1;
        self.see_trace(record.trace_id.as_deref());
        match &mut self.shape {
            Shape::Records(writer) => return writer.write(output, record),
            Shape::Reversed(_, records) => records.push(record.clone()),
            Shape::Groups(groups) => groups.add(record),
            Shape::Stats(stats, _) => stats.add(record),
        }
        Ok(())
    }

    /// Remembers a trace of another id than the one that is asked for: lines may have that alone.
    fn see_trace(&mut self, trace_id: Option<&str>) {
        let (Some(about), Some(trace_id)) = (&self.about, trace_id) else { return };
        if self.traces.len() < TRACES_MAX && !about.matches(trace_id) {
            self.traces.insert(trace_id.to_owned());
        }
    }

    /// Returns the traces of other ids than the one that is asked for, the first few.
    pub(super) fn traces(&self) -> impl Iterator<Item = &str> {
        self.traces.iter().map(String::as_str)
    }

    /// Marks that records between the last one and the next are left out.
    pub(super) fn gap(&mut self, output: &mut Output) -> io::Result<()> {
        match &self.shape {
            Shape::Records(_) => LogWriter::gap(output),
            _ => Ok(()),
        }
    }

    /// Shows what waits, and says what a reader would not expect of the answer.
    pub(super) fn finish(self, output: &mut Output, summary: &LogSummary) -> io::Result<()> {
        let unknown = self.condition.iter().flat_map(|condition| condition.unknown());
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
