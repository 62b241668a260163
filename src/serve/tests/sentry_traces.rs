//! A recorded transaction is a trace like any other.

use super::sentry::envelopes;
use super::*;
use crate::model::{SpanKind, TraceId};
use crate::traces::analyse;

/// Returns the trace of the one envelope named so.
async fn trace(client: &str, name: &str, trace_id: &str) -> Vec<crate::model::Span> {
    let served = Served::new();
    let posted = envelopes(client).into_iter().find(|posted| posted.name == name).unwrap();
    // In any order and repeated it is the same.
    for _ in 0..2 {
        assert_eq!(posted.send(&served).await.status, StatusCode::OK);
    }
    served.reader().trace(TraceId::from_hex(trace_id).unwrap()).unwrap()
}

#[tokio::test]
async fn a_recorded_transaction_assembles_into_a_tree_with_self_times() {
    let spans = trace("rust", "0001-p3", "3aaf020509507169866ab65c27c47348").await;
    let shown: Vec<_> = spans.iter().map(|span| (span.name.as_str(), span.kind)).collect();
    assert_eq!(shown, [("GET /rust", SpanKind::Server), ("select 1", SpanKind::Client)]);
    assert_eq!(spans[0].service, "rust-demo");
    assert_eq!(
        spans[0].attribute("request_id").unwrap().to_string(),
        "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    );
    let analysis = analyse(spans);
    let nodes = analysis.tree.nodes();
    assert_eq!((nodes[0].depth, nodes[1].depth, analysis.is_complete()), (0, 1, true));
    // The whole took 17,267 ns, the query 1,102 of them.
    assert_eq!((analysis.duration_ns(), analysis.self_ns), (17_267, vec![16_165, 1_102]));
}

#[tokio::test]
async fn a_recorded_list_of_spans_assembles_whatever_their_order() {
    let spans = trace("node", "0003-p3", "bf5de95ecffa4212a42cf357bf8d6273").await;
    let shown: Vec<_> = spans.iter().map(|span| (span.name.as_str(), span.kind)).collect();
    assert_eq!(shown, [("GET /js", SpanKind::Server), ("select 1", SpanKind::Client)]);
    assert_eq!((spans[0].service.as_str(), spans[1].parent), ("web", Some(spans[0].span_id)));
}

#[tokio::test]
async fn a_recorded_flask_transaction_is_one_server_span() {
    let spans = trace("python", "0001-p2", "4076a909b61e4df78c2adc89c74f97d4").await;
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].name.as_str(), spans[0].service.as_str()), ("/metrics", "inventory"));
    assert_eq!((spans[0].kind, spans[0].http_status()), (SpanKind::Server, Some(200)));
    assert_eq!(spans[0].duration_ns(), Some(5_948_000));
}
