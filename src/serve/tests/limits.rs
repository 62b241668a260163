//! Too much, too many, too slow: over sockets, with bounds so small that nothing has to be waited for.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::{listen, run};
use super::*;

/// Bounds in which nothing that is done at once is late.
fn patient() -> Limits {
    let long = Duration::from_mins(10);
    Limits { opening: long, head: long, still: long, body_pause: long, ..Limits::default() }
}

struct Running {
    served: Served,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    let served = Served::guarded(limits, None);
    let (listener, address) = listen(0).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(run(vec![listener], Arc::clone(&served.backend), stopped));
    Running { served, address, stop, serving }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the other side closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        rest_of(&mut stream).await
    }

    fn rejected(&self, kind: &str, reason: &str) -> bool {
        let labels = [("kind", kind), ("reason", reason)];
        self.served.backend.counts.registry.gather().iter().any(|family| {
            family.name() == "obs_rejected_total"
                && family.get_metric().iter().any(|metric| {
                    labels.iter().all(|(name, value)| {
                        let mut pairs = metric.get_label().iter();
                        pairs.any(|pair| pair.name() == *name && pair.value() == *value)
                    })
                })
        })
    }
}

async fn rest_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset tells as much as an end.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(extra: &str) -> String {
    format!("POST /logs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{extra}\r\n\r\n")
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_and_so_is_a_head_that_never_ends() {
    let quick = Duration::from_millis(20);
    let running = start(Limits { opening: quick, ..patient() }).await;
    assert_eq!(running.exchange(b"").await, "");
    assert_eq!(running.exchange(b"PRI * HT").await, "");
    let running = start(Limits { head: quick, ..patient() }).await;
    let answer = running.exchange(b"POST /logs HTTP/1.1\r\nHost: localhost\r\nX: ").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_stands_still_is_408_and_counted() {
    let running = start(Limits { body_pause: Duration::from_millis(20), ..patient() }).await;
    let request = format!("{}hel", head("Content-Length: 5"));
    let answer = running.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(running.rejected("request", "slow"));
}

#[tokio::test]
async fn a_body_that_drips_for_too_long_is_408() {
    let running = start(Limits { body_whole: Duration::from_millis(20), ..patient() }).await;
    let request = format!("{}3\r\nhel\r\n", head("Transfer-Encoding: chunked"));
    let answer = running.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_the_next_is_served_again() {
    let running = start(Limits { connections: 1, ..patient() }).await;
    let mut first = running.connect().await;
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut status = [0; 15];
    first.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    let mut second = running.connect().await;
    let answer = rest_of(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("Retry-After: 1\r\n"), "{answer}");
    assert!(running.rejected("connection", "too_many"));
    drop(first);
    // The place is free when the server has seen the end.
    let health = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    while !running.exchange(health).await.starts_with("HTTP/1.1 200 ") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn bodies_that_do_not_fit_into_memory_are_429_and_the_memory_comes_back() {
    let running = start(Limits { bodies: 64 << 10, ..patient() }).await;
    let body = "x".repeat(100_000);
    let request = format!("{}{body}", head(&format!("Content-Length: {}", body.len())));
    let answer = running.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(running.rejected("request", "no_memory"));
    let small = format!("{}hello", head("Content-Length: 5"));
    assert!(running.exchange(small.as_bytes()).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(running.served.backend.bodies.free(), 64 << 10);
}

#[tokio::test]
async fn a_body_of_64_mib_is_413_and_the_client_that_sent_it_whole_reads_the_answer() {
    let running = start(patient()).await;
    let body = "x".repeat(64 << 20);
    let request = format!("{}{body}", head(&format!("Content-Length: {}", body.len())));
    let answer = running.exchange(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(running.rejected("request", "too_large"));
}

#[tokio::test]
async fn a_bomb_is_413_and_nothing_of_it_is_stored() {
    let running = start(patient()).await;
    let bomb = gzip(&vec![b'\n'; super::super::INFLATED_BYTES_MAX + 1]);
    let fields = format!("Content-Encoding: gzip\r\nContent-Length: {}", bomb.len());
    let request = [head(&fields).as_bytes(), &bomb].concat();
    let answer = running.exchange(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_under_way_is_finished_and_one_that_stalls_does_not_hold_the_end() {
    let running = start(Limits { drain: Duration::from_millis(200), ..patient() }).await;
    let mut finishing = running.connect().await;
    let mut stalling = running.connect().await;
    for stream in [&mut finishing, &mut stalling] {
        let request =
            format!("{}Expect: 100-continue\r\n\r\n", head("Content-Length: 5").trim_end());
        let request = request.replace("5Expect", "5\r\nExpect");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut begun = [0; 25];
        stream.read_exact(&mut begun).await.unwrap();
        assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    running.stop.send(()).unwrap();
    finishing.write_all(b"hello").await.unwrap();
    let answer = rest_of(&mut finishing).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    running.serving.await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port_by_who_knows_it() {
    let running = start(patient()).await;
    let mut stream = running.connect().await;
    // The preface and an empty SETTINGS frame; the answer begins with the server's SETTINGS.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!((frame[3], &frame[5..]), (4, &[0_u8; 4][..]), "{frame:?}");
}
