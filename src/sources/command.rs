//! A program of the configuration, run for the log lines that it prints: `kubectl logs`, `journalctl`.
//!
//! It is run as it is written there, by no shell, and nothing of a question reaches it: what it
//! prints is judged here. Its errors are not lines; the last one says why it failed.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::lines::{filter_of, last_of};
use super::{Backend, LogSource, SourceError};
use crate::config::{Origin, SourceSettings};
use crate::logs::{LogFilter, Scan};
use crate::model::{LogPage, LogQuery, Reason, UnixNanos};

/// What `kind` says in the configuration.
pub const COMMAND: &str = "command";

/// How long a program may run.
const RUN_MAX: Duration = Duration::from_secs(30);

/// How long is waited for the end of its errors once it has ended: others may hold them open.
const ERRORS_MAX: Duration = Duration::from_millis(500);

/// How often is looked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What is read at a time, in bytes: what a pipe holds.
const PIECE_BYTES: usize = 64 << 10;

/// How many pieces are read ahead.
const PIECES_MAX: usize = 4;

/// How much of a line of its errors is said, in bytes.
const ERROR_BYTES_MAX: u64 = 500;

/// A program that prints log lines.
#[derive(Debug, Clone)]
pub(super) struct Printed {
    name: String,
    command: Vec<String>,
    run_max: Duration,
    now: UnixNanos,
    /// The repository's file that names it: whoever wrote that may not have programs run here.
    not_trusted: Option<String>,
}

impl Printed {
    /// Runs nothing yet.
    pub(super) fn new(settings: &SourceSettings, now: UnixNanos) -> Self {
        let (name, command) = (settings.name.clone(), settings.command.clone());
        let origin = &settings.origin;
        let not_trusted = matches!(origin, Origin::Repository(..)).then(|| origin.to_string());
        Self { name, command, run_max: RUN_MAX, now, not_trusted }
    }

    /// Runs it and returns the last `limit` lines that match; it is killed when it takes too long.
    fn run(&self, filter: &LogFilter, limit: usize) -> Result<LogPage, SourceError> {
        let program = self.command.first().map_or("", String::as_str);
        if let Some(file) = &self.not_trusted {
            let what = format!("{file} belongs to a repository and may not have `{program}` run");
            let next = "put the source into your own config.toml (obs config show names it)";
            return Err(SourceError::refused(what, next));
        }
        let until = Instant::now() + self.run_max;
        let mut child = Command::new(program)
            .args(self.command.iter().skip(1))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                SourceError::Unusable(Reason::Config, format!("cannot run `{program}`: {error}"))
            })?;
        let errors = last_line(child.stderr.take());
        let mut output = Output::new(child.stdout.take(), until);
        let scan = Scan::new(&mut output, &self.name, filter).written_by(Some(self.now));
        let mut page = last_of(scan, limit);
        let ended = if output.is_late { None } else { wait(&mut child, until) };
        if ended.is_none() {
            // Killing and reaping fail only for a program that has ended.
            drop(child.kill());
            drop(child.wait());
        }
        let said = errors.recv_timeout(ERRORS_MAX).unwrap_or_default();
        if let Some(why) = failure(program, ended, self.run_max, &said) {
            page.incomplete = Some(why);
        }
        Ok(page)
    }
}

#[async_trait]
impl Backend for Printed {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let page = self.search(&LogQuery { limit: 1, ..LogQuery::default() }).await?;
        match page.incomplete {
            Some(why) => Err(SourceError::Unusable(Reason::Protocol, why)),
            None if page.records.is_empty() => Ok("prints nothing".to_owned()),
            None => Ok("prints lines".to_owned()),
        }
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }
}

#[async_trait]
impl LogSource for Printed {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let filter = filter_of(query).map_err(SourceError::Expression)?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let printed = self.clone();
        let run = tokio::task::spawn_blocking(move || printed.run(&filter, limit));
        run.await.unwrap_or_else(|error| Err(SourceError::File(io::Error::other(error))))
    }
}

