//! A name: what the system's resolver says, as applications ask it, and what each name server says.
//!
//! The system stops at the first server that answers; here all are asked, so that the one that is
//! silent or says something else is found. A name that only `/etc/hosts` knows is well.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use futures_util::future::join_all;

use super::{Finding, Part, Probe, milliseconds, phase, tcp};
use crate::model::{CheckKind, Observation, Reason, Status};

mod ask;
mod message;
mod servers;

use ask::{Said, ask};
use servers::Servers;

const SERVERS_FILE: &str = "/etc/resolv.conf";

/// How much of that file is read, in bytes.
const SERVERS_FILE_BYTES_MAX: u64 = 64 << 10;

/// How many addresses are shown.
const SHOWN_MAX: usize = 8;

/// A name, and whom to ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: String,
    /// The name servers; without any, the system's resolver and the servers of `/etc/resolv.conf`.
    pub servers: Vec<SocketAddr>,
}

/// Reads the address of a name server; `None` for what is none. The port is 53 unless given.
pub(super) fn server(text: &str) -> Option<SocketAddr> {
    servers::server(text)
}

pub(super) async fn run(probe: &Probe, question: &Question) -> Finding {
    let name = question.name.as_str();
    let (servers, asks_system) = match question.servers.as_slice() {
        [] => (Servers::read(&servers_file()), true),
        given => (Servers::given(given), false),
    };
    let started = Instant::now();
    let candidates = servers.candidates(name);
    let asked = servers.addresses.iter().map(async |server| {
        let began = Instant::now();
        let said = ask(*server, &candidates, probe.timeout).await;
        of_server(server, &said, milliseconds(began.elapsed())).with(said)
    });
    let system = async {
        if !asks_system {
            return None;
        }
        // Any port will do: only the addresses are looked at.
        Some((tcp::resolve(name, 0, probe.timeout).await, started.elapsed()))
    };
    let (system, answers) = futures_util::future::join(system, join_all(asked)).await;
    let took = system.as_ref().map(|(_, took)| *took);
    let mut finding =
        judge(system.map(|(found, took)| of_system(found, milliseconds(took))), answers);
    finding.phases = took.map(|took| phase("resolve", took)).into_iter().collect();
    finding.phases.push(phase("query", started.elapsed()));
    finding
}

