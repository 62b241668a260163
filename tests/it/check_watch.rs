//! `obs check --watch`: a line for each change, whatever hangs beside it.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::env::Env;
use crate::fake::Fake;
use crate::fake_source::{FakeSource, Reply};

/// A watch that is ended with the test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a watch of a page that answers with these in turn, of the last one again and again, beside
/// one that never answers.
fn beside_what_hangs(
    answers: &[&'static str],
    format: &str,
) -> (Env, Watch, Lines<BufReader<ChildStdout>>) {
    let fake = Fake::start();
    let reply = |status: &&'static str| Reply::Whole(status, "text/plain", "", "-".to_owned());
    let page = FakeSource::start(answers.iter().map(reply).collect());
    let toml = format!(
        "[[check]]\nid = 'slow'\nkind = 'http'\ntarget = '{}/hang'\ntimeout = '10m'\n\
         [[check]]\nid = 'behind'\nkind = 'http'\ntarget = '{}'\nneeds = ['slow']\n\
         [[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}'\n",
        fake.url, fake.url, page.url
    );
    let env = Env::new().file("obs.toml", toml);
    let mut command = env.command(["check", "--watch", "20ms", "--deadline", "10m", "-o", format]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut watch = Watch(child);
    let lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    (env, watch, lines)
}

#[test]
fn what_hangs_holds_back_neither_the_news_of_the_others_nor_their_next_look() {
    let answers = &["500 No", "500 No", "404 Not Found", "200 OK"];
    let (_env, _watch, lines) = beside_what_hangs(answers, "human");
    let told: Vec<String> = lines.take(3).map(Result::unwrap).collect();
    assert!(told[0].contains(" ✗ api FAIL  500"), "{told:?}");
    assert!(told[1].contains(" ✗ api FAIL (status → not_found)  404"), "{told:?}");
    assert!(told[2].contains(" ✓ api FAIL → ok  200"), "{told:?}");
}

#[test]
fn another_reason_is_a_change_for_programs_too() {
    let (_env, _watch, lines) = beside_what_hangs(&["500 No", "404 Not Found"], "jsonl");
    let told: Vec<Value> =
        lines.take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    for line in &told {
        crate::formats::assert_valid("check-change.schema.json", line);
    }
    assert_eq!((&told[0]["before"], &told[0]["reason"]), (&Value::Null, &json!("status")));
    assert_eq!((&told[1]["before"], &told[1]["status"]), (&json!("fail"), &json!("fail")));
    assert_eq!(
        (&told[1]["before_reason"], &told[1]["reason"]),
        (&json!("status"), &json!("not_found"))
    );
}

#[test]
fn a_watch_says_what_changes_and_ends_with_the_last_state() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let toml = format!("[[check]]\nid = 'redis'\nkind = 'tcp'\ntarget = '{target}'\n");
    let env = Env::new().file("obs.toml", toml);
    let mut command = env.command(["check", "--watch", "20ms"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut watch = Watch(child);
    let mut notes = BufReader::new(watch.0.stderr.take().unwrap()).lines();
    let note = notes.next().unwrap().unwrap();
    assert!(note.contains("1 of 1 are ok"), "{note}");
    drop(listener);
    let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains(" ✗ redis ok → FAIL  connection refused"), "{line}");
    let interrupt = ["-INT".to_owned(), watch.0.id().to_string()];
    assert!(std::process::Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(watch.0.wait().unwrap().code(), Some(1));
}
