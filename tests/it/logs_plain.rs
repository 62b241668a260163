//! `obs logs` of plain lines: access logs, old syslog, klog, files named after services.

use insta::assert_snapshot;

use crate::env::Env;

/// Makes a file seem to have been written to last at that time, in the words of `touch`.
fn written(env: &Env, name: &str, time: &str) {
    let file = env.path().join(name);
    let mut touch = std::process::Command::new("touch");
    assert!(touch.env("TZ", "UTC").args(["-d", time]).arg(file).status().unwrap().success());
}

#[test]
fn access_logs_are_asked_by_what_they_say() {
    let log = "\
10.0.0.7 - ann [22/Nov/2026:06:30:00 +0000] \"GET /api/items HTTP/1.1\" 200 512 \"-\" \"curl/8\"\n\
10.0.0.8 - - [22/Nov/2026:06:30:01 +0000] \"POST /api/orders HTTP/1.1\" 502 17\n\
10.0.0.8 - - [22/Nov/2026:06:30:02 +0000] \"GET /health HTTP/1.1\" 500 -\n";
    let env = Env::new().file("access.log", log);
    let condition = "status >= 500 and path ~ \"^/api\"";
    assert_snapshot!(env.obs(["logs", "access.log", "--where", condition]), @"
    2026-11-22T06:30:01.000Z -     POST /api/orders HTTP/1.1 client=10.0.0.8 method=POST path=/api/orders status=502 size=17
    --- exit 0
    ");
    let counted = env.obs(["logs", "access.log", "--stats", "status"]);
    assert!(counted.stdout.contains("502"), "{counted}");
    let raw = env.obs(["logs", "access.log", "-o", "raw"]);
    assert_eq!(raw.stdout, log);
    assert_eq!(env.obs(["logs", "access.log", "--grep", "\"GET /health"]).status, Some(0));
}

#[test]
fn times_without_a_year_have_that_of_the_last_writing_to_their_file() {
    let env = Env::new()
        .file("syslog", "Dec 31 23:59:59 web app[7]: old\nJan  1 00:00:01 web app[7]: new\n")
        .file("kube.log", "E0101 00:00:02.123456       7 server.go:12] late\n");
    written(&env, "syslog", "2025-01-01T00:00:02Z");
    written(&env, "kube.log", "2026-11-22T06:00:00Z");
    assert_snapshot!(env.obs(["logs", "syslog", "kube.log"]), @"
    2024-12-31T23:59:59.000Z -     app old
    2025-01-01T00:00:01.000Z -     app new
    2026-01-01T00:00:02.123Z ERROR late logger=server.go:12
    --- exit 0
    ");
    let since = env.obs(["logs", "syslog", "--since", "2025-01-01T00:00:00Z", "-o", "raw"]);
    assert_eq!(since.stdout, "Jan  1 00:00:01 web app[7]: new\n");
    let piped = env.obs_with_stdin(["logs"], b"Dec 31 23:59:59 web app[7]: of some year\n");
    assert!(piped.stdout.starts_with("-  "), "{piped}");
}

#[test]
fn a_line_without_a_service_is_of_the_one_that_its_file_is_called_after() {
    let env =
        Env::new().file("inventory.log.1", "ERROR late\n").file("inventory.log", "ERROR later\n");
    let outcome = env.obs(["logs", "inventory.log", "--service", "inventory", "-o", "raw"]);
    assert_eq!(outcome.stdout, "ERROR late\nERROR later\n", "{outcome}");
    assert_eq!(env.obs(["logs", "inventory.log", "--service", "orders"]).status, Some(1));
}
