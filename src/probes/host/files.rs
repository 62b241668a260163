//! Open files: of the whole system, or of one process against its own limit.

use super::super::{Finding, Probe};
use super::{number, observe, percent, share, text, unreadable};
use crate::model::{Measure, Reason};

const SYSTEM: &str = "/proc/sys/fs/file-nr";

/// What stands for no limit.
const UNLIMITED: u64 = u64::MAX;

/// How much of a file that should have the number of a process is looked at, in characters.
const SHOWN_MAX: usize = 40;

/// Judges the open files of a process, given by its number or by the file that has it, else of all.
pub(super) fn run(probe: &Probe, process: Option<&str>) -> Finding {
    let found = match process {
        None => system(),
        Some(process) => number_of(process).and_then(of_process),
    };
    match found {
        Ok((open, limit)) => judge(probe, open, limit),
        Err(finding) => finding,
    }
}

fn judge(probe: &Probe, open: u64, limit: Option<u64>) -> Finding {
    let Some(limit) = limit else {
        let mut finding = Finding::ok(format!("{open} open, without a limit"));
        finding.observed = vec![observe("open_files", number(open), "1")];
        finding.lacks(Measure::Files, "no limit");
        return finding;
    };
    let used = share(open, limit);
    let mut finding = Finding::ok(format!("{open} of {limit} open ({})", percent(used)));
    finding.observed =
        vec![observe("files_used_ratio", used, "1"), observe("open_files", number(open), "1")];
    finding.judge(probe, Measure::Files, used, Reason::Saturated);
    finding
}

/// Returns how many are open and how many may be.
type Counted = Result<(u64, Option<u64>), Finding>;

fn system() -> Counted {
    // Open, of those unused ones, and the most that there may be.
    let text = text(SYSTEM)?;
    let numbers: Vec<u64> =
        text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        // Newer kernels name the largest number there is, where they mean none.
        [open, unused, most] => {
            Ok((open.saturating_sub(*unused), Some(*most).filter(|most| *most < 1 << 50)))
        }
        _ => Err(unreadable(SYSTEM)),
    }
}

/// Reads the number of a process, from a file where it is none.
fn number_of(process: &str) -> Result<u32, Finding> {
    if let Ok(number) = process.parse() {
        return Ok(number);
    }
    let found = match std::fs::exists(process) {
        Ok(false) => {
            let message =
                format!("there is no {process}: the process does not run, or has another");
            return Err(Finding::fail(Reason::NotFound, message));
        }
        _ => text(process)?,
    };
    let shown: String = found.trim().chars().take(SHOWN_MAX).collect();
    let none = || format!("{process} has no number of a process, but `{shown}`");
    found.trim().parse().map_err(|_| Finding::unknown(Reason::Config, none()))
}

fn of_process(process: u32) -> Counted {
    let limits = format!("/proc/{process}/limits");
    if !std::fs::exists(format!("/proc/{process}")).unwrap_or(false) {
        return Err(Finding::fail(Reason::NotFound, format!("there is no process {process}")));
    }
    let limit = limit(&text(&limits)?).ok_or_else(|| unreadable(&limits))?;
    let folder = format!("/proc/{process}/fd");
    let open = std::fs::read_dir(&folder).map_err(|error| {
        let message = format!("cannot look into {folder}: {error}");
        Finding::unknown(Reason::Forbidden, message)
    })?;
    Ok((open.count() as u64, Some(limit).filter(|limit| *limit < UNLIMITED)))
}

/// Reads the limit that is in force, the largest number for none.
fn limit(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(UNLIMITED),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe;
    use super::*;
    use crate::model::Status;

    #[test]
    fn the_limit_in_force_is_the_first_of_two() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(limit(text), Some(1024));
        assert_eq!(limit("Max open files unlimited unlimited files"), Some(UNLIMITED));
        assert_eq!(limit("Max processes 7"), None);
    }

    #[test]
    fn a_process_is_found_by_its_number_and_by_a_file() {
        let own = std::process::id();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.pid");
        std::fs::write(&file, format!("{own}\n")).unwrap();
        for process in [own.to_string(), file.display().to_string()] {
            let finding = run(&probe(&[], &[]), Some(&process));
            assert_eq!(finding.status, Status::Ok, "{finding:?}");
            assert!(finding.observed[0].value.unwrap() > 0.0);
        }
        let gone = run(&probe(&[], &[]), Some("/nowhere/own.pid"));
        assert_eq!(gone.reason, Some(Reason::NotFound));
        std::fs::write(&file, "soon").unwrap();
        let none = run(&probe(&[], &[]), Some(&file.display().to_string()));
        assert_eq!(none.status, Status::Unknown);
    }

    #[test]
    fn too_many_are_saturated() {
        let probe = probe(&["files > 80%"], &["files > 95%"]);
        assert_eq!(judge(&probe, 10, Some(100)).status, Status::Ok);
        assert_eq!(judge(&probe, 90, Some(100)).reason, Some(Reason::Saturated));
        assert_eq!(judge(&probe, 99, Some(100)).status, Status::Fail);
        assert_eq!(judge(&probe, 99, None).status, Status::Ok);
    }
}
