//! Small traces as they are drawn and serialised.

mod capture;
mod limits;
mod views;

use super::*;
use crate::model::{AttributeValue, Span, SpanEvent, SpanKind};
use crate::traces::analyse;
use crate::traces::fixtures::{attribute, failed, of, span, trace_id, with};

/// `orders-api` takes an order, asks its database eight times, and `inventory` refuses.
fn order() -> Vec<Span> {
    let status = |code: i64, mut span: Span| {
        span.attributes.push(("http.response.status_code".into(), AttributeValue::Int(code)));
        span
    };
    let mut refused = failed(span(5, 4, "POST /reservations", 60, 110));
    refused.events.push(SpanEvent {
        time: refused.start,
        name: "exception".into(),
        attributes: vec![
            attribute("exception.type", "OutOfStock"),
            attribute("exception.message", "2 left of SKU-9, 3 asked for"),
        ],
    });
    let mut root = span(1, 0, "POST /orders", 0, 140);
    root.events.push(SpanEvent { name: "accepted".into(), time: root.start, attributes: vec![] });
    let mut spans = vec![
        of("orders-api", SpanKind::Server, status(500, root)),
        of("orders-api", SpanKind::Internal, span(2, 1, "validate", 2, 50)),
        of("orders-api", SpanKind::Client, failed(span(4, 1, "POST", 50, 120))),
        of("inventory", SpanKind::Server, status(500, refused)),
    ];
    spans.extend((0..8).map(|number: i64| {
        let start = 4 + number * 5;
        let text = format!("select n from stock where sku = 'SKU-{number}'");
        let query = span(10 + number.unsigned_abs(), 2, "select stock", start, start + 4);
        of("orders-api", SpanKind::Client, with("db.query.text", &text, query))
    }));
    spans
}

fn report(spans: Vec<Span>) -> TraceReport {
    let sources = vec!["local".to_owned()];
    TraceReport::new(
        Some(trace_id()),
        None,
        analyse(spans),
        sources,
        vec![],
        WaterfallOptions::default(),
    )
}

