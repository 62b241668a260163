//! PostgreSQL: a login, and what the server says of its connections, copies, transactions and locks.
//!
//! The steps before the login are our own, so that each has its time; from there on it is
//! tokio-postgres, which knows every way to authenticate. The queries go by the simple protocol, which
//! poolers pass on; of `PgBouncer` itself (`pooler`) its pools are judged.

use std::io;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use super::address::{Address, Tls};
use super::conversation::{Conversation, of_io};
use super::{Finding, Probe, codes, secure};
use crate::model::{CheckKind, Reason, Status};

mod judge;
mod pooler;

use judge::Facts;

/// "SSLRequest": the message that has no type, of 8 bytes (section 54.7 of the manual).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

const QUERY: &str = include_str!("postgres/facts.sql");

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut address = address.clone();
    if address.is_socket() && !address.host.contains(".s.PGSQL.") {
        address.host = format!("{}/.s.PGSQL.{}", address.host, address.port);
    }
    let mut talk = Conversation::new(probe, &address);
    let outcome = ask(&mut talk, probe).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>, probe: &Probe) -> Result<Finding, Finding> {
    talk.connect().await?;
    encrypt(talk).await?;
    talk.step("auth");
    let stream = talk.take_stream()?;
    let config = config(talk.address);
    let logging_in = config.connect_raw(stream, NoTls);
    let (client, connection) = match tokio::time::timeout(talk.left(), logging_in).await {
        Ok(outcome) => outcome.map_err(|error| refused(&error))?,
        Err(_) => return Err(talk.too_late()),
    };
    talk.step("query");
    let asking = async {
        tokio::select! {
            facts = facts(&client, talk.address) => facts,
            // The library answers with why the connection ended to nobody else.
            ended = connection => Err(ended.err()),
        }
    };
    match tokio::time::timeout(talk.left(), asking).await {
        Ok(Ok(facts)) => Ok(judge::judge(probe, &facts, talk.address)),
        Ok(Err(Some(error))) => Err(refused(&error)),
        Ok(Err(None)) => Err(of_io(&io::Error::from(io::ErrorKind::UnexpectedEof))),
        Err(_) => Err(talk.too_late()),
    }
}

/// Asks for TLS as libpq does: one byte says whether the server has it.
async fn encrypt(talk: &mut Conversation<'_>) -> Result<(), Finding> {
    if talk.address.tls == Tls::Off || talk.address.is_socket() {
        return Ok(());
    }
    talk.step("tls");
    talk.write(&SSL_REQUEST).await?;
    let answer = talk.read_exact(1).await?;
    match (answer.as_slice(), talk.address.tls) {
        (b"S", _) => talk.encrypt().await,
        (b"N", Tls::Prefer) => Ok(()),
        (b"N", _) => Err(secure::no_tls()),
        _ => Err(not_postgres()),
    }
}

fn config(address: &Address) -> Config {
    let mut config = Config::new();
    // Encrypted or not, this is settled already.
    config.ssl_mode(SslMode::Disable).application_name("obs");
    if let Some(user) = address.user.as_deref().or(address.parameter(&["user"])) {
        config.user(user);
    }
    if let Some(password) = &address.password {
        config.password(password.expose());
    } else if let Some(password) = address.parameter(&["password"]) {
        config.password(password);
    }
    let database = database(address);
    if !database.is_empty() {
        config.dbname(database);
    }
    config
}

fn database(address: &Address) -> &str {
    address.parameter(&["dbname"]).unwrap_or(&address.path)
}

/// Asks for everything at once; a server that does not know some of it is asked for its version.
async fn facts(client: &Client, address: &Address) -> Result<Facts, Option<Error>> {
    if database(address) == pooler::CONSOLE {
        let version = rows(&client.simple_query(pooler::VERSION).await?);
        let version = version.into_iter().flatten().next().map(|(_, value)| value);
        let pools = rows(&client.simple_query(pooler::POOLS).await?);
        return Ok(Facts::Pools { version: version.unwrap_or_default(), pools });
    }
    match client.simple_query(QUERY).await {
        Ok(messages) => Ok(Facts::Known(first(&messages))),
        Err(error) if error.as_db_error().is_some() && !error.is_closed() => {
            let messages = client.simple_query("SHOW server_version").await?;
            let version = first(&messages).into_iter().next().map(|(_, value)| value);
            let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
            let why = error.as_db_error().map(|said| said.message().to_owned());
            let (version, why) = (version.unwrap_or_default(), why.unwrap_or_default());
            Ok(Facts::Refused { version, code, why })
        }
        Err(error) => Err(Some(error)),
    }
}

