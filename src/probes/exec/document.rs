//! What another program says in the form of `obs check -o json`: its checks become parts.

use serde::Deserialize;

use super::super::{Finding, Part};
use super::shortened;
use crate::model::{CheckKind, Reason, Status};

/// What a document calls itself.
const SCHEMA: &str = "obs.check/1";

/// How many checks of it are shown, parts of parts among them.
const PARTS_MAX: usize = 200;

#[derive(Debug, Deserialize)]
struct Document {
    schema: String,
    status: Status,
    #[serde(default)]
    checks: Vec<Check>,
}

/// One check of it; what else it has is not looked at.
#[derive(Debug, Deserialize)]
struct Check {
    name: Option<String>,
    id: Option<String>,
    status: Status,
    reason: Option<String>,
    #[serde(default)]
    message: String,
    duration_ms: Option<f64>,
    #[serde(default)]
    children: Vec<Self>,
}

/// Judges by the document; what is none is unknown, whatever the exit code.
pub(super) fn judge(code: i32, output: &str, error: &str) -> Finding {
    let document: Document = match serde_json::from_str(output) {
        Ok(document) => document,
        Err(reason) => {
            let error = if error.is_empty() { String::new() } else { format!(", {error}") };
            let message = format!("no {SCHEMA} (exit code {code}{error}): {reason}");
            return Finding::unknown(Reason::Protocol, shortened(&message));
        }
    };
    if document.schema != SCHEMA {
        let message = format!("a document `{}` and no {SCHEMA}", document.schema);
        return Finding::unknown(Reason::Protocol, shortened(&message));
    }
    let mut room = PARTS_MAX;
    let count = document.checks.len();
    let good = document.checks.iter().filter(|check| check.status == Status::Ok).count();
    let parts: Vec<Part> =
        document.checks.into_iter().filter_map(|check| part(check, &mut room)).collect();
    let cut = if room == 0 { ", not all shown" } else { "" };
    let status = parts.iter().map(|part| part.status).fold(document.status, Status::max);
    let reason = parts.iter().find(|part| part.status == status).and_then(|part| part.reason);
    let reason = reason.or((status != Status::Ok).then_some(Reason::Status));
    let mut finding =
        Finding::new(status, reason, format!("{good} of {count} checks are well{cut}"));
    finding.children = parts;
    finding
}

/// Makes a part of a check; `None` when there is no room left.
fn part(check: Check, room: &mut usize) -> Option<Part> {
    *room = room.checked_sub(1)?;
    let well = check.status == Status::Ok;
    Some(Part {
        name: shortened(&check.name.or(check.id).unwrap_or_else(|| "(no name)".to_owned())),
        kind: CheckKind::Component,
        status: check.status,
        reason: check.reason.filter(|_| !well).map(|reason| reason_of(&reason)),
        message: shortened(&check.message),
        duration_ms: check.duration_ms.filter(|took| took.is_finite() && *took >= 0.0),
        children: check.children.into_iter().filter_map(|child| part(child, room)).collect(),
    })
}

/// Reads a reason; one that is not known here is what the check says of itself.
fn reason_of(name: &str) -> Reason {
    serde_json::from_value(name.into()).unwrap_or(Reason::Status)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn its_checks_become_parts() {
        let document = r#"{"schema":"obs.check/1","status":"fail","checks":[
            {"id":"db","name":"db","status":"fail","reason":"refused","message":"no","duration_ms":1.5,
             "children":[{"id":"db/a","status":"warn","reason":"from_the_future"}]},
            {"id":"mq","name":"mq","status":"ok","reason":null}]}"#;
        let finding = judge(1, document, "");
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Refused)));
        assert_eq!(finding.message, "1 of 2 checks are well");
        assert_eq!(finding.children[0].children[0].reason, Some(Reason::Status));
    }

    #[test]
    fn what_is_no_such_document_is_unknown() {
        for output in ["", "OK", "{}", r#"{"schema":"obs.logs/1","status":"ok"}"#] {
            let finding = judge(0, output, "");
            assert_eq!((finding.status, finding.reason), (Status::Unknown, Some(Reason::Protocol)));
        }
    }

    #[test]
    fn a_whole_that_is_better_than_its_parts_is_not_believed() {
        let document =
            r#"{"schema":"obs.check/1","status":"ok","checks":[{"name":"a","status":"fail"}]}"#;
        assert_eq!(judge(0, document, "").status, Status::Fail);
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic(output in "\\PC{0,80}") {
            drop(judge(0, &output, ""));
        }
    }
}
