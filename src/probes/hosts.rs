//! An address with several hosts, as clients of brokers have it: the first that can be reached answers, and
//! one of the others that cannot be is a warning.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::address::Address;
use super::conversation::Conversation;
use super::kinds::Kind;
use super::{Finding, Means, Probe};
use crate::model::{Reason, Status};

/// A host that cannot be reached, and why.
type Down = (String, Option<Reason>, String);

/// Asks the service at each host in turn until one can be reached, and connects to those behind it.
///
/// Ends within the probe's timeout: a host that is silent takes no more than its share of it.
pub(super) async fn ask(kind: &Kind, probe: &Probe, address: &Address, means: &Means) -> Finding {
    let hosts = each(address);
    let end = Instant::now() + probe.timeout;
    let mut down: Vec<Down> = Vec::new();
    for (place, host) in hosts.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(hosts.len() - place).unwrap_or(u32::MAX);
        let finding = (kind.run)(&Probe { timeout: share, ..probe.clone() }, host, means).await;
        if finding.reason.is_some_and(is_of_the_way) {
            down.push((shown(host), finding.reason, finding.message));
            continue;
        }
        let rest = hosts.get(place + 1..).unwrap_or_default();
        let timeout = end.saturating_duration_since(Instant::now());
        let probe = &Probe { timeout, ..probe.clone() };
        let connected = join_all(rest.iter().map(|host| connect(probe, host))).await;
        down.extend(connected.into_iter().flatten());
        return with_down(finding, &shown(host), hosts.len(), &down);
    }
    none(&down)
}

/// Takes an address apart into those of each host.
fn each(address: &Address) -> Vec<Address> {
    let first = (address.host.clone(), address.port);
    let all = std::iter::once(&first).chain(&address.others);
    let one = |(host, port): &(String, u16)| Address {
        host: host.clone(),
        port: *port,
        others: Vec::new(),
        ..address.clone()
    };
    all.map(one).collect()
}

/// Says whether a reason is about reaching a host, and not about what it answers.
fn is_of_the_way(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Refused
            | Reason::Unreachable
            | Reason::Timeout
            | Reason::Reset
            | Reason::DnsNxdomain
            | Reason::DnsTimeout
            | Reason::DnsServfail
    )
}

async fn connect(probe: &Probe, host: &Address) -> Option<Down> {
    let failed = Conversation::new(probe, host).connect().await.err()?;
    Some((shown(host), failed.reason, failed.message))
}

fn with_down(mut finding: Finding, asked: &str, count: usize, down: &[Down]) -> Finding {
    finding.say(&format!("asked at {asked}, one of {count} hosts"));
    let Some((_, Some(reason), _)) = down.first() else { return finding };
    let what = format!("{} of {count} cannot be reached: {}", down.len(), listed(down));
    if finding.status < Status::Warn {
        finding.likely = Some(
            "clients take the next one: with one more gone there may be none, or no majority"
                .into(),
        );
    }
    finding.worsen(Status::Warn, *reason, &what);
    finding
}

fn none(down: &[Down]) -> Finding {
    let reason = down.first().and_then(|(_, reason, _)| *reason).unwrap_or(Reason::Unreachable);
    Finding::fail(reason, format!("none of {} hosts can be reached: {}", down.len(), listed(down)))
}

fn listed(down: &[Down]) -> String {
    let all: Vec<String> = down.iter().map(|(host, _, why)| format!("{host}: {why}")).collect();
    all.join("; ")
}

fn shown(address: &Address) -> String {
    format!("{}:{}", address.host_shown(), address.port)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;
    use crate::http::{Http, RunIds};
    use crate::model::{SpanId, TraceId, UnixNanos};
    use crate::probes::targets::limits_for_tests;

    /// Asks NATS at hosts of which these places listen, and one answers as NATS does.
    async fn asked(up: [bool; 2]) -> Finding {
        let mut listeners = Vec::new();
        for _ in 0..2 {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let places: Vec<String> =
            listeners.iter().map(|one| one.local_addr().unwrap().to_string()).collect();
        let mut up = up.into_iter();
        listeners.retain(|_| up.next().unwrap());
        let serving = join_all(listeners.iter().map(async |listener| {
            while let Ok((mut stream, _)) = listener.accept().await {
                use tokio::io::AsyncWriteExt as _;
                let hello = b"INFO {\"version\":\"2.10\",\"max_payload\":1}\r\nPONG\r\n";
                drop(stream.write_all(hello).await);
                std::mem::forget(stream);
            }
        }));
        let kind = Kind::named("nats").unwrap();
        let mut probe = limits_for_tests(kind.name);
        probe.timeout = Duration::from_secs(20);
        let address = kind.address(&format!("nats://{}", places.join(","))).unwrap();
        let ids = RunIds {
            request_id: "r".to_owned(),
            trace_id: TraceId::new(1).unwrap(),
            span_id: SpanId::new(1).unwrap(),
            caller: None,
        };
        let http = std::sync::Arc::new(Http::new(probe.timeout, &ids));
        let means = Means { http, now: UnixNanos(0) };
        tokio::select! {
            finding = ask(kind, &probe, &address, &means) => finding,
            () = async { serving.await; std::future::pending().await } => unreachable!(),
        }
    }

    #[tokio::test]
    async fn one_host_of_several_that_is_down_is_a_warning_wherever_it_stands() {
        for up in [[false, true], [true, false]] {
            let finding = asked(up).await;
            assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Refused)));
            assert!(
                finding.message.contains("1 of 2 cannot be reached: 127.0.0.1:"),
                "{finding:?}"
            );
        }
        let finding = asked([true, true]).await;
        assert_eq!(finding.status, Status::Ok, "{finding:?}");
        assert!(finding.message.ends_with("one of 2 hosts"), "{finding:?}");
    }

    #[tokio::test]
    async fn where_none_can_be_reached_each_is_named() {
        let finding = asked([false, false]).await;
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Refused)));
        assert_eq!(finding.message.matches("127.0.0.1:").count(), 2);
        let kafka = Kind::named("kafka").unwrap().address("kafka://a,b:1/topic").unwrap();
        assert_eq!(kafka.to_string(), "kafka://a:9092,b:1/topic");
    }
}
