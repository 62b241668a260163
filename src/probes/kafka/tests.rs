//! A broker by the protocol's guide: no recording of a real one stands behind it.

use super::message::{Partition, Topic};
use super::*;

fn partition(id: i32, leader: i32, replicas: usize, in_sync: usize) -> Partition {
    Partition { id, leader, replicas, in_sync }
}

fn broker(id: i32, host: &str) -> Broker {
    Broker { id, host: host.to_owned(), port: 9092 }
}

fn cluster(partitions: Vec<Partition>) -> Metadata {
    let topics = vec![Topic { error: 0, name: "orders".to_owned(), partitions }];
    Metadata {
        brokers: vec![broker(1, "a"), broker(2, "b")],
        cluster: String::new(),
        controller: 1,
        topics,
    }
}

fn address(text: &str) -> Address {
    Address::read(text, &["kafka"], Some(9092)).unwrap()
}

#[test]
fn a_cluster_with_leaders_and_copies_is_well() {
    let finding = judge(&cluster(vec![partition(0, 1, 2, 2), partition(1, 2, 2, 2)]));
    assert_eq!(finding.status, Status::Ok);
    assert_eq!(finding.message, "2 brokers, 1 topic with 2 partitions");
}

#[test]
fn a_partition_without_a_leader_is_a_failure_and_a_missing_copy_a_warning() {
    let finding = judge(&cluster(vec![partition(0, 1, 2, 1)]));
    assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Lagging)));
    let finding = judge(&cluster(vec![partition(0, 1, 2, 1), partition(7, -1, 2, 0)]));
    assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Status)));
    assert!(finding.message.contains("without a leader: orders-7"), "{}", finding.message);
}

#[test]
fn a_topic_that_is_not_there_has_its_reason() {
    let topics = vec![Topic { error: 3, name: "ordres".to_owned(), partitions: Vec::new() }];
    let finding = judge(&Metadata { topics, ..cluster(Vec::new()) });
    assert_eq!((finding.reason, finding.code.as_deref()), (Some(Reason::NotFound), Some("3")));
}

#[test]
fn a_broker_that_sends_clients_elsewhere_is_a_failure_of_its_own() {
    let mut finding = Finding::ok("");
    let refused = Finding::fail(Reason::DnsNxdomain, "the name has no address");
    let brokers = [broker(1, "a"), broker(2, "kafka-2.internal"), broker(3, "localhost")];
    let dialled = vec![(None, 1.0), (Some(refused), 1.0), (None, 1.0)];
    judge_brokers(&mut finding, &address("kafka://a:9092"), &brokers, dialled);
    let found: Vec<_> = finding.children.iter().map(|part| (part.status, part.reason)).collect();
    assert_eq!(
        found,
        [
            (Status::Ok, None),
            (Status::Fail, Some(Reason::DnsNxdomain)),
            (Status::Fail, Some(Reason::Unreachable)),
        ]
    );
    assert_eq!(finding.status, Status::Fail);
}

#[test]
fn localhost_is_right_where_the_broker_is_asked_at_localhost() {
    let mut finding = Finding::ok("");
    let address = address("kafka://127.0.0.1:9092");
    judge_brokers(&mut finding, &address, &[broker(1, "localhost")], vec![(None, 1.0)]);
    assert_eq!(finding.status, Status::Ok);
}
