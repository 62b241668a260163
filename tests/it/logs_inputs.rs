//! `obs logs` on real logs of an incident, on dialects in wrappers and on compressed files.

use insta::assert_snapshot;

use crate::env::{Env, Outcome};

const ORDERS: &str = include_str!("../fixtures/logs/incident/orders-api.jsonl");
const INVENTORY: &str = include_str!("../fixtures/logs/incident/inventory.jsonl");
const STDERR: &str = include_str!("../fixtures/logs/incident/inventory.gunicorn.stderr");

/// Returns the places of the records in an answer of `-o jsonl`: `file:line`, by file and line.
fn places(outcome: &Outcome) -> Vec<String> {
    let mut places: Vec<(String, u64)> = Vec::new();
    for line in outcome.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        places.push((
            record["source"].as_str().unwrap().to_owned(),
            record["line"].as_u64().unwrap(),
        ));
    }
    places.sort();
    places.into_iter().map(|(source, line)| format!("{source}:{line}")).collect()
}

#[test]
fn the_requests_of_an_incident_are_exactly_the_lines_that_the_files_hold_for_them() {
    let env = Env::new().file("inventory", INVENTORY).file("orders", ORDERS).file("stderr", STDERR);
    // Found with a script that compares both ids of every line, without dashes and in lower case.
    for (id, inventory, orders) in [
        ("fa5c9ded-f730-4e61-a3ee-6beda7990848", &[32, 33][..], &[132, 133, 134][..]),
        ("2a9727a1-1c48-4ab0-adcf-712d1ad99d58", &[29, 30], &[103, 104, 105, 106]),
        ("ca4e8ffd-2295-4310-855e-9acc970c36ea", &[74, 75], &[336, 337, 338]),
        ("CA4E8FFD22954310855E9ACC970C36EA", &[74, 75], &[336, 337, 338]),
        ("e2a0f5f3-f984-4753-9dd1-0bb4b7569bea", &[], &[54, 55, 56, 57]),
        ("8af9825d-e585-42d0-b088-0ca84a417f4d", &[], &[121, 122, 123]),
        ("a44e4a94-6964-418f-abee-09a560542f68", &[], &[135, 136, 137]),
        ("f2a13976-f82d-40f4-b53a-b5470b41caa5", &[81, 82], &[371, 372, 373]),
        ("0553aa64-33fc-4cf2-ba89-d17da3d94a3e", &[18], &[]),
        ("f0d23686d61e6c54e5fbf7fb442124b6", &[18], &[]),
    ] {
        let outcome = env.obs(["logs", "inventory", "orders", "stderr", "-r", id, "-o", "jsonl"]);
        let named = |file: &str, lines: &[u32]| -> Vec<String> {
            lines.iter().map(|line| format!("{file}:{line}")).collect()
        };
        let expected = [named("inventory", inventory), named("orders", orders)].concat();
        assert_eq!(places(&outcome), expected, "{id}: {outcome}");
    }
}

#[test]
fn errors_in_plain_lines_are_found_with_their_tracebacks() {
    let env = Env::new().file("stderr", STDERR);
    let outcome = env.obs(["logs", "stderr", "--level", "error", "-o", "jsonl"]);
    // What grep counts: every error of Flask's logger, and nothing of gunicorn's.
    let errors = STDERR.lines().filter(|line| line.contains("] ERROR in ")).count();
    assert!(errors > 0);
    assert_eq!(places(&outcome).len(), errors, "{outcome}");
    for line in outcome.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (record["level"].as_str(), record["logger"].as_str()),
            (Some("error"), Some("app"))
        );
        assert!(record["exception"].as_str().unwrap().starts_with("Traceback"), "{line}");
    }
}

