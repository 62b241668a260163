//! Writes JSON logs as a busy Python service writes them, the same bytes for the same seed.
//!
//!     rustc -O benches/logs/generate.rs -o target/generate-logs
//!     target/generate-logs OUT BYTES FILES SEED [compact] [time-last]
//!
//! OUT becomes a folder with `app.log` (one file) or `app.log`, `app.log.1`, … (the oldest has the highest
//! number), and `truth.json`: the id to look for and how many records each question has.
//!
//! Sixty requests are in flight, each of 4 to 12 lines; 1.2 % fail with a traceback of 1.3 kB as escaped
//! text; 1 % of the lines are an access log's, 0.02 % begin a raw traceback, 0.001 % are cut JSON; 3 % of
//! the times are up to 50 ms early; a rotated file begins 5 s before its predecessor ends.

use std::fmt::Write as _;
use std::io::Write as _;

struct Random(u64);

impl Random {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn in_million(&mut self, share: u64) -> bool {
        self.below(1_000_000) < share
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32, (a >> 16) & 0xffff, a & 0xfff, 0x8000 | ((b >> 48) & 0x3fff), b & 0xffff_ffff_ffff
        )
    }
}

struct Request {
    id: String,
    path: &'static str,
    lines: u64,
    done: u64,
    fails: bool,
    user: u64,
}

const PATHS: [&str; 6] = ["/api/orders", "/api/orders/{id}", "/checkout", "/stock/{sku}", "/search", "/healthz"];
const EVENTS: [&str; 8] = [
    "request started", "cache miss", "query executed", "payment authorised", "stock reserved",
    "message published", "r\\u00e9sum\\u00e9 rendered", "rule \\\"fast-lane\\\" applied",
];
const START_MS: u64 = 1_795_327_200_000; // 2026-11-22T06:00:00Z

/// What the answers are held against.
#[derive(Default)]
struct Truth {
    lines: u64,
    errors: u64,
    errors_in_window: u64,
    statuses: u64,
    target_lines: u64,
}

struct Layout {
    compact: bool,
    time_last: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, out, bytes, files, seed, options @ ..] = arguments.as_slice() else {
        panic!("usage: generate-logs OUT BYTES FILES SEED [compact] [time-last]");
    };
    let (bytes, files): (u64, u64) = (bytes.parse().expect("BYTES"), files.parse().expect("FILES"));
    let layout = Layout {
        compact: options.iter().any(|option| option == "compact"),
        time_last: options.iter().any(|option| option == "time-last"),
    };
    let mut random = Random(seed.parse().expect("SEED"));
    std::fs::create_dir_all(out).expect("OUT");
    let target = Random(random.next()).uuid();
    let each = bytes / files;
    // 369 bytes a line: the whole is half an hour at any size.
    let step_us = (1_800_000_000 / (bytes / 369).max(1)).max(1);
    let mut truth = Truth::default();
    let mut clock_us: u64 = 0;
    let mut flight: Vec<Request> = (0..60).map(|_| request(&mut random)).collect();
    for file in 0..files {
        let name = if file + 1 == files { "app.log".to_owned() } else { format!("app.log.{}", files - 1 - file) };
        let sink = std::fs::File::create(format!("{out}/{name}")).expect("a file");
        let mut sink = std::io::BufWriter::with_capacity(1 << 20, sink);
        if file > 0 {
            clock_us = clock_us.saturating_sub(5_000_000);
        }
        let mut written = 0;
        let mut line = String::new();
        // The sought request's lines stand in the middle of each file: 8 of one, 2 of each of many.
        let sought = if files == 1 { 8 } else { 2 };
        let mut left = sought;
        while written < each {
            line.clear();
            clock_us += step_us;
            if written > each / 2 && left > 0 && random.below(3) == 0 {
                left -= 1;
                truth.target_lines += 1;
                sought_line(&mut line, &mut random, &layout, clock_us, &target, sought - left);
                if left == 0 && file == 0 {
                    line.push('\n');
                    decoys(&mut line, &mut random, &layout, clock_us, &target);
                    truth.lines += 2;
                }
            } else {
                some_line(&mut line, &mut random, &layout, clock_us, &mut flight, &mut truth);
            }
            line.push('\n');
            truth.lines += 1;
            written += line.len() as u64;
            sink.write_all(line.as_bytes()).expect("room");
        }
        sink.flush().expect("room");
    }
    let text = format!(
        "{{\"id\":\"{target}\",\"target_lines\":{},\"lines\":{},\"errors\":{},\"errors_in_window\":{},\"statuses\":{},\"window_since\":\"2026-11-22T06:10:00Z\",\"window_until\":\"2026-11-22T06:20:00Z\"}}\n",
        truth.target_lines, truth.lines, truth.errors, truth.errors_in_window, truth.statuses
    );
    std::fs::write(format!("{out}/truth.json"), text).expect("room");
}

fn request(random: &mut Random) -> Request {
    Request {
        id: random.uuid(),
        path: PATHS[random.below(6) as usize],
        lines: 4 + random.below(9),
        done: 0,
        fails: random.in_million(12_000),
        user: random.below(100_000),
    }
}

/// The time of a line: 3 % are up to 50 ms early.
fn stamp(random: &mut Random, clock_us: u64) -> (u64, String) {
    let early = if random.in_million(30_000) { random.below(50_000) } else { 0 };
    let us = (START_MS * 1000 + clock_us).saturating_sub(early);
    let seconds = us / 1_000_000;
    let day = seconds % 86_400;
    (us, format!("2026-11-22T{:02}:{:02}:{:02}.{:06}Z", day / 3600, day / 60 % 60, day % 60, us % 1_000_000))
}

