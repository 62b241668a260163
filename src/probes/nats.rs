//! NATS: the server's introduction, a login, and an answer to PING.

use serde::Deserialize;

use super::address::{Address, Secret, Tls};
use super::codes;
use super::conversation::Conversation;
use super::{Finding, Probe};
use crate::model::{CheckKind, Reason, Status};

/// A line of the protocol: the introduction lists every address of a cluster.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Before PONG a server may send so many other lines.
const LINES_MAX: usize = 16;

/// How a server introduces itself; what an older one does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Info {
    version: String,
    cluster: Option<String>,
    auth_required: bool,
    tls_required: bool,
    tls_available: bool,
    jetstream: bool,
    /// It is about to stop: clients are to go elsewhere.
    ldm: bool,
    /// It wants a signature with a key, or takes one.
    nonce: Option<String>,
}

/// What a line of a server says.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Info(Box<Info>),
    Pong,
    Refused(String),
    Other,
    Foreign,
}

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>) -> Result<Finding, Finding> {
    talk.connect().await?;
    let wanted = !matches!(talk.address.tls, Tls::Off | Tls::Prefer);
    // A server that is set up for it wants TLS at once; then the address says so.
    if wanted && talk.address.parameter(&["tls_first"]) == Some("true") {
        talk.encrypt().await?;
    }
    talk.step("greeting");
    let info = match hear(talk).await? {
        Line::Info(info) => info,
        Line::Refused(words) => return Err(refused(&words)),
        _ => return Err(foreign()),
    };
    if wanted && !info.tls_required && !info.tls_available && !talk.is_encrypted() {
        return Err(super::secure::no_tls());
    }
    // As every client does: what the server insists on is done, whatever the address says.
    if (wanted || info.tls_required) && !talk.is_encrypted() {
        talk.encrypt().await?;
    }
    talk.step("auth");
    let connect = connect(talk.address, talk.is_encrypted());
    talk.write(format!("CONNECT {connect}\r\nPING\r\n").as_bytes()).await?;
    for _ in 0..LINES_MAX {
        match hear(talk).await? {
            Line::Pong => return Ok(judge(&info, talk.is_encrypted())),
            Line::Refused(words) if info.nonce.is_some() && talk.address.user.is_none() => {
                return Err(keys_only(&words));
            }
            Line::Refused(words) => return Err(refused(&words)),
            Line::Foreign => return Err(foreign()),
            Line::Info(_) | Line::Other => {}
        }
    }
    Err(foreign())
}

async fn hear(talk: &mut Conversation<'_>) -> Result<Line, Finding> {
    Ok(read(&talk.read_line(LINE_BYTES_MAX).await?))
}

fn read(line: &str) -> Line {
    let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    match word.to_ascii_uppercase().as_str() {
        "INFO" => {
            serde_json::from_str(rest).map_or(Line::Foreign, |info| Line::Info(Box::new(info)))
        }
        "PONG" => Line::Pong,
        "-ERR" => Line::Refused(rest.trim().trim_matches('\'').to_owned()),
        "PING" | "+OK" | "MSG" | "HMSG" => Line::Other,
        _ => Line::Foreign,
    }
}

/// Writes what a client says of itself; a user without a password is a token, as in NATS's own URLs.
fn connect(address: &Address, encrypted: bool) -> serde_json::Value {
    let mut connect = serde_json::json!({
        "verbose": false,
        "pedantic": false,
        "tls_required": encrypted,
        "name": "obs check",
        "lang": "rust",
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
    });
    let password = address.password.as_ref().map(Secret::expose);
    match (address.user.as_deref(), password) {
        (Some(user), Some(password)) => {
            connect["user"] = user.into();
            connect["pass"] = password.into();
        }
        (Some(token), None) | (None, Some(token)) => connect["auth_token"] = token.into(),
        (None, None) => {}
    }
    connect
}

fn judge(info: &Info, encrypted: bool) -> Finding {
    let mut message = format!("NATS {}", info.version);
    if let Some(cluster) = &info.cluster {
        message = format!("{message}, cluster {cluster}");
    }
    if info.jetstream {
        message.push_str(", JetStream");
    }
    message.push_str(match (info.auth_required, encrypted) {
        (true, true) => ", logged in over TLS",
        (true, false) => ", logged in",
        (false, true) => ", no login needed, TLS",
        (false, false) => ", no login needed",
    });
    let mut finding = Finding::ok(message);
    if info.ldm {
        finding.worsen(Status::Warn, Reason::Starting, "it is about to stop (lame duck mode)");
    }
    finding
}

fn refused(words: &str) -> Finding {
    codes::refused(CheckKind::Nats, &words.to_ascii_lowercase(), words)
}

/// `obs` holds no keys: that they are asked for says nothing against the server.
fn keys_only(words: &str) -> Finding {
    let message = format!("{words}: the server takes keys (NKey or JWT), which obs does not have");
    Finding::unknown(Reason::AuthFailed, message).coded(words.to_ascii_lowercase())
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not NATS")
        .likely("the port of something else: 4222 is NATS's, 8222 that of its monitoring pages")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INFO: &str = include_str!("../../tests/fixtures/wire/nats-info.bin");

    fn address(text: &str) -> Address {
        Address::read(text, &["nats", "tls"], Some(4222)).unwrap()
    }

    #[test]
    fn the_introduction_of_a_real_server_is_read() {
        let Line::Info(info) = read(INFO.trim_end()) else { panic!() };
        let expected = Info { version: "2.9.10".to_owned(), ..Info::default() };
        assert_eq!(*info, expected);
        assert_eq!(judge(&info, false).message, "NATS 2.9.10, no login needed");
    }

    #[test]
    fn lines_are_told_apart_in_any_case() {
        let pong = include_str!("../../tests/fixtures/wire/nats-pong.bin");
        assert_eq!(read(pong.trim_end()), Line::Pong);
        assert_eq!(read("pong"), Line::Pong);
        assert_eq!(
            read("-ERR 'Authorization Violation'"),
            Line::Refused("Authorization Violation".to_owned())
        );
        assert_eq!(read("HTTP/1.1 400 Bad Request"), Line::Foreign);
        assert_eq!(read("INFO nothing"), Line::Foreign);
    }

    #[test]
    fn a_user_without_a_password_is_a_token() {
        assert_eq!(connect(&address("nats://s3cr3t@h"), false)["auth_token"], "s3cr3t");
        let both = connect(&address("nats://u:p@h"), false);
        assert_eq!((&both["user"], &both["pass"]), (&"u".into(), &"p".into()));
        assert_eq!(both.get("auth_token"), None);
    }

    #[test]
    fn a_server_about_to_stop_is_a_warning() {
        let info = Info { ldm: true, ..Info::default() };
        assert_eq!(judge(&info, false).status, Status::Warn);
    }

    #[test]
    fn what_servers_refuse_with_has_its_reason() {
        assert_eq!(refused("Authorization Violation").reason, Some(Reason::AuthFailed));
        assert_eq!(refused("maximum connections exceeded").reason, Some(Reason::Saturated));
        assert_eq!(refused("Something New").reason, Some(Reason::Status));
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(line in ".{0,200}") {
            drop(read(&line));
            drop(read(&format!("INFO {line}")));
        }
    }
}
