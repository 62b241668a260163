//! MySQL and MariaDB: a login, and what the server says of its connections, copies and transactions.
//!
//! The handshake is our own: its parts are in `packet`, the ways to show a password in `password`.

use super::address::{Address, Secret, Tls};
use super::conversation::{ANSWER_BYTES_MAX, Conversation};
use super::{Finding, Probe, codes, secure};
use crate::model::{CheckKind, Reason};

mod judge;
mod packet;
mod password;

use packet::{CLIENT_SSL, Greeting, Refusal};

/// What is asked of any server; each answer has names in its first column or above it.
const STATUS: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', \
    'Aborted_connects', 'Innodb_row_lock_current_waits')";
const VARIABLES: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_connections', \
    'read_only', 'super_read_only')";
const TRANSACTIONS: &str = "SELECT TIMESTAMPDIFF(SECOND, MIN(trx_started), NOW()) AS transaction_s \
    FROM information_schema.innodb_trx";

/// More rows than any of the questions has.
const PACKETS_MAX: usize = 500;

/// One question's answer: a row a list of names and values.
type Rows = Vec<Vec<(String, Option<String>)>>;

/// A connection that has packets, each with the number that follows the one before.
struct Session<'t, 'a> {
    talk: &'t mut Conversation<'a>,
    sequence: u8,
}

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk, probe).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>, probe: &Probe) -> Result<Finding, Finding> {
    talk.connect().await?;
    talk.step("auth");
    let mut session = Session { talk, sequence: 0 };
    let packet = session.read().await?;
    if let Some(refusal) = packet::refusal(&packet) {
        return Err(refused(&refusal));
    }
    let greeting = packet::greeting(&packet).ok_or_else(not_mysql)?;
    session.encrypt(&greeting).await?;
    session.login(&greeting).await?;
    session.talk.step("query");
    let facts = session.facts(&greeting).await?;
    // It is no matter whether it hears that nothing more is asked.
    session.sequence = 0;
    drop(session.write(&[0x01]).await);
    Ok(judge::judge(probe, &facts))
}

impl Session<'_, '_> {
    async fn read(&mut self) -> Result<Vec<u8>, Finding> {
        let head = self.talk.read_exact(4).await?;
        let (length, sequence) = packet::frame(&head);
        if length > ANSWER_BYTES_MAX {
            return Err(not_mysql());
        }
        self.sequence = sequence.wrapping_add(1);
        self.talk.read_exact(length).await
    }

