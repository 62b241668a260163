//! The results of a report in one row after the other, each with a name that no other has.

use std::collections::HashMap;

use super::CheckReport;
use crate::model::{CheckResult, Reason, Status};

/// One result and what to call it.
pub(super) struct Listed<'a> {
    /// Its id; of several that are alike the second ends in `#2`.
    pub(super) id: String,
    pub(super) result: &'a CheckResult,
}

/// Returns all checks and their parts in order.
///
/// Applications may name two components alike, and readers of reports take the name for a key.
pub(super) fn listed(report: &CheckReport) -> Vec<Listed<'_>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut all = Vec::new();
    for result in report.all() {
        let times = seen.entry(result.id.as_str()).or_insert(0);
        *times += 1;
        let id = if *times == 1 { result.id.clone() } else { format!("{}#{times}", result.id) };
        all.push(Listed { id, result });
    }
    all
}

/// Returns a status as one word, as in JSON.
pub(super) fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Unknown => "unknown",
        Status::Skipped => "skipped",
    }
}

/// Returns the reason as its word of the closed list, as in JSON; empty without one.
pub(super) fn reason(result: &CheckResult) -> String {
    result.reason.map(reason_word).unwrap_or_default()
}

/// Returns a reason as its word, as in JSON.
pub(super) fn reason_word(reason: Reason) -> String {
    let word = serde_json::to_value(reason).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Returns the kind as its word, as in JSON.
pub(super) fn kind(result: &CheckResult) -> String {
    let word = serde_json::to_value(result.kind).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
