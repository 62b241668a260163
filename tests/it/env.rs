//! The harness: a private home for each test, and a command's outcome as one text.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A private home, working directory and clock.
pub(crate) struct Env {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command did: shown whole, so that a snapshot misses nothing.
#[must_use = "snapshot the output or assert its parts"]
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "signal".to_owned(), |code| code.to_string());
        write!(f, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        write!(f, "--- exit {status}")
    }
}

impl Env {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let variables = vec![
            ("HOME".to_owned(), home.display().to_string()),
            ("OBS_NOW".to_owned(), "2026-11-22T07:00:00Z".to_owned()),
            ("TZ".to_owned(), "UTC".to_owned()),
            ("COLUMNS".to_owned(), "80".to_owned()),
        ];
        Self { folder, variables }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file in the working directory.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), content).unwrap();
        self
    }

    /// Writes the user's own configuration, which may say more than a repository's.
    pub(crate) fn user_config(self, content: &str) -> Self {
        let folder = self.path().join("home/.config/obs");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), content).unwrap();
        self
    }

    /// The working directory of the commands.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_obs"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs `obs` with nothing on standard input.
    pub(crate) fn obs<const N: usize>(&self, arguments: [&str; N]) -> Outcome {
        self.outcome(self.command(arguments).output().unwrap())
    }

    /// Runs a command that was made with [`Env::command`] and changed.
    pub(crate) fn run(&self, command: &mut Command) -> Outcome {
        self.outcome(command.output().unwrap())
    }

    /// Runs `obs` with a pipe on standard input.
    pub(crate) fn obs_with_stdin<const N: usize>(
        &self,
        arguments: [&str; N],
        input: &[u8],
    ) -> Outcome {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that needs no input may be gone before it is written.
        drop(child.stdin.take().unwrap().write_all(input));
        self.outcome(child.wait_with_output().unwrap())
    }

    fn outcome(&self, output: std::process::Output) -> Outcome {
        let text = |bytes: Vec<u8>| {
            let folder = self.path().display().to_string();
            String::from_utf8(bytes).unwrap().replace(&folder, "$DIR")
        };
        Outcome {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            status: output.status.code(),
        }
    }
}

/// A backend of one test on a free port, with a store of its own.
pub(crate) struct Serve {
    child: Child,
    pub(crate) url: String,
}

impl Serve {
    /// Starts `obs serve` and waits until it answers.
    pub(crate) fn start(env: &Env, extra: &[&str]) -> Self {
        let ready = env.path().join(format!("ready-{}.json", uuid_like()));
        let mut command = env.command(["serve", "--port", "0", "--until-stdin-ends", "--quiet"]);
        command.args(["--store", "store.sqlite", "--ready-file"]).arg(&ready).args(extra);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let running = wait_for(|| {
            assert_eq!(child.try_wait().unwrap(), None, "the backend ended early");
            let bytes = std::fs::read(&ready).ok()?;
            serde_json::from_slice::<serde_json::Value>(&bytes).ok()
        });
        Self { child, url: running["url"].as_str().unwrap().to_owned() }
    }

    /// Lets it finish what is under way and end.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Sends a body to one of its routes over a plain socket; returns status line and body.
    pub(crate) fn post(&self, path: &str, content_type: &str, body: &[u8]) -> (u16, String) {
        let host = self.url.trim_start_matches("http://");
        let mut socket = std::net::TcpStream::connect(host).unwrap();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut socket, &mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, body.to_owned())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

/// Polls until there is something, for at most twenty seconds: a machine that builds beside the
/// tests is slow.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let started = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed().as_secs() < 20, "waited in vain");
        std::thread::yield_now();
    }
}

fn uuid_like() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}
