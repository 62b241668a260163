//! Redis, Valkey and Sentinel: a login, `PING`, and what `INFO` says of memory, copies and saving.
//!
//! RESP2, as every version speaks it: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

use super::address::Address;
use super::conversation::{ANSWER_BYTES_MAX, Conversation};
use super::{Finding, Probe, codes};
use crate::model::{CheckKind, Reason, Status};

mod info;

/// A line of the protocol: an error or the length of what follows.
const LINE_BYTES_MAX: usize = 64 << 10;

/// An answer to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply {
    /// A word, a number, or a text of many lines.
    Text(String),
    /// Its first word is its code.
    Error(String),
}

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk, probe).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>, probe: &Probe) -> Result<Finding, Finding> {
    talk.open().await?;
    talk.step("auth");
    let address = talk.address;
    if let Some(password) = &address.password {
        let words = match &address.user {
            Some(user) => vec!["AUTH", user, password.expose()],
            None => vec!["AUTH", password.expose()],
        };
        expect(command(talk, &words).await?)?;
    }
    let stuck = match command(talk, &["PING"]).await? {
        Reply::Text(pong) if pong == "PONG" => None,
        Reply::Text(_) => return Err(not_redis()),
        // It answers everything that writes nothing, and PING counts as a write here.
        Reply::Error(said) if word(&said) == "MISCONF" => Some(said),
        Reply::Error(said) => return Err(refused(&said)),
    };
    let database = address.parameter(&["db"]).unwrap_or(&address.path);
    if !database.is_empty() && database.bytes().all(|byte| byte.is_ascii_digit()) {
        expect(command(talk, &["SELECT", database]).await?)?;
    }
    talk.step("query");
    let text = match command(talk, &["INFO"]).await? {
        Reply::Text(text) => text,
        Reply::Error(said) => {
            // It answers, so it works: only what it says of itself is missing.
            let mut finding = Finding::ok("answers PING");
            let why = format!("its INFO is not known: {said}");
            finding.worsen(Status::Warn, Reason::Forbidden, &why);
            return Ok(finding.coded(word(&said)));
        }
    };
    let info = info::Info::read(&text);
    let cluster = match info.text("cluster_enabled") {
        Some("1") => match command(talk, &["CLUSTER", "INFO"]).await? {
            Reply::Text(text) => Some(text),
            Reply::Error(_) => None,
        },
        _ => None,
    };
    let mut finding = info::judge(probe, &info, cluster.as_deref());
    if let Some(said) = stuck {
        let refusal = refused(&said);
        finding.worsen(Status::Fail, Reason::ReadOnly, "it refuses every write (MISCONF)");
        finding = finding.coded("MISCONF");
        finding.likely = finding.likely.or(refusal.likely);
    }
    Ok(finding)
}

/// Sends one command and reads its answer.
async fn command(talk: &mut Conversation<'_>, words: &[&str]) -> Result<Reply, Finding> {
    talk.write(&encoded(words)).await?;
    let line = talk.read_line(LINE_BYTES_MAX).await?;
    let (first, rest) = line.split_at_checked(1).ok_or_else(not_redis)?;
    match first {
        "+" | ":" => Ok(Reply::Text(rest.to_owned())),
        "-" => Ok(Reply::Error(rest.to_owned())),
        "$" => {
            let length = rest.parse::<usize>().ok().filter(|length| *length <= ANSWER_BYTES_MAX);
            let length = length.ok_or_else(not_redis)?;
            let bytes = talk.read_exact(length + 2).await?;
            let text = bytes.get(..length).unwrap_or_default();
            Ok(Reply::Text(String::from_utf8_lossy(text).into_owned()))
        }
        _ => Err(not_redis()),
    }
}

/// Writes a command as an array of texts with their lengths: nothing in them ends a word.
fn encoded(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

fn expect(reply: Reply) -> Result<String, Finding> {
    match reply {
        Reply::Text(text) => Ok(text),
        Reply::Error(said) => Err(refused(&said)),
    }
}

/// Reads an error: its first word is its code, and `ERR` has to be told apart by its text.
fn refused(said: &str) -> Finding {
    let said_lower = said.to_ascii_lowercase();
    let coded = |reason, likely| Finding::fail(reason, said).coded(word(said)).likely(likely);
    if said_lower.contains("max number of clients") {
        return coded(
            Reason::Saturated,
            "every connection is taken: pools that are too large for maxclients, or leak",
        );
    }
    if said_lower.contains("db index is out of range") || said_lower.contains("invalid db index") {
        return coded(Reason::NotFound, "the server has fewer databases than the address says");
    }
    if said_lower.contains("without any password configured")
        || said_lower.contains("no password is set")
    {
        return coded(
            Reason::AuthFailed,
            "the address has a password and the server asks for none: another server, or its settings are lost",
        );
    }
    if said_lower.contains("invalid password") {
        return coded(Reason::AuthFailed, "the password in the address is old");
    }
    codes::refused(CheckKind::Redis, word(said), said)
}

fn word(said: &str) -> &str {
    said.split_whitespace().next().unwrap_or_default()
}

fn not_redis() -> Finding {
    Finding::fail(Reason::Protocol, "the answer is not Redis's")
}

#[cfg(test)]
mod tests;
