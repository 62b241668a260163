//! What is asked, how it is shown, and past whom.

use super::*;

#[test]
fn an_id_in_a_path_is_percent_encoded() {
    let url = address("http://127.0.0.1:1/base/", &["issues", "../x?y#z %"]).unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:1/base/issues/..%2Fx%3Fy%23z%20%25");
}

#[test]
fn a_url_is_shown_without_its_secrets() {
    let url = Url::parse("http://user:pass@host/p?token=abc#f").unwrap();
    assert_eq!(shown(&url), "http://host/p");
}

#[test]
fn only_loopback_is_asked_past_a_proxy() {
    for (url, loopback) in [
        ("http://127.0.0.1:1/", true),
        ("http://[::1]/", true),
        ("http://localhost:4318", true),
        ("http://localhost.example", false),
        ("http://10.0.0.1", false),
    ] {
        assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
    }
}

#[test]
fn only_http_is_asked() {
    assert!(address("file:///etc/passwd", &[]).is_err());
    assert!(address("127.0.0.1:4318", &[]).is_err());
}

#[tokio::test]
async fn a_server_that_takes_connections_and_no_handshake_is_told_from_one_that_takes_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let (short, long) = (Duration::from_millis(300), Duration::from_mins(1));
    let ids = RunIds {
        request_id: "r".to_owned(),
        trace_id: crate::model::TraceId::new(1).unwrap(),
        span_id: crate::model::SpanId::new(1).unwrap(),
        caller: None,
    };
    // The connection's bound and that of the page: each says how long it was.
    for (of_all, of_page) in [(short, long), (long, short)] {
        let http = Http::new(of_all, &ids);
        let limits = Limits { bytes: 1, timeout: of_page };
        let error = http.fetch(&url, "*/*", limits).await.unwrap_err();
        let expected = "connected, and no answer to its TLS handshake within 300ms";
        assert_eq!((error.reason, error.message.as_str()), (Reason::Timeout, expected));
    }
}
