//! `obs serve` as a process: tokens, shippers, syslog, and what becomes of lines when it ends.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::process::{Child, Stdio};

use insta::assert_snapshot;

use crate::env::{Env, Serve, wait_for};

const TOKEN: &str = "0123456789abcdef-token";

fn line(number: usize) -> String {
    format!("{{\"level\":\"info\",\"message\":\"line {number}\",\"request_id\":\"r-{number}\"}}\n")
}

/// Returns how many different lines the store of a backend holds that need not run.
fn stored(env: &Env) -> usize {
    let folder = env.path().join("home/.local/share/obs");
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("store.sqlite");
    if !link.exists() {
        std::os::unix::fs::symlink(env.path().join("store.sqlite"), &link).unwrap();
    }
    let outcome = env.obs(["logs", "--quiet", "--limit", "100000", "-o", "jsonl"]);
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "something is stored twice");
    all
}

/// A backend that ends with a signal, at the latest when the test does.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn kill(child: &Killed, signal: &str) {
    let id = child.0.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Starts a backend; returns it and where it answers.
fn start(env: &Env, extra: &[&str]) -> (Killed, String) {
    start_under(env, "exec 2>/dev/null", extra)
}

/// The same, after the shell did what makes it harder for it.
fn start_under(env: &Env, limits: &str, extra: &[&str]) -> (Killed, String) {
    let ready = env.path().join("ready.json");
    drop(std::fs::remove_file(&ready));
    let obs = env.command(["serve", "--port", "0", "--store", "store.sqlite", "--quiet"]);
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]).arg(obs.get_program());
    shell.args(obs.get_args()).args(["--ready-file", "ready.json"]).args(extra);
    shell.env_clear().envs(obs.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(env.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let child = shell.spawn().unwrap();
    let url = wait_for(|| {
        let running: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&ready).ok()?).ok()?;
        Some(running["url"].as_str()?.trim_start_matches("http://").to_owned())
    });
    (Killed(child), url)
}

/// Sends one line in a request; says whether it was acknowledged.
fn send(host: &str, line: &str) -> Option<()> {
    let mut socket = TcpStream::connect(host).ok()?;
    let length = line.len();
    let head = format!("POST /logs HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n");
    socket.write_all(format!("{head}Connection: close\r\n\r\n{line}").as_bytes()).ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200 ").then_some(())
}

/// Writes the token's file as its maker is told to.
fn with_token(env: Env, token: &str) -> Env {
    let env = env.file("token", token);
    allow(&env, 0o600);
    env
}

fn allow(env: &Env, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(env.path().join("token"), mode).unwrap();
}

