//! The pager that a long answer on a terminal goes through.

use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A pager that is started when there is something to show.
#[derive(Debug, Default)]
pub(super) struct Pager {
    words: Vec<String>,
    child: Option<Child>,
}

impl Pager {
    /// Takes a command line; its words are separated by blanks, no shell reads it.
    pub(super) fn new(command: &str) -> Self {
        Self { words: command.split_whitespace().map(str::to_owned).collect(), child: None }
    }

    /// Starts it, once; `None` when it runs, when there is none, or when it cannot be started: then
    /// the answer goes to the terminal as it is.
    pub(super) fn start(&mut self) -> Option<ChildStdin> {
        let words = std::mem::take(&mut self.words);
        let (program, arguments) = words.split_first()?;
        let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).spawn().ok()?;
        // Ctrl-C is the pager's while it runs: this process must not leave it behind. Without the
        // handler it would only die before its pager, as it does without a pager at all.
        let ignored = Arc::new(AtomicBool::new(false));
        drop(signal_hook::flag::register(signal_hook::consts::SIGINT, ignored));
        let stdin = child.stdin.take();
        self.child = Some(child);
        stdin
    }

    /// Says whether it runs.
    pub(super) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Waits until it ends; its standard input must be closed before. Returns what went wrong, if
    /// anything did.
    pub(super) fn wait(&mut self) -> Option<String> {
        let mut child = self.child.take()?;
        match child.wait() {
            Ok(status) if status.success() => None,
            Ok(status) => Some(format!("the pager failed ({status}); show it without: --no-pager")),
            Err(error) => Some(format!("the pager was lost: {error}")),
        }
    }
}
