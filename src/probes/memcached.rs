//! memcached: its version, and what `stats` says of room and connections.
//!
//! The text protocol: `doc/protocol.txt` of its sources.

use std::collections::HashMap;

use super::address::Address;
use super::conversation::Conversation;
use super::{Finding, Probe};
use crate::model::{Measure, Reason, Status};

const LINE_BYTES_MAX: usize = 2048;

/// A server of today has some hundred lines.
const LINES_MAX: usize = 2000;

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk, probe).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>, probe: &Probe) -> Result<Finding, Finding> {
    talk.open().await?;
    talk.step("query");
    talk.write(b"version\r\n").await?;
    let line = talk.read_line(LINE_BYTES_MAX).await?;
    let version = line.strip_prefix("VERSION ").ok_or_else(|| refused(&line))?.to_owned();
    talk.write(b"stats\r\n").await?;
    let mut stats = HashMap::new();
    for _ in 0..LINES_MAX {
        let line = talk.read_line(LINE_BYTES_MAX).await?;
        let Some(rest) = line.strip_prefix("STAT ") else {
            return if line == "END" {
                Ok(judge(probe, &version, &stats))
            } else {
                Err(refused(&line))
            };
        };
        if let Some((name, value)) = rest.split_once(' ') {
            stats.insert(name.to_owned(), value.to_owned());
        }
    }
    Err(Finding::fail(Reason::Protocol, "its statistics do not end"))
}

fn judge(probe: &Probe, version: &str, stats: &HashMap<String, String>) -> Finding {
    let number = |name: &str| -> Option<f64> { stats.get(name)?.parse().ok() };
    let ratio = |used: &str, all: &str| {
        let all = number(all).filter(|all| *all > 0.0)?;
        Some(number(used)? / all)
    };
    let connections = ratio("curr_connections", "max_connections");
    let memory = ratio("bytes", "limit_maxbytes");
    let count =
        |name: &str| number(name).map_or_else(|| "?".to_owned(), |count| format!("{count}"));
    let mut finding = Finding::ok(format!(
        "memcached {version}, {}/{} connections, {:.0}% of its memory used",
        count("curr_connections"),
        count("max_connections"),
        memory.unwrap_or_default() * 100.0
    ));
    if number("accepting_conns") == Some(0.0) {
        finding.worsen(Status::Fail, Reason::Saturated, "it takes no more connections");
    }
    finding.observe("connections_ratio", connections, "1");
    finding.observe("memory_ratio", memory, "1");
    finding.observe("evictions", number("evictions"), "1");
    finding.observe("connections_rejected", number("rejected_connections"), "1");
    let connections = connections.ok_or("no max_connections");
    finding.measure_or(probe, Measure::Connections, connections, Reason::Saturated);
    for (name, what) in [
        ("listen_disabled_num", "times out of connections since it started"),
        ("store_no_memory", "values not stored for want of memory"),
    ] {
        if number(name) > Some(0.0) {
            finding.message = format!("{}, {} {what}", finding.message, count(name));
        }
    }
    finding
}

/// Reads a refusal: `ERROR`, `CLIENT_ERROR unauthenticated`, or another protocol's word.
fn refused(line: &str) -> Finding {
    let word = line.split_whitespace().next().unwrap_or_default();
    match word {
        "ERROR" if line.contains("oo many open connections") => {
            Finding::fail(Reason::Saturated, line).coded(word)
        }
        "CLIENT_ERROR" if line.contains("unauthenticated") => {
            Finding::fail(Reason::AuthFailed, line)
                .coded(word)
                .likely("the server wants a login, which obs does not speak for memcached")
        }
        "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR" => {
            Finding::fail(Reason::Status, line).coded(word)
        }
        _ => Finding::fail(Reason::Protocol, "the answer is not memcached's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::targets::limits_for_tests;

    fn judged(changes: &[(&str, &str)]) -> Finding {
        let recorded = include_str!("../../tests/fixtures/wire/memcached-stats.bin");
        let lines = recorded.lines().filter_map(|line| line.strip_prefix("STAT ")?.split_once(' '));
        let all = lines.chain(changes.iter().copied());
        let stats = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        judge(&limits_for_tests("memcached"), "1.6.18", &stats)
    }

    #[test]
    fn a_recorded_server_is_well() {
        let finding = judged(&[]);
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(finding.message, "memcached 1.6.18, 1/1024 connections, 0% of its memory used");
    }

    #[test]
    fn connections_that_run_out_are_said() {
        let finding = judged(&[("curr_connections", "1000"), ("listen_disabled_num", "4")]);
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Saturated)));
        assert!(finding.message.contains("connections > 95%"), "{}", finding.message);
        assert!(finding.message.contains("4 times out of connections"), "{}", finding.message);
    }

    #[test]
    fn a_refusal_keeps_its_word() {
        let finding = refused("CLIENT_ERROR unauthenticated");
        assert_eq!(
            (finding.reason, finding.code.as_deref()),
            (Some(Reason::AuthFailed), Some("CLIENT_ERROR"))
        );
        assert_eq!(refused("+PONG").reason, Some(Reason::Protocol));
    }
}
