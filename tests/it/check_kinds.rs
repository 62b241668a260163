//! `obs check`: what only some kinds of check have, and what is on this machine.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::env::{Env, Outcome};
use crate::fake::Fake;

fn checked(toml: &str) -> Outcome {
    // A user's own file may run programs; a repository's may not.
    Env::new().user_config(toml).obs(["check", "-o", "json"])
}

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"))
}

/// Draws `status reason message` of the only check.
fn drawn(toml: &str) -> String {
    let document = document(&checked(toml));
    let check = &document["checks"][0];
    let text = |key: &str| check[key].as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", text("status"), text("reason"), text("message"))
}

fn page(url: &str, path: &str, keys: &str) -> String {
    format!("[[check]]\nid = 'a'\nkind = 'http'\ntarget = '{url}{path}'\n{keys}\n")
}

#[test]
fn what_is_expected_of_a_page_is_held_against_it() {
    let fake = Fake::start();
    for (path, keys, expected) in [
        ("/queue", "json = '$.queue.depth < 200'", "ok - 200, \"UP\""),
        (
            "/queue",
            "json = ['$.status', '$.queue.depth < 100']",
            "fail body_mismatch 200, \"UP\"; $.queue.depth < 100 was expected, and it is 120",
        ),
        (
            "/html",
            "json = '$.status == \"UP\"'",
            "fail body_mismatch 200, a page in HTML, 35 bytes; the body is a page in HTML, and $.status == \"UP\" was expected",
        ),
        (
            "/html",
            "body = 'goodbye'",
            "fail body_mismatch 200, a page in HTML, 35 bytes; the body does not match `goodbye`",
        ),
        (
            "/html",
            "body = 'welcome'\nheader = { content-type = '^text/' }",
            "ok - 200, a page in HTML, 35 bytes",
        ),
        (
            "/html",
            "header = { content-type = 'json', etag = '.' }",
            "fail body_mismatch 200, a page in HTML, 35 bytes; content-type is `text/html` and does not match `json`; there is no header etag",
        ),
        ("/none", "status = 404", "ok - 404, 12 bytes"),
        (
            "/ok",
            "status = ['3xx', 404]",
            "fail status 200, \"UP\", and 300-399 or 404 was expected",
        ),
        ("/to-login", "status = 302\nredirects = 0", "ok - 302, 0 bytes"),
        ("/busy", "", "fail overloaded 429, to be asked again after 30s"),
        (
            "/circle",
            "",
            "fail redirect_loop redirects in a circle: /circle -> /circle/2 -> /circle",
        ),
    ] {
        assert_eq!(drawn(&page(&fake.url, path, keys)), expected, "{path} {keys}");
    }
}

#[test]
fn a_key_that_another_kind_has_is_refused_with_that_kind() {
    for (key, owner) in [("status = 200", "http"), ("window = '2s'", "metrics")] {
        let toml = format!("[[check]]\nid = 'a'\nkind = 'tcp'\ntarget = 'a:1'\n{key}\n");
        let name = key.split(' ').next().unwrap();
        assert_eq!(
            drawn(&toml),
            format!(
                "unknown config config.toml:1: the check `a` has the key `{name}`, which only the kind {owner} has"
            )
        );
        assert_eq!(checked(&toml).status, Some(3));
    }
}

#[test]
fn a_page_that_is_asked_for_without_its_tls_says_so_and_the_reverse() {
    let port = Fake::start_tls("127.0.0.1");
    let plain = page(&format!("http://127.0.0.1:{port}"), "/", "");
    assert!(drawn(&plain).starts_with("fail tls_required "), "{}", drawn(&plain));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            // Closing with unread bytes would be a reset, and take the answer with it.
            let read = socket.read(&mut [0; 4096]).unwrap_or(0);
            let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
            drop((read > 0).then(|| socket.write_all(answer)));
        }
    });
    let tls = page(&format!("https://127.0.0.1:{port}"), "/", "");
    assert!(drawn(&tls).starts_with("fail tls_missing "), "{}", drawn(&tls));
}

#[test]
fn of_a_page_with_a_bad_certificate_all_that_is_wrong_is_told() {
    let port = Fake::start_tls("127.0.0.2");
    let outcome = checked(&page(&format!("https://127.0.0.2:{port}"), "/", ""));
    let document = document(&outcome);
    let rows = document["checks"][0]["children"].as_array().unwrap();
    let bad = rows.iter().filter(|row| row["status"] == "fail");
    let bad: Vec<&str> = bad.map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(bad, ["tls_name", "tls_issuer_missing"], "{outcome}");
    assert!(rows.iter().all(|row| row["status"] != "fail" || row["hint"].is_object()));
}

