//! What shippers send: Loki's pushes, Elasticsearch's bulks, syslog.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;

use super::super::syslog::Sockets;
use super::*;
use crate::model::{LogQuery, LogRecord};

fn stored(served: &Served) -> Vec<LogRecord> {
    let query = LogQuery { limit: 1_000, ..LogQuery::default() };
    served.reader().logs(&query).unwrap().records
}

fn fields(record: &LogRecord) -> String {
    let fields = record.fields.iter().map(|field| format!("{}={}", field.name, field.text()));
    fields.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_push_is_204_however_often_it_comes_and_its_labels_are_the_records() {
    let served = Served::new();
    let push = json!({ "streams": [{
        "stream": { "app": "web", "pod": "web-1", "filename": "/var/log/web.log" },
        "values": [
            ["1795329610466057087", "2026-11-22 ERROR boom"],
            ["1795329610466057088", "{\"level\":\"info\",\"msg\":\"hi\"}", { "trace_id": "ab12" }],
        ] }] });
    for _ in 0..2 {
        let answer = served.post_json("/loki/api/v1/push", &push).await;
        assert_eq!((answer.status, answer.text().as_str()), (StatusCode::NO_CONTENT, ""));
    }
    let records = stored(&served);
    assert_eq!(records.len(), 2);
    let first = &records[0];
    assert_eq!((first.service.as_deref(), first.level.unwrap().name()), (Some("web"), "error"));
    assert_eq!(first.time.unwrap().0, 1_795_329_610_466_057_087);
    assert_eq!((first.source.as_str(), records[1].message.as_str()), ("/var/log/web.log", "hi"));
    assert_eq!(records[1].trace_id.as_deref(), Some("ab12"));
    assert!(fields(first).contains("pod=web-1"), "{}", fields(first));
}

#[tokio::test]
async fn a_push_that_is_none_is_refused_with_words() {
    let served = Served::new();
    for (media_type, body, status) in [
        ("application/json", &b"{\"streams\":"[..], 400),
        ("application/x-protobuf", b"not snappy", 400),
        ("text/plain", b"hello", 415),
        ("", b"hello", 415),
    ] {
        let answer = served.post("/loki/api/v1/push", media_type, body.to_vec()).await;
        assert_eq!(answer.status, status, "{media_type}");
        assert!(answer.json()["error"].is_string());
    }
    // 64 MiB and one byte, in a block of a few bytes.
    let bomb = snap::raw::Encoder::new().compress_vec(&vec![0; (64 << 20) + 1]).unwrap();
    let answer = served.post("/loki/api/v1/push", "application/x-protobuf", bomb).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(stored(&served).is_empty());
}

#[tokio::test]
async fn each_document_of_a_bulk_gets_its_own_outcome() {
    let served = Served::new();
    let bulk = "{\"create\":{\"_index\":\"app\"}}\n\
        {\"@timestamp\":\"2026-11-22T06:30:00.000Z\",\"log.level\":\"error\",\"message\":\"boom\",\"service.name\":\"web\",\"trace.id\":\"ab\"}\n\
        {\"index\":{\"_id\":\"7\"}}\n{\"message\":\"hi\"}\n\
        {\"delete\":{\"_id\":\"7\"}}\n\
        {\"create\":{}}\nnot json\n";
    let answer = served.post("/logs-app/_bulk", "application/x-ndjson", bulk).await;
    assert_eq!(answer.headers["x-elastic-product"], "Elasticsearch");
    let answer = answer.json();
    assert_eq!(answer["errors"], true);
    let items = answer["items"].as_array().unwrap();
    let outcome =
        |name: &str, item: &Value| (item[name]["status"].as_u64(), item[name]["_index"].clone());
    assert_eq!(outcome("create", &items[0]), (Some(201), json!("app")));
    assert_eq!(outcome("index", &items[1]), (Some(201), json!("logs-app")));
    assert_eq!(items[1]["index"]["_id"], "7");
    assert_eq!(outcome("delete", &items[2]).0, Some(400));
    assert_eq!(outcome("create", &items[3]).0, Some(400));
    let records = stored(&served);
    let boom = records.iter().find(|record| record.message == "boom").unwrap();
    assert_eq!((records.len(), boom.service.as_deref()), (2, Some("web")));
    assert_eq!(boom.level.unwrap().name(), "error");
}

#[tokio::test]
async fn a_bulk_whose_actions_cannot_be_read_is_refused_as_elasticsearch_does() {
    let served = Served::new();
    for body in ["", "hello\n", "{}\n", "{\"move\":{}}\n{}\n", "{\"create\":{},\"index\":{}}\n{}"] {
        let answer = served.post("/_bulk", "application/json", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = answer.json();
        assert_eq!(
            (&error["status"], error["error"]["type"].as_str()),
            (&json!(400), Some("illegal_argument_exception"))
        );
    }
}

#[tokio::test]
async fn clients_of_elasticsearch_are_told_the_product_and_people_the_help() {
    let served = Served::new();
    let request = Request::get("/").header("user-agent", "Elastic-filebeat/8.17.0 (linux)");
    let answer = served.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers["x-elastic-product"], "Elasticsearch");
    assert!(answer.json()["version"]["number"].as_str().unwrap().starts_with("8."));
    let help = served.get("/").await;
    assert!(help.text().starts_with("obs serve"), "{}", help.text());
}

#[tokio::test]
async fn syslog_is_stored_over_both_transports_also_what_came_just_before_the_stop() {
    let served = Served::new();
    let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = sockets.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(sockets.serve(Arc::clone(&served.backend), stopped));
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.send_to(b"<11>1 2026-11-22T06:30:00Z web app 7 - - over udp", address).await.unwrap();
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(b"<14>Nov 22 06:30:00 web app: over tcp\n<14>without an end").await.unwrap();
    tcp.shutdown().await.unwrap();
    let began = std::time::Instant::now();
    while stored(&served).len() < 3 {
        assert!(began.elapsed().as_secs() < 20, "{:?}", stored(&served));
        tokio::task::yield_now().await;
    }
    udp.send_to(b"<11>last", address).await.unwrap();
    stop.send(()).unwrap();
    serving.await.unwrap();
    let mut messages: Vec<String> =
        stored(&served).into_iter().map(|record| record.message).collect();
    messages.sort();
    assert_eq!(messages, ["last", "over tcp", "over udp", "without an end"]);
}
