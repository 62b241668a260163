//! The index of a log file: what it changes of an answer (nothing), and what it says of itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use proptest::prelude::*;

use crate::env::{Env, Outcome};

const UUID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";
const OTHER: &str = "7d9f0a11-3c52-4a6e-9f05-c1d2e3f4a5b6";

/// A log of 1.4 MiB, in which the id stands on known lines: 1-based numbers.
fn log(lines: &[usize]) -> String {
    let line = |number: usize| {
        let id = if lines.contains(&number) { UUID.to_owned() } else { other(number) };
        let (minute, second) = (number / 60 % 60, number % 60);
        format!(
            "{{\"timestamp\": \"2026-11-22T06:{minute:02}:{second:02}Z\", \"level\": \"info\", \
             \"request_id\": \"{id}\", \"event\": \"handled\", \"path\": \"/api/orders/{number}\"}}\n"
        )
    };
    (1..=10_000).map(line).collect()
}

/// An id that only this line has.
fn other(number: usize) -> String {
    let number = number as u64;
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{number:04x}-4a6e-9f05-{:012x}", mixed >> 32, mixed & 0xffff_ffff_ffff)
}

fn numbers(outcome: &Outcome) -> Vec<u64> {
    let number =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["line"].as_u64();
    outcome.stdout.lines().map(|line| number(line).unwrap()).collect()
}