#[test]
fn this_machine_is_checked_without_an_address() {
    let toml = "[[check]]\nid = 'disk'\nkind = 'disk'\nfail = ['disk > 100%']\nwarn = []\n\
                [[check]]\nid = 'memory'\nkind = 'memory'\nfail = []\nwarn = ['memory > 0%']\n\
                [[check]]\nid = 'load'\nkind = 'load'\nfail = []\nwarn = []\n\
                [[check]]\nid = 'files'\nkind = 'files'\nfail = []\nwarn = []\n";
    let document = document(&checked(toml));
    let found: Vec<_> =
        document["checks"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(found, ["ok", "warn", "ok", "ok"], "{document}");
    assert_eq!(document["checks"][1]["reason"], "saturated");
}

#[test]
fn a_program_is_run_as_it_is_written_and_no_argument_is_shown() {
    let toml = "[[check]]\nid = 'a'\nkind = 'exec'\ncommand = ['/bin/sh', '-c', 'echo \"OK|used=7%\"', 'hunter2']\n";
    let outcome = checked(toml);
    let document = document(&outcome);
    let check = &document["checks"][0];
    assert_eq!(check["status"], "ok", "{outcome}");
    assert_eq!(check["target"], "/bin/sh");
    assert_eq!(check["observed"][0]["name"], "used");
    assert!(!outcome.stdout.contains("hunter2"));
    let itself = env!("CARGO_BIN_EXE_obs");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let below = format!("[[check]]\nid = 'port'\nkind = 'tcp'\ntarget = '127.0.0.1:{port}'\n");
    let below = Env::new().user_config(&below);
    let home = below.path().join("home");
    let toml = format!(
        "[[check]]\nid = 'a'\nkind = 'exec'\nformat = 'json'\ncommand = ['/usr/bin/env', 'HOME={}', '{itself}', 'check', '-o', 'json']\n",
        home.display()
    );
    assert_eq!(drawn(&toml), "ok - 1 of 1 checks are well");
}

#[test]
fn what_a_program_does_wrong_is_explained_as_a_programs() {
    let hint = |script: &str| {
        let toml = format!(
            "[[check]]\nid = 'a'\nkind = 'exec'\ncommand = ['/bin/sh', '-c', '{script}']\n"
        );
        let check = document(&checked(&toml))["checks"][0].clone();
        (check["reason"].to_string(), check["hint"]["likely"].to_string())
    };
    let (reason, likely) = hint("exit 77");
    assert!(reason.contains("protocol") && likely.contains("ends with 0 to 3"), "{likely}");
    let (reason, likely) = hint("head -c 5000000 /dev/zero | tr \\\\0 x");
    assert!(reason.contains("too_large") && likely.contains("it prints more"), "{likely}");
}

#[test]
fn a_repository_may_not_run_a_program() {
    let toml = "[[check]]\nid = 'a'\nkind = 'exec'\ncommand = ['touch', 'ran']\n";
    let env = Env::new().file("obs.toml", toml);
    let outcome = env.obs(["check", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(outcome.stdout.contains("put the check into your own config.toml"), "{outcome}");
    assert!(!env.path().join("ran").exists());
}

#[test]
fn without_systemd_a_unit_is_unknown_and_never_well() {
    let outcome = Env::new()
        .user_config("[[check]]\nid = 'a'\nkind = 'systemd'\ntarget = 'api.service'\n")
        .set("PATH", "/nowhere")
        .obs(["check", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let message = document(&outcome)["checks"][0]["message"].to_string();
    assert!(message.contains("no systemctl"), "{outcome}");
}

#[test]
fn a_mistake_in_a_check_is_told_with_what_there_is() {
    let check = |keys: &str| {
        let toml = format!("[[check]]\nid = 'a'\n{keys}");
        Env::new().file("obs.toml", toml).obs(["check", "-o", "nagios"])
    };
    let outcome = check("kind = 'postgress'\ntarget = '127.0.0.1:1'\n");
    assert!(outcome.stdout.starts_with("OBS UNKNOWN - "), "{outcome}");
    assert!(
        outcome.stdout.contains("has the kind `postgress`, did you mean `postgres`?"),
        "{outcome}"
    );
    for (keys, expected) in [
        ("kind = 'disk'\nwarn = ['used > 1%']", "none for disk, as time > 500ms, disk > 80%"),
        (
            "kind = 'redis'\ntarget = 'db:1'\nwarn = ['memry > 80%']",
            "has the limit `memry > 80%`, did you mean `memory`?",
        ),
        ("kind = 'http'", "has no target; one is http://host/…"),
        ("kind = 'redis'", "has no target; one is redis://host/…"),
        ("kind = 'tcp'", "has no target; one is host:port"),
        (
            "kind = 'postgres'\ntarget = 'jdbc:postgresql://db/x?password=hunter2'",
            "take `jdbc:` off, and put the user and the password before the host",
        ),
        (
            "kind = 'postgres'\ntarget = \"host=db user='me' password=hunter2\"",
            "name=value: write postgres://host:port/database",
        ),
    ] {
        let outcome = check(&format!("{keys}\n"));
        assert!(outcome.stdout.contains(expected), "{keys}: {outcome}");
        assert!(!outcome.stdout.contains("hunter2"), "{outcome}");
    }
}
