//! How full what there is a limited number of is: memory, files, threads, pools, queues.

use std::time::Duration;

use super::conventions::find;
use super::families::{Family, Kind, Labels, Value};

mod machine;

/// Something that is used up, and how much of it there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Saturation {
    /// `cpu`, `memory`, `open files`; of a pool the start of its metric's name.
    pub name: String,
    /// The metric, and of several series the labels of the fullest.
    pub metric: String,
    /// How much is used.
    pub used: f64,
    /// How much there is; `None` where no metric tells.
    pub max: Option<f64>,
    /// `By`, `1`, `s`; of CPU the cores.
    pub unit: &'static str,
}

impl Saturation {
    /// Returns the part that is used, 0 to 1.
    pub fn ratio(&self) -> Option<f64> {
        self.max.map(|max| self.used / max)
    }

    /// Says whether it hurts when it is full: a heap is emptied before it is, and a CPU is there to be
    /// used.
    pub fn hurts(&self) -> bool {
        !["heap", "cpu", "load"].iter().any(|word| self.name.starts_with(word))
    }

    /// Says that it is of the program that answers, and not of the machine that it tells of.
    fn of_exporter(mut self) -> Self {
        if self.metric.starts_with("process_") || self.metric.starts_with("go_") {
            self.name.push_str(" of the exporter itself");
        }
        self
    }
}

/// Name, unit, metrics of what is used, metrics of how much there is.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const KNOWN: [Row; 12] = [
    ("memory", "By", &["process_resident_memory_bytes", "process_memory_usage_bytes"], &[]),
    (
        "open files",
        "1",
        &["process_open_fds", "process_files_open_files"],
        &["process_max_fds", "process_files_max_files"],
    ),
    ("goroutines", "1", &["go_goroutines"], &[]),
    (
        "threads",
        "1",
        &[
            "process_threads",
            "process_num_threads",
            "go_threads",
            "jvm_threads_live_threads",
            "jvm_threads_current",
        ],
        &[],
    ),
    (
        "heap",
        "By",
        &["jvm_memory_used_bytes", "jvm_memory_bytes_used"],
        &["jvm_memory_max_bytes", "jvm_memory_bytes_max"],
    ),
    ("heap", "By", &["nodejs_heap_size_used_bytes"], &["nodejs_heap_size_total_bytes"]),
    ("heap", "By", &["go_memstats_heap_inuse_bytes"], &[]),
    (
        "event loop lag",
        "s",
        &["nodejs_eventloop_lag_p99_seconds", "nodejs_eventloop_lag_seconds"],
        &[],
    ),
    (
        "database connections",
        "1",
        &["db_client_connection_count", "db_client_connections_usage"],
        &["db_client_connection_max", "db_client_connections_max"],
    ),
    (
        "server threads",
        "1",
        &["tomcat_threads_busy_threads", "jetty_threads_busy"],
        &["tomcat_threads_config_max_threads", "jetty_threads_config_max"],
    ),
    (
        "waiting for a connection",
        "1",
        &["hikaricp_connections_pending", "db_client_connection_pending_requests"],
        &[],
    ),
    (
        "queue",
        "1",
        &["celery_queue_length", "rabbitmq_queue_messages_ready", "rq_queue_length"],
        &[],
    ),
];

/// How gauges of what is used end, and those of how much there is.
const USED_ENDS: [&str; 5] = ["_in_use", "_active", "_used", "_busy", "_checked_out"];
const MAX_ENDS: [&str; 5] = ["_max", "_limit", "_size", "_capacity", "_open_max"];

/// Finds what a page tells; CPU by what it used in the time between the pages.
///
/// Of `node_exporter` the machine comes first: its process is nothing that anybody asks about.
pub fn of(before: &[Family], after: &[Family], elapsed: Option<Duration>) -> Vec<Saturation> {
    let mut found: Vec<Saturation> = cpu(before, after, elapsed).into_iter().collect();
    for (name, unit, used, max) in KNOWN {
        let there = |names: &[&str]| names.iter().find_map(|name| find(after, name));
        let Some(used) = there(used) else { continue };
        let row = fullest(name, unit, used, there(max));
        found.extend(row.filter(|row| found.iter().all(|other| other.name != row.name)));
    }
    let gauges = after.iter().filter(|family| {
        // What node_exporter has of such names is told by its own rules.
        family.kind == Kind::Gauge && !family.name.starts_with("node_")
    });
    let pools = gauges.filter_map(|used| {
        let stem = USED_ENDS.iter().find_map(|end| used.name.strip_suffix(end))?;
        let max = MAX_ENDS.iter().find_map(|end| find(after, &format!("{stem}{end}")))?;
        fullest(stem, "1", used, Some(max))
    });
    let pools: Vec<Saturation> = pools.collect();
    for pool in pools {
        if found.iter().all(|other| other.metric != pool.metric) {
            found.push(pool);
        }
    }
    let mut machine = machine::of(before, after);
    if !machine.is_empty() {
        machine.extend(found.into_iter().map(Saturation::of_exporter));
        return machine;
    }
    found
}

