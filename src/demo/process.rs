//! Runs an application as a child process, and never leaves one behind.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How much of a dead child's error output is quoted.
const TAIL_BYTES_MAX: usize = 2_048;

/// What to start, and where its output goes.
#[derive(Debug, Clone)]
pub struct ServiceCommand {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The only variables it sees: what the shell has set for other programs does not reach it.
    pub environment: Vec<(OsString, OsString)>,
    /// The file that standard output, the log lines, is appended to.
    pub stdout: PathBuf,
    /// The file that standard error is appended to.
    pub stderr: PathBuf,
}

/// A child that does not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The system did not start it.
    #[error("cannot start {program}")]
    Start {
        /// The executable.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file for its output cannot be opened or read.
    #[error("cannot use {path} for the output of the service")]
    Output {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It ended before it listened.
    #[error("the service ended early ({status}): {stderr}")]
    EndedEarly {
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to standard error, or of its log where that is empty.
        stderr: String,
    },
    /// It did not listen in time.
    #[error("the service is not listening after {} ms", deadline.as_millis())]
    NotListening {
        /// How long it was waited for.
        deadline: Duration,
    },
    /// The system does not tell how it is.
    #[error("cannot wait for the service")]
    Wait(#[source] io::Error),
}

/// A running child.
///
/// It ends when this value is dropped, and also when this process is killed: the child's standard
/// input is a pipe held open here, and its end is the child's sign to stop.
#[derive(Debug)]
pub struct ServiceProcess {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl ServiceProcess {
    /// Starts the child; it is not listening yet.
    pub fn start(command: &ServiceCommand) -> Result<Self, ProcessError> {
        let (stdout, stdout_file) = Output::append(&command.stdout)?;
        let (stderr, stderr_file) = Output::append(&command.stderr)?;
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .env_clear()
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(stdout_file)
            .stderr(stderr_file)
            .spawn()
            .map_err(|source| ProcessError::Start {
                program: command.program.display().to_string(),
                source,
            })?;
        Ok(Self { child, stdout, stderr })
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the child's "listening" log line and returns the address in it.
    ///
    /// Reads the log every 10 ms. Errors as soon as the child ends, and after `deadline`.
    pub async fn wait_until_listening(
        &mut self,
        deadline: Duration,
    ) -> Result<SocketAddr, ProcessError> {
        let started = Instant::now();
        loop {
            let ended = self.child.try_wait().map_err(ProcessError::Wait)?;
            if let Some(address) = listening_address(&self.stdout.read()?) {
                return Ok(address);
            }
            if let Some(status) = ended {
                return Err(ProcessError::EndedEarly { status, stderr: self.last_words()? });
            }
            if started.elapsed() >= deadline {
                return Err(ProcessError::NotListening { deadline });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Errors when the child has ended, with what it said last.
    pub fn check(&mut self) -> Result<(), ProcessError> {
        match self.child.try_wait().map_err(ProcessError::Wait)? {
            None => Ok(()),
            Some(status) => Err(ProcessError::EndedEarly { status, stderr: self.last_words()? }),
        }
    }

    /// Asks the child to stop, waits up to `grace`, and kills it after that.
    pub async fn stop(mut self, grace: Duration) -> Result<ExitStatus, ProcessError> {
        drop(self.child.stdin.take());
        let started = Instant::now();
        while started.elapsed() < grace {
            if let Some(status) = self.child.try_wait().map_err(ProcessError::Wait)? {
                return Ok(status);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.child.kill().map_err(ProcessError::Wait)?;
        self.child.wait().map_err(ProcessError::Wait)
    }

    fn last_words(&self) -> Result<String, ProcessError> {
        let stderr = self.stderr.read()?;
        let text = if stderr.trim().is_empty() { self.stdout.read()? } else { stderr };
        let start = text.floor_char_boundary(text.len().saturating_sub(TAIL_BYTES_MAX));
        Ok(text.get(start..).unwrap_or_default().trim().to_owned())
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        // Both fail only where the child has ended and was waited for. Waiting leaves no zombie, and
        // is short after a kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A file that the child appends to, from where the child's own output begins.
#[derive(Debug)]
struct Output {
    path: PathBuf,
    start: u64,
}

impl Output {
    fn append(path: &Path) -> Result<(Self, File), ProcessError> {
        let open = || {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            let start = file.metadata()?.len();
            Ok((Self { path: path.to_owned(), start }, file))
        };
        open().map_err(|source| cannot_use(path, source))
    }

    /// Returns what the child has written so far.
    fn read(&self) -> Result<String, ProcessError> {
        let read = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().map_err(|source| cannot_use(&self.path, source))
    }
}

fn cannot_use(path: &Path, source: io::Error) -> ProcessError {
    ProcessError::Output { path: path.display().to_string(), source }
}

fn listening_address(log: &str) -> Option<SocketAddr> {
    log.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "listening").then(|| line["address"].as_str()?.parse().ok()).flatten()
    })
}

impl ServiceCommand {
    /// Describes a child without arguments and variables.
    pub fn new(
        program: impl Into<PathBuf>,
        stdout: impl Into<PathBuf>,
        stderr: impl Into<PathBuf>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            stdout: stdout.into(),
            stderr: stderr.into(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// A shell stands for the application: it listens to the same signs.
    fn shell(folder: &Path, script: &str) -> ServiceProcess {
        let command = ServiceCommand::new("/bin/sh", folder.join("log"), folder.join("errors"));
        ServiceProcess::start(&command.argument("-c").argument(script)).unwrap()
    }

    const LISTEN: &str = r#"echo '{"message":"listening","address":"127.0.0.1:4317"}'"#;

    #[tokio::test]
    async fn the_address_is_the_one_in_the_listening_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = shell(folder.path(), &format!("echo 'not json'; {LISTEN}; cat"));
        let address = service.wait_until_listening(LONG).await.unwrap();
        assert_eq!(address.to_string(), "127.0.0.1:4317");
    }

    #[tokio::test]
    async fn a_listening_line_of_an_earlier_child_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("log"),
            r#"{"message":"listening","address":"127.0.0.1:1"}"#,
        )
        .unwrap();
        let mut service = shell(folder.path(), &format!("echo; {LISTEN}; cat"));
        let address = service.wait_until_listening(LONG).await.unwrap();
        assert_eq!(address.port(), 4317);
    }

    #[tokio::test]
    async fn a_child_that_ends_early_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = shell(folder.path(), "echo 'no such database' >&2; exit 3");
        let error = service.wait_until_listening(LONG).await.unwrap_err().to_string();
        assert_eq!(error, "the service ended early (exit status: 3): no such database");
    }

    #[tokio::test]
    async fn a_child_stops_by_itself_when_its_input_ends() {
        let folder = tempfile::tempdir().unwrap();
        let service = shell(folder.path(), "cat; exit 7");
        assert_eq!(service.stop(LONG).await.unwrap().code(), Some(7));
    }

    #[tokio::test]
    async fn a_child_that_does_not_stop_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let service = shell(folder.path(), "exec sleep 100");
        assert!(!service.stop(Duration::ZERO).await.unwrap().success());
    }

    #[tokio::test]
    async fn a_child_that_does_not_listen_in_time_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = shell(folder.path(), "cat");
        let error = service.wait_until_listening(Duration::ZERO).await.unwrap_err();
        assert_eq!(error.to_string(), "the service is not listening after 0 ms");
    }
}
