//! What `/metrics` says of the process that answers: CPU time, memory, files, threads, when it began.
//!
//! The names and meanings are those of Prometheus's client libraries ("Standard and runtime
//! collectors" in its guide to writing them). The `prometheus` crate has a collector of its own, whose
//! `procfs` and `rustix` take a tenth of the time that a first build of everything else takes.

use std::collections::HashMap;
use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, Opts};

/// The kernel's unit of time in `/proc`: `USER_HZ`, 100 on everything that is built for today.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc/self` each time that it is asked: four small files and the count of a folder's
/// entries. What cannot be read, on other systems all of it, is left out.
#[derive(Debug)]
pub struct ProcessCollector {
    descriptions: Vec<Desc>,
}

/// One figure: its name, its help, and whether it only ever grows.
struct Figure(&'static str, &'static str, bool);

const FIGURES: [Figure; 7] = [
    Figure("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", true),
    Figure("process_open_fds", "Number of open file descriptors.", false),
    Figure("process_max_fds", "Maximum number of open file descriptors.", false),
    Figure("process_virtual_memory_bytes", "Virtual memory size in bytes.", false),
    Figure("process_resident_memory_bytes", "Resident memory size in bytes.", false),
    Figure(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        false,
    ),
    Figure("process_threads", "Number of OS threads in the process.", false),
];

impl ProcessCollector {
    /// A collector of the process that calls it.
    #[must_use]
    pub fn new() -> Self {
        let described = FIGURES.iter().filter_map(|Figure(name, help, _)| {
            Desc::new((*name).to_owned(), (*help).to_owned(), Vec::new(), HashMap::new()).ok()
        });
        Self { descriptions: described.collect() }
    }
}

impl Default for ProcessCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let stat = Stat::read(&read("/proc/self/stat"));
        let status = read("/proc/self/status");
        let begun = boot_time(&read("/proc/stat"))
            .zip(stat.as_ref())
            .map(|(boot, stat)| boot + stat.started_s);
        let values = [
            stat.as_ref().map(|stat| stat.cpu_s),
            fs::read_dir("/proc/self/fd").ok().map(entries),
            most_files(&read("/proc/self/limits")),
            kibibytes(&status, "VmSize:"),
            kibibytes(&status, "VmRSS:"),
            begun,
            stat.as_ref().map(|stat| stat.threads),
        ];
        let known = FIGURES.iter().zip(values);
        known.filter_map(|(figure, value)| family(figure, value?)).flatten().collect()
    }
}

fn family(Figure(name, help, grows): &Figure, value: f64) -> Option<Vec<MetricFamily>> {
    let options = Opts::new(*name, *help);
    if *grows {
        let counter = Counter::with_opts(options).ok()?;
        counter.inc_by(value);
        return Some(counter.collect());
    }
    let gauge = Gauge::with_opts(options).ok()?;
    gauge.set(value);
    Some(gauge.collect())
}

/// The folder that is being read is an open file itself.
fn entries(folder: fs::ReadDir) -> f64 {
    let count = folder.count().saturating_sub(1);
    u32::try_from(count).map_or(f64::NAN, f64::from)
}

/// What `/proc/self/stat` says; proc(5) numbers its fields from 1.
struct Stat {
    cpu_s: f64,
    threads: f64,
    /// Since the machine began.
    started_s: f64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, and may hold spaces and parentheses.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_s: (field(14)? + field(15)?) / TICKS_PER_SECOND,
            threads: field(20)?,
            started_s: field(22)? / TICKS_PER_SECOND,
        })
    }
}

/// Seconds since the epoch.
fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The soft limit; unlimited is left out.
fn most_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let count: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(count * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_may_hold_anything() {
        let text = "7 (a) S) b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 3 0 12345 1000 200";
        let stat = Stat::read(text).unwrap();
        assert_eq!((stat.cpu_s, stat.threads, stat.started_s), (2.0, 3.0, 123.45));
        assert!(Stat::read("").is_none());
        assert!(Stat::read("7 (a) S 1").is_none());
    }

    #[test]
    fn sizes_and_limits_are_found_by_their_names() {
        assert_eq!(kibibytes("Name:\ta\nVmRSS:\t     12 kB\n", "VmRSS:"), Some(12_288.0));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(most_files(limits), Some(1024.0));
        assert_eq!(most_files("Max open files   unlimited  unlimited  files"), None);
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_told_whole_and_by_the_names_of_the_libraries() {
        let families = ProcessCollector::new().collect();
        let names: Vec<_> = families.iter().map(MetricFamily::name).collect();
        let all: Vec<_> = FIGURES.iter().map(|Figure(name, ..)| *name).collect();
        // The limit of files may be none.
        let all: Vec<_> = all
            .into_iter()
            .filter(|name| names.contains(name) || *name != "process_max_fds")
            .collect();
        assert_eq!(names, all);
        let began =
            &families.iter().find(|one| one.name() == "process_start_time_seconds").unwrap();
        let began = began.get_metric()[0].get_gauge().get_value();
        assert!(began > 1.6e9, "{began}");
    }
}
