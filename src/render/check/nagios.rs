//! Checks as the one line of a Nagios plug-in, with its numbers.
//!
//! Source: Monitoring Plugins Development Guidelines, sections 2.1 and 2.6. The exit code that goes
//! with it is `Outcome::Nagios`.

use std::io::{self, Write};

use super::listed::listed;
use super::{CheckReport, counted};
use crate::model::Status;
use crate::render::text;

/// How many of what is not well are named; a plug-in's line is short.
const NAMED_MAX: usize = 3;

impl CheckReport {
    /// Writes `OBS CRITICAL - 1 fail, 2 ok; redis: connection refused | 'redis'=0.4ms;;;0`.
    pub fn nagios(&self, out: &mut dyn Write) -> io::Result<()> {
        let word = match self.status {
            Status::Ok => "OK",
            Status::Warn => "WARNING",
            Status::Fail => "CRITICAL",
            Status::Unknown | Status::Skipped => "UNKNOWN",
        };
        let mut line = format!("OBS {word} - {}", counted(&self.counts, ", "));
        // What explains the others comes first, then what is as bad as the whole.
        let roots = self.all().filter(|result| self.root_causes.contains(&result.id));
        let as_bad = self.all().filter(|result| {
            result.status == self.status
                && result.children.iter().all(|part| part.status < result.status)
        });
        let named: Vec<_> = if self.root_causes.is_empty() && self.status > Status::Ok {
            as_bad.collect()
        } else {
            roots.collect()
        };
        for result in named.iter().take(NAMED_MAX) {
            line = format!("{line}; {}: {}", result.id, result.message);
        }
        if named.len() > NAMED_MAX {
            line = format!("{line}; and {} more", named.len() - NAMED_MAX);
        }
        // A bar begins the numbers, wherever it stands.
        let line = text::harmless(&line).replace('|', "/");
        writeln!(out, "{line} | {}", self.performance().join(" "))
    }

    /// Returns how long each check took and what it measured, each as `'label'=value`.
    fn performance(&self) -> Vec<String> {
        let mut numbers = vec![format!("time={:.6}s;;;0", self.duration_ms / 1e3)];
        for one in listed(self) {
            if let Some(duration) = one.result.duration_ms {
                numbers.push(format!("{}={duration:.3}ms;;;0", label(&one.id)));
            }
            for observed in &one.result.observed {
                let unit = match observed.unit {
                    "ms" | "s" | "%" => observed.unit,
                    "By" => "B",
                    _ => "",
                };
                if let Some(value) = observed.value.filter(|value| value.is_finite()) {
                    let label = label(&format!("{}.{}", one.id, observed.name));
                    numbers.push(format!("{label}={value}{unit}"));
                }
            }
        }
        numbers
    }
}

/// Quotes a label: it may hold anything but `=`, and a quote is written twice.
fn label(text: &str) -> String {
    let plain = text::harmless(text).replace(['=', '|'], "_").replace('\'', "''");
    format!("'{plain}'")
}
