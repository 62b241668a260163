use tokio::net::TcpListener;

use super::*;
use crate::model::Status;
use crate::probes::targets::limits_for_tests;

/// Talks with a server that sends this and then waits.
async fn talked(answer: &'static [u8], timeout: Duration, lines: usize) -> (Finding, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(answer).await.unwrap();
            open.push(stream);
        }
    };
    let mut probe = limits_for_tests("redis");
    probe.timeout = timeout;
    let address = Address::read(&format!("127.0.0.1:{port}"), &["redis"], None).unwrap();
    let asking = async {
        let mut talk = Conversation::new(&probe, &address);
        let mut read = Vec::new();
        let outcome = async {
            talk.open().await?;
            talk.step("query");
            for _ in 0..lines {
                read.push(talk.read_line(64).await?);
            }
            Ok(Finding::ok("read"))
        };
        let outcome = outcome.await;
        (talk.finish(outcome), read)
    };
    tokio::select! {
        found = asking => found,
        () = serving => unreachable!(),
    }
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn lines_are_read_one_by_one_and_every_step_has_its_time() {
    let (finding, read) = talked(b"one\r\ntwo\nthree\r\n", LONG, 3).await;
    assert_eq!(read, ["one", "two", "three"]);
    let steps: Vec<&str> = finding.phases.iter().map(|phase| phase.name).collect();
    // It is asked by its address.
    assert_eq!(steps, ["connect", "query"]);
}

#[tokio::test]
async fn silence_ends_with_the_time_of_the_probe_and_says_so() {
    let (finding, _) = talked(b"", Duration::from_millis(40), 1).await;
    assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Timeout)));
    assert_eq!(finding.message, "connected, and no answer to query within 40ms");
    assert!(finding.likely.unwrap().ends_with("or another protocol is spoken at this port"));
}

#[tokio::test]
async fn a_line_without_an_end_is_another_protocol() {
    let (finding, _) = talked(&[b'x'; 200], LONG, 1).await;
    assert_eq!(finding.reason, Some(Reason::Protocol));
}

#[tokio::test]
async fn an_alert_of_tls_is_told_from_an_answer() {
    let (finding, _) = talked(&[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46], LONG, 1).await;
    assert_eq!(finding.message, "it speaks TLS on this port, and was asked without");
}

#[test]
fn of_a_port_that_is_anothers_own_silence_names_it() {
    let probe = limits_for_tests("redis");
    let likely = |schemes: &[&str], text: &str, heard| {
        let address = Address::read(text, schemes, None).unwrap();
        let mut talk = Conversation::new(&probe, &address);
        talk.step("auth");
        talk.heard = heard;
        talk.too_late().likely.unwrap().into_owned()
    };
    assert!(likely(&["mysql"], "db:5432", false).ends_with("5432 is postgres's own"));
    assert!(likely(&["amqp"], "db:6379", false).ends_with("6379 is redis's own"));
    assert!(likely(&["nats"], "db:8883", false).ends_with("8883 is mqtt's own"));
    let own = likely(&["mysql"], "db:3306", false);
    assert!(own.ends_with("another protocol is spoken at this port"), "{own}");
    // Who has answered speaks it.
    assert!(likely(&["mysql"], "db:5432", true).ends_with("stopped or overloaded"));
}
