//! `obs metrics`: signals of files and of servers, per-worker numbers, samples, and what is wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::env::{Env, Outcome};

/// A server whose n-th answer is the n-th page; of the last there is no end.
fn served(pages: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (asked, socket) in listener.incoming().flatten().enumerate() {
            // Whoever leaves in the middle gets nothing more.
            let Some(()) = respond(socket, &pages[asked.min(pages.len() - 1)]) else { continue };
        }
    });
    url
}

fn respond(mut socket: TcpStream, page: &str) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?).lines();
    while lines.next()?.ok().is_some_and(|line| !line.is_empty()) {}
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
        page.len()
    );
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(page.as_bytes()).ok()
}

/// A page of a process that started then: requests that went well, and that failed.
fn page(start: u32, good: u32, bad: u32) -> String {
    let all = good + bad;
    format!(
        "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {start}\n\
         # TYPE http_requests_total counter\n\
         http_requests_total{{path=\"/items/{{id}}\",status=\"200\"}} {good}\n\
         http_requests_total{{path=\"/items/{{id}}\",status=\"500\"}} {bad}\n\
         # TYPE http_request_duration_seconds histogram\n\
         http_request_duration_seconds_bucket{{path=\"/items/{{id}}\",le=\"0.1\"}} {good}\n\
         http_request_duration_seconds_bucket{{path=\"/items/{{id}}\",le=\"+Inf\"}} {all}\n\
         http_request_duration_seconds_count{{path=\"/items/{{id}}\"}} {all}\n"
    )
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/metrics/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn document(outcome: &Outcome) -> Value {
    let document = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"));
    let name = match document {
        Value::Object(ref members) if members["schema"] == "obs.metrics/1" => "metrics.schema.json",
        Value::Object(ref members) if members["schema"] == "obs.metrics-lint/1" => {
            "metrics-lint.schema.json"
        }
        _ => "metrics-samples.schema.json",
    };
    crate::formats::assert_valid(name, &document);
    document
}

#[test]
fn two_scrapes_tell_what_happened_in_between() {
    // Four looks before the window, four after it.
    let mut pages = vec![page(1_700_000_000, 100, 0); 4];
    pages.push(page(1_700_000_000, 190, 10));
    let url = served(pages);
    let outcome = Env::new().obs(["metrics", &url, "--window", "3s", "-o", "json"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let page = &document(&outcome)["pages"][0];
    let signals = &page["signals"];
    assert_eq!((&signals["requests"], &signals["error_ratio"]), (&100.0.into(), &0.1.into()));
    assert_eq!(signals["quantiles"][2]["to_ms"], "+Inf", "{signals}");
    assert_eq!(signals["rows"][0]["name"], "/items/{id}");
    assert_eq!((&page["scrapes"], &page["workers"]), (&8.into(), &Value::Null));
    assert!(page["page"].as_str().unwrap().ends_with("/metrics"), "{page}");
}

#[test]
fn worker_processes_are_found_out_and_one_is_compared_with_itself() {
    // In turn one of two: whichever are compared, each has 20 requests more in the end.
    let (a, b) = (1_700_000_000, 1_700_000_009);
    let mut pages = vec![page(a, 100, 0), page(b, 7, 0), page(a, 100, 0), page(b, 7, 0)];
    pages.extend([page(b, 27, 0), page(a, 120, 0), page(b, 27, 0), page(a, 120, 0)]);
    let url = served(pages);
    let outcome = Env::new().obs(["metrics", &url, "--window", "3s", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let document = document(&outcome);
    let page = &document["pages"][0];
    assert_eq!((&page["workers"]["at_least"], &document["complete"]), (&2.into(), &false.into()));
    assert_eq!(page["signals"]["requests"], 20.0, "{page}");
    assert!(page["workers"]["advice"].as_str().unwrap().contains("PROMETHEUS_MULTIPROC_DIR"));
}

#[test]
fn a_saved_page_is_told_of_without_a_rate() {
    let file = fixture("python-raw.truth.text.prom");
    let env = Env::new();
    let outcome = env.obs(["metrics", &file, "--apdex", "100ms", "-o", "json"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let signals = document(&outcome)["pages"][0]["signals"].clone();
    assert_eq!((&signals["requests"], &signals["rate"]), (&2_000.0.into(), &Value::Null));
    assert_eq!(
        (&signals["error_ratio"], &signals["apdex"]["score"]),
        (&0.017.into(), &0.76575.into())
    );
    insta::assert_snapshot!(shown(&env.obs(["metrics", &file])));
    let piped = std::fs::read(&file).unwrap();
    let outcome = env.obs_with_stdin(["metrics", "-", "-o", "md"], &piped);
    assert!(outcome.stdout.contains("| **all** | 2000 | - | 1.7% |"), "{outcome}");
}

fn shown(outcome: &Outcome) -> String {
    let text = outcome.to_string().replace(env!("CARGO_MANIFEST_DIR"), "[here]");
    let run = regex::Regex::new("obs run [0-9a-f-]{36}").unwrap();
    run.replace_all(&text, "obs run [id]").into_owned()
}

#[test]
fn raw_paths_are_warned_of_and_rows_can_be_chosen() {
    let file = fixture("fl.text.prom");
    let env = Env::new();
    let outcome = env.obs(["metrics", &file, "--match", "^GET /items/1$", "-o", "json"]);
    let page = document(&outcome)["pages"][0].clone();
    assert_eq!(page["signals"]["rows"].as_array().unwrap().len(), 1, "{page}");
    assert!(page["signals"]["unmatched"].as_u64().unwrap() > 10, "{page}");
    assert_eq!(page["cardinality"][0]["label"], "path", "{page}");
    let outcome = env.obs(["metrics", &file, "--match", "nothing"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("--match nothing fits none of 62 rows"), "{outcome}");
    let outcome = env.obs(["metrics", &file, "--match", "Nope"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("hint: did you mean `GET /nope`?"), "{outcome}");
    let outcome = env.obs(["metrics", "list", &file, "--match", "^flask_http_requst_total"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("did you mean `flask_http_request_total`?"), "{outcome}");
}

#[test]
fn the_quantiles_of_a_summary_are_shown_as_the_exporters_own() {
    let page = "# TYPE http_server_requests_seconds summary\n\
        http_server_requests_seconds{uri=\"/a\",status=\"200\",quantile=\"0.5\"} 0.2\n\
        http_server_requests_seconds{uri=\"/a\",status=\"200\",quantile=\"0.9\"} 0.4\n\
        http_server_requests_seconds_count{uri=\"/a\",status=\"200\"} 30\n\
        http_server_requests_seconds_sum{uri=\"/a\",status=\"200\"} 3\n\
        http_server_requests_seconds{uri=\"/a\",status=\"404\",quantile=\"0.5\"} 0.1\n\
        http_server_requests_seconds_count{uri=\"/a\",status=\"404\"} 3\n\
        http_server_requests_seconds_count{uri=\"/b\",status=\"429\"} 40\n\
        http_server_requests_seconds_count{uri=\"/b\",status=\"500\"} 4\n";
    let env = Env::new();
    let outcome = env.obs_with_stdin(["metrics", "-"], page.as_bytes());
    insta::assert_snapshot!(shown(&outcome));
    let outcome = env.obs_with_stdin(["metrics", "-", "-o", "json"], page.as_bytes());
    let signals = document(&outcome)["pages"][0]["signals"].clone();
    let own = serde_json::json!([
        { "quantile": 0.5, "ms": 200.0, "series": 2 },
        { "quantile": 0.9, "ms": 400.0, "series": 1 },
    ]);
    assert_eq!(
        (&signals["exporter_quantiles"], &signals["quantiles"]),
        (&own, &Value::Array(vec![]))
    );
    let outcome = env.obs_with_stdin(["metrics", "-", "-o", "md"], page.as_bytes());
    insta::assert_snapshot!(outcome.stdout);
}

#[test]
fn what_is_no_page_of_metrics_is_said() {
    let fake = crate::fake::Fake::start();
    let env = Env::new();
    for (page, message) in [
        ("/html", "a page in HTML and no metrics"),
        ("/login", "a login page in HTML and no metrics"),
        ("/none", "404, and no metrics"),
        ("/endless", "more than 16 MiB"),
    ] {
        let url = format!("{}{page}", fake.url);
        let outcome = env.obs(["metrics", &url, "--once"]);
        assert_eq!(outcome.status, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stdout.is_empty(), "{outcome}");
    }
    let outcome = env.obs(["metrics", "no-such-file.prom"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
    let outcome = env.obs(["metrics"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
}

#[test]
fn a_metric_can_be_named_and_one_that_is_not_there_is_refused() {
    let file = fixture("prometheus-2.42.text.prom");
    let env = Env::new();
    let named = "prometheus_http_request_duration_seconds";
    let outcome = env.obs(["metrics", &file, "--duration", named, "-o", "json"]);
    assert_eq!(document(&outcome)["pages"][0]["signals"]["counted_by"], named, "{outcome}");
    let outcome = env.obs(["metrics", &file, "--requests", "nothing"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
}

#[test]
fn configured_pages_are_read_when_none_is_named() {
    let url = served(vec![page(1_700_000_000, 30, 0)]);
    let toml = format!(
        "[[check]]\nid = 'shop'\nkind = 'metrics'\ntarget = '{url}/metrics'\n\
         [[check]]\nid = 'gone'\nkind = 'metrics'\ntarget = 'http://127.0.0.1:1/metrics'\n"
    );
    let outcome = Env::new().file("obs.toml", toml).obs(["metrics", "--once", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let document = document(&outcome);
    assert_eq!(document["pages"][0]["name"], "shop");
    assert_eq!(document["missing"].as_array().unwrap().len(), 1, "{document}");
}

#[test]
fn samples_are_listed_with_their_types_and_exemplars() {
    let env = Env::new();
    let file = fixture("python-raw.om.txt");
    let outcome = env.obs(["metrics", "list", &file, "-o", "jsonl"]);
    assert_eq!((outcome.status, outcome.stdout.lines().count()), (Some(0), 117), "{outcome}");
    let listed =
        env.obs(["metrics", "list", &file, "-o", "json", "--match", "exemplar|created", "-n", "2"]);
    let document = document(&listed);
    assert_eq!(
        (&document["truncated"], document["samples"].as_array().unwrap().len()),
        (&true.into(), 2)
    );
    let broken = env.obs_with_stdin(["metrics", "list", "-"], b"up 1\nm{a=\"b 1\n");
    assert_eq!(broken.status, Some(3), "{broken}");
    assert!(broken.stdout.contains("line 2:5 cannot be read"), "{broken}");
}

#[test]
fn secrets_in_labels_are_masked() {
    let env = Env::new();
    let page = "# TYPE http_requests_total counter\n\
        http_requests_total{path=\"/login?password=hunter2\",status=\"500\",token=\"hunter2\"} 9\n";
    for arguments in [["metrics", "-", "-o", "json"], ["metrics", "-", "-o", "md"]] {
        let outcome = env.obs_with_stdin(arguments, page.as_bytes());
        assert!(!outcome.stdout.contains("hunter2"), "{outcome}");
    }
    for arguments in
        [["metrics", "list", "-", "-o", "json"], ["metrics", "list", "-", "-o", "human"]]
    {
        let outcome = env.obs_with_stdin(arguments, page.as_bytes());
        assert!(!outcome.stdout.contains("hunter2"), "{outcome}");
    }
}

#[test]
fn lint_names_each_fault_with_its_place() {
    let env = Env::new();
    let page =
        "# HELP h d\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 2\nh_bucket{le=\"1\"} 1\nm{a=\"b 1\n";
    let outcome = env.obs_with_stdin(["metrics", "lint", "-", "-o", "json"], page.as_bytes());
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let document = document(&outcome);
    let rules: Vec<&str> = document["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["no_inf_bucket", "buckets_fall", "unreadable"]);
    let html = env.obs(["metrics", "lint", &fixture("hard/html_page.txt")]);
    assert_eq!(html.status, Some(1), "{html}");
    assert!(html.stdout.contains("a page in HTML and no metrics"), "{html}");
    let good = b"# HELP up It runs.\n# TYPE up gauge\nup 1\n";
    let good = env.obs_with_stdin(["metrics", "lint", "-"], good);
    assert_eq!(good.status, Some(0), "{good}");
}

/// Checks the page of a server, and returns the result.
fn checked(pages: Vec<String>, window: &str) -> Value {
    let url = served(pages);
    let toml = format!("[[check]]\nid = 'm'\nkind = 'metrics'\ntarget = '{url}/metrics'\n");
    let outcome =
        Env::new().file("obs.toml", toml).obs(["check", "--window", window, "-o", "json"]);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    crate::formats::assert_valid("check.schema.json", &document);
    document["checks"][0].clone()
}

#[test]
fn a_check_of_metrics_warns_of_what_is_nearly_used_up() {
    let full = "process_open_fds 98\nprocess_max_fds 100\n";
    let result = checked(vec![page(1_700_000_000, 1, 0) + full], "50ms");
    assert_eq!((&result["status"], &result["reason"]), (&"warn".into(), &"saturated".into()));
    assert!(result["message"].as_str().unwrap().contains("open files: 98 of 100"), "{result}");
}

#[test]
fn a_check_that_meets_two_workers_does_not_compare_them() {
    let pages = vec![page(1_700_000_009, 7, 0), page(1_700_000_000, 100, 50)];
    let result = checked(pages, "50ms");
    assert_eq!(result["status"], "unknown", "{result}");
    assert!(result["hint"]["likely"].as_str().unwrap().contains("PROMETHEUS_MULTIPROC_DIR"));
}

#[test]
fn a_check_meets_workers_that_do_not_say_when_they_began() {
    let of = |requests: u32, errors: u32| {
        let page = page(1, requests, errors);
        let lines = page.split_inclusive('\n').filter(|line| !line.contains("process_start"));
        lines.collect::<String>()
    };
    // The first look and the last are of two processes, and nothing falls from the one to the other.
    let pages = vec![of(400, 0), of(1_000, 8), of(400, 0), of(400, 0), of(1_000, 8)];
    let result = checked(pages, "2s");
    assert_eq!(result["status"], "unknown", "{result}");
    assert!(result["message"].as_str().unwrap().contains("a counter went down"), "{result}");
    // The same of an objective without a Prometheus.
    let url = served(vec![of(400, 0), of(1_000, 8), of(400, 0), of(1_000, 8)]);
    let toml = format!("[[slo]]\nid = 'm'\nobjective = 99\nurl = '{url}/metrics'\n");
    let checked = ["check", "--window", "2s", "-o", "json"];
    let outcome = Env::new().file("obs.toml", toml).obs(checked);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(outcome.stdout.contains("several worker processes"), "{outcome}");
}

#[test]
fn what_is_no_page_leads_to_a_command_that_shows_what_it_is() {
    let env = Env::new().file("empty", "");
    for (page, message, hint) in [
        ("empty", "empty, and no page of metrics", "head -c 300 empty"),
        ("/", "a folder and no page of metrics", "ls '/'"),
        ("http://127.0.0.1:1/metrics", "refused", "curl -i 'http://127.0.0.1:1/metrics'"),
    ] {
        let outcome = env.obs(["metrics", page]);
        assert_eq!(outcome.status, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains(hint), "{outcome}");
    }
    let outcome = env.obs_with_stdin(["metrics", "-"], b"<html>");
    assert!(
        outcome.stderr.contains("curl -s http://HOST:PORT/metrics | obs metrics -"),
        "{outcome}"
    );
}

#[test]
fn what_is_of_a_query_is_not_ignored_without_one() {
    let file = fixture("python-raw.truth.text.prom");
    for more in [["--since", "1h"], ["--until", "1h"], ["--source", "p"]] {
        let outcome = Env::new().obs(["metrics", "--once", more[0], more[1], &file]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{outcome}");
        assert!(outcome.stderr.contains("--query"), "{outcome}");
    }
}

#[test]
fn totals_say_that_they_are_of_all_rows_and_files_know_no_run() {
    let file = fixture("fl.text.prom");
    let env = Env::new();
    let outcome = env.obs(["metrics", &file, "--match", "^GET /items/1$"]);
    assert!(outcome.stdout.contains(", of all and not only of --match"), "{outcome}");
    assert!(!outcome.stdout.contains("obs run"), "{outcome}");
    let whole = env.obs(["metrics", &file]);
    assert!(!whole.stdout.contains("of all and not only"), "{whole}");
    let url = served(vec![page(1_700_000_000, 100, 0)]);
    assert!(env.obs(["metrics", &url, "--once"]).stdout.contains("obs run"));
}
