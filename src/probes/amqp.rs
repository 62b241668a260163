//! RabbitMQ, and what else speaks AMQP 0-9-1: a login, a virtual host, and whether publishers are held up.
//!
//! A server low on memory or disk takes connections and logins as ever and lets every publisher hang;
//! it tells so only to who publishes. So an empty message is sent to a queue that does not exist, and
//! comes back. `frame` is the protocol, `management` what the server's web interface adds.

use uuid::Uuid;

use super::address::{Address, Secret};
use super::codes;
use super::conversation::Conversation;
use super::{Finding, Means, Probe};
use crate::model::{CheckKind, Reason, Status};
use frame::{Head, Said};

mod frame;
mod management;

/// Between two that are waited for, a server may send so many others.
const FRAMES_MAX: usize = 64;

/// How an empty message fared.
enum Published {
    /// It came back: publishing works.
    Returned,
    /// The server reads nothing more of who publishes, because of this.
    Blocked(String),
    /// The user may not publish, or no channel could be opened.
    Refused(String),
}

pub(super) async fn run(probe: &Probe, address: &Address, means: &Means) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk, probe, means).await;
    talk.finish(outcome)
}

async fn ask(
    talk: &mut Conversation<'_>,
    probe: &Probe,
    means: &Means,
) -> Result<Finding, Finding> {
    talk.open().await?;
    let vhost = vhost(talk.address);
    let (product, version) = log_in(talk, &vhost).await?;
    talk.step("query");
    let published = publish(talk).await?;
    talk.step("management");
    let seen = management::look(talk, &vhost, means).await;
    let mut finding = Finding::ok(format!("{product} {version}, vhost {vhost}"));
    match published {
        Published::Returned => finding.message.push_str(", publishing works"),
        Published::Blocked(reason) => {
            let what = format!("publishers are blocked: {reason}");
            finding.worsen(Status::Fail, Reason::Saturated, &what);
            finding = finding.coded("blocked");
        }
        Published::Refused(words) => {
            finding.message = format!(
                "{}; whether publishers are blocked was not asked: {words}",
                finding.message
            );
        }
    }
    management::judge(&mut finding, probe, seen);
    Ok(finding)
}

/// Returns the virtual host; none, and an empty one, are `/`, as most clients have it.
fn vhost(address: &Address) -> String {
    if address.path.is_empty() { "/".to_owned() } else { address.path.clone() }
}

/// Returns who is asked, and the password; those of a fresh installation where none are given.
fn login(address: &Address) -> (&str, &str) {
    let password = address.password.as_ref().map(Secret::expose);
    (address.user.as_deref().unwrap_or("guest"), password.unwrap_or("guest"))
}

/// Goes from the first byte to an open virtual host; returns the server's name and version.
async fn log_in(talk: &mut Conversation<'_>, vhost: &str) -> Result<(String, String), Finding> {
    talk.step("auth");
    talk.write(&frame::HEADER).await?;
    let Said::Start { product, version, mechanisms, .. } = hear(talk).await? else {
        return Err(out_of_turn());
    };
    if !mechanisms.split(' ').any(|one| one == "PLAIN") {
        let message = format!("it offers no login by password, only {mechanisms}");
        return Err(Finding::unknown(Reason::Forbidden, message));
    }
    let (user, password) = login(talk.address);
    talk.write(&frame::start_ok(user, password)).await?;
    let (channel_max, frame_max) = match hear(talk).await {
        Ok(Said::Tune { channel_max, frame_max }) => (channel_max, frame_max),
        Ok(Said::Close { code, text }) => return Err(refused(code, &text)),
        Ok(_) => return Err(out_of_turn()),
        // Section 2.2.4: who does not announce to understand a refusal is just cut off.
        Err(finding) if finding.reason == Some(Reason::Reset) => {
            let message = "the connection was closed at the login";
            return Err(Finding::fail(Reason::AuthFailed, message));
        }
        Err(finding) => return Err(finding),
    };
    talk.write(&frame::tune_ok_and_open(channel_max, frame_max, vhost)).await?;
    match hear(talk).await? {
        Said::OpenOk => Ok((named(product, "AMQP server"), version)),
        Said::Close { code, text } => Err(refused(code, &text)),
        _ => Err(out_of_turn()),
    }
}

