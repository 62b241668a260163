//! SMTP: the greeting, what the server can do, TLS where it offers it, and a login.
//!
//! No mail is sent. Replies are those of RFC 5321 (4.2), STARTTLS is RFC 3207, AUTH is RFC 4954.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::address::Tls;
use super::codes;
use super::conversation::Conversation;
use super::{Address, Finding, Probe};
use crate::model::{CheckKind, Reason, Status};

/// A line has at most 512 bytes by RFC 5321; servers in the wild send longer ones.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// A reply has at most so many lines.
const LINES_MAX: usize = 100;

/// A reply: its code, and the texts of its lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Says whether one of the lines begins with this word.
    fn offers(&self, word: &str) -> bool {
        self.parameters(word).is_some()
    }

    /// Returns what is behind a word that a line begins with: `AUTH PLAIN LOGIN`, and the older `AUTH=`.
    fn parameters(&self, word: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (head, rest) = line.split_at_checked(word.len())?;
            let is_it = head.eq_ignore_ascii_case(word) && rest.chars().all(|c| c != '\0');
            (is_it && (rest.is_empty() || rest.starts_with([' ', '='])))
                .then(|| rest.trim_start_matches([' ', '=']))
        })
    }

    fn words(&self) -> String {
        self.lines.join(" ")
    }
}

/// Whether a password was tried.
enum Login {
    Accepted,
    NotAsked,
    NotTried(&'static str),
}

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let insisted = address.tls != Tls::Off;
    let refused = !insisted && address.parameter(&["tls", "ssl"]).is_some();
    // What the server offers is taken, and its certificate looked at, unless the address says no.
    let tls = if insisted { address.tls } else { Tls::Verified };
    let address = Address { tls, ..address.clone() };
    let mut talk = Conversation::new(probe, &address);
    let outcome = ask(&mut talk, insisted, refused).await;
    talk.finish(outcome)
}

async fn ask(
    talk: &mut Conversation<'_>,
    insisted: bool,
    refused: bool,
) -> Result<Finding, Finding> {
    if talk.address.scheme == "smtps" {
        talk.open().await?;
    } else {
        talk.connect().await?;
    }
    talk.step("greeting");
    let greeting = hear(talk, 220).await?;
    let mut able = say(talk, "EHLO obs.invalid", 250).await?;
    let starttls = able.offers("STARTTLS");
    if !talk.is_encrypted() && !refused {
        if starttls {
            say(talk, "STARTTLS", 220).await?;
            talk.encrypt().await.map_err(|finding| unverified(finding, insisted, talk.address))?;
            talk.step("query");
            able = say(talk, "EHLO obs.invalid", 250).await?;
        } else if insisted {
            return Err(Finding::fail(Reason::Protocol, "it offers no STARTTLS").likely(
                "TLS is for another port (465, 587), or is not switched on in the server",
            ));
        }
    }
    talk.step("auth");
    let login = log_in(talk, &able).await?;
    // A server that is slow to say goodbye has answered all that was asked.
    drop(talk.write(b"QUIT\r\n").await);
    Ok(judge(&greeting, &able, talk.is_encrypted(), &login))
}

/// Whom a server is does not matter to one that sends it mail in the clear otherwise, and no password.
fn unverified(finding: Finding, insisted: bool, address: &Address) -> Finding {
    let bad =
        matches!(finding.reason, Some(Reason::TlsExpired | Reason::TlsUntrusted | Reason::TlsName));
    if bad && !insisted && address.password.is_none() {
        return Finding { status: Status::Warn, ..finding };
    }
    finding
}

/// Sends a line and returns the reply, where it has the code that was hoped for.
async fn say(talk: &mut Conversation<'_>, line: &str, hoped: u16) -> Result<Reply, Finding> {
    talk.write(format!("{line}\r\n").as_bytes()).await?;
    hear(talk, hoped).await
}

async fn hear(talk: &mut Conversation<'_>, hoped: u16) -> Result<Reply, Finding> {
    let mut reply = Reply::default();
    for _ in 0..LINES_MAX {
        let line = talk.read_line(LINE_BYTES_MAX).await?;
        let Some((code, last, text)) = read(&line) else { return Err(foreign()) };
        reply.code = code;
        reply.lines.push(text.to_owned());
        if last {
            return if code == hoped { Ok(reply) } else { Err(refused(&reply)) };
        }
    }
    Err(foreign())
}

/// Reads a line of a reply: its code, whether it is the last, its text.
fn read(line: &str) -> Option<(u16, bool, &str)> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.bytes().all(|byte| byte.is_ascii_digit()) || !code.starts_with(['2', '3', '4', '5']) {
        return None;
    }
    let text = rest.get(1..).unwrap_or_default();
    match rest.bytes().next() {
        None | Some(b' ') => Some((code.parse().ok()?, true, text)),
        Some(b'-') => Some((code.parse().ok()?, false, text)),
        Some(_) => None,
    }
}

