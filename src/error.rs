//! What a command fails with: the kind decides the exit code, the hints say what to type next.

use crate::model::Status;

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    hints: Vec<String>,
}

/// The classes of failure that differ in what the caller should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or the configuration is wrong: exit code 2.
    Usage,
    /// What was asked could not be found out: exit code 3.
    CouldNotTell,
    /// It is the fault of `obs` itself: exit code 3, and reported where there is somebody to report to.
    Internal,
    /// The reader of standard output went away: a quiet exit code 0.
    ClosedPipe,
    /// The user pressed Ctrl-C: exit code 130.
    Interrupted,
}

/// How a command that did its work ended, as `docs/formats.md` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Yes, healthy, found: exit code 0.
    Yes,
    /// No, unhealthy, not found: exit code 1.
    No,
    /// The answer may be incomplete, because a source that was asked did not answer: exit code 3.
    Incomplete,
    /// As a Nagios plug-in ends: exit code 0, 1, 2, or 3 for what could not be told.
    Nagios(Status),
}

/// What every fallible function of the command layer returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// What was asked could not be found out.
    pub fn could_not_tell(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CouldNotTell, message)
    }

    /// It is the fault of `obs` itself: what must not happen, did.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The user pressed Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted")
    }

    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, hints: Vec::new() }
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds one thing that the reader can type or do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the class of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns what failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the causes, outermost first, each as one text.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn std::error::Error + 'static)> =
            self.source.as_ref().map(|source| &**source as _);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }

    /// Returns what to type next, each a line.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Returns the exit code: the one place that maps kinds to codes.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::ClosedPipe => 0,
            ErrorKind::Usage => 2,
            ErrorKind::CouldNotTell | ErrorKind::Internal => 3,
            ErrorKind::Interrupted => 130,
        }
    }
}

impl ErrorKind {
    /// Returns the kind as one word, as telemetry has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::CouldNotTell => "could_not_tell",
            Self::Internal => "internal",
            Self::ClosedPipe => "closed_pipe",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Outcome {
    /// Says yes when something was found, no when not, and that neither is sure when a source that
    /// was asked did not answer.
    pub fn found(found: bool, complete: bool) -> Self {
        match (complete, found) {
            (false, _) => Self::Incomplete,
            (true, true) => Self::Yes,
            (true, false) => Self::No,
        }
    }

    /// Returns the exit code: the one place that maps outcomes to codes.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Incomplete => 3,
            Self::Nagios(Status::Ok) => 0,
            Self::Nagios(Status::Warn) => 1,
            Self::Nagios(Status::Fail) => 2,
            Self::Nagios(Status::Unknown | Status::Skipped) => 3,
        }
    }

    /// Returns the outcome as one word, as telemetry has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes | Self::Nagios(Status::Ok | Status::Warn) => "yes",
            Self::No | Self::Nagios(Status::Fail) => "no",
            Self::Incomplete | Self::Nagios(_) => "incomplete",
        }
    }
}

/// Writing to standard output or standard error failed.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(ErrorKind::ClosedPipe, "closed pipe"),
            _ => Self::could_not_tell("cannot write the answer").because(error),
        }
    }
}

/// The command line asks for a format that the command does not have.
impl From<crate::render::UnknownFormat> for Error {
    fn from(error: crate::render::UnknownFormat) -> Self {
        Self::usage(error.to_string())
    }
}
