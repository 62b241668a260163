//! A program, run for what it prints and its exit code: by no shell, in a process group of its own.
//!
//! What it prints is kept up to a bound and the rest is read and dropped; at the deadline the whole group
//! is killed, and so it is when nobody waits for it any more.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::{Instant, timeout, timeout_at};

/// How much of what it prints is kept, in bytes; its errors apart.
pub(super) const OUTPUT_BYTES_MAX: usize = 64 << 10;

/// How long is waited for the end of its output once it has ended: others may hold that open.
const AFTER_MAX: Duration = Duration::from_millis(200);

/// What a program that ran has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// `None` when a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed, up to the bound.
    pub(super) output: String,
    /// Whether it printed more.
    pub(super) cut: bool,
    /// The last line that it printed as an error; empty for none.
    pub(super) error: String,
}

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRun {
    /// It cannot be started.
    #[error("cannot run `{0}`: {1}")]
    Start(String, #[source] std::io::Error),
    /// It did not end in time, and was killed.
    #[error("`{0}` still ran after {1:?} and was ended")]
    Late(String, Duration),
}

/// Runs a program and waits for its end, at most `within`.
pub(super) async fn run(argv: &[String], within: Duration) -> Result<Ended, NotRun> {
    let end = Instant::now() + within;
    let program = argv.first().cloned().unwrap_or_default();
    let started = Command::new(&program)
        .args(argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|error| NotRun::Start(program.clone(), error))?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let (mut output, mut errors) = (Kept::default(), Kept::default());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (status, all_read) = {
        let reading = futures_util::future::join(output.keep(stdout), errors.keep(stderr));
        let mut reading = std::pin::pin!(reading);
        let mut all_read = false;
        let ended = async {
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = &mut reading, if !all_read => all_read = true,
                }
            }
        };
        let Ok(status) = timeout_at(end, ended).await else {
            return Err(NotRun::Late(program, within));
        };
        let all_read = all_read || timeout(AFTER_MAX, reading).await.is_ok();
        (status, all_read)
    };
    if all_read {
        // Nobody is left: its number may be another's by now.
        group.0 = None;
    }
    let error = String::from_utf8_lossy(&errors.bytes);
    let last = error.lines().map(str::trim).rfind(|line| !line.is_empty());
    Ok(Ended {
        code: status.ok().and_then(|status| status.code()),
        output: String::from_utf8_lossy(&output.bytes).into_owned(),
        cut: output.cut,
        error: last.unwrap_or_default().to_owned(),
    })
}

/// The start of what is printed.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
}

impl Kept {
    /// Reads to the end; what cannot be read ends it.
    async fn keep(&mut self, input: Option<impl AsyncRead + Unpin>) {
        let Some(mut input) = input else { return };
        let mut piece = vec![0; 8 << 10];
        while let Ok(length @ 1..) = input.read(&mut piece).await {
            let room = OUTPUT_BYTES_MAX - self.bytes.len();
            self.cut |= length > room;
            self.bytes.extend(piece.get(..length.min(room)).unwrap_or_default());
        }
    }
}

/// Kills what is left of a process group when it is let go.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Fails only when nobody is left in it.
            kill_process_group(group, Signal::KILL).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn what_is_printed_and_the_code_are_kept() {
        let ended =
            run(&shell("echo one; echo two >&2; echo three >&2; exit 7"), LONG).await.unwrap();
        assert_eq!((ended.code, ended.output.as_str()), (Some(7), "one\n"));
        assert_eq!((ended.error.as_str(), ended.cut), ("three", false));
        let ended = run(&shell("kill -9 $$"), LONG).await.unwrap();
        assert_eq!(ended.code, None);
    }

    #[tokio::test]
    async fn beyond_the_bound_it_is_read_and_dropped() {
        let ended = run(&shell("head -c 1000000 /dev/zero; exit 3"), LONG).await.unwrap();
        assert_eq!((ended.code, ended.output.len(), ended.cut), (Some(3), OUTPUT_BYTES_MAX, true));
    }

    #[tokio::test]
    async fn no_shell_reads_the_arguments() {
        let argv = ["/bin/echo", "$HOME; exit 3"].map(str::to_owned);
        assert_eq!(run(&argv, LONG).await.unwrap().output, "$HOME; exit 3\n");
    }

    #[tokio::test]
    async fn what_does_not_end_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        let script = format!("tail -f /dev/null & echo $! > {}; wait", file.display());
        let late = run(&shell(&script), Duration::from_millis(500)).await;
        assert!(matches!(late, Err(NotRun::Late(..))), "{late:?}");
        let child = std::fs::read_to_string(&file).unwrap();
        // A killed process can still be there, waiting for who inherited it.
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        let is_gone = || state().map_or(true, |stat| stat.contains(") Z") || stat.contains(") X"));
        let end = Instant::now() + LONG;
        while !is_gone() {
            assert!(Instant::now() < end, "{child} still runs");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_holds_the_output_open_is_not_waited_for() {
        let ended = run(&shell("tail -f /dev/null & echo one"), LONG).await.unwrap();
        assert_eq!((ended.code, ended.output.as_str()), (Some(0), "one\n"));
    }

    #[tokio::test]
    async fn what_is_not_there_cannot_be_started() {
        let error = run(&["/nowhere/at/all".to_owned()], LONG).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot run `/nowhere/at/all`"), "{error}");
    }
}