/// What a program prints, until it is too late.
struct Output {
    pieces: Receiver<Vec<u8>>,
    piece: io::Cursor<Vec<u8>>,
    until: Instant,
    is_late: bool,
}

impl Output {
    /// Reads on a thread of its own: what the program has started may hold the pipe open for ever.
    fn new(input: Option<impl Read + Send + 'static>, until: Instant) -> Self {
        let (sender, pieces) = sync_channel(PIECES_MAX);
        let read = move || {
            let Some(mut input) = input else { return };
            let mut buffer = vec![0; PIECE_BYTES];
            loop {
                match input.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => return,
                    Ok(length) => {
                        let piece = buffer.get(..length).unwrap_or_default().to_vec();
                        if sender.send(piece).is_err() {
                            return;
                        }
                    }
                }
            }
        };
        drop(thread::spawn(read));
        Self { pieces, piece: io::Cursor::default(), until, is_late: false }
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        match self.pieces.recv_timeout(left) {
            Ok(piece) if !left.is_zero() => {
                self.piece = io::Cursor::new(piece);
                self.piece.read(buffer)
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {
                self.is_late = true;
                Ok(0)
            }
            Err(RecvTimeoutError::Disconnected) => Ok(0),
        }
    }
}

/// Reads what a program says on standard error to its end; gives the last line that says anything.
fn last_line(errors: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, said) = channel();
    let read = move || {
        let Some(errors) = errors else { return };
        let (mut errors, mut last) = (BufReader::new(errors), String::new());
        loop {
            let mut line = Vec::new();
            match errors.by_ref().take(ERROR_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() {
                line.trim().clone_into(&mut last);
            }
        }
        // Nobody is left to be told when the answer was not waited for.
        drop(sender.send(last));
    };
    drop(thread::spawn(read));
    said
}

/// Waits until a program has ended; `None` when it has not by then.
fn wait(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(PAUSE),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Says why lines may be missing of what a program printed; `None` when it ended well.
fn failure(
    program: &str,
    ended: Option<ExitStatus>,
    run_max: Duration,
    said: &str,
) -> Option<String> {
    let how = match ended {
        Some(status) if status.success() => return None,
        Some(status) => match status.code() {
            Some(code) => format!("`{program}` ended with exit code {code}"),
            None => format!("`{program}` was ended by a signal"),
        },
        None => format!("`{program}` still ran after {run_max:?} and was ended"),
    };
    Some(if said.is_empty() { how } else { format!("{how}: {said}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(script: &str, run_max: Duration) -> (Vec<String>, Option<String>) {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let printed = Printed {
            name: "pods".to_owned(),
            command,
            run_max,
            now: UnixNanos(0),
            not_trusted: None,
        };
        let page = printed.run(&LogFilter::default(), 2).unwrap();
        let messages = page.records.into_iter().map(|record| record.message).collect();
        (messages, page.incomplete)
    }

    #[test]
    fn the_last_lines_are_given_and_a_program_that_ends_well_is_complete() {
        let (messages, incomplete) = printed("printf 'one\\ntwo\\nthree'; echo x >&2", RUN_MAX);
        assert_eq!(messages, ["two", "three"]);
        assert_eq!(incomplete, None);
    }

    #[test]
    fn what_a_program_says_last_tells_why_it_failed() {
        let (messages, incomplete) =
            printed("echo one; echo a >&2; echo 'no pods' >&2; exit 4", RUN_MAX);
        assert_eq!(messages, ["one"]);
        assert_eq!(incomplete.unwrap(), "`/bin/sh` ended with exit code 4: no pods");
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_and_what_it_printed_counts() {
        let script = "echo one; exec tail -f /dev/null";
        let (messages, incomplete) = printed(script, Duration::from_millis(300));
        assert_eq!(messages, ["one"]);
        assert_eq!(incomplete.unwrap(), "`/bin/sh` still ran after 300ms and was ended");
    }
}