fn named(name: String, otherwise: &str) -> String {
    if name.is_empty() { otherwise.to_owned() } else { name }
}

/// Sends a message to nobody, and closes the connection where it came back.
///
/// A server with an alarm may return the message first: only that it still answers says that it
/// reads on.
async fn publish(talk: &mut Conversation<'_>) -> Result<Published, Finding> {
    talk.write(&frame::channel_open()).await?;
    match hear(talk).await? {
        Said::ChannelOpenOk => {}
        Said::Close { text, .. } | Said::ChannelClose { text, .. } => {
            return Ok(Published::Refused(text));
        }
        _ => return Err(out_of_turn()),
    }
    let nobody = format!("obs.check.{}", Uuid::new_v4().simple());
    talk.write(&frame::publish_to_nobody(&nobody)).await?;
    let mut published = None;
    for _ in 0..FRAMES_MAX {
        match hear(talk).await? {
            Said::Returned => {
                published = Some(Published::Returned);
                talk.write(&frame::close()).await?;
            }
            Said::ChannelClose { text, .. } => {
                published = Some(Published::Refused(text));
                talk.write(&frame::close()).await?;
            }
            Said::Blocked { reason } => return Ok(Published::Blocked(reason)),
            Said::Close { code, text } => return Err(refused(code, &text)),
            Said::CloseOk => return published.ok_or_else(out_of_turn),
            _ => {}
        }
    }
    Err(out_of_turn())
}

/// Reads what the server says next; heartbeats and contents are passed over.
async fn hear(talk: &mut Conversation<'_>) -> Result<Said, Finding> {
    for _ in 0..FRAMES_MAX {
        let head = talk.read_exact(frame::HEAD_BYTES).await?;
        let Ok(head) = head.try_into() else { return Err(out_of_turn()) };
        let (kind, size) = match Head::read(head) {
            Head::Frame { kind, size } => (kind, size),
            Head::OtherVersion => return Err(other_version()),
            Head::Foreign => return Err(foreign()),
        };
        let frame = talk.read_exact(size + 1).await?;
        let Some((&frame::FRAME_END, payload)) = frame.split_last() else { return Err(foreign()) };
        match frame::read(kind, payload) {
            Some(Said::Other) => {}
            Some(said) => return Ok(said),
            None => return Err(foreign()),
        }
    }
    Err(out_of_turn())
}

/// Says what a reply code stands for; one of them stands for several, which its words tell apart.
fn refused(code: u16, words: &str) -> Finding {
    let finding = codes::refused(CheckKind::Rabbitmq, &code.to_string(), words);
    if code != 530 {
        return finding;
    }
    let (reason, likely) = if words.contains("not found") {
        (Reason::NotFound, "the name of the virtual host is misspelt, or it was never created here")
    } else if words.contains("limit") {
        (
            Reason::Saturated,
            "every connection of the virtual host or user is taken: they leak, or the limit is low",
        )
    } else {
        (Reason::Forbidden, "the user has no permissions in this virtual host")
    };
    Finding { reason: Some(reason), ..finding }.likely(likely)
}

fn other_version() -> Finding {
    Finding::fail(Reason::Protocol, "it speaks another version of AMQP than 0-9-1")
        .likely("a broker of AMQP 1.0 only, such as Azure Service Bus or ActiveMQ")
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not AMQP")
        .likely("the port of something else: 5672 is AMQP's, 15672 that of the management pages")
}

fn out_of_turn() -> Finding {
    Finding::fail(Reason::Protocol, "it answers out of turn for AMQP 0-9-1")
}
