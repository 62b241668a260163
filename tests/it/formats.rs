//! What `obs` writes as JSON, held against the schemas of `docs/schemas`; so are the examples of
//! `docs/formats.md`.
//!
//! The schemas use a part of JSON Schema draft 2020-12 that is small enough to be read here; a keyword
//! beyond it fails the test instead of being passed over.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::{Map, Value};

/// The request that everything in `tests/fixtures/formats` belongs to.
const REQUEST_ID: &str = "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5a6b";

/// Fails unless `document` is what the schema of this name says.
pub(crate) fn assert_valid(name: &str, document: &Value) {
    Schemas::read().assert_valid(name, document);
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let schemas = Schemas::read();
    let page = std::fs::read_to_string(root().join("docs/formats.md")).unwrap();
    let mut seen = Vec::new();
    for (language, text) in fences(&page) {
        let name = match language {
            "json" => {
                let document: Value = serde_json::from_str(text).unwrap();
                schemas.of(&document).to_owned()
            }
            "jsonl" => "log-record.schema.json".to_owned(),
            _ => continue,
        };
        schemas.assert_valid(&name, &serde_json::from_str(text).unwrap());
        seen.push(name);
    }
    let mut all: Vec<&str> = schemas.files.keys().map(String::as_str).collect();
    all.retain(|name| *name != "shared.schema.json");
    seen.sort();
    seen.dedup();
    assert_eq!(seen, all, "one example of each document");
}

#[test]
fn log_lines_of_files_are_valid() {
    let schemas = Schemas::read();
    let folder = root().join("tests/fixtures/logs");
    let files = ["python.jsonl", "javascript.jsonl", "orders-api.jsonl", "gunicorn.stderr"];
    let home = tempfile::tempdir().unwrap();
    for file in files.map(|file| folder.join(file)) {
        let file = file.to_str().unwrap();
        let document = answer(home.path(), &["logs", file, "-o", "json"]);
        schemas.assert_valid("logs.schema.json", &document);
        let lines = stdout(home.path(), &["logs", file, "-o", "jsonl"]);
        for line in lines.lines() {
            schemas.assert_valid("log-record.schema.json", &serde_json::from_str(line).unwrap());
        }
        let groups = answer(home.path(), &["logs", file, "--group", "-o", "json"]);
        schemas.assert_valid("log-groups.schema.json", &groups);
        let stats = answer(home.path(), &["logs", file, "--stats", "message", "-o", "json"]);
        schemas.assert_valid("log-stats.schema.json", &stats);
        assert_eq!(lines.lines().count(), document["records"].as_array().unwrap().len());
    }
}

#[test]
fn settings_are_valid() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["config", "show"][..], &["config", "show", "--variables"]] {
        let document = answer(home.path(), &[arguments, &["-o", "json"]].concat());
        Schemas::read().assert_valid("config.schema.json", &document);
    }
}

#[test]
fn what_a_runbook_says_is_valid() {
    let home = tempfile::tempdir().unwrap();
    for (name, question) in [
        ("runbook.schema.json", &["runbook"][..]),
        ("runbook-section.schema.json", &["runbook", "pool-exhausted"]),
        ("runbook-section.schema.json", &["runbook", "contacts"]),
        ("runbook-search.schema.json", &["runbook", "search", "pool"]),
        (
            "explain.schema.json",
            &["runbook", "explain", "r2d2::Error: timed out waiting for connection"],
        ),
        ("explain.schema.json", &["runbook", "explain", "WORKER TIMEOUT (pid:17)"]),
    ] {
        let document = answer(home.path(), &[question, &["-o", "json"]].concat());
        Schemas::read().assert_valid(name, &document);
    }
    let unknown = ["runbook", "explain", "LedgerImbalance: by 3 cents", "-o", "json"];
    let (code, text) = run(home.path(), &unknown);
    assert_eq!(code, Some(1));
    Schemas::read().assert_valid("explain.schema.json", &serde_json::from_str(&text).unwrap());
}

