//! The embedded store: spans, log lines and error events in one `SQLite` file.
//!
//! [`Writer`] is the one thread that writes: it takes batches from a bounded queue and commits as
//! many as are waiting in one transaction, so that what it has acknowledged survives the death of the
//! process. [`Reader`] opens the same file read-only, also while another process writes. Delivering
//! something twice stores it once. Synchronous; knows nothing of HTTP.

mod failures;
mod grouping;
mod ingest;
mod items;
mod metrics;
mod query;
mod raw;
mod schema;
mod search;
mod web;
mod writer;

#[cfg(test)]
mod tests;

pub use ingest::{LogOrigin, Record, RecordKind, Stored};
pub use query::Reader;
pub use search::{Dependency, Found, SPANS_SEARCHED_MAX, TraceQuery};
pub use web::{NumberedIssue, Project};
pub use writer::{QueueFull, Writer};

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
    /// A statement failed: a full disk, a damaged file.
    #[error("the store failed")]
    Sqlite(#[from] rusqlite::Error),
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

/// Lets a failure be told to every batch of one transaction.
impl StoreError {
    fn again(&self) -> Self {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(code, text)) => {
                Self::Sqlite(rusqlite::Error::SqliteFailure(*code, text.clone()))
            }
            _ => Self::Closed,
        }
    }
}
