use proptest::prelude::*;

use super::*;

/// Draws the whole and its parts: `DOWN: db fail saturated, disk ok`.
fn drawn(body: &str) -> String {
    let Some(health) = read("application/json", body.as_bytes()) else {
        return "nothing".to_owned();
    };
    let word = |status: Status| format!("{status:?}").to_lowercase();
    fn parts(all: &[Part], word: &dyn Fn(Status) -> String) -> String {
        let one = |part: &Part| {
            let reason = part.reason.map_or_else(String::new, |reason| format!(" {reason:?}"));
            let below = if part.children.is_empty() {
                String::new()
            } else {
                format!(" ({})", parts(&part.children, word))
            };
            format!("{} {}{reason}{below}", part.name, word(part.status))
        };
        all.iter().map(one).collect::<Vec<_>>().join(", ")
    }
    format!("{}: {}", word(health.status), parts(&health.components, &word))
}

#[test]
fn a_truth_value_and_a_line_of_text_are_words_of_health_too() {
    for (body, expected) in [
        (r#"{"ok":false}"#, "fail: "),
        (r#"{"healthy":true}"#, "ok: "),
        (r#"{"status":"UP","ok":false}"#, "ok: "),
        ("not ok", "fail: "),
        ("ERROR: no database\nsee the log", "fail: "),
        ("Welcome", "nothing"),
    ] {
        assert_eq!(drawn(body), expected, "{body}");
    }
}

#[test]
fn each_frameworks_payload_is_unfolded() {
    for (body, expected) in [
        // Spring Actuator, with a composite.
        (
            r#"{"status":"DOWN","components":{"db":{"status":"DOWN","details":{"error":"Connection refused"}},"diskSpace":{"status":"UP"}},"groups":["liveness"]}"#,
            "fail: db fail Refused, diskSpace ok",
        ),
        (
            r#"{"status":"UP","components":{"db":{"status":"UP","components":{"main":{"status":"UP"}}}}}"#,
            "ok: db ok (main ok)",
        ),
        // health+json.
        (
            r#"{"status":"pass","checks":{"cassandra:responseTime":[{"status":"pass","observedValue":250},{"status":"warn","output":"slow"}]}}"#,
            "ok: cassandra:responseTime warn Status",
        ),
        // MicroProfile.
        (r#"{"status":"UP","checks":[{"name":"db","status":"UP","data":{}}]}"#, "ok: db ok"),
        // ASP.NET.
        (
            r#"{"status":"Degraded","totalDuration":"00:00:00.012","entries":{"npgsql":{"status":"Degraded","description":"slow","data":{}}}}"#,
            "warn: npgsql warn Status",
        ),
        // NestJS terminus.
        (
            r#"{"status":"error","info":{},"error":{"db":{"status":"down"}},"details":{"db":{"status":"down","message":"timeout"}}}"#,
            "fail: db fail Timeout",
        ),
        // py-healthcheck.
        (
            r#"{"hostname":"h","status":"failure","results":[{"checker":"db","output":"no","passed":false},{"checker":"mq","passed":true}]}"#,
            "fail: db fail Status, mq ok",
        ),
        // fastapi-health, django-health-check.
        (r#"{"database":"online"}"#, "unknown: database ok"),
        (
            r#"{"DatabaseBackend":"working","Cache":"unavailable: Unknown exception"}"#,
            "unknown: DatabaseBackend ok, Cache fail Status",
        ),
        // The recorded reference service, and the demo with its pool exhausted.
        (
            r#"{"status":"not_ready","checks":{"database":{"status":"fail","error":"database is locked"},"inventory":{"status":"ok","http_status":200,"latency_ms":4.14}}}"#,
            "fail: database fail Status, inventory ok",
        ),
        (
            r#"{"status":"fail","components":{"database":{"status":"fail","error":"timed out waiting for connection"}}}"#,
            "fail: database fail Saturated",
        ),
        (r#"{"status":"ok"}"#, "ok: "),
        (r#"{"hello":"world"}"#, "nothing"),
        ("[]", "nothing"),
        ("Prometheus Server is Ready.", "nothing"),
        (
            "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed",
            "fail: etcd fail Status",
        ),
        ("Healthy", "ok: "),
    ] {
        // A list of both is sorted by name in JSON, and in order in text.
        let expected = expected.replace("fail: etcd", "fail: ping ok, etcd");
        let (mut ours, mut theirs) = (drawn(body), expected);
        for text in [&mut ours, &mut theirs] {
            let (head, parts) = text.split_once(": ").unwrap_or((text, ""));
            let mut parts: Vec<&str> = parts.split(", ").collect();
            parts.sort_unstable();
            *text = format!("{head}: {}", parts.join(", "));
        }
        assert_eq!(ours, theirs, "{body}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in "\\PC{0,60}|[{}\\[\\]\":,a-z]{0,60}") {
        read("application/json", body.as_bytes());
    }
}
