//! How full the machine is that `node_exporter` tells of: CPU, memory, disks, load.
//!
//! Source: the collectors `cpu`, `meminfo`, `filesystem` and `loadavg` of `node_exporter`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Saturation, fullest, numbers};
use crate::metrics::conventions::find;
use crate::metrics::families::{Family, Labels};

/// File systems that are images: they are full from the beginning.
const IMAGES: [&str; 4] = ["squashfs", "iso9660", "erofs", "cramfs"];

/// Finds what a page tells of its machine; CPU between the pages, of one page since it booted.
pub(super) fn of(before: &[Family], after: &[Family]) -> Vec<Saturation> {
    let rows = [cpu(before, after), load(after), memory(after), swap(after)];
    rows.into_iter().flatten().chain(disks(after)).collect()
}

/// Returns the cores that were busy, as the part of all time that was neither idle nor spent waiting
/// for a disk: no clock is needed, and a page that was slow to answer is no matter.
fn cpu(before: &[Family], after: &[Family]) -> Option<Saturation> {
    const METRIC: &str = "node_cpu_seconds_total";
    let then: BTreeMap<&Labels, f64> = find(before, METRIC).into_iter().flat_map(numbers).collect();
    let (mut busy, mut all, mut cores) = (0.0, 0.0, BTreeSet::new());
    for (labels, now) in numbers(find(after, METRIC)?) {
        // The kernel lets idle times go back a little.
        let spent = (now - then.get(labels).copied().unwrap_or(0.0)).max(0.0);
        all += spent;
        let mode = value_of(labels, "mode").unwrap_or_default();
        busy += if matches!(mode, "idle" | "iowait") { 0.0 } else { spent };
        cores.extend(value_of(labels, "cpu"));
    }
    let cores = f64::from(u32::try_from(cores.len()).ok()?);
    let name =
        if then.is_empty() { "cpu of the machine since it booted" } else { "cpu of the machine" };
    (all > 0.0).then(|| row(name, METRIC, busy / all * cores, cores, "cores"))
}

/// Returns the load of the last minute, of as many as there are cores.
fn load(after: &[Family]) -> Option<Saturation> {
    const METRIC: &str = "node_load1";
    let cores: BTreeSet<&str> = find(after, "node_cpu_seconds_total")
        .into_iter()
        .flat_map(numbers)
        .filter_map(|(labels, _)| value_of(labels, "cpu"))
        .collect();
    let cores = Some(f64::from(u32::try_from(cores.len()).ok()?)).filter(|cores| *cores > 0.0);
    let (name, metric) = ("load of the machine".to_owned(), METRIC.to_owned());
    Some(Saturation { name, metric, used: only(after, METRIC)?, max: cores, unit: "1" })
}

fn memory(after: &[Family]) -> Option<Saturation> {
    const METRIC: &str = "node_memory_MemAvailable_bytes";
    let (left, all) = (only(after, METRIC)?, only(after, "node_memory_MemTotal_bytes")?);
    (all > 0.0).then(|| row("memory of the machine", METRIC, all - left, all, "By"))
}

/// Returns how much of the swap is used, where there is any.
fn swap(after: &[Family]) -> Option<Saturation> {
    const METRIC: &str = "node_memory_SwapFree_bytes";
    let (left, all) = (only(after, METRIC)?, only(after, "node_memory_SwapTotal_bytes")?);
    (all > left).then(|| row("swap of the machine", METRIC, all - left, all, "By"))
}