fn drawn(report: &TraceReport, theme: &Theme) -> String {
    let mut out = Vec::new();
    report.human(&mut out, theme).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(width: usize) -> Theme {
    Theme::plain(width, UnixNanos(0))
}

#[test]
fn an_order_that_failed_at_80_columns() {
    insta::assert_snapshot!(drawn(&report(order()), &plain(80)), @"
    trace 018f3c1e9b7a7c448d215a0b6f4e2d12   POST /orders 500   140ms
    12 spans · 2 services · 3 errors
    2026-11-22 06:30:00 UTC · local · complete
    error     inventory POST /reservations (span 0000000000000005)
              OutOfStock: 2 left of SKU-9, 3 asked for
    N+1       orders-api validate: 8 × `select n from stock where sku = ?` one after
              another · 32.0ms (22%)
    gap       orders-api POST /orders: not instrumented after POST · 20.0ms (14%)
    critical  inventory POST /reservations 50.0ms (35%) · orders-api POST /orders
              22.0ms (15%) · orders-api POST 20.0ms (14%) · …

      span                               total |0          |50ms        |100ms
    ✗ orders-api POST /orders 500        140ms ◆░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░████✗
      ├─validate                        48.0ms ░░░█░░░░█░░██
      │ └─select stock ×8  N+1          32.0ms  ▪▪▪▪▪▪▪▪▪▪▪
    ✗ ├─POST                            70.0ms             ░██░░░░░░░░░░░░░██✗
    ✗ │ └─inventory POST /reserva… 500  50.0ms                █████████████✗
      │     ◆ OutOfStock: 2 left of SKU-9, 3 asked for        ◆
      └╌not instrumented                20.0ms                               ╌╌╌╌╌╌
    █ critical path  ░ off path  ◆ event  ✗ failed  ▪ folded  ╌ not instrumented
    8 spans folded into rows of their kind
    all of it: obs trace 018f3c1e9b7a7c448d215a0b6f4e2d12 --all
    ");
}

#[test]
fn an_order_that_failed_at_160_columns() {
    insta::assert_snapshot!(drawn(&report(order()), &plain(160)), @"
    trace 018f3c1e9b7a7c448d215a0b6f4e2d12   POST /orders 500   140ms   12 spans · 2 services · 3 errors
    2026-11-22 06:30:00 UTC · local · complete
    error     inventory POST /reservations (span 0000000000000005)
              OutOfStock: 2 left of SKU-9, 3 asked for
    N+1       orders-api validate: 8 × `select n from stock where sku = ?` one after another · 32.0ms (22%)
    gap       orders-api POST /orders: not instrumented after POST · 20.0ms (14%)
    critical  inventory POST /reservations 50.0ms (35%) · orders-api POST /orders 22.0ms (15%) · orders-api POST 20.0ms (14%) · …

      span                                                          total    self crit |0        |20ms      |40ms      |60ms      |80ms      |100ms     |120ms
    ✗ orders-api POST /orders 500                                   140ms  22.0ms  15% ◆░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░██████████✗
      ├─validate                                                   48.0ms  16.0ms  11%  █░░█░░█░░░░█░░█░░░░░░░████░
      │ └─select stock ×8  N+1                                     32.0ms  32.0ms  22%   ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪
    ✗ ├─POST                                                       70.0ms  20.0ms  14%                            ██████░░░░░░░░░░░░░░░░░░░░░░░░░░░█████✗
    ✗ │ └─inventory POST /reservations 500                         50.0ms  50.0ms  35%                                 ░██████████████████████████✗
      │     ◆ OutOfStock: 2 left of SKU-9, 3 asked for                                                                 ◆
      └╌not instrumented                                           20.0ms                                                                               ╌╌╌╌╌╌╌╌╌╌╌
    █ critical path  ░ off path  ◆ event  ✗ failed  ▪ folded  ╌ not instrumented
    8 spans folded into rows of their kind
    all of it: obs trace 018f3c1e9b7a7c448d215a0b6f4e2d12 --all
    ");
}

#[test]
fn an_order_that_failed_in_ascii_at_60_columns() {
    let theme = Theme { ascii: true, ..plain(60) };
    let drawn = drawn(&report(order()), &theme);
    insta::assert_snapshot!(drawn, @"
    trace 018f3c1e9b7a7c448d215a0b6f4e2d12   POST /orders 500
    140ms   12 spans | 2 services | 3 errors
    2026-11-22 06:30:00 UTC | local | complete
    error     inventory POST /reservations (span
              0000000000000005)
              OutOfStock: 2 left of SKU-9, 3 asked for
    N+1       orders-api validate: 8 x `select n from stock
              where sku = ?` one after another | 32.0ms (22%)
    gap       orders-api POST /orders: not instrumented after
              POST | 20.0ms (14%)
    critical  inventory POST /reservations 50.0ms (35%) |
              orders-api POST /orders 22.0ms (15%) | orders-api
              POST 20.0ms (14%) | ~

      span                       total |0               |100ms
    x orders-api POST /or~ 500   140ms *--------------------##x
      |-validate                48.0ms ##-----##
      | `-select stock x8  N+1  32.0ms ........
    x |-POST                    70.0ms         -#---------#x
    x | `-inventory POST ~ 500  50.0ms           ########x
      |     * OutOfStock: 2 left of SKU-9, 3 as~ *
      `~not instrumented        20.0ms                     ~~~~
    # critical path  - off path  * event  x failed  . folded
    ~ not instrumented
    8 spans folded into rows of their kind
    all of it: obs trace 018f3c1e9b7a7c448d215a0b6f4e2d12 --all
    ");
}

#[test]
fn a_running_span_an_orphan_and_a_silent_source() {
    let spans = vec![
        Span { end: None, ..span(1, 0, "GET /orders", 0, 0) },
        span(2, 1, "render", 2, 9),
        of("payments", SpanKind::Server, span(3, 0xdead, "settle", 4, 20)),
    ];
    let mut report = report(spans);
    report.missing =
        vec![Missing { source: "tempo".to_owned(), reason: "connection refused".to_owned() }];
    insta::assert_snapshot!(drawn(&report, &plain(80)), @"
    trace 018f3c1e9b7a7c448d215a0b6f4e2d12   GET /orders   20.0ms
    3 spans · 2 services
    2026-11-22 06:30:00 UTC · local
    INCOMPLETE: 1 missing span, 1 running span, 1 silent source
    no answer tempo: connection refused
    missing   span 000000000000dead was never received: 1 span that it caused hangs
              free · 16.0ms (80%)
    running   no end of shop GET /orders was received: still running, the process
              died, or its clock jumped · 20.0ms (100%)
    critical  shop GET /orders 13.0ms (65%) · shop render 7.00ms (35%)

      span                               total |0       |5ms     |10ms    |15ms
    … shop GET /orders                 20.0ms… ████░░░░░░░░░░░░███████████████████…
      └─render                          7.00ms    ░████████████░
    ? missing span 000000000000dead            1 child, never received
      └─payments settle                 16.0ms        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
    █ critical path  ░ off path  ◆ event  ✗ failed  ▪ folded
    ");
}

#[test]
fn several_roots_share_one_axis() {
    let spans = vec![span(1, 0, "GET /a", 0, 10), span(2, 0, "GET /b", 30, 40)];
    insta::assert_snapshot!(drawn(&report(spans), &plain(80)), @"
    trace 018f3c1e9b7a7c448d215a0b6f4e2d12   GET /a   10.0ms   40.0ms in all
    2 spans · 1 service
    2026-11-22 06:30:00 UTC · local · complete
    root      06:30:00.000 shop GET /a · 10.0ms · 1 span · --root 1
              06:30:00.030 shop GET /b · 10.0ms · 1 span · --root 2
    roots     2 operations have this trace id, shop GET /a the first: retried from
              outside, or the id was used again · 20.0ms (100%)
    critical  shop GET /a 10.0ms (50%) · shop GET /b 10.0ms (50%)

      span                               total |0       |10ms    |20ms    |30ms
      shop GET /a                       10.0ms █████████
      shop GET /b                       10.0ms                            █████████
    █ critical path  ░ off path  ◆ event  ✗ failed  ▪ folded
    ");
}

#[test]
fn with_all_every_span_has_its_row() {
    let mut report = report(order());
    report.options.all = true;
    assert_eq!(drawn(&report, &plain(80)).matches("select stock").count(), 8);
}

#[test]
fn the_json_holds_the_rows_and_masks_secrets_unless_told() {
    let secret = with("http.request.header.cookie", "sid=1234", span(1, 0, "GET /", 0, 8));
    let masked = serde_json::to_value(report(vec![secret.clone()])).unwrap();
    assert_eq!((&masked["schema"], &masked["duration_ms"]), (&"obs.trace/1".into(), &8.0.into()));
    let row = &masked["spans"][0];
    assert_eq!(
        (&row["name"], &row["self_ms"], &row["depth"]),
        (&"GET /".into(), &8.0.into(), &0.into())
    );
    assert_eq!(row["attributes"][0][1], "[masked]");
    let options = WaterfallOptions { show_secrets: true, ..WaterfallOptions::default() };
    let shown =
        TraceReport::new(Some(trace_id()), None, analyse(vec![secret]), vec![], vec![], options);
    assert_eq!(serde_json::to_value(shown).unwrap()["spans"][0]["attributes"][0][1], "sid=1234");
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let colored = drawn(&report(order()), &Theme { color: true, ..plain(80) });
    let escape = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let without = escape.replace_all(&colored, "").into_owned();
    let lines =
        |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&without), lines(&drawn(&report(order()), &plain(80))));
}
