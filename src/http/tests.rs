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
