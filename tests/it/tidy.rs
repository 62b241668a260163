//! The rules of the tree that no compiler knows: layers, sizes, who prints, who reads the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules a module may import; `docs/ARCHITECTURE.md` has the same table with the reasons.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("logs", &["model"]),
    ("traces", &["model"]),
    ("runbook", &["model"]),
    ("config", &["model"]),
    ("wire", &["model"]),
    ("store", &["model"]),
    ("http", &["model", "config"]),
    ("sources", &["model", "wire", "logs", "config", "http", "store"]),
    ("metrics", &["model"]),
    ("probes", &["model", "config", "http", "metrics", "sources"]),
    ("gather", &["model", "config", "sources", "logs", "traces"]),
    ("process_metrics", &[]),
    ("serve", &["model", "wire", "store", "config", "logs", "traces", "render", "process_metrics"]),
    ("demo", &["process_metrics"]),
    ("render", &["model", "traces", "runbook", "metrics"]),
    ("telemetry", &["model", "config", "http", "render"]),
    ("error", &["model", "config", "http", "render"]),
    (
        "context",
        &["model", "logs", "config", "http", "sources", "gather", "runbook", "render", "error"],
    ),
    (
        "commands",
        &[
            "model",
            "config",
            "http",
            "sources",
            "gather",
            "logs",
            "traces",
            "metrics",
            "probes",
            "serve",
            "store",
            "demo",
            "runbook",
            "render",
            "error",
            "context",
            "completion",
            "cli",
            "model",
            "config",
            "http",
            "sources",
            "gather",
            "logs",
            "traces",
            "serve",
            "store",
            "demo",
            "render",
            "error",
            "context",
            "metrics",
            "probes",
        ],
    ),
    ("completion", &["model", "config", "http", "sources", "probes", "runbook", "context"]),
    ("cli", &["commands", "completion", "context", "error", "telemetry"]),
    ("watch", &["cli", "config", "context", "error", "http", "render", "telemetry"]),
    ("lib", &["cli", "watch"]),
    ("main", &[]),
];

/// The one file of `sources` that may open the store.
const STORE_EDGE: &str = "src/sources/local.rs";

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const MEDIAN_LINES_MAX: usize = 150;

struct Source {
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap();
        rest.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests")
            || self.path.ends_with("tests.rs")
    }

    /// The text before the file's own tests.
    fn without_tests(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut waiting = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path: PathBuf = path.strip_prefix(root()).unwrap().into();
                found.push(Source { path: path.display().to_string(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty());
    found
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Returns what a line imports of our own: `use crate::x::…`, or `crate::x::` in an expression.
fn imports(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .filter_map(|(at, _)| {
            let name = line.get(at + "crate::".len()..)?;
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            name.get(..end)
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_layer_imports_only_what_lies_below_it() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut complaints = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        let module = source.module();
        let Some(allowed) = layers.get(module) else {
            complaints.push(format!("{}: `{module}` is in no layer", source.path));
            continue;
        };
        for (number, line) in source.without_tests().lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            if line.contains("use crate::{") {
                complaints.push(format!("{}:{}: name one module a `use`", source.path, number + 1));
            }
            for name in imports(line).into_iter().filter(|name| layers.contains_key(name)) {
                let edge = name != "store"
                    || module != "sources"
                    || source.path == STORE_EDGE
                    || source.path == "src/sources/mod.rs";
                if name != module && !(allowed.contains(&name) && edge) {
                    let place = format!("{}:{}", source.path, number + 1);
                    complaints.push(format!("{place}: \"{module}\" must not import \"{name}\""));
                }
            }
        }
    }
    complain(&complaints);
}

#[test]
fn no_command_uses_another() {
    let mut complaints = Vec::new();
    for source in sources("src/commands") {
        let own = source.path.split('/').nth(2).unwrap().trim_end_matches(".rs").to_owned();
        for (number, line) in source.text.lines().enumerate() {
            let other = line.split("crate::commands::").nth(1);
            if other.is_some_and(|rest| !rest.starts_with(&own)) {
                complaints.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn files_and_functions_stay_small() {
    let mut complaints = Vec::new();
    let mut lengths = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let lines = source.text.lines().count();
        lengths.push(lines);
        if lines > FILE_LINES_MAX {
            complaints.push(format!("{}: {lines} lines", source.path));
        }
        for (name, lines) in functions(&source.text) {
            if lines > FUNCTION_LINES_MAX {
                complaints.push(format!("{}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > MEDIAN_LINES_MAX {
        complaints.push(format!("the median file has {median} lines"));
    }
    complain(&complaints);
}

/// Finds functions by their indentation, which rustfmt guarantees.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let (indent, _) = line.split_at(line.len() - trimmed.len());
        let Some((before, after)) = trimmed.split_once("fn ") else { continue };
        let qualifiers = ["", "pub ", "pub(super) ", "pub(crate) ", "async ", "const "];
        let plain = before.split_inclusive(' ').all(|word| qualifiers.contains(&word));
        if !plain {
            continue;
        }
        let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let close = format!("{indent}}}");
        let one_line = line.ends_with('}') || line.ends_with(';');
        let end = lines[start..].iter().position(|line| *line == close);
        found.push((name, if one_line { 1 } else { end.unwrap_or(0) + 1 }));
    }
    found
}

#[test]
fn only_render_prints_and_only_config_reads_the_environment() {
    let mut complaints = Vec::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        for (number, line) in source.without_tests().lines().enumerate() {
            let place = || format!("{}:{}: {}", source.path, number + 1, line.trim());
            let prints = ["println!", "eprintln!", "print!(", "io::stdout()", "io::stderr()"];
            let asks = line.contains("is_terminal()");
            // The reference service is an application of its own: its log goes to its output.
            let own = matches!(source.module(), "render" | "demo");
            if !own && !asks && prints.iter().any(|print| line.contains(print)) {
                complaints.push(place());
            }
            let reads = line.contains("env::var");
            if reads && source.path != "src/config/env.rs" && source.module() != "demo" {
                complaints.push(place());
            }
        }
    }
    complain(&complaints);
}

#[test]
fn every_module_says_what_it_is_and_nothing_is_left_for_later() {
    let mut complaints = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")) {
        if !source.text.starts_with("//! ") && !source.path.ends_with("/tests.rs") {
            complaints.push(format!("{}: no `//!` at its top", source.path));
        }
        for word in ["TODO", "FIXME", "XXX", "#[ignore"] {
            if source.text.contains(word) && source.path != "tests/it/tidy.rs" {
                complaints.push(format!("{}: holds {word}", source.path));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn no_dependency_brings_openssl_or_a_second_tls() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for banned in ["openssl-sys", "native-tls", "aws-lc-sys", "cmake"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} is in Cargo.lock");
    }
}