#[test]
fn lines_in_wrappers_are_found_by_request_level_and_service() {
    let env = Env::new().file(
        "mixed.log",
        concat!(
            "2026-11-22T06:30:00.1Z stdout F {\"level\":\"error\",\"message\":\"cri\",\"request_id\":\"r-77\"}\n",
            "{\"log\":\"{\\\"level\\\":50,\\\"msg\\\":\\\"docker\\\",\\\"reqId\\\":\\\"r-77\\\"}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T06:30:00.2Z\"}\n",
            "api-1  | 2026-11-22 06:30:00,300 ERROR app.db: compose request_id=r-77\n",
            "time=2026-11-22T06:30:00.4Z level=error msg=logfmt request_id=r-77\n",
            "time=2026-11-22T06:30:00.5Z level=info msg=logfmt request_id=r-77\n",
            "2026-11-22 06:30:00,600 ERROR app.db: another request_id=r-78\n",
        ),
    );
    assert_snapshot!(env.obs(["logs", "mixed.log", "-r", "r-77", "--level", "error"]), @"
    2026-11-22T06:30:00.100Z ERROR cri request_id=r-77
    2026-11-22T06:30:00.200Z ERROR docker stream=stdout request_id=r-77
    2026-11-22T06:30:00.300Z ERROR api compose request_id=r-77 logger=app.db request_id=r-77
    2026-11-22T06:30:00.400Z ERROR logfmt request_id=r-77
    --- exit 0
    ");
    let service = env.obs(["logs", "mixed.log", "--service", "api", "-o", "raw"]);
    assert_snapshot!(service, @"
    api-1  | 2026-11-22 06:30:00,300 ERROR app.db: compose request_id=r-77
    --- exit 0
    ");
}

#[test]
fn lines_that_are_only_shown_look_like_those_of_which_records_are_made() {
    let documented = include_str!("../fixtures/logs/dialects/documented.log");
    let env = Env::new().file("all", documented.to_owned() + STDERR + INVENTORY);
    for [option, value] in [["-o", "human"], ["-o", "raw"], ["--color", "always"], ["-n", "100"]] {
        let shown = env.obs(["logs", "all", option, value]);
        // A condition that holds for every line is held against records.
        let of_records = env.obs(["logs", "all", option, value, "--where", "line >= 1"]);
        assert_eq!(shown.stdout, of_records.stdout, "{option} {value}");
        assert!(shown.stdout.lines().count() >= 100, "{option} {value}: {shown}");
    }
}

#[test]
fn compressed_files_are_read_whole_whatever_their_name() {
    let files: [(&str, &[u8]); 5] = [
        ("xz", include_bytes!("../fixtures/logs/compressed/two.xz")),
        ("lz4", include_bytes!("../fixtures/logs/compressed/two.lz4")),
        ("gzip", include_bytes!("../fixtures/logs/compressed/two.gz")),
        ("zstd", include_bytes!("../fixtures/logs/compressed/two.zst")),
        ("bzip2", include_bytes!("../fixtures/logs/compressed/two.bz2")),
    ];
    for (name, bytes) in files {
        let env = Env::new().file("app.log", bytes).file("cut.log", &bytes[..bytes.len() - 6]);
        let outcome = env.obs(["logs", "app.log", "-o", "jsonl"]);
        assert_eq!((places(&outcome).len(), outcome.status), (2, Some(0)), "{name}: {outcome}");
        let piped = env.obs_with_stdin(["logs", "-o", "jsonl"], bytes);
        assert_eq!((places(&piped).len(), piped.status), (2, Some(0)), "{name}: {piped}");
        // What can be read of a damaged file is shown, and the rest is not passed over.
        let outcome = env.obs(["logs", "cut.log", "--grep", "first"]);
        assert!(outcome.stdout.contains("first member"), "{name}: {outcome}");
        assert!(
            outcome.stderr.contains(&format!("cannot read cut.log: its {name} data")),
            "{outcome}"
        );
        assert_eq!(outcome.status, Some(3), "{name}: {outcome}");
    }
}

#[test]
fn a_compressed_file_is_not_followed() {
    let env = Env::new().file("app.log", include_bytes!("../fixtures/logs/compressed/two.gz"));
    assert_snapshot!(env.obs(["logs", "-f", "app.log"]), @"
    --- stderr
    error: cannot follow app.log
      cause: it is compressed (gzip) and cannot grow
    --- exit 2
    ");
}

#[test]
fn a_terminal_is_read_and_what_to_type_is_said() {
    use std::io::Write as _;
    let terminal = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap();
    rustix::pty::grantpt(&terminal).unwrap();
    rustix::pty::unlockpt(&terminal).unwrap();
    let name = rustix::pty::ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let keyboard = std::fs::File::options().read(true).write(true).open(&name).unwrap();
    let mut terminal = std::fs::File::from(terminal);
    // Ctrl-D at the beginning of a line is the end.
    terminal.write_all(b"typed\n\x04").unwrap();
    let env = Env::new();
    let outcome = env.run(env.command(["logs", "-", "-o", "raw"]).stdin(keyboard));
    assert_snapshot!(outcome, @"
    typed
    --- stderr
    note: reading from the terminal: paste lines and end with Ctrl-D, or name a file: obs logs app.log
    --- exit 0
    ");
}

#[test]
fn lines_that_look_like_the_start_of_a_compressed_file_are_lines() {
    for text in ["B", "BZ\n", "BZip\n", "(\n", "\x04\n"] {
        let outcome = Env::new().obs_with_stdin(["logs", "-o", "raw"], text.as_bytes());
        assert_eq!(outcome.stdout.trim_end(), text.trim_end(), "{outcome}");
    }
}
