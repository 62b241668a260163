use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::probes::targets::of_application;

/// What a name server of a test does when it is asked for an address of four bytes.
#[derive(Clone)]
enum Does {
    Says(Vec<Ipv4Addr>),
    Code(u8),
    Truncates(Ipv4Addr),
    Nothing,
}

fn says(addresses: &[[u8; 4]]) -> Does {
    Does::Says(addresses.iter().map(|address| Ipv4Addr::from(*address)).collect())
}

fn reply(question: &[u8], code: u8, is_cut: bool, addresses: &[Ipv4Addr]) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2] = if is_cut { 0x83 } else { 0x81 };
    message[3] = 0x80 | code;
    message[7] = u8::try_from(addresses.len()).unwrap();
    for address in addresses {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend(address.octets());
    }
    message
}

/// Starts a name server that ends with the test's runtime.
async fn server(does: Does) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    if let Does::Truncates(found) = does.clone() {
        let listener = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut question).await.unwrap();
                let is_four = question[question.len() - 3] == 1;
                let found = if is_four { vec![found] } else { Vec::new() };
                let message = reply(&question, 0, false, &found);
                stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
                stream.write_all(&message).await.unwrap();
            }
        });
    }
    tokio::spawn(async move {
        let mut buffer = vec![0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = &buffer[..length];
            let is_four = question[length - 3] == 1;
            let message = match &does {
                Does::Says(all) => reply(question, 0, false, if is_four { all } else { &[] }),
                Does::Code(code) => reply(question, *code, false, &[]),
                Does::Truncates(_) => reply(question, 0, true, &[]),
                Does::Nothing => continue,
            };
            socket.send_to(&message, from).await.unwrap();
        }
    });
    address
}

/// Asks such servers for a name; returns the whole and the parts.
async fn asked(all: &[Does]) -> (Status, Option<Reason>, Vec<Option<Reason>>) {
    let mut servers = Vec::new();
    for does in all {
        servers.push(server(does.clone()).await);
    }
    let timeout = Duration::from_millis(if all.iter().any(|one| matches!(one, Does::Nothing)) {
        300
    } else {
        10_000
    });
    let mut probe = of_application("a", "http://a", "a test", timeout, timeout).remove(0);
    probe.timeout = timeout;
    let question = Question { name: "api.example".to_owned(), servers };
    let finding = run(&probe, &question).await;
    let parts = finding.children.iter().map(|part| part.reason).collect();
    (finding.status, finding.reason, parts)
}

const ONE: [u8; 4] = [10, 0, 0, 1];
const TWO: [u8; 4] = [10, 0, 0, 2];

#[tokio::test]
async fn servers_that_agree_are_well_and_so_are_those_that_balance_load() {
    assert_eq!(asked(&[says(&[ONE]), says(&[ONE])]).await, (Status::Ok, None, vec![None, None]));
    assert_eq!(asked(&[says(&[ONE, TWO]), says(&[TWO])]).await.0, Status::Ok);
}

#[tokio::test]
async fn each_bad_answer_has_its_own_reason() {
    for (does, reason) in [
        (Does::Code(3), Reason::DnsNxdomain),
        (Does::Code(2), Reason::DnsServfail),
        (Does::Code(5), Reason::Forbidden),
        (Does::Nothing, Reason::DnsTimeout),
        (says(&[]), Reason::DnsNxdomain),
    ] {
        assert_eq!(asked(&[does]).await, (Status::Fail, Some(reason), Vec::new()));
    }
}

#[tokio::test]
async fn servers_that_say_different_things_are_a_warning() {
    let disagree = (Status::Warn, Some(Reason::DnsDisagree));
    let (status, reason, _) = asked(&[says(&[ONE]), says(&[TWO])]).await;
    assert_eq!((status, reason), disagree);
    let (status, reason, parts) = asked(&[says(&[ONE]), Does::Code(3)]).await;
    assert_eq!((status, reason), disagree);
    assert_eq!(parts, [None, Some(Reason::DnsNxdomain)]);
    let (status, reason, _) = asked(&[Does::Nothing, says(&[ONE])]).await;
    assert_eq!((status, reason), (Status::Warn, Some(Reason::DnsTimeout)));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_asked_for_again_over_tcp() {
    let (status, ..) = asked(&[Does::Truncates(Ipv4Addr::from(ONE))]).await;
    assert_eq!(status, Status::Ok);
}

#[tokio::test]
async fn a_closed_port_is_refused_and_not_silent() {
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let second = Duration::from_secs(10);
    let probe = of_application("a", "http://a", "a test", second, second).remove(0);
    let question = Question { name: "api.example".to_owned(), servers: vec![closed] };
    assert_eq!(run(&probe, &question).await.reason, Some(Reason::Refused));
}

#[test]
fn a_name_that_only_this_machine_knows_is_well() {
    let system = of_system(Ok(vec!["127.0.0.1:0".parse().unwrap()]), 0.1);
    let address = "10.0.0.2:53".parse().unwrap();
    let servers = vec![of_server(&address, &Said::NoName, 1.0).with(Said::NoName)];
    let finding = judge(Some(system), servers);
    assert_eq!((finding.status, finding.reason), (Status::Ok, None));
    assert!(finding.children.iter().all(|part| part.status == Status::Ok), "{finding:?}");
}

#[test]
fn what_dns_knows_and_the_system_does_not_is_a_disagreement() {
    let system = of_system(Err(Finding::fail(Reason::DnsNxdomain, "no")), 0.1);
    let address = "10.0.0.2:53".parse().unwrap();
    let said = Said::Addresses(vec!["10.0.0.1".parse().unwrap()], Some(30));
    let servers = vec![of_server(&address, &said, 1.0).with(said)];
    assert_eq!(judge(Some(system), servers).reason, Some(Reason::DnsDisagree));
}
