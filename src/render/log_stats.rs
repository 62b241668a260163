//! The answer of `obs logs --stats`: how often which value, how numbers are spread, and when.

mod drawn;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::log_report::LogSummary;
use super::{Output, Render, Theme};
use crate::model::{FieldStats, ValueCount, mask_value};

/// The statistics of one field: `obs.log_stats/1`.
#[derive(Debug, Serialize)]
pub struct StatsReport {
    schema: &'static str,
    #[serde(flatten)]
    stats: FieldStats,
    #[serde(flatten)]
    summary: LogSummary,
    /// Whether people see every value.
    #[serde(skip)]
    full: bool,
}

impl StatsReport {
    /// Makes the report, its values masked unless secrets are asked for; those that look alike then are
    /// one. `full` shows people all values.
    pub fn new(stats: FieldStats, summary: LogSummary, full: bool, show_secrets: bool) -> Self {
        let mut stats = stats;
        if !show_secrets {
            stats.values = masked(&stats.field, &stats.values);
        }
        Self { schema: "obs.log_stats/1", stats, summary, full }
    }

    /// Writes the report, and says what a reader would not expect of it.
    pub fn show(&self, output: &mut Output) -> io::Result<()> {
        output.show(self)?;
        let FieldStats { field, without, others, shortened, in_no_interval, .. } = &self.stats;
        if *without > 0 && self.stats.with > 0 {
            let records = records(*without);
            output.note(&format!("{records} without `{field}`"));
        }
        if *others > 0 {
            let (records, kept) = (records(*others), self.stats.values.len());
            output.warn(&format!(
                "{records} with other values: only the first {kept} different ones are counted one by one"
            ));
        }
        if *shortened > 0 {
            let records = records(*shortened);
            output
                .note(&format!("{records} with a value over 256 bytes, counted by its beginning"));
        }
        if *in_no_interval > 0 {
            let records = records(*in_no_interval);
            output.note(&format!("{records} without a time: in no interval"));
        }
        self.summary.say(output);
        Ok(())
    }
}

impl Render for StatsReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        drawn::draw(out, theme, &self.stats, self.full)
    }

    fn minds_ascii(&self) -> bool {
        true
    }
}

fn records(count: u64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}

fn masked(field: &str, values: &[ValueCount]) -> Vec<ValueCount> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for ValueCount { value, count } in values {
        *counts.entry(mask_value(field, value).into_owned()).or_default() += count;
    }
    let value = |(value, count)| ValueCount { value, count };
    let mut values: Vec<ValueCount> = counts.into_iter().map(value).collect();
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    values
}
