//! The room that a file system has, for bytes and for files.

use super::super::{Finding, Probe};
use super::{number, observe, percent, share};
use crate::model::{Measure, Reason, shown_bytes};

/// Asks for the file system that holds `path`. Of both, what only root may use counts as used.
pub(super) fn run(probe: &Probe, path: &str) -> Finding {
    let found = match rustix::fs::statvfs(path) {
        Ok(found) => found,
        Err(rustix::io::Errno::NOENT) => {
            return Finding::fail(Reason::NotFound, format!("there is no {path}"));
        }
        Err(error) => {
            return Finding::unknown(Reason::Config, format!("cannot look at {path}: {error}"));
        }
    };
    let bytes = Room {
        all: found.f_blocks.saturating_mul(found.f_frsize),
        free: found.f_bavail.saturating_mul(found.f_frsize),
        // What is reserved for root is not there for applications.
        used: found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize),
    };
    let files = Room {
        all: found.f_files,
        free: found.f_favail,
        used: found.f_files.saturating_sub(found.f_ffree),
    };
    let is_read_only = found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    judge(probe, &bytes, &files, is_read_only)
}

/// How much there is of something.
struct Room {
    all: u64,
    free: u64,
    used: u64,
}

impl Room {
    /// Returns the share that is used of what applications may use, as `df` does.
    fn share(&self) -> f64 {
        share(self.used, self.used.saturating_add(self.free))
    }
}

fn judge(probe: &Probe, bytes: &Room, files: &Room, is_read_only: bool) -> Finding {
    let used = bytes.share();
    // Some file systems, btrfs among them, make room for files as they need it.
    let counts_files = files.all > 0;
    let inodes = if counts_files {
        format!(", {} of its files", percent(files.share()))
    } else {
        String::new()
    };
    let mut finding = Finding::ok(format!(
        "{} used{inodes}; {} free of {}",
        percent(used),
        shown_bytes(bytes.free),
        shown_bytes(bytes.all)
    ));
    // A twentieth is usual; more makes numbers that do not add up without it.
    let kept = bytes.all.saturating_sub(bytes.used).saturating_sub(bytes.free);
    if kept > bytes.all / 16 {
        finding.say(&format!("{} kept for root", shown_bytes(kept)));
    }
    finding.observed = vec![
        observe("disk_used_ratio", used, "1"),
        observe("disk_free_bytes", number(bytes.free), "By"),
    ];
    finding.judge(probe, Measure::Disk, used, Reason::Saturated);
    if counts_files {
        finding.observed.push(observe("inodes_used_ratio", files.share(), "1"));
        finding.judge(probe, Measure::Inodes, files.share(), Reason::Saturated);
    } else {
        finding.lacks(Measure::Inodes, "this file system has no fixed number of files");
    }
    if is_read_only && finding.status < crate::model::Status::Warn {
        finding.status = crate::model::Status::Warn;
        finding.reason = Some(Reason::ReadOnly);
        finding.message.push_str("; mounted read-only");
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe;
    use super::*;
    use crate::model::Status;

    fn judged(used: u64, files: (u64, u64)) -> (Status, Option<Reason>) {
        let bytes = Room { all: 1000, free: 950 - used, used };
        let files = Room { all: files.1, free: files.1 - files.0, used: files.0 };
        let limits = (&["disk > 90%", "inodes > 90%"][..], &["disk > 95%"][..]);
        let finding = judge(&probe(limits.0, limits.1), &bytes, &files, false);
        (finding.status, finding.reason)
    }

    #[test]
    fn bytes_and_files_run_out_each_for_itself() {
        assert_eq!(judged(100, (1, 100)), (Status::Ok, None));
        assert_eq!(judged(870, (1, 100)), (Status::Warn, Some(Reason::Saturated)));
        // Of 1000, 50 are root's: 940 of 950 are 99 %.
        assert_eq!(judged(940, (1, 100)), (Status::Fail, Some(Reason::Saturated)));
        assert_eq!(judged(100, (99, 100)), (Status::Warn, Some(Reason::Saturated)));
        assert_eq!(judged(100, (0, 0)), (Status::Ok, None));
    }

    #[test]
    fn a_path_that_is_not_there_is_not_well() {
        let finding = run(&probe(&[], &[]), "/nowhere/at/all");
        assert_eq!(finding.reason, Some(Reason::NotFound));
        assert_eq!(run(&probe(&[], &[]), "/").observed[0].name, "disk_used_ratio");
    }
}