fn first(messages: &[SimpleQueryMessage]) -> pooler::Row {
    rows(messages).into_iter().next().unwrap_or_default()
}

/// Returns the rows, by the names of their columns; what is NULL is left out.
fn rows(messages: &[SimpleQueryMessage]) -> Vec<pooler::Row> {
    let row = |message: &SimpleQueryMessage| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        let named = row.columns().iter().enumerate().filter_map(|(place, column)| {
            Some((column.name().to_owned(), row.get(place)?.to_owned()))
        });
        Some(named.collect())
    };
    messages.iter().filter_map(row).collect()
}

/// Reads a refusal: by its SQLSTATE, else by what the system says of the connection.
fn refused(error: &Error) -> Finding {
    if let Some(said) = error.as_db_error() {
        let finding = codes::refused(CheckKind::Postgres, said.code().code(), said.message());
        let of_pooler = pooler::refused(said.message()).filter(|_| said.code().code() == "08P01");
        if let Some((reason, likely)) = of_pooler {
            return Finding { reason: Some(reason), ..finding }.likely(likely);
        }
        if said.code().code() == "57P03" {
            return not_now(finding, said.message());
        }
        return match said.message() {
            text if text.contains("no encryption") => finding.likely(
                "pg_hba.conf takes this user only with TLS: add sslmode=require to the address",
            ),
            text if text.contains("no pg_hba.conf entry") => {
                finding.likely("pg_hba.conf does not let this user in from here")
            }
            _ => finding,
        };
    }
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(system) = cause.downcast_ref::<io::Error>()
            && crate::http::reason_of_io(system).is_some()
        {
            return of_io(system);
        }
        next = cause.source();
    }
    let text = error.to_string();
    if error.is_closed() || text.contains("connection closed") {
        return of_io(&io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    if said_inside(error).contains("password missing") {
        let message = "the server wants a password and the address has none";
        return Finding::fail(Reason::AuthFailed, message);
    }
    if text.contains("authentication") {
        let message = format!("{text}: {}", said_inside(error));
        return Finding::new(Status::Unknown, Some(Reason::AuthFailed), message)
            .likely("a way to log in that obs does not speak, such as Kerberos");
    }
    not_postgres()
}

/// Tells apart what one code stands for, by the server's own English words; another language keeps what
/// the code alone says. Source: `process_startup_options` and its like in PostgreSQL's backend.
fn not_now(finding: Finding, said: &str) -> Finding {
    let (reason, likely) = match said {
        _ if said.contains("shutting down") => (
            Reason::Stopped,
            "somebody stops the server: it ends when its sessions do, and takes nobody until it is started again",
        ),
        _ if said.contains("starting up") => {
            (Reason::Starting, "the server is starting: wait for it")
        }
        _ if said.contains("recovery mode") => (
            Reason::Starting,
            "a process of the server crashed and it recovers: wait for it, its log says why",
        ),
        _ if said.contains("not yet accepting") => (
            Reason::Starting,
            "a replica that has not read enough of its log to answer: wait for it",
        ),
        _ if said.contains("not accepting") => {
            (Reason::Status, "a replica with hot_standby off answers nobody: ask its primary")
        }
        _ => return finding,
    };
    Finding { reason: Some(reason), ..finding }.likely(likely)
}

fn said_inside(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn not_postgres() -> Finding {
    Finding::fail(Reason::Protocol, "the answer is not PostgreSQL's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_for_starting_and_stopping_is_told_apart_by_its_words() {
        for (said, reason) in [
            ("the database system is starting up", Reason::Starting),
            ("the database system is shutting down", Reason::Stopped),
            ("the database system is in recovery mode", Reason::Starting),
            ("the database system is not yet accepting connections", Reason::Starting),
            ("the database system is not accepting connections", Reason::Status),
            ("das Datenbanksystem fährt herunter", Reason::Starting),
        ] {
            let finding = not_now(codes::refused(CheckKind::Postgres, "57P03", said), said);
            assert_eq!(finding.reason, Some(reason), "{said}");
        }
    }
}
