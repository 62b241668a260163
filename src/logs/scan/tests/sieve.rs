//! Lines passed over for want of a field change no answer.

use super::*;
use crate::logs::Stats;
use crate::model::FieldStats;

/// Lines with the field, without it, with its name elsewhere, and with it under no name.
const LINES: [&str; 16] = [
    r#"{"status":200,"msg":"a"}"#,
    r#"{"msg":"status"}"#,
    r#"{"msg":"b","ts":"2026-11-22T06:30:00Z"}"#,
    r#"{"msg":"c","http":{"status":500}}"#,
    r#"{"msg":"c","http.status":"503"}"#,
    r#"{"msg":"d","st\u0061tus":404}"#,
    r#"{"log":"127.0.0.1 - - [22/Nov/2026:06:30:00 +0000] \"GET / HTTP/1.1\" 302 1\n","stream":"stdout"}"#,
    r#"127.0.0.1 - - [22/Nov/2026:06:30:00 +0000] "GET / HTTP/1.1" 301 1"#,
    "level=info status=201 msg=x",
    r#" {"status":204}"#,
    r#"{"msg":"e","status":null}"#,
    r#"{"msg":"cut","n":1"#,
    "Traceback (most recent call last):",
    "  File \"status.py\", line 1",
    "ValueError: status",
    "",
];

fn log() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..40)
        .prop_map(|lines| lines.join("\n"))
}

fn stats(log: &str, field: &str, sifted: bool) -> (FieldStats, ScanCount) {
    let filter = LogFilter::default();
    let mut stats = Stats::new(field);
    let scan = Scan::new(log.as_bytes(), "app.log", &filter);
    let mut scan = if sifted { scan.counting(field, &filter) } else { scan };
    let take = &mut |found: Found<'_>| {
        stats.add_found(&found);
        Ok(ControlFlow::Continue(()))
    };
    assert_eq!(scan.go_on(take).unwrap(), Scanned::Done);
    stats.pass_over(scan.count().without);
    (stats.finish(), scan.count())
}

#[test]
fn most_lines_without_the_field_are_passed_over() {
    let log = "{\"msg\":\"a\"}\n".repeat(10) + "{\"status\":1}\n";
    let (found, count) = stats(&log, "status", true);
    assert_eq!((found.with, found.without, count.matched, count.without), (1, 10, 11, 8));
}

proptest! {
    #[test]
    fn what_is_counted_of_a_field_is_what_every_line_says(
        log in log(),
        field in prop::sample::select(vec!["status", "http.status", "msg", "level", "path", "n"]),
    ) {
        let ((fast, fast_count), (slow, slow_count)) =
            (stats(&log, field, true), stats(&log, field, false));
        prop_assert_eq!(fast, slow);
        prop_assert_eq!((fast_count.lines, fast_count.matched), (slow_count.lines, slow_count.matched));
    }

    #[test]
    fn what_a_condition_finds_is_what_it_holds_for(
        log in log(), step in 1_usize..200,
        text in prop::sample::select(vec![
            "status >= 300", "status = null", "not status = 200", "status != 200", "exists(http.status)",
            "status = 200 and msg ~ a", "status = 200 or msg = c", "status in (200, 404)",
            "status in (200, null)", "status = 404 and time >= 2026-11-22T06:00:00Z",
            "(status = 301 or status = 302) and not path = \"/x\"",
        ]),
    ) {
        let now = jiff::Zoned::now();
        let condition = Some(Arc::new(Condition::parse(text, &now).unwrap()));
        let filter = LogFilter { condition, ..LogFilter::default() };
        let shown = |(records, _): (Vec<LogRecord>, _)| serde_json::to_string(&records).unwrap();
        let fast = scanned(Trickle(log.as_bytes(), step), &filter);
        prop_assert_eq!(shown(fast), shown(naive(log.as_bytes(), &filter)));
    }
}