fn indexed(env: &Env, file: &str) {
    let outcome = env.obs(["logs", "index", file]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
}

fn stored(env: &Env) -> Vec<PathBuf> {
    let Ok(kept) = fs::read_dir(env.path().join("home/.cache/obs/logs")) else { return Vec::new() };
    kept.map(|entry| entry.unwrap().path()).collect()
}

/// Asks with the index and without; returns both answers, which have to be the same.
fn both<const N: usize>(env: &Env, arguments: [&str; N]) -> Outcome {
    let with = env.run(env.command(arguments).arg("--explain"));
    let without = env.run(env.command(arguments).arg("--no-index"));
    assert_eq!((&with.stdout, with.status), (&without.stdout, without.status), "{with}");
    with
}

#[test]
fn an_index_leaves_the_answer_as_it_is_and_most_of_the_file_unread() {
    let env = Env::new().file("app.log", log(&[70, 5000, 9999]));
    indexed(&env, "app.log");
    for id in [UUID, "018F3C1E9B7A7C448D215A0B6F4E2D12"] {
        let outcome = both(&env, ["logs", "app.log", "-r", id, "-o", "jsonl"]);
        assert_eq!(numbers(&outcome), [70, 5000, 9999]);
        assert!(outcome.stderr.contains("its index covers 1."), "{outcome}");
        assert!(outcome.stderr.contains(" read, "), "{outcome}");
    }
    let outcome = env.obs(["logs", "app.log", "-r", UUID, "--explain"]);
    assert_eq!(
        outcome.stderr,
        "note: app.log: its index covers 1.4 MiB of 1.4 MiB; 764 KiB read, 767 KiB passed over\n"
    );
}

#[test]
fn an_id_that_is_nowhere_is_counted_over_all_lines() {
    let env = Env::new().file("app.log", log(&[]));
    indexed(&env, "app.log");
    let outcome = both(&env, ["logs", "app.log", "-r", UUID]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("; 0 B read, "), "{outcome}");
    assert!(outcome.stderr.contains("none of 10000 lines in app.log matches"), "{outcome}");
}

#[test]
fn of_a_compressed_file_without_the_id_nothing_is_read() {
    let mut packed = flate2::read::GzEncoder::new(
        std::io::Cursor::new(log(&[5000])),
        flate2::Compression::fast(),
    );
    let mut bytes = Vec::new();
    packed.read_to_end(&mut bytes).unwrap();
    let env = Env::new().file("app.log.1.gz", &bytes);
    indexed(&env, "app.log.1.gz");
    let outcome = both(&env, ["logs", "app.log.1.gz", "-r", OTHER]);
    assert!(outcome.stderr.contains("; 0 B read, 1.4 MiB passed over"), "{outcome}");
    assert!(outcome.stderr.contains("none of 10000 lines in app.log.1.gz matches"), "{outcome}");
    let outcome = both(&env, ["logs", "app.log.1.gz", "-r", UUID, "-o", "json"]);
    assert!(outcome.stdout.contains("\"line\":5000"), "{outcome}");

    // Damaged at its end, it has another size: no index, and what is missing is said.
    fs::write(env.path().join("app.log.1.gz"), &bytes[..bytes.len() - 1000]).unwrap();
    let outcome = env.obs(["logs", "app.log.1.gz", "-r", OTHER, "--explain"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("read whole (no index: the file was truncated)"), "{outcome}");
    let outcome = env.obs(["logs", "index", "app.log.1.gz"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(
        outcome.stderr.contains("no index of app.log.1.gz: its gzip data is damaged"),
        "{outcome}"
    );
}

#[test]
fn what_is_appended_is_found_and_a_renamed_file_keeps_its_index() {
    let env = Env::new().file("app.log", log(&[70]));
    indexed(&env, "app.log");
    let line = format!("{{\"level\": \"info\", \"trace_id\": \"{UUID}\", \"event\": \"late\"}}\n");
    let mut file = fs::OpenOptions::new().append(true).open(env.path().join("app.log")).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    fs::rename(env.path().join("app.log"), env.path().join("app.log.1")).unwrap();
    let outcome = both(&env, ["logs", "app.log.1", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [70, 10_001]);
    assert!(outcome.stderr.contains("its index covers"), "{outcome}");
    let outcome = env.obs(["logs", "index", "app.log.1"]);
    assert!(outcome.stdout.contains("of them known before"), "{outcome}");
}

#[test]
fn a_file_written_anew_is_read_whole() {
    let env = Env::new().file("app.log", log(&[70]));
    indexed(&env, "app.log");
    // As copytruncate leaves it: the same inode, other lines, longer by now.
    fs::write(env.path().join("app.log"), log(&[80]).repeat(2)).unwrap();
    let outcome = both(&env, ["logs", "app.log", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [80, 10_080]);
    fs::write(env.path().join("app.log"), log(&[1])).unwrap();
    let outcome = both(&env, ["logs", "app.log", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [1]);
    assert!(outcome.stderr.contains("app.log: read whole (no index: the file was "), "{outcome}");
}

#[test]
fn a_damaged_index_is_said_to_be_and_removed() {
    let env = Env::new().file("app.log", log(&[70]));
    indexed(&env, "app.log");
    let [path] = stored(&env).try_into().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // The rows stand in the middle: all of them, so that one is met.
    let length = bytes.len();
    for byte in &mut bytes[200..length - 2000] {
        *byte ^= 1;
    }
    fs::write(&path, bytes).unwrap();
    let outcome = both(&env, ["logs", "app.log", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [70]);
    assert!(outcome.stderr.contains("read whole (no index: it is damaged)"), "{outcome}");
    assert!(stored(&env).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_to_hinders_no_answer() {
    let env = Env::new().file("app.log", log(&[70])).file("home/.cache", "no folder");
    let outcome = both(&env, ["logs", "app.log", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [70]);
    let outcome = env.obs(["logs", "index", "app.log"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
}

#[test]
fn what_an_index_cannot_tell_is_said() {
    let env = Env::new().file("app.log", log(&[70]));
    let outcome = env.obs(["logs", "app.log", "-r", "req_8fK2", "--explain"]);
    assert!(
        outcome.stderr.contains("the id has no 16 letters, digits, - and _ in a row"),
        "{outcome}"
    );
    let outcome = env.obs(["logs", "app.log", "-l", "fatal", "--explain"]);
    assert!(outcome.stderr.contains("app.log: read whole (no id is asked for)"), "{outcome}");
    let outcome = env.obs_with_stdin(["logs", "-", "-r", UUID, "--explain"], b"{}\n");
    assert!(outcome.stderr.contains("standard input is read whole"), "{outcome}");
    let outcome = env.obs(["logs", "app.log", "-r", UUID, "--explain", "--no-index"]);
    assert!(outcome.stderr.contains("app.log: read whole (--no-index)"), "{outcome}");
}

#[test]
fn a_file_called_index_is_read_by_its_path() {
    let env = Env::new().file("index", log(&[70])).file("app.log", log(&[80]));
    let outcome = env.obs(["logs", "./index", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [70], "{outcome}");
    let outcome = env.obs(["logs", "app.log", "index", "-r", UUID, "-o", "jsonl"]);
    assert_eq!(numbers(&outcome), [70, 80], "{outcome}");
}

#[test]
fn a_large_file_gets_its_index_after_the_second_look() {
    let large = log(&[70]).repeat(45);
    assert!(large.len() > 64 << 20);
    let env = Env::new().file("app.log", large);
    let ask = || env.obs(["logs", "app.log", "-r", UUID, "-o", "jsonl", "--explain"]);
    let first = ask();
    assert!(
        first.stderr.contains("searched whole, on all cores (no index: there is none)"),
        "{first}"
    );
    assert!(stored(&env).iter().all(|path| path.extension().unwrap() == "seen"));
    let second = ask();
    assert!(second.stderr.contains("there is none; one is made after this"), "{second}");
    assert!(second.stderr.contains("app.log has an index now for the next look"), "{second}");
    let third = ask();
    assert!(third.stderr.contains("its index covers"), "{third}");
    assert_eq!((&first.stdout, &first.stdout), (&second.stdout, &third.stdout));
    assert_eq!(numbers(&first).len(), 45);
}

/// Lines with the id in a field, in a message, as another's, without a time, in a traceback, or cut.
fn odd_line() -> impl Strategy<Value = String> {
    let hex = UUID.replace('-', "");
    prop_oneof![
        Just(format!("{{\"time\":\"2026-11-22T06:30:00Z\",\"request_id\":\"{UUID}\"}}\n")),
        Just(format!("{{\"trace_id\":\"{}\"}}\n", hex.to_uppercase())),
        Just(format!("{{\"msg\":\"seen\\n{hex}\"}}\n")),
        Just(format!("{{\"request_id\":\"{UUID}\n")),
        Just(format!("{{\"request_id\":\"x{hex}y\"}}\n")),
        Just(format!(
            "{{\"request_id\":\"{UUID}\"}}\nTraceback (most recent call last):\n  a\nE\n"
        )),
        Just(format!("2026-11-22 06:31:00 ERROR app: failed request_id={UUID}\n")),
        Just("Traceback (most recent call last):\n  File \"a\"\nKeyError: 1\n".to_owned()),
        Just("\u{0}\u{0}\r\n".to_owned()),
        Just(format!("{{\"note\":\"{}\"}}\n", "y".repeat(300_000))),
        (0..60_u32).prop_map(|minute| format!("{{\"time\":\"2026-11-22T06:{minute:02}:00Z\"}}\n")),
        (1..4000_usize).prop_map(|lines| "no time here, and no long word\n".repeat(lines)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn the_answer_is_the_same_with_and_without_an_index(
        lines in prop::collection::vec((odd_line(), 1_usize..1500), 1..25),
        since in any::<bool>(), anywhere in any::<bool>(), appended in any::<bool>(),
    ) {
        let mut text = String::new();
        for (number, (line, filling)) in lines.iter().enumerate() {
            text.push_str(line);
            let ids = (0..*filling).map(|line| other(number * 9000 + line));
            text.extend(ids.map(|id| format!("{{\"request_id\":\"{id}\"}}\n")));
        }
        let (first, last) = text.split_at(text.len() / 2);
        let env = Env::new().file("app.log", if appended { first } else { &text });
        indexed(&env, "app.log");
        if appended {
            let path = env.path().join("app.log");
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(last.as_bytes()).unwrap();
        }
        let bounds = if since { "2026-11-22T06:20:00Z" } else { "2020-01-01T00:00:00Z" };
        let level = if anywhere { "--anywhere" } else { "--full" };
        for format in ["json", "raw", "human"] {
            let asked = ["logs", "app.log", "-r", UUID, "-o", format, "--since", bounds, level];
            let outcome = both(&env, asked);
            prop_assert!(outcome.stderr.contains("its index covers"), "{}", outcome);
            let outcome = both(&env, ["logs", "app.log", "-r", UUID, "-o", format, level]);
            prop_assert!(outcome.stderr.contains("its index covers"), "{}", outcome);
        }
    }
}

#[test]
fn a_pipe_gets_no_index_and_is_not_waited_for() {
    let env = Env::new();
    let pipe = env.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let outcome = env.obs(["logs", "index", "pipe"]);
    assert!(outcome.stderr.contains("no index of pipe: it is no file that stays"), "{outcome}");
    assert_eq!(outcome.status, Some(3), "{outcome}");
}