#[test]
fn what_was_checked_is_valid_whether_it_is_well_or_not() {
    let fake = crate::fake::Fake::start();
    let home = tempfile::tempdir().unwrap();
    let url = &fake.url;
    let check = |id: &str, kind: &str, target: &str| {
        format!("[[check]]\nid = '{id}'\nkind = '{kind}'\ntarget = '{target}'\nwindow = '50ms'\n")
    };
    let toml = [
        check("ok", "http", &format!("{url}/ok")),
        check("db", "http", &format!("{url}/secret")),
        check("metrics", "metrics", &format!("{url}/metrics/90/10")),
        check("tls", "tls", &format!("localhost:{}", crate::fake::Fake::start_tls("127.0.0.1"))),
        check("tcp", "tcp", "127.0.0.1:1") + "needs = ['db']\n",
    ];
    std::fs::write(home.path().join("obs.toml"), toml.concat()).unwrap();
    let (code, text) = run(home.path(), &["check", "-o", "json"]);
    assert_eq!(code, Some(1), "{text}");
    Schemas::read().assert_valid("check.schema.json", &serde_json::from_str(&text).unwrap());
    // The second run has a first to be compared with; every line of it is a document.
    let (code, text) = run(home.path(), &["check", "-o", "jsonl"]);
    assert_eq!((code, text.lines().count()), (Some(1), toml.len() + 1));
    for line in text.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        let name = Schemas::read().of(&document).to_owned();
        Schemas::read().assert_valid(&name, &document);
        // What was skipped was not looked at the first time either.
        let looked = document["check"]["status"] != "skipped";
        assert!(
            name != "check-result.schema.json" || looked != document["check"]["before"].is_null()
        );
    }
}

#[test]
fn the_demo_and_all_the_answers_in_it_are_valid() {
    let home = tempfile::tempdir().unwrap();
    let document = answer(home.path(), &["demo", "--once", "--port", "0", "-o", "json"]);
    Schemas::read().assert_valid("demo.schema.json", &document);
}

#[test]
fn what_a_backend_has_of_a_request_is_valid() {
    let backend = Backend::start();
    backend.post("/api/1/store/", "event-with-secrets.json");
    backend.post("/v1/traces", "trace-with-secrets.json");
    backend.post("/logs", "line-with-secrets.jsonl");
    let schemas = Schemas::read();
    for (name, question) in [
        ("logs.schema.json", &["logs", "--request-id", REQUEST_ID][..]),
        ("trace.schema.json", &["trace", REQUEST_ID]),
        ("traces.schema.json", &["trace", "list", "--since", "2026-11-22T00:00:00Z"]),
        ("issues.schema.json", &["issues", "--since", "2026-11-22T00:00:00Z"]),
        ("errors.schema.json", &["errors", "--since", "2026-11-22T00:00:00Z"]),
        ("issue.schema.json", &["issues", "API-1"]),
        ("issue.schema.json", &["issues", "--request-id", REQUEST_ID]),
        ("request.schema.json", &["request", REQUEST_ID]),
    ] {
        let arguments = [question, &["--url", &backend.url, "-o", "json"]].concat();
        let document = answer(backend.home.path(), &arguments);
        schemas.assert_valid(name, &document);
        assert!(!document.to_string().contains("hunter2"), "{question:?}: {document}");
    }
}

#[test]
fn an_answer_that_is_no_is_valid_too() {
    let backend = Backend::start();
    let schemas = Schemas::read();
    for (name, question) in [
        ("logs.schema.json", &["logs", "--request-id", "req_nobody"][..]),
        ("trace.schema.json", &["trace", REQUEST_ID]),
        ("trace.schema.json", &["trace", "req_nobody"]),
        ("traces.schema.json", &["trace", "list"]),
        ("issue.schema.json", &["issues", "NOBODY-1"]),
        ("issues.schema.json", &["issues"]),
        ("issue.schema.json", &["issues", "--request-id", REQUEST_ID]),
        ("request.schema.json", &["request", "req_nobody"]),
    ] {
        let arguments = [question, &["--url", &backend.url, "-o", "json"]].concat();
        let (code, text) = run(backend.home.path(), &arguments);
        assert_eq!(code, Some(1), "{question:?}: {text}");
        schemas.assert_valid(name, &serde_json::from_str(&text).unwrap());
    }
}

