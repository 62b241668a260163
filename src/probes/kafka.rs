//! Kafka: what a broker knows of its cluster, and whether each broker is where it tells clients to go.
//!
//! A client is sent from the address that it knows to those that the brokers advertise; where these
//! are names of another network, the first connection works and everything after it fails. So each is
//! dialled. `message` is the protocol.

use futures_util::future::join_all;

use super::address::{Address, Tls};
use super::codes;
use super::conversation::{ANSWER_BYTES_MAX, Conversation};
use super::{Finding, Part, Probe, milliseconds};
use crate::model::{CheckKind, Reason, Status};
use message::{Broker, Metadata};

mod message;

/// So many brokers are dialled, and no more.
const DIALLED_MAX: usize = 16;

/// So many partitions are named.
const NAMES_MAX: usize = 3;

/// The version of `Metadata` that is spoken.
const METADATA_VERSION: i16 = 4;

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk, probe).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>, probe: &Probe) -> Result<Finding, Finding> {
    talk.open().await?;
    talk.step("auth");
    let apis = exchange(talk, message::API_VERSIONS, 0, &[]).await?;
    let (error, apis) = message::api_versions(&apis).ok_or_else(foreign)?;
    let known = apis.iter().find(|api| api.key == message::METADATA);
    if error != 0 || !known.is_some_and(|api| (api.oldest..=api.latest).contains(&METADATA_VERSION))
    {
        let message =
            format!("it does not speak version {METADATA_VERSION} of Metadata, which obs asks for");
        return Err(Finding::unknown(Reason::Protocol, message));
    }
    log_in(talk).await?;
    talk.step("query");
    let topic = Some(talk.address.path.as_str()).filter(|path| !path.is_empty());
    let body = message::metadata_body(topic);
    let answer = exchange(talk, message::METADATA, METADATA_VERSION, &body).await;
    let answer = answer.map_err(|finding| cut_off(finding, talk.address))?;
    let metadata = message::metadata(&answer).ok_or_else(foreign)?;
    talk.step("brokers");
    let dialled = dial(talk, probe, &metadata.brokers).await;
    let mut finding = judge(&metadata);
    judge_brokers(&mut finding, talk.address, &metadata.brokers, dialled);
    Ok(finding)
}

/// Asks and returns the answer, without its length and number.
async fn exchange(
    talk: &mut Conversation<'_>,
    key: i16,
    version: i16,
    body: &[u8],
) -> Result<Vec<u8>, Finding> {
    let correlation = i32::from(key);
    talk.write(&message::request(key, version, correlation, body)).await?;
    let length = talk.read_exact(4).await?;
    let length: [u8; 4] = length.try_into().map_err(|_| foreign())?;
    let length = usize::try_from(i32::from_be_bytes(length)).map_err(|_| foreign())?;
    // The first bytes of a web server or a database, taken for a length, are more than 1 GB.
    if length > 1 << 28 {
        return Err(foreign());
    }
    if length > message::ANSWER_BYTES_MAX {
        let message =
            format!("an answer of {length} bytes, which is not read: name a topic in the address");
        return Err(Finding::unknown(Reason::TooLarge, message));
    }
    let mut answer = Vec::new();
    while answer.len() < length {
        let next = (length - answer.len()).min(ANSWER_BYTES_MAX);
        answer.extend(talk.read_exact(next).await?);
    }
    message::body_of(correlation, &answer).map(<[u8]>::to_vec).ok_or_else(foreign)
}

/// Logs in with PLAIN where the address has a user.
async fn log_in(talk: &mut Conversation<'_>) -> Result<(), Finding> {
    let (Some(user), Some(password)) = (&talk.address.user, &talk.address.password) else {
        return Ok(());
    };
    let body = message::plain_body(user, password.expose());
    let answer =
        exchange(talk, message::SASL_HANDSHAKE, 1, &message::mechanism_body("PLAIN")).await?;
    let (error, mechanisms) = message::mechanisms(&answer).ok_or_else(foreign)?;
    if error != 0 {
        let offered = if mechanisms.is_empty() { "none".to_owned() } else { mechanisms.join(", ") };
        let message = format!("its logins are {offered}; obs speaks PLAIN");
        return Err(Finding::unknown(Reason::AuthFailed, message).coded(error.to_string()));
    }
    let answer = exchange(talk, message::SASL_AUTHENTICATE, 0, &body).await?;
    let (error, words) = message::authenticated(&answer).ok_or_else(foreign)?;
    match error {
        0 => Ok(()),
        error => {
            let words = if words.is_empty() { "the login was refused".to_owned() } else { words };
            Err(codes::refused(CheckKind::Kafka, &error.to_string(), words))
        }
    }
}

/// A listener with logins closes the connection of who asks without one.
fn cut_off(finding: Finding, address: &Address) -> Finding {
    if finding.reason == Some(Reason::Reset) && address.user.is_none() {
        return finding.likely("the listener wants a login (SASL) and the address has none");
    }
    finding
}