/// Returns how many cores the process used.
fn cpu(before: &[Family], after: &[Family], elapsed: Option<Duration>) -> Option<Saturation> {
    let name = "process_cpu_seconds_total";
    let value = |page| match find(page, name)?.series.first()?.value {
        Value::Number(number) => Some(number),
        _ => None,
    };
    let (then, now) = (value(before).unwrap_or(0.0), value(after)?);
    let seconds = elapsed?.as_secs_f64();
    let used = if now < then { now } else { now - then } / seconds;
    let (name, metric) = ("cpu".to_owned(), name.to_owned());
    (used.is_finite() && used >= 0.0).then_some(Saturation {
        name,
        metric,
        used,
        max: None,
        unit: "cores",
    })
}

/// Returns the fullest series, by the one of the same labels that says how much there is; without such,
/// the sum of all.
fn fullest(
    name: &str,
    unit: &'static str,
    used: &Family,
    max: Option<&Family>,
) -> Option<Saturation> {
    let row = |metric, used, max| Saturation { name: name.to_owned(), metric, used, max, unit };
    let pairs = max.into_iter().flat_map(numbers).filter(|(_, max)| *max > 0.0);
    let matched = pairs.filter_map(|(labels, max)| {
        let same = numbers(used).filter(|(other, _)| is_within(labels, other));
        let used: f64 = same.map(|(_, number)| number).sum();
        Some((labels, used, max)).filter(|(_, used, max)| (used / max).is_finite())
    });
    let worst =
        matched.max_by(|(_, used, max), (_, other, most)| (used / max).total_cmp(&(other / most)));
    if let Some((labels, number, max)) = worst {
        let words = labels.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        let words: Vec<String> = words.collect();
        let shown =
            if words.is_empty() { String::new() } else { format!("{{{}}}", words.join(",")) };
        return Some(row(format!("{}{shown}", used.name), number, Some(max)));
    }
    let mut all = numbers(used).map(|(_, number)| number).peekable();
    all.peek()?;
    let sum: f64 = all.sum();
    (sum >= 0.0).then(|| row(used.name.clone(), sum, None))
}

/// Says whether all labels of a limit are those of what is used, which may have more: its state.
fn is_within(limit: &Labels, used: &Labels) -> bool {
    limit.iter().all(|label| used.contains(label))
}

/// Returns the numbers of a gauge; of connections only those that are in use.
fn numbers(family: &Family) -> impl Iterator<Item = (&Labels, f64)> {
    family.series.iter().filter_map(|series| match series.value {
        Value::Number(number) if number.is_finite() => {
            let is_idle =
                |(name, value): &(String, String)| name.ends_with("state") && value == "idle";
            (!series.labels.iter().any(is_idle)).then_some((&series.labels, number))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exposition;
    use crate::metrics::families::group;

    fn found(page: &str) -> Vec<(String, f64, Option<f64>)> {
        let page = group(&exposition::read(page.as_bytes(), ""));
        let all = of(&[], &page, Some(Duration::from_secs(10)));
        all.into_iter().map(|one| (one.name, one.used, one.max)).collect()
    }

    #[test]
    fn what_is_used_is_held_against_what_there_is() {
        let page = "process_open_fds 12\nprocess_max_fds 1024\nprocess_cpu_seconds_total 5\n";
        assert_eq!(
            found(page),
            [("cpu".to_owned(), 0.5, None), ("open files".to_owned(), 12.0, Some(1024.0))]
        );
    }

    #[test]
    fn of_several_pools_the_fullest_counts() {
        let page = "# TYPE hikaricp_connections_active gauge\n# TYPE hikaricp_connections_max gauge\n\
            hikaricp_connections_active{pool=\"a\"} 1\nhikaricp_connections_active{pool=\"b\"} 9\n\
            hikaricp_connections_max{pool=\"a\"} 10\nhikaricp_connections_max{pool=\"b\"} 10\n";
        assert_eq!(found(page), [("hikaricp_connections".to_owned(), 9.0, Some(10.0))]);
    }

    #[test]
    fn idle_connections_are_not_used_up() {
        let page = "db_client_connection_count{state=\"idle\"} 4\n\
            db_client_connection_count{state=\"used\"} 3\ndb_client_connection_max 5\n";
        assert_eq!(found(page), [("database connections".to_owned(), 3.0, Some(5.0))]);
    }
}
