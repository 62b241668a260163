//! Checks as metrics in Prometheus' text format, for a textfile collector.
//!
//! Source: "Exposition formats", text-based format 0.0.4. Every sample has the check's id, which no
//! other has.

use std::io::{self, Write};

use super::CheckReport;
use super::listed::{kind, listed};
use crate::model::Status;
use crate::render::text;

impl CheckReport {
    /// Writes the states, the durations by phase, and what was measured.
    pub fn exposition(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = listed(self);
        heading(
            out,
            "obs_check_status",
            "How a check ended: 0 ok, 1 warn, 2 fail, 3 unknown or skipped.",
        )?;
        for one in &all {
            let result = one.result;
            let labels =
                labels(&[("id", &one.id), ("kind", &kind(result)), ("group", &result.group)]);
            writeln!(out, "obs_check_status{{{labels}}} {}", number(result.status))?;
        }
        heading(
            out,
            "obs_check_duration_seconds",
            "How long a check took, by its steps; the phase `total` is the whole.",
        )?;
        for one in &all {
            let phases = one.result.phases.iter().map(|phase| (phase.name, phase.duration_ms));
            let total = one.result.duration_ms.map(|duration| ("total", duration));
            let mut seen: Vec<&str> = Vec::new();
            for (phase, duration) in phases.chain(total) {
                // A step that is taken twice is one series: the first counts.
                if seen.contains(&phase) {
                    continue;
                }
                seen.push(phase);
                let labels = labels(&[("id", &one.id), ("phase", phase)]);
                writeln!(out, "obs_check_duration_seconds{{{labels}}} {}", duration / 1e3)?;
            }
        }
        heading(out, "obs_check_observed", "What a check measured, in the unit of its label.")?;
        for one in &all {
            let mut seen: Vec<&str> = Vec::new();
            for observed in &one.result.observed {
                let Some(value) = observed.value else { continue };
                if seen.contains(&observed.name) {
                    continue;
                }
                seen.push(observed.name);
                let pairs =
                    [("id", one.id.as_str()), ("name", observed.name), ("unit", observed.unit)];
                writeln!(out, "obs_check_observed{{{}}} {}", labels(&pairs), float(value))?;
            }
        }
        heading(out, "obs_check_run_timestamp_seconds", "When the checks began.")?;
        let seconds = self.started.0 / 1_000_000_000;
        writeln!(out, "obs_check_run_timestamp_seconds {seconds}")
    }
}

fn heading(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

fn number(status: Status) -> u8 {
    match status {
        Status::Ok => 0,
        Status::Warn => 1,
        Status::Fail => 2,
        Status::Unknown | Status::Skipped => 3,
    }
}

fn float(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        value => value.to_string(),
    }
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        let value = text::harmless(value).replace('\\', r"\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}
