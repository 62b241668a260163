//! This machine: room on a file system, memory, load, open files.
//!
//! Read from `/proc` and `/sys` as Linux has them, and judged by how much is used of what there is. What
//! cannot be read is unknown and never well. In a container the limits of its control group count.

use std::fs::File;
use std::io::Read as _;

use super::{Finding, Probe};
use crate::model::{CheckKind, Observation, Reason};

mod disk;
mod files;
mod load;
mod memory;
mod pressure;

/// How much of a file below `/proc` is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The file system that holds a path.
    Disk(String),
    /// Memory, and who waits for it.
    Memory,
    /// The load, and who waits for a processor or a disk.
    Load,
    /// Open files: of a process by its number or the file that has it, else of the system.
    Files(Option<String>),
}

impl Part {
    /// Returns its kind, and what it is.
    pub(super) fn shown(&self) -> (CheckKind, String) {
        match self {
            Self::Disk(path) => (CheckKind::Disk, path.clone()),
            Self::Memory => (CheckKind::Memory, "this machine".to_owned()),
            Self::Load => (CheckKind::Load, "this machine".to_owned()),
            Self::Files(None) => (CheckKind::Files, "this machine".to_owned()),
            Self::Files(Some(process)) => (CheckKind::Files, process.clone()),
        }
    }
}

/// Looks at a part of this machine.
///
/// A file system whose server is gone keeps who asks for it waiting for ever, whatever its deadline: the
/// thread that asks is left behind.
pub(super) async fn run(probe: &Probe, part: &Part) -> Finding {
    let (sender, found) = tokio::sync::oneshot::channel();
    let (owned, wanted) = (probe.clone(), part.clone());
    drop(std::thread::spawn(move || {
        // Nobody waits any more when this fails.
        drop(sender.send(look(&owned, &wanted)));
    }));
    match tokio::time::timeout(probe.timeout, found).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(_)) => Finding::unknown(Reason::Internal, "the probe itself broke"),
        Err(_) => {
            let message = format!("no answer of the system within {:?}", probe.timeout);
            Finding::fail(Reason::Timeout, message)
        }
    }
}

fn look(probe: &Probe, part: &Part) -> Finding {
    match part {
        Part::Disk(path) => disk::run(probe, path),
        Part::Memory => memory::run(probe),
        Part::Load => load::run(probe),
        Part::Files(process) => files::run(probe, process.as_deref()),
    }
}

/// Reads a small file as text; errs with a finding that says which.
fn text(path: &str) -> Result<String, Finding> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(error) => Err(Finding::unknown(Reason::Config, format!("cannot read {path}: {error}"))),
    }
}

/// Says that a file does not hold what it should.
fn unreadable(path: &str) -> Finding {
    Finding::unknown(Reason::Protocol, format!("{path} does not say what was expected"))
}

fn observe(name: &'static str, value: f64, unit: &'static str) -> Observation {
    Observation { name, value: Some(value), unit }
}

/// Returns a share of a whole, 0 to 1; of nothing, nothing is used.
#[expect(clippy::cast_precision_loss, reason = "a share is shown with three digits")]
fn share(used: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { used as f64 / all as f64 }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Status, Threshold};
    use crate::probes::targets::of_application;

    /// A check with limits.
    pub(in crate::probes) fn probe(warn: &[&str], fail: &[&str]) -> Probe {
        let second = Duration::from_secs(1);
        let mut probe = of_application("a", "http://a", "a test", second, second).remove(0);
        let limits =
            |texts: &[&str]| texts.iter().map(|text| Threshold::parse(text).unwrap()).collect();
        (probe.warn, probe.fail) = (limits(warn), limits(fail));
        probe
    }

    #[test]
    fn each_part_of_the_machine_that_runs_this_can_be_read() {
        for part in [Part::Disk("/".to_owned()), Part::Memory, Part::Load, Part::Files(None)] {
            let finding = look(&probe(&[], &[]), &part);
            assert_eq!(finding.status, Status::Ok, "{part:?} {finding:?}");
            assert!(!finding.observed.is_empty());
        }
    }
}
