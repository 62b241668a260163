//! The numbers for other programs: CSV, a JSON document a line, Markdown for a ticket.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::axis::amount;
use super::{QueryReport, observed, summary};
use crate::model::{MetricShape, metric_number};
use crate::render::log_columns::{csv, markdown};
use crate::render::text;

impl QueryReport {
    /// Writes a line a value: its time, the labels that any series has, the value.
    ///
    /// Source: RFC 4180.
    pub fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let names: BTreeSet<&str> =
            self.series.iter().flat_map(|one| one.labels.keys().map(String::as_str)).collect();
        let head = ["time"].into_iter().chain(names.iter().copied()).chain(["value"]);
        write!(out, "{}\r\n", head.map(csv).collect::<Vec<_>>().join(","))?;
        for one in &self.series {
            let labels: Vec<String> = names
                .iter()
                .map(|name| csv(one.labels.get(*name).map_or("", String::as_str)))
                .collect();
            for point in &one.points {
                let cells = [csv(&point.time.to_string())];
                let value = metric_number(point.value);
                // A number is none for a spreadsheet to run, infinite or not.
                let cells: Vec<&str> = cells
                    .iter()
                    .chain(&labels)
                    .map(String::as_str)
                    .chain([value.as_str()])
                    .collect();
                write!(out, "{}\r\n", cells.join(","))?;
            }
        }
        Ok(())
    }

    /// Writes a JSON document a series.
    pub fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        self.series.iter().try_for_each(|one| {
            let document = serde_json::to_string(one)?;
            writeln!(out, "{}", text::harmless_json(&document))
        })
    }

    /// Writes a table for a ticket: of a range the last, least, middle and highest number.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        let (first, last) = self.times();
        let query = text::shown(self.query.trim());
        let fence = if query.contains("```") { "~~~" } else { "```" };
        writeln!(out, "{fence}promql\n{query}\n{fence}\n")?;
        let source = markdown(&self.source);
        let is_range = self.shape == MetricShape::Matrix;
        if is_range {
            let step = self.step_s.map(|step| format!(", each {step}s")).unwrap_or_default();
            writeln!(out, "{first} to {last}{step}, from {source}\n")?;
        } else {
            writeln!(out, "from {source}\n")?;
        }
        if let Some(text) = &self.text {
            return writeln!(out, "{}", markdown(text));
        }
        if self.is_empty() {
            return writeln!(out, "No data.");
        }
        let heads = if is_range { "last | min | mean | max" } else { "value" };
        writeln!(
            out,
            "| series | {heads} |\n|---|{}",
            if is_range { "--:|--:|--:|--:|" } else { "--:|" }
        )?;
        for one in &self.series {
            let numbers: Vec<String> = match summary(one).filter(|_| is_range) {
                Some(all) => [all.last, all.min, all.mean, all.max].map(amount).to_vec(),
                None if is_range => vec!["-".to_owned(); 4],
                None => {
                    one.points.last().map(|point| metric_number(point.value)).into_iter().collect()
                }
            };
            writeln!(out, "| {} | {} |", markdown(&one.title()), numbers.join(" | "))?;
        }
        if let Some(slowest) = &self.slowest {
            let (what, trace) = (markdown(&observed(slowest)), slowest.trace_id);
            writeln!(
                out,
                "\nSlowest with a trace: {what} at {}: `obs trace {trace}`",
                slowest.time
            )?;
        }
        Ok(())
    }
}
