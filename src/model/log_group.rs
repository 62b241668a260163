//! Log records that say the same but for their numbers, ids and texts.

use serde::Serialize;

use super::{Severity, UnixNanos};

/// Records of one service and level whose messages have one template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// How many there are.
    pub count: u64,
    /// How bad they are; absent when they do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Severity>,
    /// Who logged them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What they say, with `<n>` for numbers, `<id>` for ids and `<text>` for text in quotes.
    pub template: String,
    /// The earliest time among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<UnixNanos>,
    /// The latest time among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<UnixNanos>,
    /// The request, else the trace, of the first of them that names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example_id: Option<String>,
}