/// Tries the password of the address, but not where anybody on the way could read it.
async fn log_in(talk: &mut Conversation<'_>, able: &Reply) -> Result<Login, Finding> {
    let (Some(user), Some(password)) = (&talk.address.user, &talk.address.password) else {
        return Ok(Login::NotAsked);
    };
    let here = talk.address.host.eq_ignore_ascii_case("localhost")
        || talk.address.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if !talk.is_encrypted() && !here {
        return Ok(Login::NotTried("without TLS it would be sent in the clear"));
    }
    let offered = able.parameters("AUTH").unwrap_or_default().to_ascii_uppercase();
    let offers = |name: &str| offered.split(' ').any(|one| one == name);
    let (user, password) = (user.as_str(), password.expose());
    if offers("PLAIN") {
        let token = STANDARD.encode(format!("\0{user}\0{password}"));
        say(talk, &format!("AUTH PLAIN {token}"), 235).await?;
    } else if offers("LOGIN") {
        say(talk, "AUTH LOGIN", 334).await?;
        say(talk, &STANDARD.encode(user), 334).await?;
        say(talk, &STANDARD.encode(password), 235).await?;
    } else if offered.is_empty() {
        return Ok(Login::NotTried("the server offers no login here"));
    } else {
        return Ok(Login::NotTried("the server offers neither PLAIN nor LOGIN"));
    }
    Ok(Login::Accepted)
}

fn judge(greeting: &Reply, able: &Reply, encrypted: bool, login: &Login) -> Finding {
    let name = greeting.lines.first().map_or("", |line| line.split(' ').next().unwrap_or(""));
    let tls = if encrypted { "TLS" } else { "no TLS" };
    let mut message = format!("{name}, {tls}");
    let auth = able.parameters("AUTH").unwrap_or_default();
    match login {
        Login::Accepted => message.push_str(", logged in"),
        Login::NotAsked if auth.is_empty() => message.push_str(", no login offered"),
        Login::NotAsked => message = format!("{message}, logins offered: {auth}"),
        Login::NotTried(_) => {}
    }
    let mut finding = Finding::ok(message);
    if let Login::NotTried(why) = login {
        finding.worsen(
            Status::Warn,
            Reason::AuthFailed,
            &format!("the password was not tried: {why}"),
        );
    }
    finding
}

fn refused(reply: &Reply) -> Finding {
    let message = format!("{} {}", reply.code, reply.words());
    codes::refused(CheckKind::Smtp, &reply.code.to_string(), message)
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not SMTP")
        .likely("the port of something else: 25, 587 and (with TLS at once) 465 are SMTP's")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply { code, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn lines_of_a_reply_are_read() {
        assert_eq!(read("250-SIZE 10"), Some((250, false, "SIZE 10")));
        assert_eq!(read("250 HELP"), Some((250, true, "HELP")));
        assert_eq!(read("220"), Some((220, true, "")));
        for foreign in ["HTTP/1.1 400", "+OK POP3", "25", "", "2x0 a", "250?x", "199 a"] {
            assert_eq!(read(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn what_is_offered_is_found_in_any_case_and_as_a_whole_word() {
        let able = reply(250, &["mx.example", "auth=PLAIN LOGIN", "STARTTLSX", "SIZE 1"]);
        assert_eq!(able.parameters("AUTH"), Some("PLAIN LOGIN"));
        assert!(!able.offers("STARTTLS") && able.offers("SIZE") && !able.offers("HELP"));
    }

    #[test]
    fn what_servers_refuse_with_has_its_reason() {
        let of = |code| refused(&reply(code, &["no"])).reason;
        assert_eq!(of(421), Some(Reason::Starting));
        assert_eq!(of(454), Some(Reason::Status));
        assert_eq!(of(535), Some(Reason::AuthFailed));
        assert_eq!(of(554), Some(Reason::Forbidden));
    }

    #[test]
    fn a_password_that_was_not_tried_is_a_warning() {
        let greeting = reply(220, &["mx.example ESMTP"]);
        let finding = judge(&greeting, &Reply::default(), false, &Login::NotTried("for this"));
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(finding.message, "mx.example, no TLS; the password was not tried: for this");
        assert_eq!(judge(&greeting, &Reply::default(), true, &Login::Accepted).status, Status::Ok);
    }

    proptest! {
        #[test]
        fn no_line_breaks_it(line in ".{0,100}") {
            prop_assert!(read(&line).is_none_or(|(code, ..)| (200..600).contains(&code)));
            let reply = reply(250, &[&line]);
            prop_assert!(reply.parameters("AUTH").is_none_or(|rest| line.ends_with(rest)));
        }
    }
}
