//! What became of one request: the result of a canary, a row a sign that it should have left.
//!
//! Not here: sending it and looking for its signs, which takes all sources (`commands::check::canary`).

use std::time::Duration;

mod landing;

pub use landing::{is_a_page, page_of};

use super::finding::{Finding, Part, complete};
use super::{Probe, Target, milliseconds};
use crate::model::{CheckKind, CheckResult, Hint, Reason, Status};

/// One sign of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    /// `answer`, `log line`, `trace`, `metrics`.
    pub name: &'static str,
    /// Whether it is there.
    pub status: Status,
    /// Why not; absent when it is.
    pub reason: Option<Reason>,
    /// What was seen, in words.
    pub message: String,
    /// How long after the request was sent.
    pub after: Option<Duration>,
    /// What is likely behind its absence.
    pub likely: &'static str,
    /// What to type then.
    pub command: String,
}

/// Joins the signs of one request to a result.
pub fn result(url: &str, request_id: &str, took: Duration, signs: &[Sign]) -> CheckResult {
    let probe = Probe::plain("canary", "canary", Target::Http(url.to_owned()), took);
    let probe = Probe { origin: "--canary".to_owned(), ..probe };
    let seen = signs.iter().filter(|sign| sign.status == Status::Ok).count();
    let answer = signs.iter().find(|sign| sign.name == "answer" && sign.status != Status::Ok);
    // The other signs may all be there: what it was answered is not hidden by that.
    let answered = answer.filter(|sign| sign.after.is_some());
    let answered = answered.map_or_else(String::new, |sign| format!(", answered {}", sign.message));
    let message = format!("request {request_id}: {seen} of {} signs of it{answered}", signs.len());
    let worst = Status::worst(signs.iter().map(|sign| sign.status));
    let reason = signs.iter().filter(|sign| sign.status == worst).find_map(|sign| sign.reason);
    let mut finding = Finding::new(worst, reason, message);
    let part = |sign: &Sign| Part {
        name: sign.name.to_owned(),
        kind: CheckKind::Part,
        status: sign.status,
        reason: sign.reason,
        message: sign.message.clone(),
        duration_ms: sign.after.map(milliseconds),
        children: Vec::new(),
    };
    finding.children = signs.iter().map(part).collect();
    let mut result = complete(&probe, finding, Some(took));
    result.kind = CheckKind::Canary;
    for (child, sign) in result.children.iter_mut().zip(signs) {
        child.hint = child
            .hint
            .take()
            .map(|_| Hint { likely: sign.likely.to_owned(), command: Some(sign.command.clone()) });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_sign_fails_the_whole_and_says_why_on_its_own_row() {
        let sign = |name, status, reason| Sign {
            name,
            status,
            reason,
            message: name.to_owned(),
            after: Some(Duration::from_millis(3)),
            likely: "nothing writes it",
            command: "obs logs -f".to_owned(),
        };
        let signs =
            [sign("answer", Status::Ok, None), sign("trace", Status::Fail, Some(Reason::NotFound))];
        let took = Duration::from_secs(1);
        let result = result("http://u:hunter2@h/", "id", took, &signs);
        assert_eq!((result.status, result.kind), (Status::Fail, CheckKind::Canary));
        assert_eq!(result.message, "request id: 1 of 2 signs of it");
        assert!(result.hint.is_none() && result.children[0].hint.is_none());
        assert_eq!(result.children[1].hint.as_ref().unwrap().likely, "nothing writes it");
        assert!(!serde_json::to_string(&result).unwrap().contains("hunter2"));
    }

    #[test]
    fn an_answer_that_says_no_is_said_beside_the_signs() {
        let sign = |name, status, message: &str| Sign {
            name,
            status,
            reason: (status != Status::Ok).then_some(Reason::NotFound),
            message: message.to_owned(),
            after: Some(Duration::from_millis(3)),
            likely: "",
            command: String::new(),
        };
        let signs = [sign("answer", Status::Warn, "404"), sign("trace", Status::Ok, "1 span")];
        let result = result("http://h/", "id", Duration::from_secs(1), &signs);
        assert_eq!(result.status, Status::Warn);
        assert_eq!(result.message, "request id: 1 of 2 signs of it, answered 404");
    }
}
