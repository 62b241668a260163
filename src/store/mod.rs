//! The embedded store: spans, log lines and error events in one `SQLite` file.
//!
//! [`Writer`] is the one thread that writes: it takes batches from a bounded queue and commits as
//! many as are waiting in one transaction, so that what it has acknowledged survives the death of the
//! process; between them it removes what is older or more than the [`Retention`] allows. [`Reader`]
//! opens the same file read-only, also while another process writes. Delivering something twice, or in
//! another order, stores the same. Synchronous; knows nothing of HTTP.

mod failures;
mod grouping;
mod ingest;
mod migrations;
mod query;
mod queue;
mod raw;
mod readers;
mod record;
mod retention;
mod schema;
mod search;
mod trace_list;
mod web;
mod writer;

#[cfg(test)]
mod tests;

pub use query::Reader;
pub use queue::{QueueFull, WAITING_BYTES_MAX};
pub use readers::Readers;
pub use record::{LogOrigin, Record, RecordKind, Stored};
pub use retention::{Removed, Retention};
pub use search::{Dependency, Found, SPANS_SEARCHED_MAX, TraceQuery};
pub use web::{NumberedIssue, Project};
pub use writer::{Batch, Writer};

/// Why the store could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file cannot be made or opened.
    #[error("cannot open the store at {path}")]
    Open {
        /// The file.
        path: String,
        /// What `SQLite` or the system says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is no `SQLite` file, or does not hold together.
    #[error("the store at {path} is damaged")]
    Damaged {
        /// The file.
        path: String,
        /// What `SQLite` says.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process writes the file.
    #[error("the store at {path} is written by another obs")]
    InUse {
        /// The file.
        path: String,
    },
    /// The file was written by a newer `obs`.
    #[error("the store at {path} has schema version {found}, this obs knows {known}")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is an `SQLite` database, but of something else.
    #[error("the file {path} is a database of something else")]
    Foreign {
        /// The file.
        path: String,
    },
    /// There is no room for more; when there is again, writing goes on.
    #[error("the disk is full")]
    Full,
    /// A statement failed: a file that cannot be written, a damaged one.
    #[error("the store failed")]
    Sqlite(#[source] rusqlite::Error),
    /// A row does not hold what we write.
    #[error("the store holds a row that cannot be read")]
    Row(#[from] serde_json::Error),
    /// The question holds a regular expression that is none.
    #[error("not a regular expression")]
    Pattern(#[from] regex::Error),
    /// The writer has stopped.
    #[error("the store is shutting down")]
    Closed,
}

impl StoreError {
    /// Returns it with all that caused it, in one line.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text = format!("{text}: {cause}");
            next = cause.source();
        }
        text
    }

    /// Returns what to do about a store that cannot be opened, as something to type where there is
    /// such a thing.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Damaged { path, .. } => {
                Some(format!("move the file away and start anew: mv '{path}' '{path}.damaged'"))
            }
            Self::InUse { .. } => {
                Some("give this one a file of its own: obs serve --store FILE".to_owned())
            }
            Self::Newer { .. } => Some(
                "use the newer obs that wrote it, or another file: obs serve --store FILE"
                    .to_owned(),
            ),
            Self::Open { .. } | Self::Foreign { .. } => Some(
                "name a file in a folder that can be written: obs serve --store FILE".to_owned(),
            ),
            _ => None,
        }
    }

    /// Lets a failure be told to every batch of one transaction.
    fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Sqlite(rusqlite::Error::SqliteFailure(code, text)) => {
                Self::Sqlite(rusqlite::Error::SqliteFailure(*code, text.clone()))
            }
            _ => Self::Closed,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}
