//! Ids from hostile hands, and ids that nobody knows.

use insta::assert_snapshot;

use crate::env::{Env, Serve};

#[test]
fn with_nothing_to_ask_the_error_says_what_to_start() {
    assert_snapshot!(Env::new().obs(["trace", "018f3c1e9b7a7c448d215a0b6f4e2d12"]), @"
    --- stderr
    error: there is nowhere to look: no backend runs here and nothing is stored
      hint: see it work: obs demo
      hint: receive telemetry: obs serve
      hint: ask another backend: --url http://HOST:PORT, or OBS_URL
    --- exit 2
    ");
}

#[test]
fn what_cannot_be_an_id_is_refused() {
    let env = Env::new();
    assert_snapshot!(env.obs(["trace", " "]), @"
    --- stderr
    error: this cannot be an id
      cause: the id is empty
      hint: give a request id, a trace id, a traceparent, a URL, or a log line with one: obs request ID
    --- exit 2
    ");
    assert_snapshot!(env.obs(["request", "a\u{1b}[31mb"]), @"
    --- stderr
    error: this cannot be an id
      cause: the id holds a control character
      hint: give a request id, a trace id, a traceparent, a URL, or a log line with one: obs request ID
    --- exit 2
    ");
    assert_snapshot!(env.obs_with_stdin(["trace", "-"], b""), @"
    --- stderr
    error: this cannot be an id
      cause: the id is empty
      hint: give a request id, a trace id, a traceparent, a URL, or a log line with one: obs request ID
    --- exit 2
    ");
}

#[test]
fn an_unknown_id_is_exit_1_and_says_where_it_was_looked_for() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let redact = |text: String| text.replace(&serve.url, "$URL");
    for id in [
        "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
        "'; drop table spans; --",
        "$(reboot)",
        "../../etc?x=y#z",
    ] {
        for command in ["trace", "request"] {
            let outcome = env.obs([command, id]);
            assert_eq!(outcome.status, Some(1), "{command} {id}: {outcome}");
            assert!(outcome.stdout.is_empty());
            assert!(redact(outcome.stderr).contains("looked in: serve at $URL"), "{id}");
        }
        for command in ["logs", "issues"] {
            let outcome = env.obs([command, "--request-id", id]);
            assert_eq!(outcome.status, Some(1), "{command} {id}: {outcome}");
        }
        assert_eq!(env.obs(["issues", id]).status, Some(1), "{id}");
    }
    let outcome = env.obs(["trace", "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"]);
    assert_snapshot!(redact(outcome.to_string()), @"
    --- stderr
    note: asking the running serve at $URL
    warning: no trace has the id 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12; looked in: serve at $URL
    note: searched as: 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12, 018f3c1e9b7a7c448d215a0b6f4e2d12
    --- exit 1
    ");
    serve.stop();
}

#[test]
fn a_backend_that_is_down_is_exit_3() {
    // Nobody listens on the first port, and no test can be given it.
    let url = "http://127.0.0.1:1";
    for arguments in [["trace", "req_1"], ["request", "req_1"], ["issues", "X-1"], ["logs", "-q"]] {
        let outcome = Env::new().set("OBS_URL", url).obs(arguments);
        assert_eq!(outcome.status, Some(3), "{arguments:?}: {outcome}");
        assert!(outcome.stderr.contains("did not answer"), "{outcome}");
        assert!(outcome.stderr.contains("refused"), "{outcome}");
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    let outcome = Env::new().set("OBS_URL", "not a url").obs(["trace", "req_1"]);
    assert_snapshot!(outcome, @"
    --- stderr
    error: the backend's address ($OBS_URL) cannot be used
      cause: `not a url` is not a URL: relative URL without a base
      hint: an address is http://HOST:PORT
    --- exit 2
    ");
}
