//! Every address that an SDK, a browser or a crash handler builds out of a DSN.

use serde_json::json;

use super::sentry::kept;
use super::*;
use crate::model::{TraceId, UnixNanos};

const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

fn projects(served: &Served) -> Vec<String> {
    let connection = rusqlite::Connection::open(served.store()).unwrap();
    let mut statement = connection.prepare("SELECT project FROM items ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_envelope_is_taken_below_any_prefix_and_with_a_key_in_any_place() {
    let served = Served::new();
    let body = |number: usize| format!("{{}}\n{{\"type\":\"session\"}}\n{{\"number\":{number}}}");
    let key = "Sentry sentry_key=0123, sentry_version=7, sentry_client=x/1";
    let sent = [
        ("/api/1/envelope/", "accept", "*/*"),
        ("/api/2/envelope", "x-sentry-auth", key),
        ("/a/prefix/api/3/envelope/", "authorization", key),
        ("/prefix/api/4/envelope", "authorization", "DSN http://0123@localhost/4"),
        ("/api/5/envelope/?sentry_key=0123&sentry_version=7", "origin", "http://localhost:3000"),
        ("/api/shop%20web/envelope/?glitchtip_key=0123", "accept", "*/*"),
        ("/api/obs/v1/api/7/envelope/", "accept", "*/*"),
    ];
    for (number, (path, header, value)) in sent.into_iter().enumerate() {
        let request = Request::post(path).header(header, value).body(body(number).into()).unwrap();
        let answer = served.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    assert_eq!(projects(&served), ["1", "2", "3", "4", "5", "shop web", "7"]);
}

#[tokio::test]
async fn a_tunnel_finds_the_project_in_the_envelope() {
    let served = Served::new();
    for path in ["/tunnel", "/stream"] {
        let body =
            format!("{{\"dsn\":\"http://k@localhost/9\"}}\n{{\"type\":\"session\"}}\n{path}");
        assert_eq!(
            served.post(path, "text/plain;charset=UTF-8", body).await.status,
            StatusCode::OK
        );
    }
    assert_eq!(projects(&served), ["9", "9"]);
}

#[tokio::test]
async fn other_addresses_stay_what_they_are() {
    let served = Served::new();
    for path in ["/prefix/api/1/envelope/", "/x", "/api/1/nothing/"] {
        assert_eq!(served.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = served.post("/prefix/api/1/nothing/", "", "{}").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"], "nothing is at /prefix/api/1/nothing/; GET / lists what is");
    assert_eq!(served.get("/api/1/envelope/").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_in_sentrys_shape() {
    let served = Served::new();
    for path in ["/api/1/envelope/", "/p/api/1/store/", "/api/1/security/", "/api/1/minidump/"] {
        let request = Request::post(path).header("content-encoding", "gzip");
        let answer = served.send(request.body("\x1f\u{1}broken".into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.headers["x-sentry-error"], detail, "{path}");
        assert_eq!(answer.json()["causes"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn spans_by_otlp_below_a_project_are_the_same_spans() {
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": ID, "spanId": "1122334455667788", "name": "x",
        "startTimeUnixNano": "1", "endTimeUnixNano": "2" }] }] }] });
    for path in [
        "/api/1/integration/otlp/v1/traces",
        "/api/1/integration/otlp/v1/traces/",
        "/prefix/api/1/integration/otlp/v1/traces/",
    ] {
        let served = Served::new();
        assert_eq!(served.post_json(path, &request).await.status, StatusCode::OK, "{path}");
        let spans = served.reader().trace(TraceId::from_hex(ID).unwrap()).unwrap();
        assert_eq!(spans.len(), 1, "{path}");
    }
    for path in ["/api/1/integration/otlp/v1/logs", "/p/api/1/integration/otlp/v1/logs"] {
        let answer = Served::new().post_json(path, &json!({ "resourceLogs": [] })).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_browsers_report_is_an_error_event_with_its_own_bytes() {
    let served = Served::new();
    let report = "{ \"csp-report\": {\"document-uri\":\"https://shop.example/cart\",\
        \"effective-directive\":\"script-src\",\"blocked-uri\":\"https://evil.example/a.js\"} }";
    let path = "/api/1/security/?sentry_key=0123&sentry_release=shop%401&sentry_environment=live";
    for _ in 0..2 {
        let answer = served.post(path, "application/csp-report", report).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let list = format!(
        "[{}]",
        json!({ "type": "csp-violation", "body":
        { "effectiveDirective": "script-src", "blockedURL": "https://evil.example/b.js",
          "documentURL": "https://shop.example/" } })
    );
    let answer = served.post(path, "application/reports+json", list).await;
    // A page that is loaded again reports the same again: three times one fault.
    let issues = served.reader().issues(UnixNanos(0), 10).unwrap();
    assert_eq!((issues.len(), issues[0].events), (1, 3));
    assert_eq!(issues[0].title, "Blocked 'script-src' from 'https://evil.example'");
    assert_eq!((issues[0].culprit.as_str(), issues[0].release.as_str()), ("script-src", "shop@1"));
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let event = &served.reader().events_of(&[id]).unwrap()[0];
    assert_eq!(event.environment, "live");
    let all = served.reader().issue_events(&issues[0].id, 10).unwrap();
    let raw: Vec<_> = all.iter().map(|event| event.raw.as_ref().unwrap().get()).collect();
    assert_eq!(raw.iter().filter(|raw| **raw == report.trim()).count(), 2);
    let refused = served.post(path, "application/csp-report", "{\"age\":1}").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_crash_dump_is_kept_as_it_was_posted() {
    let served = Served::new();
    let form = "multipart/form-data; boundary=x";
    let body =
        "--x\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"\r\n\r\nMDMP\r\n--x--";
    for _ in 0..2 {
        let answer = served.post("/api/1/minidump/?sentry_key=0", form, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text().len(), 36, "a dashed id");
    }
    let header = json!({ "type": "attachment", "attachment_type": "event.minidump",
        "content_type": form, "length": body.len() });
    let expected = vec![("attachment".to_owned(), header, body.as_bytes().to_vec())];
    assert_eq!(kept(&served), expected);
    let empty = served.post("/api/1/minidump/", form, "").await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
}
