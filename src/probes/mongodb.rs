//! MongoDB: what a server says of itself and of its replica set.
//!
//! `hello` needs no login, and none is made: that the password was not tried is said.

use super::codes;
use super::conversation::{ANSWER_BYTES_MAX, Conversation};
use super::{Address, Finding, Probe};
use crate::model::{CheckKind, Reason, Status, counted};
use bson::{Document, Value};

mod bson;

/// The database that is asked when nobody is logged in.
const DATABASE: &str = "admin";

/// No such command, which is what servers before 4.4.2 say to `hello`.
const COMMAND_NOT_FOUND: f64 = 59.0;

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>) -> Result<Finding, Finding> {
    talk.open().await?;
    talk.step("query");
    let mut answer = command(talk, "hello", 1).await?;
    if number(&answer, "code") == Some(COMMAND_NOT_FOUND) {
        answer = command(talk, "isMaster", 2).await?;
    }
    let wanted = talk.address.parameter(&["replicaset"]);
    let mut finding = judge(&answer, wanted);
    if talk.address.password.is_some() && finding.status < Status::Unknown {
        let message = std::mem::take(&mut finding.message);
        finding.message = format!("{message}; the password was not tried");
    }
    Ok(finding)
}

async fn command(
    talk: &mut Conversation<'_>,
    name: &str,
    request_id: i32,
) -> Result<Document, Finding> {
    talk.write(&bson::command(name, DATABASE, request_id)).await?;
    let head = talk.read_exact(bson::HEAD_BYTES).await?;
    let length = bson::body_length(&head, request_id).filter(|length| *length <= ANSWER_BYTES_MAX);
    let body = talk.read_exact(length.ok_or_else(foreign)?).await?;
    bson::answer(&body).ok_or_else(foreign)
}

fn number(document: &Document, name: &str) -> Option<f64> {
    match document.get(name) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

fn truth(document: &Document, name: &str) -> bool {
    document.get(name) == Some(&Value::Truth(true))
}

fn text<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    match document.get(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn judge(answer: &Document, wanted: Option<&str>) -> Finding {
    if number(answer, "ok") != Some(1.0) {
        let words = text(answer, "errmsg").unwrap_or("it refuses `hello` and gives no reason");
        let code = number(answer, "code").map_or_else(String::new, |code| format!("{code:.0}"));
        return codes::refused(CheckKind::Mongodb, &code, words);
    }
    let set = text(answer, "setName");
    let writable = truth(answer, "isWritablePrimary") || truth(answer, "ismaster");
    let secondary = truth(answer, "secondary");
    let role = match (set, text(answer, "msg")) {
        (_, Some("isdbgrid")) => "a router of a sharded cluster".to_owned(),
        (Some(set), _) if writable => format!("primary of {set}"),
        (Some(set), _) if secondary => format!("secondary of {set}"),
        (Some(set), _) => format!("neither primary nor secondary of {set}"),
        (None, _) => "a single server".to_owned(),
    };
    let wire = number(answer, "maxWireVersion").unwrap_or(0.0);
    let mut finding = Finding::ok(format!("MongoDB (wire version {wire:.0}), {role}"));
    if let Some(Value::Texts(hosts)) = answer.get("hosts") {
        finding.say(&counted(hosts.len(), "member"));
    }
    if set.is_some() && !writable && !secondary {
        finding.worsen(Status::Fail, Reason::Starting, "it serves nothing yet");
        finding = finding
            .likely("it starts, recovers or copies its data: wait for it, and look at its log");
    } else if set.is_some() && text(answer, "primary").is_none() && !writable {
        finding.worsen(Status::Fail, Reason::ReadOnly, "the replica set has no primary");
        finding = finding.likely(
            "most of the members are down or cut off: nothing can be written until they vote",
        );
    } else if truth(answer, "isreplicaset") {
        finding.worsen(
            Status::Fail,
            Reason::Config,
            "its replica set was never started (rs.initiate)",
        );
    }
    if let (Some(wanted), Some(set)) = (wanted, set)
        && wanted != set
    {
        let what = format!("the address asks for the replica set {wanted}");
        finding.worsen(Status::Fail, Reason::Config, &what);
    }
    finding
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not MongoDB")
        .likely("the port of something else: 27017 is MongoDB's")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(fields: &[(&str, Value)]) -> Document {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        fields.chain([("ok".to_owned(), Value::Number(1.0))]).collect()
    }

    fn set(more: &[(&str, Value)]) -> Document {
        let mut fields = vec![("setName", Value::Text("rs0".to_owned()))];
        fields.extend_from_slice(more);
        document(&fields)
    }

    #[test]
    fn a_member_is_judged_by_what_it_may_do() {
        let yes = Value::Truth(true);
        let primary = judge(&set(&[("isWritablePrimary", yes.clone())]), None);
        assert_eq!(primary.message, "MongoDB (wire version 0), primary of rs0");
        let elsewhere = ("primary", Value::Text("a:27017".to_owned()));
        let secondary = judge(&set(&[("secondary", yes.clone()), elsewhere]), None);
        assert_eq!(secondary.status, Status::Ok);
        let orphan = judge(&set(&[("secondary", yes)]), None);
        assert_eq!((orphan.status, orphan.reason), (Status::Fail, Some(Reason::ReadOnly)));
        assert_eq!(judge(&set(&[]), None).reason, Some(Reason::Starting));
        assert_eq!(judge(&document(&[]), None).status, Status::Ok);
    }

    #[test]
    fn an_answer_as_a_driver_writes_it_is_read() {
        let document = include_bytes!("../../tests/fixtures/wire/mongodb-hello.bson");
        let body = [&[0; 5], document.as_slice()].concat();
        let finding = judge(&bson::answer(&body).unwrap(), Some("rs0"));
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(finding.message, "MongoDB (wire version 21), primary of rs0, 2 members");
    }

    #[test]
    fn another_replica_set_than_the_address_names_is_a_failure() {
        let primary = set(&[("isWritablePrimary", Value::Truth(true))]);
        assert_eq!(judge(&primary, Some("rs0")).status, Status::Ok);
        assert_eq!(judge(&primary, Some("rs1")).status, Status::Fail);
    }

    #[test]
    fn a_refusal_keeps_its_code_and_words() {
        let refused: Document = [
            ("ok".to_owned(), Value::Number(0.0)),
            ("code".to_owned(), Value::Number(18.0)),
            ("errmsg".to_owned(), Value::Text("no".to_owned())),
        ]
        .into();
        let finding = judge(&refused, None);
        assert_eq!(
            (finding.reason, finding.code.as_deref()),
            (Some(Reason::AuthFailed), Some("18"))
        );
    }
}
