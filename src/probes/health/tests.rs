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
        (
            "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed",
            "fail: ping ok, etcd fail Status",
        ),
        ("Healthy", "ok: "),
    ] {
        assert_unfolded(body, expected);
    }
}

/// The parts are in any order: of JSON they are sorted by name, of text they are as they stand.
fn assert_unfolded(body: &str, expected: &str) {
    let sorted = |text: &str| {
        let (head, parts) = text.split_once(": ").unwrap_or((text, ""));
        let mut parts: Vec<&str> = parts.split(", ").collect();
        parts.sort_unstable();
        format!("{head}: {}", parts.join(", "))
    };
    assert_eq!(sorted(&drawn(body)), sorted(expected), "{body}");
}

#[test]
fn each_servers_page_and_each_librarys_is_unfolded() {
    for (body, expected) in [
        // fastapi-health with truths, health+json with a measurement alone.
        (r#"{"database":true,"cache":false}"#, "unknown: database ok, cache fail Status"),
        // alexliesenfeld/health, hellofresh/health-go.
        (
            r#"{"status":"down","details":{"db":{"status":"down","timestamp":"2026-11-22T06:00:00Z","error":"timed out"},"search":{"status":"up"}}}"#,
            "fail: db fail Timeout, search ok",
        ),
        (
            r#"{"status":"Partially Available","timestamp":"t","failures":{"rabbitmq":"connection refused"},"system":{"version":"go1.21"},"component":{"name":"shop"}}"#,
            "warn: rabbitmq warn Refused",
        ),
        (
            r#"{"status":"Unavailable","failures":{"mysql":"Timeout during health check"}}"#,
            "fail: mysql fail Timeout",
        ),
        (r#"{"status":"OK","failures":{}}"#, "ok: "),
        // Sentry.
        (
            r#"{"problems":["Background workers haven't checked in recently."],"healthy":{"CeleryAliveCheck":false,"WarningStatusCheck":true}}"#,
            "fail: CeleryAliveCheck fail Status, WarningStatusCheck ok",
        ),
        (r#"{"problems":[],"healthy":{"CeleryAliveCheck":true}}"#, "ok: CeleryAliveCheck ok"),
        // Grafana, Vault, Elasticsearch, Jaeger.
        (r#"{"commit":"08bf","database":"ok","version":"9.3.2"}"#, "ok: database ok"),
        (r#"{"database":"failing","version":"9.3.2"}"#, "fail: database fail Status"),
        (r#"{"initialized":true,"sealed":true,"standby":true}"#, "fail: "),
        (r#"{"initialized":true,"sealed":false,"standby":true}"#, "ok: "),
        (
            r#"{"cluster_name":"c","status":"yellow","timed_out":false,"number_of_nodes":3,"unassigned_shards":4}"#,
            "warn: ",
        ),
        (
            r#"{"cluster_name":"c","status":"yellow","timed_out":false,"number_of_nodes":1,"unassigned_shards":4}"#,
            "ok: ",
        ),
        (r#"{"status":"Server available","upSince":"2026-11-22T06:00:00Z","uptime":"2m"}"#, "ok: "),
        // RabbitMQ, NATS.
        (r#"{"status":"failed","reason":"There are alarms"}"#, "fail: "),
        (r#"{"status":"unavailable","error":"JetStream is not current"}"#, "fail: "),
        // Prometheus, Loki, Tempo.
        ("Prometheus Server is Ready.", "ok: "),
        ("ready", "ok: "),
        ("Ingester not ready: waiting for 15s after being ready", "fail: "),
        ("Everything you need to know about what is ready", "nothing"),
        ("Degraded", "warn: "),
    ] {
        assert_unfolded(body, expected);
    }
}

#[test]
fn what_real_servers_answered_is_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/health");
    for (file, expected) in [
        ("alertmanager-ready.http", Some(Status::Ok)),
        ("nats-healthz.json", Some(Status::Ok)),
        ("nginx-healthz.http", Some(Status::Ok)),
        ("nginx-stub_status.txt", None),
        ("prometheus-healthy.http", Some(Status::Ok)),
        ("prometheus-ready.http", Some(Status::Ok)),
        ("rabbitmq-aliveness-test__2F.json", Some(Status::Ok)),
        ("rabbitmq-health_checks_local-alarms.json", Some(Status::Ok)),
        ("rabbitmq-health_checks_node-is-quorum-critical.json", Some(Status::Ok)),
    ] {
        let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let text = text.replace("\r\n", "\n");
        let body = text.split_once("\n\n").map_or(text.as_str(), |(_, body)| body);
        assert_eq!(read("", body.as_bytes()).map(|health| health.status), expected, "{file}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in "\\PC{0,60}|[{}\\[\\]\":,a-z]{0,60}") {
        read("application/json", body.as_bytes());
    }
}
