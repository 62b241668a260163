//! Log lines of other backends: every kind of the registry with its answers and its faults.

use insta::assert_snapshot;
use obs::sources::{KINDS, Kind, Side};
use serde_json::Value;

use crate::env::{Env, Outcome, Serve};
use crate::fake_source::{FakeSource, Reply};

const ID: &str = "fa5c9ded-f730-4e61-a3ee-6beda7990848";

/// The kinds that have log lines.
fn of_logs() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| kind.side == Side::Logs)
}

/// What a kind answers to a question for log lines.
fn answer(kind: &str) -> String {
    let file = match kind {
        "loki" | "grafana" => "loki.json",
        "victorialogs" => "victorialogs.jsonl",
        "elasticsearch" | "opensearch" => "elasticsearch.json",
        other => panic!("{other} has no answer in tests/fixtures/sources"),
    };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sources");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

fn whole(status: &'static str, kind: &'static str, headers: &'static str, body: &str) -> Reply {
    Reply::Whole(status, kind, headers, body.to_owned())
}

fn ok(kind: &str) -> Reply {
    whole("200 OK", "application/json", "", &answer(kind))
}

/// A configuration with one source of this kind.
fn config(kind: &str, url: &str, more: &str) -> String {
    let datasource = if kind == "grafana" { "datasource = 'P8E80F9AEF21F6940'\n" } else { "" };
    format!("[[source]]\nkind = '{kind}'\nurl = '{url}'\n{datasource}{more}")
}

/// What a command did, with the backend's address left out.
fn without_address(outcome: &Outcome, fake: &FakeSource) -> String {
    let host = fake.url.trim_start_matches("http://");
    outcome.to_string().replace(host, "HOST")
}

#[test]
fn every_kind_finds_the_same_lines_of_a_request_and_no_other() {
    for kind in of_logs() {
        let fake = FakeSource::start(vec![ok(kind.name)]);
        let env = Env::new().file("obs.toml", config(kind.name, &fake.url, ""));
        let outcome = env.obs(["logs", "--request-id", ID, "-o", "json"]);
        assert_eq!(outcome.status, Some(0), "{}: {outcome}", kind.name);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let lines: Vec<String> =
            document["records"].as_array().unwrap().iter().map(brief).collect();
        // The sixth line that each gives has the id in its message alone.
        let expected = [
            "2026-11-22T06:54:04.017183Z error inventory per_box_failed",
            "2026-11-22T06:54:04.069146Z info inventory request_finished",
            "2026-11-22T06:54:04.097935Z error orders-api request failed",
            "2026-11-22T06:54:04.311013Z info orders-api 127.0.0.1:34258 - \"GET /stock/SKU-9 HTTP/1.1\" 500",
            "2026-11-22T06:54:04.44922Z error orders-api Exception in ASGI application\n",
        ];
        assert_eq!(lines, expected, "{}", kind.name);
        let searched = &document["searched"][0];
        let of_loki = ["loki", "grafana"].contains(&kind.name);
        let looked_at = if of_loki { 12 } else { 6 };
        assert_eq!((&searched["looked_at"], &searched["matched"]), (&looked_at.into(), &5.into()));
    }
}

fn brief(record: &Value) -> String {
    let text = |key: &str| record[key].as_str().unwrap_or("-").to_owned();
    format!("{} {} {} {}", text("time"), text("level"), text("service"), text("message"))
}

#[test]
fn every_kind_says_what_went_wrong_and_what_to_type() {
    let mut said = Vec::new();
    for kind in of_logs().filter(|kind| kind.name != "opensearch") {
        for (fault, reply) in faults(kind.name) {
            let fake = FakeSource::start(vec![reply]);
            let env = Env::new().file("obs.toml", config(kind.name, &fake.url, ""));
            let timeout = if fault == "slow" { "200ms" } else { "10s" };
            let outcome = env.obs(["logs", "--quiet", "-o", "jsonl", "--timeout", timeout]);
            let (stdout, status) = (outcome.stdout.lines().count(), outcome.status);
            let stderr = without_address(&outcome, &fake);
            let stderr = stderr.split("--- stderr\n").nth(1).unwrap_or(&stderr);
            let stderr = stderr.split("--- exit").next().unwrap();
            assert_eq!(status, Some(3), "{} {fault}: {outcome}", kind.name);
            said.push(format!("{} {fault}: {stdout} lines\n{stderr}", kind.name));
        }
        let env = Env::new().file("obs.toml", config(kind.name, "http://127.0.0.1:1", ""));
        let outcome = env.obs(["logs", "--quiet"]);
        assert_eq!(outcome.status, Some(3), "{outcome}");
        said.push(format!("{} refused:\n{}", kind.name, outcome.stderr));
    }
    assert_snapshot!(said.concat());
}

fn faults(kind: &str) -> Vec<(&'static str, Reply)> {
    let json = "application/json";
    vec![
        ("401", whole("401 Unauthorized", "text/plain", "", "no org id\n")),
        ("403", whole("403 Forbidden", json, "", r#"{"message":"permission denied"}"#)),
        ("404", whole("404 Not Found", "text/plain", "", "404 page not found\n")),
        (
            "400",
            whole("400 Bad Request", json, "", r#"{"error":{"reason":"parse error at line 1"}}"#),
        ),
        ("429", whole("429 Too Many Requests", "text/plain", "Retry-After: 30\r\n", "slow down")),
        (
            "500",
            whole(
                "500 Internal Server Error",
                "text/plain",
                "",
                "context canceled token=s3cret-t0ken",
            ),
        ),
        ("slow", Reply::Silence),
        ("cut", Reply::Cut(answer(kind))),
        ("half", whole("200 OK", json, "", answer(kind).split_at(700).0)),
        ("page", whole("200 OK", "text/html", "", "<!DOCTYPE html><title>Grafana</title>")),
        ("other type", whole("200 OK", "text/plain", "", "it works!\n")),
        ("redirect", whole("302 Found", "text/html", "Location: /login?next=%2F\r\n", "")),
    ]
}

#[test]
fn a_source_that_refuses_hides_no_other() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let dead = "[[source]]\nkind = 'elasticsearch'\nname = 'audit'\nurl = 'http://127.0.0.1:1'\n";
    let env = Env::new().file("obs.toml", config("loki", &fake.url, dead));
    let fields = ["logs", "--level", "error", "--fields", "time,level,service,message", "-n", "2"];
    let outcome = env.obs(fields);
    assert_snapshot!(without_address(&outcome, &fake));
}

#[test]
fn nothing_in_an_id_or_an_expression_leaves_the_query() {
    let empty = r#"{"status":"success","data":{"resultType":"streams","result":[]}}"#;
    let fake = FakeSource::start(vec![whole("200 OK", "application/json", "", empty)]);
    let more = "query = '{app=\"shop\"}'\nlevel_field = 'level'\nservice_field = 'app'\n";
    let env = Env::new().file("obs.toml", config("loki", &fake.url, more));
    let hostile = "x\"} |= \"` or {a=~\".+\\";
    let service = "a\"|~\"b";
    let arguments = ["logs", "-r", hostile, "--grep", "\"} | b(c+)", "--level", "error"];
    let mut command = env.command(arguments);
    let outcome = env.run(command.args(["--service", service]));
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let mut queries: Vec<String> =
        fake.asked().iter().map(|asked| asked.parameter("query").unwrap()).collect();
    // Both are asked at once.
    queries.sort();
    queries.reverse();
    assert_snapshot!(queries.join("\n"));
}

#[test]
fn the_question_to_victorialogs_and_elasticsearch_holds_the_filter() {
    let victoria = FakeSource::start(vec![whole("200 OK", "application/json", "", "")]);
    let nothing = r#"{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[]}}"#;
    let elastic = FakeSource::start(vec![whole("200 OK", "application/json", "", nothing)]);
    let more = "level_field = 'log.level'\nservice_field = 'service.name'\n";
    let toml = config("victorialogs", &victoria.url, &format!("{more}query = 'env:prod'\n"))
        + &config("elasticsearch", &elastic.url, &format!("{more}index = 'logs-*'\nquery = 'a'\n"));
    let env = Env::new().file("obs.toml", toml);
    let arguments =
        ["logs", "-r", "req_\"1", "--level", "fatal", "--service", "b*", "--since", "1h"];
    let outcome = env.obs(arguments);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let [victoria, elastic] = [&victoria.asked()[0], &elastic.asked()[0]];
    let query = victoria.parameter("query").unwrap();
    let (first, _) = query.split_once(" or ").unwrap();
    let (_, last) = query.rsplit_once(" or ").unwrap();
    assert_snapshot!(format!(
        "{} {} {}\n{first} ... {last}\n{}\n{}",
        victoria.path(),
        victoria.parameter("start").unwrap(),
        victoria.parameter("end").unwrap(),
        elastic.path(),
        elastic.body
    ));
}

#[test]
fn credentials_go_where_they_are_configured_to_and_are_never_shown() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let more = "token = { env = 'TEAM_TOKEN' }\nheaders = { X-Scope-OrgID = 'shop' }\n";
    let env = Env::new()
        .file("user.toml", config("loki", &fake.url, more))
        .set("OBS_CONFIG", "user.toml")
        .set("TEAM_TOKEN", "t0p-s3cret");
    let outcome = env.obs(["logs", "-n", "1", "-o", "jsonl"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let headers = fake.asked()[0].headers.clone();
    assert!(headers.contains(&"authorization: Bearer t0p-s3cret".to_owned()), "{headers:?}");
    assert!(headers.contains(&"x-scope-orgid: shop".to_owned()), "{headers:?}");
    let shown = env.obs(["config", "show"]);
    let shown = without_address(&shown, &fake);
    let row = shown.lines().find(|line| line.contains("source.loki")).unwrap();
    assert_snapshot!(row, @"  source.loki   loki http://HOST/ token from $TEAM_TOKEN X-Scope-OrgID [masked]  user.toml");
    assert!(!outcome.to_string().contains("s3cret"));
}

#[test]
fn a_repository_may_not_send_a_users_secret_to_a_host_that_is_not_trusted() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let more = "username = 'u'\npassword = { env = 'TEAM_TOKEN' }\n";
    let env = Env::new().file("obs.toml", config("loki", &fake.url, more)).set("TEAM_TOKEN", "x");
    let outcome = env.obs(["logs"]);
    assert_snapshot!(without_address(&outcome, &fake));
    assert!(fake.asked().is_empty());
    let host = fake.url.trim_start_matches("http://");
    let folder = env.path().join("home/.config/obs");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), format!("trust = ['{host}']\n")).unwrap();
    assert_eq!(env.obs(["logs"]).status, Some(0));
    assert!(fake.asked()[0].headers.contains(&"authorization: Basic dTp4".to_owned()));
    let own = Env::new().file("obs.toml", "trust = ['evil.example']\n").obs(["logs"]);
    assert_eq!(own.status, Some(2), "{own}");
}

#[test]
fn who_asks_for_patience_is_asked_again() {
    let later = whole("429 Too Many Requests", "text/plain", "Retry-After: 0\r\n", "");
    let fake = FakeSource::start(vec![later, ok("victorialogs")]);
    let env = Env::new().file("obs.toml", config("victorialogs", &fake.url, ""));
    assert_eq!(env.obs(["logs"]).status, Some(0));
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn what_a_backend_says_of_its_own_answer_is_passed_on() {
    let part = answer("elasticsearch").replace(
        r#""skipped": 0, "failed": 0"#,
        r#""skipped": 0, "failed": 1, "failures": [{"reason": {"reason": "circuit breaker"}}]"#,
    );
    let elastic = FakeSource::start(vec![whole("200 OK", "application/json", "", &part)]);
    let warns = answer("loki").replacen('{', r#"{"warnings": ["one ingester is away"], "#, 1);
    let loki = FakeSource::start(vec![whole("200 OK", "application/json", "", &warns)]);
    let toml = config("elasticsearch", &elastic.url, "") + &config("loki", &loki.url, "");
    let env = Env::new().file("obs.toml", toml);
    let outcome = env.obs(["logs", "--quiet", "-o", "jsonl"]);
    let said =
        without_address(&outcome, &elastic).replace(loki.url.trim_start_matches("http://"), "HOST");
    assert!(said.contains("warning: elasticsearch at http://HOST answered only in part: 1 of 3 shards failed: circuit breaker"), "{said}");
    assert!(
        said.contains("warning: loki at http://HOST answered only in part: one ingester is away"),
        "{said}"
    );
    assert_eq!((outcome.status, outcome.stdout.lines().count()), (Some(3), 12));
}

#[test]
fn more_lines_than_are_looked_at_end_with_3_and_a_way_to_narrow_them_down() {
    let now = 1_795_330_800_000_000_000_i64;
    // The same page again and again, each time older: 1,000 lines that are not asked for.
    let page = |page: i64| {
        let line = |place: i64| format!(r#"["{}","calm"]"#, now - 1 - page * 1_000 - place);
        let lines: Vec<String> = (0..1_000).map(line).collect();
        let body = format!(
            r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{}},"values":[{}]}}]}}}}"#,
            lines.join(",")
        );
        whole("200 OK", "application/json", "", &body)
    };
    let fake = FakeSource::start((0..20).map(page).collect());
    let env = Env::new().file("obs.toml", config("loki", &fake.url, ""));
    let outcome = env.obs(["logs", "--level", "error"]);
    assert_snapshot!(without_address(&outcome, &fake));
    let ends: Vec<String> =
        fake.asked().iter().take(2).map(|asked| asked.parameter("end").unwrap()).collect();
    // Of the last line of a page nobody knows whether it was the only one of its time.
    assert_eq!(ends, [(now + 1).to_string(), (now - 999).to_string()]);
}

