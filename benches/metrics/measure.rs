//! Makes a large page of metrics and measures how fast it is read; benches/metrics/run.sh runs it.
//!
//!     metrics generate SERIES FILE   a page, about 100 bytes a series
//!     metrics read FILE              reading and grouping it, and prometheus-parse alone on the same
//!
//! Times are the best of five runs, single-threaded.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program of its own")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use obs::metrics::exposition;
use obs::metrics::families::group;
use prometheus_parse::Scrape;

/// Of how many bounds a histogram is, with `+Inf`.
const BOUNDS: [&str; 8] = ["0.005", "0.025", "0.1", "0.25", "0.5", "1", "10", "+Inf"];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", series, file] => {
            std::fs::write(file, generate(series.parse().unwrap())).unwrap();
        }
        ["read", file] => read(&std::fs::read_to_string(file).unwrap()),
        _ => println!("generate SERIES FILE | read FILE"),
    }
}

/// Writes half of the samples as counters and half as histograms; no label has a character that
/// prometheus-parse loses, so that both read all.
fn generate(series: usize) -> String {
    let mut page =
        String::from("# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n");
    for number in 0..series / 2 {
        let status = [200, 404, 500][number % 3];
        writeln!(
            page,
            "http_requests_total{{instance=\"web-{:04}\",method=\"GET\",path=\"/items/of/{:05}\",status=\"{status}\"}} {}",
            number % 977,
            number,
            number * 7
        )
        .unwrap();
    }
    page += "# HELP http_request_duration_seconds Durations.\n# TYPE http_request_duration_seconds histogram\n";
    for number in 0..series / 2 / BOUNDS.len() {
        for (place, bound) in BOUNDS.iter().enumerate() {
            writeln!(
                page,
                "http_request_duration_seconds_bucket{{method=\"GET\",path=\"/items/of/{number:05}\",service=\"shop\",le=\"{bound}\"}} {}",
                number + place
            )
            .unwrap();
        }
    }
    page
}

fn best<R>(mut work: impl FnMut() -> R) -> (Duration, R) {
    let mut runs: Vec<(Duration, R)> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let result = work();
            (started.elapsed(), result)
        })
        .collect();
    runs.sort_by_key(|(time, _)| *time);
    runs.swap_remove(0)
}

fn read(page: &str) {
    let samples = page.lines().filter(|line| !line.starts_with('#')).count();
    let (lines, read) = best(|| exposition::read(page.as_bytes(), "").samples.len());
    assert_eq!(read, samples, "no sample is lost");
    let (whole, families) = best(|| group(&exposition::read(page.as_bytes(), "")).len());
    let (alone, parsed) =
        best(|| Scrape::parse(page.lines().map(|line| Ok(line.to_owned()))).unwrap().samples.len());
    let seconds = |time: Duration| time.as_secs_f64();
    println!(
        "{samples} samples, {} bytes: read in {:.3} s, read and grouped into {families} metrics in {:.3} s (at most 0.25 s)",
        page.len(),
        seconds(lines),
        seconds(whole)
    );
    println!(
        "prometheus-parse alone: {:.3} s for {parsed} metrics; {:.1} times as long (at least 3)",
        seconds(alone),
        seconds(alone) / seconds(whole)
    );
}
