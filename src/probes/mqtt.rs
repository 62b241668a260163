//! MQTT 3.1.1 and 5.0: a session that leaves nothing behind, and an answer to a ping.

use uuid::Uuid;

use super::address::{Address, Secret};
use super::codes;
use super::conversation::Conversation;
use super::{Finding, Probe};
use crate::model::{CheckKind, Reason};
use packet::{Packet, Version};

mod packet;

/// Between two that are waited for, a broker may send so many others.
const PACKETS_MAX: usize = 16;

/// It ends long before.
const KEEP_ALIVE_S: u16 = 60;

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>) -> Result<Finding, Finding> {
    let version = version(talk.address)?;
    talk.open().await?;
    talk.step("auth");
    let password = talk.address.password.as_ref().map(Secret::expose);
    let user = talk.address.user.as_deref();
    // Section 3.1.2.9 of 3.1.1: no password without a user.
    let user = user.or(password.map(|_| ""));
    let client_id = format!("obs{}", Uuid::new_v4().simple());
    // Brokers of 3.1.1 need take no more than 23 letters.
    let client_id = client_id.get(..23).unwrap_or("obs");
    talk.write(&packet::connect(version, client_id, user, password, KEEP_ALIVE_S)).await?;
    match hear(talk, version).await {
        Ok(Packet::Connack { code: 0, .. }) => {}
        Ok(Packet::Connack { code, words } | Packet::Disconnect { code, words }) => {
            return Err(refused(version, code, words));
        }
        Ok(_) => return Err(foreign()),
        // Section 3.1.4: a broker may just close what it does not want.
        Err(finding) if finding.reason == Some(Reason::Reset) => {
            return Err(finding.likely("the broker speaks no such version of MQTT (version=5 or 3.1.1 in the address), or takes nobody from here"));
        }
        Err(finding) => return Err(finding),
    }
    talk.step("query");
    talk.write(&packet::PINGREQ).await?;
    for _ in 0..PACKETS_MAX {
        match hear(talk, version).await? {
            Packet::Pingresp => {
                talk.write(&packet::DISCONNECT).await?;
                let name = if version == Version::V5 { "5.0" } else { "3.1.1" };
                let who = if user.is_some() { "logged in" } else { "accepted without a login" };
                return Ok(Finding::ok(format!("MQTT {name}, {who}, ping answered")));
            }
            Packet::Disconnect { code, words } => return Err(refused(version, code, words)),
            Packet::Connack { .. } => return Err(foreign()),
            Packet::Other => {}
        }
    }
    Err(foreign())
}

/// Returns the version that the address asks for; 3.1.1, which every broker speaks, where it does not.
fn version(address: &Address) -> Result<Version, Finding> {
    match address.parameter(&["version"]) {
        None | Some("3.1.1" | "311" | "4") => Ok(Version::V311),
        Some("5" | "5.0") => Ok(Version::V5),
        Some(_) => {
            let message = "the address has a version of MQTT that is neither 3.1.1 nor 5";
            Err(Finding::unknown(Reason::Config, message))
        }
    }
}

async fn hear(talk: &mut Conversation<'_>, version: Version) -> Result<Packet, Finding> {
    let first = talk.read_exact(1).await?;
    let mut length = Vec::new();
    let length = loop {
        length.extend(talk.read_exact(1).await?);
        match packet::length(&length) {
            Some(length) if length <= packet::PACKET_BYTES_MAX => break length,
            None if length.len() < 4 => {}
            _ => return Err(foreign()),
        }
    };
    let body = talk.read_exact(length).await?;
    let first = first.first().copied().unwrap_or(0);
    packet::read(version, first, &body).ok_or_else(foreign)
}

/// Says what a code stands for; the same number is another thing in the other version.
fn refused(version: Version, code: u8, words: Option<String>) -> Finding {
    let (code, text) = match (version, code) {
        (Version::V311, 1) => ("1", "the version of the protocol is refused"),
        (Version::V311, 2) => ("2", "the client's id is refused"),
        (Version::V311, 3) => ("3", "the server is unavailable"),
        (Version::V311, 4) => ("4", "the user or the password is malformed"),
        (Version::V311, 5) => ("5", "not authorized"),
        (_, 0x81) => ("0x81", "malformed packet"),
        (_, 0x82) => ("0x82", "protocol error"),
        (_, 0x84) => ("0x84", "the version of the protocol is refused"),
        (_, 0x85) => ("0x85", "the client's id is refused"),
        (_, 0x86) => ("0x86", "bad user name or password"),
        (_, 0x87) => ("0x87", "not authorized"),
        (_, 0x88) => ("0x88", "the server is unavailable"),
        (_, 0x89) => ("0x89", "the server is busy"),
        (_, 0x8A) => ("0x8A", "banned"),
        (_, 0x8B) => ("0x8B", "the server is shutting down"),
        (_, 0x8C) => ("0x8C", "the way to log in is refused"),
        (_, 0x97) => ("0x97", "a quota is used up"),
        (_, 0x9C) => ("0x9C", "use another server"),
        (_, 0x9D) => ("0x9D", "the server has moved"),
        (_, 0x9F) => ("0x9F", "too many connections in too short a time"),
        (_, code) => {
            let code = format!("{code:#04X}");
            return codes::refused(CheckKind::Mqtt, &code, format!("refused with {code}"));
        }
    };
    let message = words.map_or_else(|| text.to_owned(), |words| format!("{text}: {words}"));
    codes::refused(CheckKind::Mqtt, code, message)
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not MQTT").likely(
        "the port of something else: 1883 is MQTT's, 8883 with TLS; websockets are another port",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_is_another_thing_in_the_other_version() {
        let of = |version, code| refused(version, code, None);
        assert_eq!(of(Version::V311, 5).reason, Some(Reason::AuthFailed));
        assert_eq!(of(Version::V5, 0x87).reason, Some(Reason::AuthFailed));
        assert_eq!(of(Version::V311, 3).reason, Some(Reason::Starting));
        assert_eq!(of(Version::V5, 0x97).reason, Some(Reason::Saturated));
        let unknown = of(Version::V5, 0xA0);
        assert_eq!((unknown.reason, unknown.code.as_deref()), (Some(Reason::Status), Some("0xA0")));
    }

    #[test]
    fn the_words_of_a_broker_are_kept() {
        let finding = refused(Version::V5, 0x87, Some("wrong tenant".to_owned()));
        assert_eq!(finding.message, "not authorized: wrong tenant");
    }

    #[test]
    fn a_version_that_does_not_exist_is_refused() {
        let of = |text: &str| version(&Address::read(text, &["mqtt"], Some(1883)).unwrap());
        assert_eq!(of("mqtt://h?version=5"), Ok(Version::V5));
        assert_eq!(of("mqtt://h"), Ok(Version::V311));
        assert_eq!(of("mqtt://h?version=6").unwrap_err().reason, Some(Reason::Config));
    }
}
