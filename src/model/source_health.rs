//! What a backend says of its own work: whether it answers, and whether it does what it is there for.

use super::{Reason, Status};

/// How a backend is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceHealth {
    /// What it said, in few words.
    pub said: String,
    /// What it does, piece by piece; none where nothing but its answer is known.
    pub parts: Vec<HealthPart>,
}

/// One piece of its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthPart {
    /// What to call it: `targets`, `rules`, `alerts`.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// Why it is not well; absent when it is.
    pub reason: Option<Reason>,
    /// What there is to say, in words.
    pub message: String,
    /// The likely cause, where the backend itself names it.
    pub likely: Option<String>,
    /// A section of a runbook that the backend names.
    pub runbook: Option<String>,
    /// What to type to see more of it.
    pub command: Option<String>,
    /// Its own pieces.
    pub parts: Vec<Self>,
}

impl HealthPart {
    /// A piece that is well.
    pub fn ok(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: Status::Ok,
            reason: None,
            message: message.into(),
            likely: None,
            runbook: None,
            command: None,
            parts: Vec::new(),
        }
    }

    /// A piece that is not.
    pub fn bad(
        name: impl Into<String>,
        status: Status,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self { status, reason: Some(reason), ..Self::ok(name, message) }
    }

    /// Adds what the backend says is behind it.
    #[must_use]
    pub fn because(mut self, likely: impl Into<String>) -> Self {
        self.likely = Some(likely.into());
        self
    }
}