#[test]
fn lines_of_a_file_a_loki_and_the_embedded_backend_are_in_one_order() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let line =
        r#"{"timestamp":"2026-11-22T06:54:04.2Z","level":"info","message":"stored","service":"s"}"#;
    let home = Env::new();
    let serve = Serve::start(&home, &[]);
    assert_eq!(serve.post("/logs", "application/x-ndjson", line.as_bytes()).0, 200);
    let toml = format!(
        "[logs]\nfiles = ['app.log']\n[backend]\nurl = '{}'\n{}",
        serve.url,
        config("loki", &fake.url, "")
    );
    let env = Env::new()
        .file("obs.toml", toml)
        .file("app.log", r#"{"time":"2026-11-22T06:54:04.3Z","msg":"filed"}"#);
    let outcome = env.obs([
        "logs",
        "--fields",
        "message",
        "-o",
        "csv",
        "--grep",
        "stored|filed|per_box|failed",
    ]);
    assert_snapshot!(outcome.stdout);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let alone = env.obs(["logs", "app.log", "--fields", "message", "-o", "csv"]);
    assert_eq!((alone.stdout.as_str(), fake.asked().len()), ("message\r\nfiled\r\n", 1), "{alone}");
}

#[test]
fn beside_a_source_configured_files_are_read_with_their_older_parts_and_folders() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let line = |text: &str| format!(r#"{{"time":"2026-11-22T06:54:04.3Z","msg":"{text}"}}"#);
    let files = "[logs]\nfiles = ['app.log', 'more', 'gone-*']\n";
    let env = Env::new()
        .file("obs.toml", format!("{files}{}", config("loki", &fake.url, "")))
        .file("app.log", line("filed now"))
        .file("app.log.1", line("filed before"));
    std::fs::create_dir(env.path().join("more")).unwrap();
    let env = env.file("more/other.log", line("filed elsewhere"));
    let found = env.obs(["logs", "--grep", "filed", "-o", "raw"]);
    let mut lines: Vec<&str> = found.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["filed before", "filed elsewhere", "filed now"].map(line), "{found}");
    assert!(found.stderr.contains("gone-*"), "{found}");
    assert_eq!(found.status, Some(3), "{found}");
}