fn in_window(us: u64) -> bool {
    let minute = us / 60_000_000 - START_MS / 60_000;
    (10..20).contains(&minute)
}

/// Writes one object; values are JSON already.
fn object(line: &mut String, layout: &Layout, time: &str, fields: &[(&str, &str)]) {
    let (colon, comma) = if layout.compact { (":", ",") } else { (": ", ", ") };
    let mut first = true;
    let mut add = |key: &str, value: &str| {
        let _ = write!(line, "{}\"{key}\"{colon}{value}", if first { "{" } else { comma });
        first = false;
    };
    if !layout.time_last {
        add("timestamp", &format!("\"{time}\""));
    }
    for (key, value) in fields {
        add(key, value);
    }
    if layout.time_last {
        add("timestamp", &format!("\"{time}\""));
    }
    line.push('}');
}

fn some_line(
    line: &mut String,
    random: &mut Random,
    layout: &Layout,
    clock_us: u64,
    flight: &mut [Request],
    truth: &mut Truth,
) {
    let (us, time) = stamp(random, clock_us);
    if random.in_million(10_000) {
        let port = 30_000 + random.below(30_000);
        let _ = write!(line, "INFO:     10.0.{}.{}:{port} - \"GET /healthz HTTP/1.1\" 200 OK", random.below(256), random.below(256));
        return;
    }
    if random.in_million(200) {
        line.push_str("Traceback (most recent call last):");
        for depth in 0..5 {
            let _ = write!(line, "\n  File \"/srv/app/worker_{depth}.py\", line {}, in run\n    step({depth})", random.below(500));
            truth.lines += 2;
        }
        line.push_str("\nConnectionResetError: [Errno 104] Connection reset by peer");
        truth.lines += 1;
        return;
    }
    if random.in_million(20_000) {
        object(line, layout, &time, &[("level", "\"info\""), ("event", "\"heartbeat\""), ("request_id", "null"), ("logger", "\"app.worker\"")]);
        return;
    }
    let place = random.below(flight.len() as u64) as usize;
    request_line(line, random, layout, (us, &time), &mut flight[place], truth);
    if flight[place].done == flight[place].lines {
        flight[place] = request(random);
    }
    if random.in_million(10) {
        let cut = line.len() * 2 / 3;
        let cut = (0..=cut).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(cut);
    }
}

fn request_line(
    line: &mut String,
    random: &mut Random,
    layout: &Layout,
    (us, time): (u64, &str),
    request: &mut Request,
    truth: &mut Truth,
) {
    request.done += 1;
    let last = request.done == request.lines;
    let id = format!("\"{}\"", request.id);
    let trace = format!("\"{}\"", request.id.replace('-', ""));
    let path = format!("\"{}\"", request.path);
    let user = format!("{{\"id\":{},\"plan\":\"{}\"}}", request.user, ["free", "team", "pro"][request.user as usize % 3]);
    let duration = format!("{}.{:03}", random.below(900), random.below(1000));
    let mut fields = vec![("request_id", id.as_str()), ("trace_id", &trace), ("service", "\"orders-api\""), ("path", &path), ("user", &user)];
    if last {
        truth.statuses += 1;
        let status = if request.fails { "500" } else { ["200", "200", "201", "404"][random.below(4) as usize] };
        let level = if request.fails { "\"error\"" } else { "\"info\"" };
        if request.fails {
            truth.errors += 1;
            truth.errors_in_window += u64::from(in_window(us));
        }
        let traceback = if request.fails { traceback(random) } else { String::new() };
        fields.extend([("level", level), ("event", "\"request finished\""), ("status", status), ("duration_ms", duration.as_str())]);
        if request.fails {
            fields.push(("exception", &traceback));
        }
        object(line, layout, time, &fields);
        return;
    }
    let event = format!("\"{}\"", EVENTS[random.below(8) as usize]);
    let level = ["\"debug\"", "\"info\"", "\"info\"", "\"warning\""][random.below(4) as usize];
    fields.extend([("level", level), ("event", event.as_str()), ("duration_ms", duration.as_str()), ("logger", "\"app.orders\"")]);
    object(line, layout, time, &fields);
}

/// About 1.3 kB, as a JSON string.
fn traceback(random: &mut Random) -> String {
    let mut text = "\"Traceback (most recent call last):".to_owned();
    for depth in 0..14 {
        let _ = write!(text, "\\n  File \\\"/srv/app/orders/module_{depth}.py\\\", line {}, in call_{depth}\\n    return call_{}()", random.below(900), depth + 1);
    }
    text.push_str("\\nKeyError: 'price'\"");
    text
}

fn sought_line(line: &mut String, random: &mut Random, layout: &Layout, clock_us: u64, id: &str, number: u64) {
    let (_, time) = stamp(random, clock_us);
    let (own, trace) = (format!("\"{id}\""), format!("\"{}\"", id.replace('-', "")));
    let event = format!("\"step {number}\"");
    object(line, layout, &time, &[("request_id", &own), ("trace_id", &trace), ("service", "\"orders-api\""), ("level", "\"info\""), ("event", &event), ("logger", "\"app.orders\"")]);
}

/// Two lines that hold the id, but are of other requests.
fn decoys(line: &mut String, random: &mut Random, layout: &Layout, clock_us: u64, id: &str) {
    let (_, time) = stamp(random, clock_us);
    for key in ["caused_by", "note"] {
        let (own, text) = (format!("\"{}\"", random.uuid()), format!("\"{}{id}\"", if key == "note" { "after " } else { "" }));
        object(line, layout, &time, &[("request_id", &own), ("service", "\"orders-api\""), ("level", "\"info\""), ("event", "\"retried\""), (key, &text)]);
        if key == "caused_by" {
            line.push('\n');
        }
    }
}
