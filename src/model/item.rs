//! What an error tracker's client sends beside errors.

use super::UnixNanos;

/// One item of an envelope, kept as it came: a session, a check-in, an attachment, a report.
///
/// Source: develop.sentry.dev, "Envelope Items".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// `session`, `check_in`, `attachment`, `feedback`, `client_report`, …
    pub kind: String,
    /// The project that it was sent to.
    pub project: String,
    /// The event it belongs to, if any: 32 lower-case hex digits.
    pub event_id: Option<String>,
    /// When it came.
    pub received: UnixNanos,
    /// The item's own header, a JSON object, byte for byte.
    pub header: String,
    /// What it holds, byte for byte.
    pub payload: Vec<u8>,
}