#[test]
fn a_source_is_followed_and_gives_no_line_twice() {
    use std::io::{BufRead as _, BufReader};
    let line = |time: i64, text: &str| format!(r#"["{time}","{text}"]"#);
    let page = |lines: &[String]| {
        let body = format!(
            r#"{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{{}},"values":[{}]}}]}}}}"#,
            lines.join(",")
        );
        whole("200 OK", "application/json", "", &body)
    };
    let now = 1_795_330_800_000_000_000;
    let (one, two, three) = (line(now - 9, "one"), line(now - 5, "two"), line(now - 7, "late"));
    let fake = FakeSource::start(vec![
        page(std::slice::from_ref(&one)),
        page(&[one.clone(), two.clone()]),
        page(&[one, two.clone(), two, three]),
    ]);
    let env = Env::new().file("obs.toml", config("loki", &fake.url, ""));
    let mut command = env.command(["logs", "-f", "-o", "raw"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let shown: Vec<String> = lines.take(4).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // Of two lines that are alike in one answer both are lines.
    assert_eq!(shown, ["one", "two", "late", "two"]);
}

#[test]
fn a_request_is_told_with_the_lines_of_a_loki_and_the_loki_is_checked() {
    let fake = FakeSource::start(vec![ok("loki")]);
    let env = Env::new().set("LOKI_ADDR", &fake.url).set("LOKI_ORG_ID", "shop");
    let outcome = env.obs(["request", ID, "-o", "json"]);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert_eq!(document["asked"][0], format!("loki at {}", fake.url));
    assert!(outcome.stdout.contains("per_box_failed") && !outcome.stdout.contains("retry of"));
    assert!(outcome.stderr.contains("note: only log lines"), "{outcome}");
    let window = "5 log lines match, of 2026-11-21T07:00:00Z to 2026-11-22T07:00:00Z";
    assert!(outcome.stderr.contains(window), "{outcome}");
    assert!(fake.asked()[0].headers.contains(&"x-scope-orgid: shop".to_owned()));
    // The embedded backend has the rest, and is not asked for lines that others have.
    let serve = Serve::start(&env, &[]);
    let line = format!(r#"{{"message":"not of Loki","request_id":"{ID}"}}"#);
    assert_eq!(serve.post("/logs", "application/x-ndjson", line.as_bytes()).0, 200);
    let both = env.obs(["request", ID, "-o", "json"]);
    let asked: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(asked["asked"].as_array().unwrap().len(), 2, "{both}");
    assert!(!both.stdout.contains("not of Loki"), "{both}");
    serve.stop();
    // A trace is nothing without a backend that has traces.
    assert_eq!(env.obs(["trace", ID]).status, Some(2));
    let labels = r#"{"status":"success","data":["app","service_name"]}"#;
    let well = FakeSource::by_question(move |asked| match asked.path() {
        "/loki/api/v1/labels" => whole("200 OK", "application/json", "", labels),
        _ => ok("loki"),
    });
    let outcome = Env::new().set("LOKI_ADDR", &well.url).obs(["check"]);
    assert!(outcome.stdout.contains("has 2 labels"), "{outcome}");
    assert!(outcome.stdout.contains("the latest is 5m old"), "{outcome}");
    assert_eq!(outcome.status, Some(0));
}

#[test]
fn a_source_that_cannot_be_meant_is_refused() {
    for (toml, said) in [
        (config("lokki", "http://127.0.0.1:1", ""), "did you mean `loki`?"),
        (
            config("splunk", "http://127.0.0.1:1", ""),
            "kind = \"loki\", url = \"http://localhost:3100\": Grafana Loki;",
        ),
        (config("loki", "http://127.0.0.1:1", "index = 'a'\n"), "which has no `index`"),
        (config("loki", "http://127.0.0.1:1", "toke = 'a'\n"), "did you mean `token`?"),
        (config("loki", "http://127.0.0.1:1", "window = 'long'\n"), "is not a duration"),
        (config("loki", "http://a", "").repeat(2), "is not a name of one source alone"),
    ] {
        let outcome = Env::new().file("obs.toml", toml).obs(["logs"]);
        assert_eq!(outcome.status, Some(2), "{outcome}");
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
    for (toml, said) in [
        ("[[source]]\nkind = 'grafana'\nurl = 'http://127.0.0.1:1'\n".to_owned(), "set datasource"),
        (config("loki", "nowhere", ""), "an address is https://HOST:PORT"),
        (
            config("loki", "http://127.0.0.1:1", "level_field = 'a b'\n"),
            "cannot be the name of a label",
        ),
        (config("loki", "http://127.0.0.1:1", "token = { env = 'UNSET' }\n"), "trust = ["),
    ] {
        let outcome = Env::new().file("obs.toml", toml).obs(["logs"]);
        assert_eq!(outcome.status, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
}

#[test]
fn help_and_the_formats_page_name_every_kind() {
    let page = include_str!("../../docs/formats.md");
    for kind in KINDS {
        let command = match kind.side {
            Side::Logs => Some("logs"),
            Side::Traces => Some("trace"),
            Side::Metrics => Some("metrics"),
            // Nobody asks it for anything: it is only checked.
            Side::Alerts => None,
        };
        if let Some(command) = command {
            let help = Env::new().obs([command, "--help"]).stdout;
            assert!(help.contains(kind.name), "{} is not in the help", kind.name);
        }
        assert!(page.contains(&format!("`{}`", kind.name)), "{} is not in formats.md", kind.name);
        assert!(kind.example.starts_with("http") && !kind.about.is_empty());
    }
}
