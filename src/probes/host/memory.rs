//! Memory that is left: of the machine, or of the control group that limits this process.

use super::super::{Finding, Probe};
use super::{number, observe, percent, pressure, share, text, unreadable};
use crate::model::{Measure, Reason, shown_bytes};

const FILE: &str = "/proc/meminfo";
const GROUP: &str = "/sys/fs/cgroup";

/// Judges the memory that is used and cannot be given back.
pub(super) fn run(probe: &Probe) -> Finding {
    let machine = match text(FILE) {
        Ok(text) => Memory::of_machine(&text),
        Err(finding) => return finding,
    };
    let Some(machine) = machine else { return unreadable(FILE) };
    let file = |name: &str| text(&format!("{GROUP}/{name}")).ok();
    let group =
        || Memory::of_group(&file("memory.max")?, &file("memory.current")?, &file("memory.stat")?);
    let killed = text("/proc/vmstat").ok().and_then(|text| field(&text, "oom_kill"));
    // The limit that is reached first is the one that kills.
    let group = group().filter(|group| group.all < machine.all);
    let (memory, whose) = match group {
        Some(group) => (group, " of this container"),
        None => (machine, ""),
    };
    judge(probe, &memory, whose, killed, pressure::read("memory", true))
}

/// How much there is, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Memory {
    all: u64,
    available: u64,
    swap_used: u64,
}

impl Memory {
    /// Reads `/proc/meminfo`, whose numbers are of 1024 bytes.
    fn of_machine(text: &str) -> Option<Self> {
        let bytes = |name: &str| Some(field(text, name)?.saturating_mul(1024));
        let swap = bytes("SwapTotal:").zip(bytes("SwapFree:"));
        Some(Self {
            all: bytes("MemTotal:")?,
            available: bytes("MemAvailable:")?,
            swap_used: swap.map_or(0, |(all, free)| all.saturating_sub(free)),
        })
    }

    /// Reads a control group of version 2; `None` where it has no limit. Pages of files that were not
    /// used lately are given back, and count as available.
    fn of_group(max: &str, current: &str, stat: &str) -> Option<Self> {
        let all: u64 = max.trim().parse().ok()?;
        let current: u64 = current.trim().parse().ok()?;
        let used = current.saturating_sub(field(stat, "inactive_file").unwrap_or(0));
        Some(Self { all, available: all.saturating_sub(used), swap_used: 0 })
    }
}

/// Reads the number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().map(str::split_ascii_whitespace);
    words.find_map(|mut words| (words.next() == Some(name)).then(|| words.next())?)?.parse().ok()
}

fn judge(
    probe: &Probe,
    memory: &Memory,
    whose: &str,
    killed: Option<u64>,
    waiting: Option<f64>,
) -> Finding {
    let used = share(memory.all.saturating_sub(memory.available), memory.all);
    let mut message = format!(
        "{} of {}{whose} used, {} available",
        percent(used),
        shown_bytes(memory.all),
        shown_bytes(memory.available)
    );
    if let Some(waiting) = waiting.filter(|waiting| *waiting >= 1.0) {
        message = format!("{message}, {waiting:.0}% of the time waiting for memory");
    }
    if let Some(killed) = killed.filter(|killed| *killed > 0) {
        message = format!("{message}; {killed} killed for lack of it since the machine started");
    }
    let mut finding = Finding::ok(message);
    finding.observed = vec![
        observe("memory_used_ratio", used, "1"),
        observe("memory_available_bytes", number(memory.available), "By"),
        observe("swap_used_bytes", number(memory.swap_used), "By"),
    ];
    finding.observed.extend(killed.map(|killed| observe("oom_kills", number(killed), "1")));
    let waiting = waiting.map(|waiting| observe("memory_pressure_ratio", waiting / 100.0, "1"));
    finding.observed.extend(waiting);
    finding.judge(probe, Measure::Memory, used, Reason::Saturated);
    finding
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe;
    use super::*;
    use crate::model::Status;

    #[test]
    fn what_is_available_is_not_used_and_limits_are_of_the_group() {
        let text = "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n";
        let machine = Memory::of_machine(text).unwrap();
        let expected = Memory { all: 1_024_000, available: 409_600, swap_used: 30 * 1024 };
        assert_eq!(machine, expected);
        let group = Memory::of_group("1000\n", "950\n", "anon 1\ninactive_file 300\n").unwrap();
        assert_eq!(group, Memory { all: 1000, available: 350, swap_used: 0 });
        assert_eq!(Memory::of_group("max\n", "950\n", ""), None);
        assert_eq!(Memory::of_machine("MemTotal: 1000 kB"), None);
    }

    #[test]
    fn too_little_is_saturated_and_kills_are_told() {
        let probe = probe(&["memory > 90%"], &["memory > 95%"]);
        let judged = |available, killed| {
            let memory = Memory { all: 100, available, swap_used: 0 };
            judge(&probe, &memory, "", killed, None)
        };
        assert_eq!(judged(50, None).status, Status::Ok);
        assert_eq!(judged(8, None).reason, Some(Reason::Saturated));
        assert_eq!(judged(3, None).status, Status::Fail);
        assert!(judged(50, Some(2)).message.contains("2 killed for lack of it"));
    }
}