/// Returns the fullest file system by its bytes, and by its inodes.
fn disks(after: &[Family]) -> Vec<Saturation> {
    let kinds = [
        ("disk of the machine", "By", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
        ("inodes of the machine", "1", "node_filesystem_files_free", "node_filesystem_files"),
    ];
    let fixed: BTreeSet<&Labels> = find(after, "node_filesystem_readonly")
        .into_iter()
        .flat_map(numbers)
        .filter_map(|(labels, number)| (number > 0.0).then_some(labels))
        .collect();
    let worst = kinds.into_iter().filter_map(|(name, unit, left, size)| {
        let (mut left, size) = (find(after, left)?.clone(), find(after, size)?);
        let sizes: BTreeMap<&Labels, f64> = numbers(size).collect();
        left.series.retain_mut(|series| {
            let image =
                value_of(&series.labels, "fstype").is_some_and(|kind| IMAGES.contains(&kind));
            if image || fixed.contains(&series.labels) {
                return false;
            }
            let (Some(size), super::Value::Number(left)) =
                (sizes.get(&series.labels), &mut series.value)
            else {
                return false;
            };
            *left = size - *left;
            true
        });
        fullest(name, unit, &left, Some(size))
    });
    worst.collect()
}

fn row(name: &str, metric: &str, used: f64, max: f64, unit: &'static str) -> Saturation {
    Saturation { name: name.to_owned(), metric: metric.to_owned(), used, max: Some(max), unit }
}

/// Returns the number of a metric that has one series.
fn only(page: &[Family], name: &str) -> Option<f64> {
    numbers(find(page, name)?).next().map(|(_, number)| number)
}

fn value_of<'a>(labels: &'a Labels, wanted: &str) -> Option<&'a str> {
    labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exposition;
    use crate::metrics::families::group;

    fn families(page: &str) -> Vec<Family> {
        group(&exposition::read(page.as_bytes(), ""))
    }

    fn cpus(idle: f64, busy: f64) -> Vec<Family> {
        let mut page = "# TYPE node_cpu_seconds_total counter\n".to_owned();
        for cpu in ["0", "1"] {
            for (mode, spent) in [("idle", idle), ("iowait", 0.0), ("user", busy)] {
                let line =
                    format!("node_cpu_seconds_total{{cpu=\"{cpu}\",mode=\"{mode}\"}} {spent}\n");
                page += &line;
            }
        }
        families(&page)
    }

    #[test]
    fn cpu_is_what_was_neither_idle_nor_waiting_between_the_pages() {
        let row = cpu(&cpus(100.0, 50.0), &cpus(103.0, 51.0)).unwrap();
        assert_eq!((row.used, row.max, row.name.as_str()), (0.5, Some(2.0), "cpu of the machine"));
        let row = cpu(&[], &cpus(50.0, 50.0)).unwrap();
        assert_eq!((row.used, row.name.as_str()), (1.0, "cpu of the machine since it booted"));
    }

    #[test]
    fn a_disk_is_the_fullest_that_can_be_written_to() {
        let mut page = String::new();
        for (place, kind, avail, fixed) in [
            ("/", "ext4", 60, 0),
            ("/data", "ext4", 20, 0),
            ("/old", "ext4", 1, 1),
            ("/snap", "squashfs", 0, 0),
        ] {
            let labels = format!("{{fstype=\"{kind}\",mountpoint=\"{place}\"}}");
            let lines = [("avail", avail), ("size", 100)];
            let lines = lines
                .map(|(what, bytes)| format!("node_filesystem_{what}_bytes{labels} {bytes}\n"));
            page += &lines.concat();
            let fixed = format!("node_filesystem_readonly{labels} {fixed}\n");
            page += &fixed;
        }
        let found = disks(&families(&page));
        let found: Vec<_> =
            found.iter().map(|one| (one.metric.as_str(), one.used, one.max)).collect();
        let metric = "node_filesystem_avail_bytes{fstype=\"ext4\",mountpoint=\"/data\"}";
        assert_eq!(found, [(metric, 80.0, Some(100.0))]);
    }

    #[test]
    fn of_a_real_machine_its_own_numbers_come_before_the_exporters() {
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics/node_exporter.text.prom");
        let page = group(&exposition::read(&std::fs::read(file).unwrap(), ""));
        let found = super::super::of(&[], &page, None);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "cpu of the machine since it booted",
                "load of the machine",
                "memory of the machine",
                "disk of the machine",
                "inodes of the machine",
                "memory of the exporter itself",
                "open files of the exporter itself",
                "goroutines of the exporter itself",
                "threads of the exporter itself",
                "heap of the exporter itself",
            ]
        );
        let of_machine = found.iter().filter(|one| one.name.ends_with("machine"));
        assert!(
            of_machine.clone().all(|one| one.ratio().is_some_and(|ratio| ratio >= 0.0)),
            "{found:?}"
        );
    }
}
