//! `obs logs` on rotated sets, folders and patterns: several files read as one.

use std::io::Write as _;
use std::process::Command;

use insta::assert_snapshot;

use crate::env::Env;

/// A line of the given second of 06:30, with a name.
fn line(second: u8, name: &str) -> String {
    format!("{{\"time\":\"2026-11-22T06:30:{second:02}Z\",\"msg\":\"{name}\"}}\n")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
}

/// A log with four parts that overlap, one of them compressed twice over with other names beside it.
fn rotated() -> Env {
    Env::new()
        .file("app.log", line(7, "h") + &line(9, "j") + &line(9, "k"))
        .file("app.log.1", line(5, "f") + &line(8, "i") + &line(6, "g"))
        .file("app.log.2.gz", gzip(&(line(3, "d") + &line(4, "e"))))
        .file("app.log.10.zst", zstd(&(line(1, "a") + &line(2, "b") + &line(3, "c"))))
        .file("app.log.old", line(0, "other"))
}

#[test]
fn a_rotated_log_is_read_as_one_by_time_and_that_is_said() {
    assert_snapshot!(rotated().obs(["logs", "app.log", "--fields", "time,message"]), @"
    2026-11-22T06:30:01Z a
    2026-11-22T06:30:02Z b
    2026-11-22T06:30:03Z c
    2026-11-22T06:30:03Z d
    2026-11-22T06:30:04Z e
    2026-11-22T06:30:05Z f
    2026-11-22T06:30:06Z g
    2026-11-22T06:30:07Z h
    2026-11-22T06:30:08Z i
    2026-11-22T06:30:09Z j
    2026-11-22T06:30:09Z k
    --- stderr
    note: reading app.log and 3 older files; --no-rotated reads app.log alone
    --- exit 0
    ");
    assert_snapshot!(rotated().obs(["logs", "app.log", "--fields", "message", "--no-rotated"]), @"
    h
    j
    k
    --- exit 0
    ");
}

#[test]
fn a_part_that_was_named_beside_its_log_is_read_once() {
    let env = rotated();
    let all = env.obs(["logs", "app.log", "-o", "raw"]).stdout;
    assert_eq!(all.lines().count(), 11);
    let named = ["logs", "app.log.1", "./app.log", "app.log.2.gz", "-o", "raw"];
    assert_eq!(env.obs(named).stdout, all);
    assert_eq!(env.obs(["logs", "app.lo[g]", "app.log.[0-9]*", "-o", "raw"]).stdout, all);
    assert_eq!(env.obs(["logs", "app.log.1", "-o", "raw"]).stdout.lines().count(), 3);
}

#[test]
fn a_folder_and_a_pattern_are_the_files_in_them() {
    let env = rotated().file("core.db", b"SQLite format 3\0\x10\0").file(".hidden", line(0, "x"));
    std::fs::create_dir_all(env.path().join("deep/er")).unwrap();
    std::fs::write(env.path().join("deep/er/b.log"), b"\0\0\0").unwrap();
    std::fs::write(env.path().join("deep/er/c.log"), line(2, "deep")).unwrap();
    std::fs::remove_dir_all(env.path().join("home")).unwrap();
    let messages = |outcome: &crate::env::Outcome| outcome.stdout.replace('\n', " ");
    let of_folder = env.obs(["logs", ".", "--fields", "message"]);
    assert_eq!(messages(&of_folder), "- other a b deep c d e f g h i j k ", "{of_folder}");
    assert_snapshot!(of_folder.stderr, @"
    note: reading 4 files and 3 older files of them; --no-rotated leaves those out
    note: not read, because no text: ./core.db
    ");
    let alone = env.obs(["logs", "deep", ".", "--fields", "message", "--no-rotated"]);
    assert_eq!(messages(&alone), "- other deep h j k ", "{alone}");
    assert_snapshot!(env.obs(["logs", "deep/**/[c-z].log", "--fields", "message"]), @"
    deep
    --- stderr
    note: reading 1 file
    --- exit 0
    ");
}

#[test]
fn a_damaged_part_hides_no_other() {
    let whole: String = (0..9).map(|second| line(second, &format!("part {second}"))).collect();
    let mut damaged = gzip(&whole);
    damaged.truncate(damaged.len() - 12);
    let env = Env::new()
        .file("app.log", line(40, "after"))
        .file("app.log.1.gz", damaged)
        .file("app.log.2.gz", gzip(&line(0, "before")));
    let outcome = env.obs(["logs", "app.log", "-o", "raw"]);
    assert!(outcome.stdout.starts_with(&line(0, "before")), "{outcome}");
    assert!(outcome.stdout.ends_with(&line(40, "after")), "{outcome}");
    assert!(outcome.stdout.contains("part 0"), "{outcome}");
    let said = "warning: cannot read app.log.1.gz: its gzip data is damaged or ends";
    assert!(outcome.stderr.contains(said), "{outcome}");
    assert_eq!(outcome.status, Some(3));
}

#[test]
fn a_log_that_is_just_being_replaced_is_not_taken_for_an_empty_one() {
    let outcome = Env::new().file("app.log.1", line(1, "a")).obs(["logs", "app.log", "-o", "raw"]);
    assert_snapshot!(outcome, @r#"
    {"time":"2026-11-22T06:30:01Z","msg":"a"}
    --- stderr
    note: reading app.log and 1 older file; --no-rotated reads app.log alone
    warning: cannot read app.log: No such file or directory (os error 2)
    --- exit 3
    "#);
}

#[test]
fn the_last_lines_need_no_more_parts_than_hold_them() {
    let env = rotated();
    assert_snapshot!(env.obs(["logs", "app.log", "-n", "2", "-o", "raw"]), @r#"
    {"time":"2026-11-22T06:30:09Z","msg":"j"}
    {"time":"2026-11-22T06:30:09Z","msg":"k"}
    --- stderr
    note: reading app.log and 3 older files; --no-rotated reads app.log alone
    note: not read: app.log.1 and 2 older files, enough lines are younger
    --- exit 0
    "#);
    let outcome = env.obs(["logs", "app.log", "-n", "5", "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 5);
    assert_eq!(answer["truncated"], true);
}

#[test]
fn parts_that_ended_a_day_before_since_are_not_read_and_named() {
    let env = rotated();
    for (name, day) in [("app.log.10.zst", 19), ("app.log.2.gz", 20), ("app.log.1", 22)] {
        let file = std::fs::File::options().append(true).open(env.path().join(name)).unwrap();
        let stamp: jiff::Timestamp = format!("2026-11-{day}T06:30:10Z").parse().unwrap();
        file.set_modified(stamp.into()).unwrap();
    }
    let outcome = env.obs(["logs", "app.log", "--since", "1h", "-o", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 6, "{outcome}");
    assert_eq!(answer["not_read"], serde_json::json!(["app.log.10.zst", "app.log.2.gz"]));
    assert_snapshot!(outcome.stderr, @"
    note: reading app.log and 3 older files; --no-rotated reads app.log alone
    note: not read: app.log.2.gz and 1 older files, last written more than a day before --since
    ");
}

#[test]
fn a_folder_that_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = Env::new().file("app.log", line(1, "a"));
    let shut = env.path().join("shut");
    std::fs::create_dir(&shut).unwrap();
    std::fs::set_permissions(&shut, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Whoever may read everything is told that nothing is in it.
    let reason = match std::fs::read_dir(&shut) {
        Ok(_) => "no file with lines is in it",
        Err(_) => "Permission denied",
    };
    let outcome = env.obs(["logs", "app.log", "shut", "-o", "raw"]);
    assert_eq!(outcome.stdout, line(1, "a"));
    assert!(outcome.stderr.contains(&format!("warning: cannot read shut: {reason}")), "{outcome}");
    assert_eq!(outcome.status, Some(3));
}

#[test]
fn a_pipe_among_files_is_waited_for_and_merged() {
    let env = Env::new().file("app.log", line(1, "a") + &line(3, "c"));
    let pipe = env.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = env.command(["logs", "app.log", "pipe", "-o", "raw"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::fs::write(&pipe, line(2, "b")).unwrap();
    let output = child.wait_with_output().unwrap();
    let expected = [line(1, "a"), line(2, "b"), line(3, "c")].concat();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn many_large_files_are_merged_without_being_held() {
    let mut env = Env::new();
    let mut expected = Vec::new();
    for file in 0..12_u32 {
        let lines: Vec<String> = (0..3000_u32)
            .map(|n| {
                format!(
                    "{{\"time\":{},\"msg\":\"{file}-{n}\"}}",
                    1_795_329_000_000_u64 + u64::from(n * 12 + file)
                )
            })
            .collect();
        env = env.file(&format!("{file:02}.log"), lines.join("\r\n"));
        expected.push(lines);
    }
    let outcome = env.obs(["logs", "*.log", "-o", "raw"]);
    let merged = (0..3000).flat_map(|n| expected.iter().map(move |lines| lines[n].clone()));
    let shown: Vec<&str> = outcome.stdout.lines().map(|line| line.trim_end_matches('\r')).collect();
    assert!(merged.eq(shown.iter().copied()), "{} lines", shown.len());
}

#[test]
fn a_file_that_appears_in_a_followed_folder_is_followed_and_a_rotated_part_is_not_shown_twice() {
    use std::io::{BufRead as _, BufReader};
    let env = Env::new();
    let folder = env.path().join("logs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.log"), "one\n").unwrap();
    std::fs::write(folder.join("a.log.2.gz"), gzip("older\n")).unwrap();
    let mut command = env.command(["logs", "-f", "logs", "-o", "raw"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "one");
    std::fs::rename(folder.join("a.log"), folder.join("a.log.1")).unwrap();
    std::fs::write(folder.join("b.log"), "two\n").unwrap();
    assert_eq!(lines.next().unwrap(), "two");
    std::fs::write(folder.join("a.log"), "three\n").unwrap();
    assert_eq!(lines.next().unwrap(), "three");
    child.kill().unwrap();
    child.wait().unwrap();
}