#[test]
fn a_document_of_another_shape_is_refused() {
    let schemas = Schemas::read();
    let good: Value =
        serde_json::from_str(r#"{"schema":"obs.config/1","files":[],"settings":[]}"#).unwrap();
    assert_eq!(schemas.faults("config.schema.json", &good), Vec::<String>::new());
    for bad in [
        r#"{"schema":"obs.config/2","files":[],"settings":[]}"#,
        r#"{"schema":"obs.config/1","files":[]}"#,
        r#"{"schema":"obs.config/1","files":[1],"settings":[]}"#,
        r#"{"schema":"obs.config/1","files":[],"settings":[],"more":1}"#,
    ] {
        let bad = serde_json::from_str(bad).unwrap();
        assert!(!schemas.faults("config.schema.json", &bad).is_empty(), "{bad}");
    }
}

/// The schemas by file name.
struct Schemas {
    files: BTreeMap<String, Value>,
}

impl Schemas {
    fn read() -> Self {
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        };
        let folder = std::fs::read_dir(root().join("docs/schemas")).unwrap();
        Self { files: folder.map(read).collect() }
    }

    /// Returns the name of the schema that a document says it has.
    fn of(&self, document: &Value) -> &str {
        let named = |schema: &Value| schema["properties"]["schema"]["const"] == document["schema"];
        let found = self.files.iter().find(|(_, schema)| named(schema));
        found.unwrap_or_else(|| panic!("no schema: {}", document["schema"])).0
    }

    fn assert_valid(&self, name: &str, document: &Value) {
        assert_eq!(self.faults(name, document), Vec::<String>::new(), "by {name}: {document}");
    }

    /// Returns what in the document is not as the schema wants it, each with its place.
    fn faults(&self, name: &str, document: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(name, &self.files[name], document, "$", &mut faults);
        faults
    }

    fn check(&self, file: &str, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Value::Object(keywords) = schema else {
            assert_eq!(schema, &Value::Bool(true), "{file}: a schema is an object or true");
            return;
        };
        for (keyword, wanted) in keywords {
            let good = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let (file, schema) = self.target(file, wanted.as_str().unwrap());
                    self.check(file, schema, value, at, faults);
                    true
                }
                "anyOf" => wanted.as_array().unwrap().iter().any(|schema| {
                    let mut inner = Vec::new();
                    self.check(file, schema, value, at, &mut inner);
                    inner.is_empty()
                }),
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "type" => is_of_type(value, wanted),
                "pattern" => value.as_str().is_none_or(|text| {
                    Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)
                }),
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
                "minItems" => value.as_array().is_none_or(|all| all.len() as u64 >= as_u64(wanted)),
                "maxItems" => value.as_array().is_none_or(|all| all.len() as u64 <= as_u64(wanted)),
                "items" | "prefixItems" => {
                    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                        let schema = wanted.as_array().map_or(wanted, |all| &all[place]);
                        self.check(file, schema, item, &format!("{at}[{place}]"), faults);
                    }
                    true
                }
                "required" => value.as_object().is_none_or(|object| {
                    let names = wanted.as_array().unwrap().iter();
                    names.map(|name| name.as_str().unwrap()).all(|name| object.contains_key(name))
                }),
                "properties" => {
                    for (name, schema) in wanted.as_object().unwrap() {
                        if let Some(member) = value.get(name) {
                            self.check(file, schema, member, &format!("{at}.{name}"), faults);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    assert_eq!(wanted, &Value::Bool(false), "{file}: only closed objects");
                    value.as_object().is_none_or(|object| all_known(object, keywords))
                }
                other => panic!("{file} uses `{other}`, which is not checked here"),
            };
            if !good {
                faults.push(format!("{at}: {keyword} {wanted}, found {value}"));
            }
        }
    }

    /// Finds what a reference refers to: `shared.schema.json#/$defs/time`, or a whole file.
    fn target<'a>(&'a self, file: &'a str, reference: &'a str) -> (&'a str, &'a Value) {
        let (name, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if name.is_empty() { file } else { name };
        let found = self.files[name].pointer(pointer);
        (name, found.unwrap_or_else(|| panic!("{file}: nothing is at {reference}")))
    }
}

fn as_u64(number: &Value) -> u64 {
    number.as_u64().unwrap()
}

fn is_of_type(value: &Value, wanted: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    };
    wanted.as_array().map_or_else(|| is(wanted), |names| names.iter().any(is))
}

fn all_known(object: &Map<String, Value>, keywords: &Map<String, Value>) -> bool {
    let known = keywords["properties"].as_object().unwrap();
    object.keys().all(|name| known.contains_key(name))
}

/// Returns the code blocks of a page, each with its language.
fn fences(page: &str) -> Vec<(&str, &str)> {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `obs` with an empty home, so that nothing of the machine it is tested on comes in.
fn obs(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs"));
    command.env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = obs(home).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn stdout(home: &Path, arguments: &[&str]) -> String {
    let (code, text) = run(home, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    text
}

fn answer(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(home, arguments)).unwrap()
}

/// `obs serve` on a free port, killed with the test.
struct Backend {
    url: String,
    home: tempfile::TempDir,
    child: Child,
}

impl Backend {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let ready = home.path().join("ready.json");
        let mut command = obs(home.path());
        command.args(["serve", "--port", "0", "--ready-file", ready.to_str().unwrap()]);
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        while !ready.exists() {
            assert!(started.elapsed() < Duration::from_secs(10), "the backend is not ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        let said: Value = serde_json::from_slice(&std::fs::read(ready).unwrap()).unwrap();
        Self { url: said["url"].as_str().unwrap().to_owned(), home, child }
    }

    fn post(&self, path: &str, fixture: &str) {
        let body = std::fs::read(root().join("tests/fixtures/formats").join(fixture)).unwrap();
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(&body).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{path}: {reply}");
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