#[test]
fn an_address_beyond_loopback_needs_a_token_and_says_how_to_make_one() {
    let env = Env::new();
    assert_snapshot!(env.obs(["serve", "--listen", "0.0.0.0:0", "--store", "s.sqlite"]), @"
    --- stderr
    error: 0.0.0.0:0 is beyond this machine: everybody who reaches it needs a token
      hint: make one: (umask 077; openssl rand -hex 32 > token), then --token-file token, or put it into OBS_SERVE_TOKEN
    --- exit 2
    ");
    let env = with_token(env, "short\n");
    assert_snapshot!(
        env.obs(["serve", "--listen", "0.0.0.0:0", "--store", "s.sqlite", "--token-file", "token"]),
        @"
    --- stderr
    error: the token from token cannot be used
      cause: a token has 16 to 512 characters
      hint: make one: (umask 077; openssl rand -hex 32 > token), then --token-file token, or put it into OBS_SERVE_TOKEN
    --- exit 2
    "
    );
    allow(&env, 0o644);
    assert_snapshot!(env.obs(["serve", "--store", "s.sqlite", "--token-file", "token"]), @"
    --- stderr
    warning: everybody on this machine may read token, which holds the token
    hint: chmod o-rwx token
    error: the token from token cannot be used
      cause: a token has 16 to 512 characters
      hint: make one: (umask 077; openssl rand -hex 32 > token), then --token-file token, or put it into OBS_SERVE_TOKEN
    --- exit 2
    ");
    assert_snapshot!(env.obs(["serve", "--token-file", "nowhere", "--store", "s.sqlite"]), @"
    --- stderr
    error: cannot read the token in nowhere
      cause: No such file or directory (os error 2)
    --- exit 2
    ");
}

#[test]
fn what_never_ends_is_not_tailed() {
    assert_snapshot!(Env::new().obs(["serve", "--tail", "/dev/zero", "--store", "s.sqlite"]), @"
    --- stderr
    error: /dev/zero is no file that lines are appended to
      hint: name the file: obs serve --tail app.log
    --- exit 2
    ");
}

#[test]
fn a_backend_that_ends_leaves_one_file() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    assert_eq!(serve.post("/logs", "text/plain", line(1).as_bytes()).0, 200);
    let found = env.obs(["logs", "-r", "r-1", "--quiet"]);
    assert!(found.stdout.contains("line 1"), "{found}");
    let beside = || std::fs::read_dir(env.path()).unwrap().flatten().map(|file| file.file_name());
    let logs = || beside().filter(|name| name.to_string_lossy().ends_with("-wal")).count();
    assert_eq!(logs(), 1);
    serve.stop();
    assert_eq!(logs(), 0);
}

/// What the system refuses to let grow stands for a full disk.
#[test]
fn a_store_that_cannot_grow_is_told_once_and_every_sender_is_refused() {
    let env = Env::new();
    // An ignored signal stays ignored in what is started: to write more is an error then.
    let limits = "trap '' XFSZ; ulimit -f 1024; exec 2>told";
    let (serve, host) = start_under(&env, limits, &[]);
    let message = "x".repeat(100_000);
    let line = |number| format!("{{\"message\":\"{number} {message}\"}}");
    let taken = (0..100).take_while(|number| send(&host, &line(*number)).is_some()).count();
    assert!((1..100).contains(&taken), "{taken}");
    assert_eq!([100, 101].map(|number| send(&host, &line(number))), [None, None]);
    kill(&serve, "-TERM");
    drop(serve);
    let told = std::fs::read_to_string(env.path().join("told")).unwrap();
    assert_eq!(
        told.matches("what is received is refused until it can be stored").count(),
        1,
        "{told}"
    );
}

#[test]
fn with_a_token_the_commands_need_it_too() {
    let env = with_token(Env::new(), TOKEN);
    let serve = Serve::start(&env, &["--token-file", "token"]);
    let (status, _) = serve.post("/logs", "text/plain", b"hello");
    assert_eq!(status, 401);
    let path = format!("/logs?sentry_key={TOKEN}");
    assert_eq!(serve.post(&path, "text/plain", line(1).as_bytes()).0, 200);
    let refused = env.obs(["logs", "-r", "r-1", "--quiet"]);
    assert_ne!(refused.status, Some(0), "{refused}");
    assert!(refused.to_string().contains("with its token"), "{refused}");
    let mut command = env.command(["logs", "-r", "r-1", "--quiet"]);
    let found = env.run(command.env("OBS_TOKEN", TOKEN));
    assert!(found.stdout.contains("line 1"), "{found}");
}

#[test]
fn a_token_of_the_user_is_not_sent_where_only_the_repository_says_to() {
    let env = with_token(Env::new(), TOKEN);
    let serve = Serve::start(&env, &["--token-file", "token"]);
    let path = format!("/logs?sentry_key={TOKEN}");
    assert_eq!(serve.post(&path, "text/plain", line(1).as_bytes()).0, 200);
    let env = env.file("obs.toml", format!("[backend]\nurl = '{}'\n", serve.url));
    let mut command = env.command(["logs", "-r", "r-1", "--quiet"]);
    let refused = env.run(command.env("OBS_TOKEN", TOKEN));
    assert!(refused.to_string().contains("with its token"), "{refused}");
}

#[test]
fn syslog_is_stored_and_found_by_its_service() {
    let env = Env::new();
    let mut command =
        env.command(["serve", "--port", "0", "--until-stdin-ends", "--syslog", "127.0.0.1:0"]);
    command.args(["--store", "store.sqlite"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut address = None;
    while address.is_none() {
        let mut text = String::new();
        assert!(std::io::BufRead::read_line(&mut said, &mut text).unwrap() > 0, "it ended early");
        let rest = text.split("taking syslog at ").nth(1);
        address = rest.and_then(|rest| rest.split(',').next().map(str::to_owned));
    }
    let address = address.unwrap();
    let message = "<11>1 2026-11-22T06:30:00Z web billing 7 - - boom over";
    TcpStream::connect(&address).unwrap().write_all(format!("{message} tcp\n").as_bytes()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(format!("{message} udp").as_bytes(), &address).unwrap();
    let found = wait_for(|| {
        let outcome = env.obs(["logs", "--service", "billing", "--quiet"]);
        (outcome.stdout.lines().count() == 2).then_some(outcome.stdout)
    });
    assert!(found.contains("ERROR billing boom over udp"), "{found}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_was_acknowledged_is_stored_when_it_is_told_to_end_in_the_middle() {
    for signal in ["-TERM", "-KILL"] {
        let env = Env::new();
        let (mut child, host) = start(&env, &[]);
        let acknowledged = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..4)
                .map(|sender| {
                    let host = &host;
                    scope.spawn(move || {
                        (0..100_000)
                            .take_while(|number| {
                                send(host, &line(sender * 100_000 + number)).is_some()
                            })
                            .count()
                    })
                })
                .collect();
            wait_for(|| (stored_while_running(&host) > 20).then_some(()));
            kill(&child, signal);
            senders.into_iter().map(|sender| sender.join().unwrap()).sum::<usize>()
        });
        let status = child.0.wait().unwrap();
        assert_eq!(status.success(), signal == "-TERM", "{status}");
        let stored = stored(&env);
        // What was stored and not acknowledged in time is stored all the same: one for each sender.
        assert!((acknowledged..=acknowledged + 4).contains(&stored), "{stored} of {acknowledged}");
        assert!(acknowledged > 20);
    }
}

fn stored_while_running(host: &str) -> usize {
    let mut socket = TcpStream::connect(host).unwrap();
    let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let sample = "obs_records_total{kind=\"log\",outcome=\"stored\"} ";
    answer.lines().find_map(|line| line.strip_prefix(sample)?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_followed_file_that_is_rotated_and_truncated_while_the_backend_dies_is_stored_once() {
    let env = Env::new();
    let log = env.path().join("app.log");
    let write = |range: std::ops::Range<usize>| range.map(line).collect::<String>();
    let append = |text: &str| {
        let mut file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append(&write(0..100));
    let (mut child, host) = start(&env, &["--tail", "app.log"]);
    wait_for(|| (stored_while_running(&host) > 0).then_some(()));
    kill(&child, "-KILL");
    child.0.wait().unwrap();
    append(&write(100..200));
    let (mut child, _) = start(&env, &["--tail", "app.log"]);
    wait_for(|| (stored(&env) == 200).then_some(()));
    // Renamed, and another begun in its place.
    std::fs::rename(&log, env.path().join("app.log.1")).unwrap();
    append(&write(200..300));
    wait_for(|| (stored(&env) == 300).then_some(()));
    // Copied away and truncated.
    std::fs::copy(&log, env.path().join("app.log.2")).unwrap();
    std::fs::write(&log, write(300..350)).unwrap();
    wait_for(|| (stored(&env) == 350).then_some(()));
    append(&write(350..400));
    wait_for(|| (stored(&env) == 400).then_some(()));
    kill(&child, "-KILL");
    child.0.wait().unwrap();
    // Replaced while nobody looks.
    std::fs::remove_file(&log).unwrap();
    append(&write(400..500));
    let (mut child, _) = start(&env, &["--tail", "app.log"]);
    wait_for(|| (stored(&env) == 500).then_some(()));
    kill(&child, "-TERM");
    assert!(child.0.wait().unwrap().success());
    assert_eq!(stored(&env), 500);
}
