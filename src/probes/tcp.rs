//! A connection to every address that a name has: one that answers does not excuse the others.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::{Finding, Part, Probe, milliseconds, phase};
use crate::http::reason_of_io;
use crate::model::{CheckKind, Reason, Status};

pub(super) async fn run(probe: &Probe, host: &str, port: u16) -> Finding {
    let started = Instant::now();
    let addresses = match resolve(host, port, probe.timeout).await {
        Ok(addresses) => addresses,
        Err(finding) => return finding,
    };
    let resolved = started.elapsed();
    let resolving = (!is_address(host)).then(|| phase("resolve", resolved));
    let attempts = addresses.iter().map(|address| connect(*address, probe.timeout));
    let parts: Vec<Part> = join_all(attempts).await;
    let mut finding = judge(parts, addresses.iter().all(|address| address.ip().is_loopback()));
    let connecting = phase("connect", started.elapsed().saturating_sub(resolved));
    finding.phases = resolving.into_iter().chain([connecting]).collect();
    finding
}

/// Says whether a host is an address already, for which nobody is asked.
pub(super) fn is_address(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// Finds the addresses of a host.
pub(super) async fn resolve(
    host: &str,
    port: u16,
    timeout: Duration,
) -> Result<Vec<SocketAddr>, Finding> {
    let host = host.trim_matches(['[', ']']);
    let found = match tokio::time::timeout(timeout, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            let (reason, message) =
                reason_of_io(&error).unwrap_or((Reason::DnsNxdomain, error.to_string()));
            return Err(Finding::fail(reason, message));
        }
        Err(_) => {
            let message = format!("no name server answered within {timeout:?}");
            return Err(Finding::fail(Reason::DnsTimeout, message));
        }
    };
    let mut addresses: Vec<SocketAddr> = found.collect();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(Finding::fail(Reason::DnsNxdomain, "the name has no address"));
    }
    Ok(addresses)
}

async fn connect(address: SocketAddr, timeout: Duration) -> Part {
    let started = Instant::now();
    let outcome = tokio::time::timeout(timeout, TcpStream::connect(address)).await;
    let (status, reason, message) = match outcome {
        Ok(Ok(_)) => (Status::Ok, None, "connected".to_owned()),
        Ok(Err(error)) => {
            let (reason, message) =
                reason_of_io(&error).unwrap_or((Reason::Unreachable, error.to_string()));
            (Status::Fail, Some(reason), message)
        }
        Err(_) => {
            let message = format!("no connection within {timeout:?}");
            (Status::Fail, Some(Reason::Timeout), message)
        }
    };
    Part {
        name: address.ip().to_string(),
        kind: CheckKind::Address,
        status,
        reason,
        message,
        duration_ms: Some(milliseconds(started.elapsed())),
        children: Vec::new(),
    }
}

/// Says how it is as a whole: all, some or no addresses answer.
///
/// On loopback one suffices: few services listen on both of the addresses of `localhost`.
fn judge(mut parts: Vec<Part>, loopback: bool) -> Finding {
    let good = parts.iter().filter(|part| part.status == Status::Ok).count();
    let all = parts.len();
    let first_bad = parts.iter().find(|part| part.status != Status::Ok);
    let bad = first_bad.map(|part| (part.reason, part.message.clone()));
    let mut finding = match bad {
        None if all == 1 => Finding::ok(format!("connected to {}", parts[0].name)),
        None => Finding::ok(format!("connected to all {all} addresses")),
        Some(_) if loopback && good > 0 => {
            let first = parts.iter().find(|part| part.status == Status::Ok);
            let name = first.map_or("", |part| part.name.as_str());
            let finding = Finding::ok(format!("connected to {name}"));
            parts.clear();
            finding
        }
        Some((reason, message)) if good == 0 => Finding::new(Status::Fail, reason, message),
        Some((reason, _)) => {
            for part in &mut parts {
                part.status = part.status.min(Status::Warn);
            }
            let message = format!("{good} of {all} addresses answer");
            Finding::new(Status::Warn, reason, message)
        }
    };
    if all > 1 {
        finding.children = parts;
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_listens_is_ok_and_what_does_not_is_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(connect(address, second).await.status, Status::Ok);
        drop(listener);
        assert_eq!(connect(address, second).await.reason, Some(Reason::Refused));
    }

    #[tokio::test]
    async fn one_dead_address_of_two_is_a_warning_that_names_it() {
        let part = |name: &str, status, reason| Part {
            name: name.to_owned(),
            kind: CheckKind::Address,
            status,
            reason,
            message: String::new(),
            duration_ms: None,
            children: Vec::new(),
        };
        let parts = vec![
            part("10.0.0.1", Status::Ok, None),
            part("10.0.0.2", Status::Fail, Some(Reason::Refused)),
        ];
        let finding = judge(parts.clone(), false);
        assert_eq!(
            (finding.status, finding.message.as_str()),
            (Status::Warn, "1 of 2 addresses answer")
        );
        assert_eq!(finding.children.len(), 2);
        assert_eq!(judge(parts, true).status, Status::Ok);
    }
}
