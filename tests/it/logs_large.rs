//! A file so large that it is not read from its start to its end: the answer is that of a pipe, which is.

use std::fs::File;

use crate::env::Env;

const UUID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

/// 33 MiB, a line a second; the id on a few, and a traceback below one of them.
fn log() -> String {
    let padding = "x".repeat(7 << 10);
    let line = |second: usize| {
        let (minute, id) = (second / 60, if second % 1000 == 7 { UUID } else { "" });
        let below = if second == 2007 {
            "Traceback (most recent call last):\n  a\nKeyError: b\n"
        } else {
            ""
        };
        format!(
            "{{\"time\":\"2026-11-22T{:02}:{:02}:{:02}Z\",\"request_id\":\"{id}\",\"x\":\"{padding}\"}}\n{below}",
            minute / 60,
            minute % 60,
            second % 60
        )
    };
    (0..4900).map(line).collect()
}

#[test]
fn what_is_found_by_looking_ahead_is_what_is_found_by_reading_everything() {
    let log = log();
    let env = Env::new().file("app.log", &log);
    let id = ["--request-id", UUID];
    let times = ["--since", "2026-11-22T00:33:20Z", "--until", "2026-11-22T00:33:50Z"];
    for (asked, count) in
        [(id.to_vec(), 5), (times.to_vec(), 31), ([id, [times[0], times[1]]].concat(), 3)]
    {
        let of = |file: &str, format: &str| {
            let mut command = env.command(["logs", file, "-o", format]);
            command.args(&asked).stdin(File::open(env.path().join("app.log")).unwrap());
            env.run(&mut command).stdout
        };
        assert_eq!(of("app.log", "raw"), of("-", "raw"), "{asked:?}");
        let ahead = of("app.log", "jsonl").replace("app.log", "stdin");
        assert_eq!(ahead, of("-", "jsonl"), "{asked:?}");
        assert_eq!(ahead.lines().count(), count, "{asked:?}");
    }
}