/// Returns the text of the file; a machine without one asks itself.
fn servers_file() -> String {
    use std::io::Read as _;
    let mut text = Vec::new();
    let read = std::fs::File::open(SERVERS_FILE)
        .and_then(|file| file.take(SERVERS_FILE_BYTES_MAX).read_to_end(&mut text));
    if read.is_err() {
        text.clear();
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A row, and the addresses in it; `None` where nobody knows whether there are any.
#[derive(Debug)]
struct Row {
    part: Part,
    addresses: Option<Vec<IpAddr>>,
    ttl_s: Option<u32>,
}

impl Part {
    fn with(self, said: Said) -> Row {
        let (addresses, ttl_s) = match said {
            Said::Addresses(addresses, ttl_s) => (Some(addresses), ttl_s),
            Said::NoAddress | Said::NoName => (Some(Vec::new()), None),
            _ => (None, None),
        };
        Row { part: self, addresses, ttl_s }
    }
}

fn row(name: String, finding: Finding, took: f64) -> Part {
    let Finding { status, reason, message, .. } = finding;
    let (kind, duration_ms, children) = (CheckKind::Part, Some(took), Vec::new());
    Part { name, kind, status, reason, message, duration_ms, children }
}

fn of_system(found: Result<Vec<SocketAddr>, Finding>, took: f64) -> Row {
    // A resolver that is linked in does not know all that the machine's own is told.
    let own = if cfg!(target_env = "musl") { " (nsswitch.conf is not read)" } else { "" };
    match found {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            addresses.sort_unstable();
            addresses.dedup();
            let finding = Finding::ok(format!("{}{own}", shown(&addresses)));
            let part = row("system".to_owned(), finding, took);
            Row { part, addresses: Some(addresses), ttl_s: None }
        }
        Err(mut finding) => {
            finding.message.push_str(own);
            let known = finding.reason == Some(Reason::DnsNxdomain);
            let part = row("system".to_owned(), finding, took);
            Row { part, addresses: known.then(Vec::new), ttl_s: None }
        }
    }
}

fn of_server(server: &SocketAddr, said: &Said, took: f64) -> Part {
    let name = if server.port() == 53 { server.ip().to_string() } else { server.to_string() };
    let finding = match said {
        Said::Addresses(addresses, ttl_s) => {
            let ttl = ttl_s.map_or_else(String::new, |ttl| format!(" (TTL {ttl}s)"));
            Finding::ok(format!("{}{ttl}", shown(addresses)))
        }
        Said::NoAddress => Finding::fail(Reason::DnsNxdomain, "the name has no address (NODATA)"),
        Said::NoName => Finding::fail(Reason::DnsNxdomain, "there is no such name (NXDOMAIN)"),
        Said::Code(2) => {
            Finding::fail(Reason::DnsServfail, "the server could not find out (SERVFAIL)")
        }
        Said::Code(5) => Finding::fail(Reason::Forbidden, "the server refuses to say (REFUSED)"),
        Said::Code(code) => {
            Finding::fail(Reason::DnsServfail, format!("the server answers code {code}"))
        }
        Said::Nothing(within) => {
            Finding::fail(Reason::DnsTimeout, format!("no answer within {within:?}"))
        }
        Said::Error(reason, message) => Finding::fail(*reason, message.clone()),
    };
    row(name, finding, took)
}

fn shown(addresses: &[IpAddr]) -> String {
    let all: Vec<String> = addresses.iter().take(SHOWN_MAX).map(IpAddr::to_string).collect();
    let more = addresses.len().saturating_sub(SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", all.join(", "))
}

/// Says how it is as a whole, from the system's row, where it was asked, and those of the servers.
fn judge(system: Option<Row>, mut servers: Vec<Row>) -> Finding {
    let count = servers.len();
    let good = servers.iter().filter(|row| row.part.status == Status::Ok).count();
    let known = |row: &Row| row.addresses.as_ref().is_some_and(|found| !found.is_empty());
    let works = system.as_ref().map_or(good > 0, known);
    let ttl_s = servers.iter().filter_map(|row| row.ttl_s).min();
    let first = system.iter().chain(&servers).find(|row| known(row));
    let addresses = first.and_then(|row| row.addresses.clone()).unwrap_or_default();
    let bad = servers.iter().find(|row| row.part.status != Status::Ok).map(|row| &row.part);
    let none_knows = servers.iter().all(|row| row.addresses.as_ref().is_some_and(Vec::is_empty));
    let plural = if count == 1 { "name server" } else { "name servers" };
    let found = shown(&addresses);
    let mut finding = match (works, bad) {
        (true, None) if disagree(&servers) => {
            let message = format!("{found}; the name servers say different things");
            Finding::new(Status::Warn, Some(Reason::DnsDisagree), message)
        }
        (true, None) => Finding::ok(format!("{found}; {count} {plural} asked")),
        (true, Some(_)) if none_knows => {
            Finding::ok(format!("{found}; known here (/etc/hosts or its like), not to DNS"))
        }
        (true, Some(bad)) => {
            let differs = good > 0 && bad.reason == Some(Reason::DnsNxdomain);
            let reason = if differs { Some(Reason::DnsDisagree) } else { bad.reason };
            let message =
                format!("{found}; {good} of {count} {plural} knows that: {}", bad.message);
            Finding::new(Status::Warn, reason, message)
        }
        (false, _) if good > 0 => {
            let message = "the name servers know the name, and the system's resolver does not";
            Finding::fail(Reason::DnsDisagree, message)
        }
        (false, Some(bad)) => Finding::new(Status::Fail, bad.reason, bad.message.clone()),
        (false, None) => Finding::fail(Reason::DnsNxdomain, "the name has no address"),
    };
    if finding.status < Status::Fail {
        for row in &mut servers {
            let least = if none_knows { Status::Ok } else { Status::Warn };
            row.part.status = row.part.status.min(least);
            row.part.reason = row.part.reason.filter(|_| row.part.status != Status::Ok);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let number = addresses.len() as f64;
    finding.observed = vec![
        Observation { name: "addresses", value: Some(number), unit: "1" },
        Observation { name: "ttl_s", value: ttl_s.map(f64::from), unit: "s" },
    ];
    finding.children = system.into_iter().chain(servers).map(|row| row.part).collect();
    let same = |part: &Part| part.reason == finding.reason;
    if finding.status == Status::Fail && finding.children.iter().all(same) {
        // Rows that all say no would be so many causes of one thing.
        let names: Vec<&str> = finding.children.iter().map(|part| part.name.as_str()).collect();
        finding.message = format!("{} (asked: {})", finding.message, names.join(", "));
        finding.children.clear();
    }
    finding
}

/// Says whether two servers have no address in common; those that balance load give parts of all.
fn disagree(servers: &[Row]) -> bool {
    let all: Vec<&Vec<IpAddr>> = servers.iter().filter_map(|row| row.addresses.as_ref()).collect();
    let Some((first, others)) = all.split_first() else { return false };
    others.iter().any(|other| !other.iter().any(|address| first.contains(address)))
}

#[cfg(test)]
mod tests;