    async fn write(&mut self, packet: &[u8]) -> Result<(), Finding> {
        let bytes = packet::framed(self.sequence, packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.talk.write(&bytes).await
    }

    /// Asks for TLS with the head of a login, when the address wants it.
    async fn encrypt(&mut self, greeting: &Greeting) -> Result<(), Finding> {
        let offered = greeting.capabilities & CLIENT_SSL != 0;
        match (self.talk.address.tls, offered) {
            (Tls::Off, _) | (Tls::Prefer, false) => return Ok(()),
            (_, false) => return Err(secure::no_tls()),
            (_, true) => {}
        }
        let database = !self.talk.address.path.is_empty();
        self.write(&packet::login_head(packet::capabilities(database, true))).await?;
        self.talk.encrypt().await?;
        self.talk.step("auth");
        Ok(())
    }

    async fn login(&mut self, greeting: &Greeting) -> Result<(), Finding> {
        let address = self.talk.address;
        let password = address.password.as_ref().map_or("", Secret::expose);
        let encrypted = self.talk.is_encrypted();
        let capabilities = packet::capabilities(!address.path.is_empty(), encrypted);
        // A server whose own way is not known may know ours for this user: it says so.
        let (plugin, answer) =
            match password::answer(&greeting.plugin, password, &greeting.scramble) {
                Some(answer) => (greeting.plugin.as_str(), answer),
                None => ("mysql_native_password", Vec::new()),
            };
        let user = address.user.as_deref().unwrap_or_default();
        let login = packet::login(capabilities, user, &answer, &address.path, plugin);
        self.write(&login.ok_or_else(not_mysql)?).await?;
        loop {
            let packet = self.read().await?;
            match packet.split_first() {
                Some((0x00, _)) => return Ok(()),
                Some((0xff, _)) => {
                    return Err(packet::refusal(&packet).as_ref().map_or_else(not_mysql, refused));
                }
                Some((0xfe, rest)) => self.switch(rest, password).await?,
                Some((0x01, [0x03])) => {}
                Some((0x01, [0x04])) if encrypted || address.is_socket() => {
                    self.write(&[password.as_bytes(), &[0]].concat()).await?;
                }
                Some((0x01, [0x04])) => return Err(wants_all_of_it()),
                _ => return Err(not_mysql()),
            }
        }
    }

    /// Shows the password in the other way that the server asks for.
    async fn switch(&mut self, rest: &[u8], password: &str) -> Result<(), Finding> {
        let mut reader = packet::Reader(rest);
        let plugin = reader.text();
        let scramble = reader.0.strip_suffix(&[0]).unwrap_or(reader.0);
        if plugin == "mysql_clear_password" && self.talk.is_encrypted() {
            return self.write(&[password.as_bytes(), &[0]].concat()).await;
        }
        if let Some(answer) = password::answer(&plugin, password, scramble) {
            return self.write(&answer).await;
        }
        let message = format!("the server wants the login by {plugin}, which obs does not speak");
        Err(Finding::unknown(Reason::AuthFailed, message))
    }

    /// Asks one question; the inner error is the server's own.
    async fn query(&mut self, sql: &str) -> Result<Result<Rows, Refusal>, Finding> {
        self.sequence = 0;
        self.write(&[&[0x03], sql.as_bytes()].concat()).await?;
        let packet = self.read().await?;
        if let Some(refusal) = packet::refusal(&packet) {
            return Ok(Err(refusal));
        }
        let count = packet::Reader(&packet).length().flatten();
        let count = count.and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count < PACKETS_MAX).ok_or_else(not_mysql)?;
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(packet::column_name(&self.read().await?).ok_or_else(not_mysql)?);
        }
        // What ends the definitions and the rows: EOF, shorter than a row of a long text.
        let ends = |packet: &[u8]| packet.first() == Some(&0xfe) && packet.len() < 9;
        if !ends(&self.read().await?) {
            return Err(not_mysql());
        }
        let mut rows = Vec::new();
        for _ in 0..PACKETS_MAX {
            let packet = self.read().await?;
            if ends(&packet) {
                return Ok(Ok(rows));
            }
            if let Some(refusal) = packet::refusal(&packet) {
                return Ok(Err(refusal));
            }
            let values = packet::row(&packet, count).ok_or_else(not_mysql)?;
            rows.push(names.iter().cloned().zip(values).collect());
        }
        Err(not_mysql())
    }

    async fn facts(&mut self, greeting: &Greeting) -> Result<judge::Facts, Finding> {
        let mut facts = judge::Facts {
            product: if greeting.mariadb { "MariaDB" } else { "MySQL" },
            version: greeting.version.clone(),
            ..judge::Facts::default()
        };
        for sql in [STATUS, VARIABLES] {
            let rows = self.query(sql).await?.map_err(|refusal| refused(&refusal))?;
            facts.named.extend(rows.into_iter().filter_map(pair));
        }
        match self.query(TRANSACTIONS).await? {
            Ok(rows) => facts.named.extend(rows.into_iter().flatten().filter_map(named)),
            Err(refusal) => facts.not_seen.push(("transactions", refusal)),
        }
        // The old word until MariaDB 10.5 and MySQL 8.0.22; MySQL 8.4 knows only the new one.
        let replica = match self.query("SHOW REPLICA STATUS").await? {
            Err(Refusal { code: 1064, .. }) => self.query("SHOW SLAVE STATUS").await?,
            answer => answer,
        };
        match replica {
            Ok(rows) => facts.replica = rows.into_iter().next(),
            Err(refusal) => facts.not_seen.push(("replication", refusal)),
        }
        Ok(facts)
    }
}

/// A row of two columns, the name in the first.
fn pair(row: Vec<(String, Option<String>)>) -> Option<(String, String)> {
    let mut values = row.into_iter().map(|(_, value)| value);
    Some((values.next()??, values.next()??))
}

fn named((name, value): (String, Option<String>)) -> Option<(String, String)> {
    Some((name, value?))
}

fn refused(refusal: &Refusal) -> Finding {
    codes::refused(CheckKind::Mysql, &refusal.code.to_string(), &refusal.message)
}

fn wants_all_of_it() -> Finding {
    let message = "the server wants the whole password (caching_sha2_password), \
                   which is sent over TLS only";
    Finding::unknown(Reason::AuthFailed, message)
        .likely("nobody has logged in since it started: add ssl-mode=required to the address")
}

fn not_mysql() -> Finding {
    Finding::fail(Reason::Protocol, "the answer is not MySQL's")
}
