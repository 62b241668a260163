//! Real sockets on ports that the system picks.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::super::{listen, run};
use super::*;
use crate::store::StoreError;

#[tokio::test]
async fn a_request_over_a_socket_is_answered_and_serving_stops_when_told() {
    let served = Served::new();
    let (listener, address) = listen(0).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(run(vec![listener], Arc::clone(&served.backend), stopped));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /logs HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("{\"lines\":1,\"new\":1}"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_taken_port_gives_the_next_free_one() {
    let (_taken, first) = listen(0).await.unwrap();
    let (_next, second) = listen(first.port()).await.unwrap();
    assert!(second.port() > first.port(), "{first} {second}");
    assert!(second.ip().is_loopback());
}

#[test]
fn a_store_that_cannot_be_made_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let store = file.join("store.sqlite");
    let opening = Opening { store: store.clone(), ..Opening::default() };
    let error = Backend::open(opening).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }));
    assert_eq!(error.to_string(), format!("cannot open the store at {}", store.display()));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let notes = "not a database ".repeat(100);
    std::fs::write(&file, &notes).unwrap();
    let opening = Opening { store: file.clone(), ..Opening::default() };
    assert!(matches!(Backend::open(opening), Err(StoreError::Damaged { .. })));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), notes);
}
