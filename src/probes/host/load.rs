//! How many tasks want to run, for each processor, and what they wait for.

use super::super::{Finding, Probe};
use super::{number, observe, pressure, text, unreadable};
use crate::model::{Measure, Reason};

const FILE: &str = "/proc/loadavg";

/// Judges the load of the last minute for each processor that this process may use.
pub(super) fn run(probe: &Probe) -> Finding {
    let read = match text(FILE) {
        Ok(text) => averages(&text),
        Err(finding) => return finding,
    };
    let Some(averages) = read else { return unreadable(FILE) };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (cpu, disk) = (pressure::read("cpu", false), pressure::read("io", true));
    judge(probe, averages, processors as u64, cpu, disk)
}

fn judge(
    probe: &Probe,
    [one, five, fifteen]: [f64; 3],
    processors: u64,
    cpu: Option<f64>,
    disk: Option<f64>,
) -> Finding {
    let each = one / number(processors.max(1));
    let plural = if processors == 1 { "processor" } else { "processors" };
    let mut message = format!("{one} {five} {fifteen} for {processors} {plural}");
    let waits = [("a processor", cpu), ("a disk", disk)];
    for (what, share) in waits.iter().filter_map(|(what, share)| Some((what, (*share)?))) {
        if share >= 1.0 {
            message = format!("{message}, {share:.0}% of the time waiting for {what}");
        }
    }
    let mut finding = Finding::ok(message);
    finding.observed = vec![
        observe("load_per_cpu", each, "1"),
        observe("load_1m", one, "1"),
        observe("load_5m", five, "1"),
    ];
    let shares = [("cpu_pressure_ratio", cpu), ("io_pressure_ratio", disk)];
    let shares = shares.into_iter().filter_map(|(name, share)| Some((name, share? / 100.0)));
    finding.observed.extend(shares.map(|(name, share)| observe(name, share, "1")));
    finding.judge(probe, Measure::Load, each, Reason::Saturated);
    finding
}

fn averages(text: &str) -> Option<[f64; 3]> {
    let mut words = text.split_ascii_whitespace().map(str::parse::<f64>);
    let mut next = || words.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe;
    use super::*;
    use crate::model::Status;

    #[test]
    fn the_load_counts_for_each_processor() {
        let averages = averages("8.00 2.00 1.00 2/345 12345\n").unwrap();
        let judged = |processors| {
            let probe = probe(&["load > 2"], &["load > 4"]);
            judge(&probe, averages, processors, Some(40.0), None)
        };
        assert_eq!(judged(8).status, Status::Ok);
        assert_eq!(judged(3).status, Status::Warn);
        assert_eq!(judged(1).status, Status::Fail);
        assert!(judged(8).message.contains("40% of the time waiting for a processor"));
        assert_eq!(super::averages("many few"), None);
    }
}