/// Connects to each broker where it is said to be; what goes wrong is in the order of the brokers.
async fn dial(
    talk: &Conversation<'_>,
    probe: &Probe,
    brokers: &[Broker],
) -> Vec<(Option<Finding>, f64)> {
    let probe = &Probe { timeout: talk.left(), ..probe.clone() };
    let one = |broker: &Broker| {
        let address = Address {
            host: broker.host.clone(),
            port: u16::try_from(broker.port).unwrap_or(0),
            others: Vec::new(),
            tls: Tls::Off,
            ..talk.address.clone()
        };
        async move {
            let began = std::time::Instant::now();
            let outcome = match (address.port, address.is_socket()) {
                (0, _) | (_, true) => Err(Finding::fail(Reason::Protocol, "this is no address")),
                _ => Conversation::new(probe, &address).connect().await,
            };
            (outcome.err(), milliseconds(began.elapsed()))
        }
    };
    join_all(brokers.iter().take(DIALLED_MAX).map(one)).await
}

fn judge(metadata: &Metadata) -> Finding {
    let counted =
        |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    let all = || {
        metadata
            .topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(move |one| (topic, one)))
    };
    let named = |found: &mut dyn Iterator<Item = (&message::Topic, &message::Partition)>| {
        let names: Vec<String> =
            found.map(|(topic, one)| format!("{}-{}", topic.name, one.id)).collect();
        let more = names.len().saturating_sub(NAMES_MAX);
        let shown = names.get(..names.len().min(NAMES_MAX)).unwrap_or_default().join(", ");
        let shown = if more > 0 { format!("{shown} and {more} more") } else { shown };
        (names.len(), shown)
    };
    let mut finding = Finding::ok(format!(
        "{}, {} with {}",
        counted(metadata.brokers.len(), "broker"),
        counted(metadata.topics.len(), "topic"),
        counted(all().count(), "partition")
    ));
    if !metadata.cluster.is_empty() {
        finding.message = format!("cluster {}, {}", metadata.cluster, finding.message);
    }
    for topic in
        metadata.topics.iter().filter(|topic| !matches!(topic.error, 0 | 5)).take(NAMES_MAX)
    {
        let code = topic.error.to_string();
        let refused = codes::refused(CheckKind::Kafka, &code, "");
        let what = format!("{}: {}", topic.name, error_name(topic.error));
        finding.worsen(Status::Fail, refused.reason.unwrap_or(Reason::Status), &what);
        finding.code = Some(code);
    }
    let (leaderless, names) = named(&mut all().filter(|(_, one)| one.leader < 0));
    if leaderless > 0 {
        let what = format!("{} without a leader: {names}", counted(leaderless, "partition"));
        finding.worsen(Status::Fail, Reason::Status, &what);
        finding.likely.get_or_insert(
            "brokers that held them are down: nothing can be written there or read from there"
                .into(),
        );
    }
    let (behind, names) = named(&mut all().filter(|(_, one)| one.in_sync < one.replicas));
    if behind > 0 {
        let what = format!(
            "{} with fewer copies in sync than replicas: {names}",
            counted(behind, "partition")
        );
        finding.worsen(Status::Warn, Reason::Lagging, &what);
        finding.likely.get_or_insert(
            "a broker is down or too slow to copy: one more, and data is lost or writes stop"
                .into(),
        );
    }
    if metadata.controller < 0 {
        finding.worsen(Status::Fail, Reason::Status, "the cluster has no controller");
    }
    #[expect(clippy::cast_precision_loss, reason = "shown")]
    for (name, count, unit) in [
        ("brokers", metadata.brokers.len(), "{broker}"),
        ("partitions_without_leader", leaderless, "{partition}"),
        ("partitions_under_replicated", behind, "{partition}"),
    ] {
        finding.observe(name, Some(count as f64), unit);
    }
    finding
}

fn error_name(error: i16) -> String {
    match error {
        3 => "there is no such topic".to_owned(),
        29 => "the user may not see it".to_owned(),
        error => format!("error {error}"),
    }
}

/// Adds a row a broker, and says which are not where clients are sent to.
fn judge_brokers(
    finding: &mut Finding,
    asked: &Address,
    brokers: &[Broker],
    dialled: Vec<(Option<Finding>, f64)>,
) {
    if brokers.len() > dialled.len() {
        let message = std::mem::take(&mut finding.message);
        finding.message = format!("{message} (the first {} brokers dialled)", dialled.len());
    }
    for (broker, (failed, took)) in brokers.iter().zip(dialled) {
        let place = format!("{}:{}", broker.host, broker.port);
        let (status, reason, message) = match failed {
            Some(failed) => (Status::Fail, failed.reason, format!("{place}: {}", failed.message)),
            None if is_loopback(&broker.host) && !is_loopback(&asked.host) => {
                let message = format!("{place}: every client is sent to its own machine");
                (Status::Fail, Some(Reason::Unreachable), message)
            }
            None => (Status::Ok, None, format!("{place}: connected")),
        };
        if let Some(reason) = reason {
            let what = format!("broker {} cannot be reached where it sends clients", broker.id);
            finding.worsen(status, reason, &what);
        }
        finding.children.push(Part {
            name: format!("broker {}", broker.id),
            kind: CheckKind::Part,
            status,
            reason,
            message,
            duration_ms: Some(took),
            children: Vec::new(),
        });
    }
}

fn is_loopback(host: &str) -> bool {
    let by_number = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    by_number || host.eq_ignore_ascii_case("localhost")
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not Kafka").likely(
        "the port of something else: 9092 is Kafka's; 9093 is often with TLS or the controller's",
    )
}

#[cfg(test)]
mod tests;
