//! The pager that a long answer on a terminal goes through.

use std::process::{Child, ChildStdin, Command, Stdio};

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
        let stdin = child.stdin.take();
        self.child = Some(child);
        stdin
    }

    /// Waits until it ends; its standard input must be closed before.
    pub(super) fn wait(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It was started, so there is something to wait for; how it ends tells nothing.
            drop(child.wait());
        }
    }
}
