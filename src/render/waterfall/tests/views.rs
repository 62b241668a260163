//! What each option of a view shows, hides and says that it hides.

use proptest::prelude::*;

use super::*;
use crate::traces::fixtures::any_spans;

fn viewed(spans: Vec<Span>, view: View) -> String {
    let mut report = report(spans);
    report.options.view = view;
    drawn(&report, &plain(100))
}

prop_compose! {
    fn any_view()(
        depth in prop::option::of(0_usize..4),
        percent in prop::option::weighted(0.3, 0.0_f64..60.0),
        service in prop::option::weighted(0.3, Just("shop".to_owned())),
        grep in prop::option::weighted(0.3, Just(regex::Regex::new("e").unwrap())),
        span in prop::option::weighted(0.2, 1_u64..24),
        root in prop::option::weighted(0.2, 1_usize..3),
        (critical, events) in any::<(bool, bool)>(),
    ) -> View {
        let span = span.and_then(crate::model::SpanId::new);
        let min_duration = percent.map(MinDuration::Percent);
        View { depth, min_duration, service, grep, span, critical, root, events }
    }
}

proptest! {
    #[test]
    fn every_span_is_drawn_or_counted_once(
        spans in any_spans(),
        view in any_view(),
        all in any::<bool>(),
        width in 40_usize..170,
    ) {
        let mut report = report(spans);
        let scope = view.scope(report.analysis());
        (report.options.view, report.options.all) = (view, all);
        let rows = rows::choose(&report, &scope);
        let drawn_spans: usize = rows.drawn.iter().map(|row| match &row.shows {
            rows::Shows::Span(_) => 1,
            rows::Shows::Fold { members, .. } => members.len(),
            _ => 0,
        }).sum();
        let noise: usize = rows.noise.values().sum();
        let counted = drawn_spans + noise + rows.hidden + rows.unmatched + rows.outside;
        prop_assert_eq!(counted, report.analysis().tree.nodes().len());
        for line in drawn(&report, &plain(width)).lines() {
            prop_assert!(crate::render::text::columns(line) <= width, "{line:?}");
        }
    }
}

#[test]
fn what_is_to_be_typed_for_all_of_it_keeps_the_filters() {
    let view = View {
        depth: Some(3),
        min_duration: Some(MinDuration::Percent(1.0)),
        service: Some("orders-api".into()),
        grep: Some(regex::Regex::new("a b").unwrap()),
        ..View::default()
    };
    let expected = " --depth 3 --min-duration 1% --service orders-api --grep 'a b'";
    assert_eq!(view.options(), expected);
    let drawn = viewed(order(), View { service: Some("orders-api".into()), ..View::default() });
    assert!(drawn.contains("2d12 --service orders-api --all"), "{drawn}");
    assert!(drawn.contains("the whole trace: obs trace"), "{drawn}");
}

/// Returns the names of the rows that are drawn, without what is above and below them.
fn rows(drawn: &str) -> Vec<&str> {
    let below = drawn.lines().skip_while(|line| !line.starts_with("  span ")).skip(1);
    let rows = below.take_while(|line| !line.starts_with('█'));
    rows.map(|row| row.get(..40).unwrap_or(row).trim()).collect()
}

#[test]
fn a_depth_hides_what_is_below_and_counts_it() {
    let drawn = viewed(order(), View { depth: Some(1), ..View::default() });
    assert_eq!(rows(&drawn).len(), 4, "{drawn}");
    assert!(drawn.contains("validate +8") && drawn.contains("9 spans not drawn, 1 of them failed"));
    assert!(drawn.contains("obs trace 018f3c1e9b7a7c448d215a0b6f4e2d12 --span 0000000000000002"));
}

#[test]
fn a_filter_keeps_what_matches_and_what_is_above_it() {
    let of_service = View { service: Some("inventory".into()), ..View::default() };
    let drawn = viewed(order(), of_service);
    assert!(drawn.contains("inventory POST /reserv") && drawn.contains("├─POST "), "{drawn}");
    assert!(!drawn.contains("validate  ") && drawn.contains("9 spans filtered out"), "{drawn}");
    let of_text =
        |text: &str| View { grep: Some(regex::Regex::new(text).unwrap()), ..View::default() };
    assert!(viewed(order(), of_text("SKU-3")).contains("└─select stock"));
    assert!(viewed(order(), of_text("OutOfStock")).contains("9 spans filtered out"));
    assert!(viewed(order(), of_text("nowhere")).contains("12 spans filtered out"));
}

#[test]
fn a_least_length_is_absolute_or_a_share_of_the_trace() {
    for least in [MinDuration::Nanos(40_000_000), MinDuration::Percent(30.0)] {
        let drawn = viewed(order(), View { min_duration: Some(least), ..View::default() });
        assert!(drawn.contains("8 spans filtered out"), "{drawn}");
    }
    let none = View { min_duration: Some(MinDuration::Nanos(0)), ..View::default() };
    assert!(!viewed(order(), none).contains("filtered out"));
}

#[test]
fn the_critical_path_alone_leaves_out_what_nobody_waited_for() {
    let mut spans = order();
    spans.push(span(90, 1, "in the background", 60, 70));
    let drawn = viewed(spans, View { critical: true, ..View::default() });
    assert!(!drawn.contains("in the background"), "{drawn}");
    assert!(drawn.contains("1 span filtered out"), "{drawn}");
}

#[test]
fn one_span_has_its_ancestors_its_subtree_and_an_axis_of_its_own() {
    let view = View { span: crate::model::SpanId::new(4), ..View::default() };
    let drawn = viewed(order(), view.clone());
    assert!(drawn.contains("|20ms") && drawn.contains("orders-api POST /orders"), "{drawn}");
    assert!(drawn.contains("9 spans outside of what was asked for"), "{drawn}");
    assert_eq!(view.unknown(&analyse(order())), None);
    let unknown = View { span: crate::model::SpanId::new(99), ..View::default() };
    assert!(unknown.unknown(&analyse(order())).unwrap().contains("0000000000000063"));
}

#[test]
fn one_root_of_several_is_drawn_alone() {
    let spans = || vec![span(1, 0, "GET /a", 0, 10), span(2, 0, "GET /b", 30, 40)];
    let drawn = viewed(spans(), View { root: Some(2), ..View::default() });
    assert_eq!(rows(&drawn), ["shop GET /b"]);
    assert!(drawn.contains("1 span outside of what was asked for"), "{drawn}");
    for (root, known) in [(0, false), (1, true), (2, true), (3, false)] {
        let view = View { root: Some(root), ..View::default() };
        assert_eq!(view.unknown(&analyse(spans())).is_none(), known, "{root}");
    }
}

#[test]
fn events_are_told_in_full_only_when_asked_for() {
    assert!(!drawn(&report(order()), &plain(100)).contains("◆ accepted"));
    let drawn = viewed(order(), View { events: true, ..View::default() });
    assert!(drawn.contains("◆ accepted"), "{drawn}");
    assert_eq!(drawn.matches("◆ OutOfStock").count(), 1, "{drawn}");
}

#[test]
fn log_lines_stand_in_the_span_they_name_else_in_the_one_that_ran_then() {
    let line = |service: &str, span_id: Option<u64>, ms: i64, message: &str| TraceLine {
        time: Some(UnixNanos(crate::traces::fixtures::BEGIN_NS + ms * 1_000_000)),
        level: Some(crate::model::Severity::Error),
        service: service.into(),
        span_id: span_id.and_then(crate::model::SpanId::new),
        message: message.into(),
    };
    let mut report = report(order());
    report.logs = Some(vec![
        line("orders-api", Some(2), 20, "by its span"),
        line("inventory", None, 80, "by its time"),
        line("", None, 90, "of nobody"),
    ]);
    let drawn = drawn(&report, &plain(100));
    let lines: Vec<&str> = rows(&drawn);
    let at = |text: &str| lines.iter().position(|row| row.contains(text)).unwrap();
    assert!(lines[at("validate") + 2].contains("• ERROR by its span"), "{drawn}");
    assert!(at("by its time") > at("inventory"), "{drawn}");
    assert!(lines[at("of nobody")].starts_with("│ • ERROR"), "{drawn}");
}

#[test]
fn noise_is_folded_and_counted_and_all_unfolds_it() {
    let mut spans = order();
    spans.push(span(90, 1, "POST /orders http send", 120, 121));
    let folded = drawn(&report(spans.clone()), &plain(100));
    assert!(folded.contains("1 noise span folded (1 ASGI event)"), "{folded}");
    assert!(!folded.contains("http send"), "{folded}");
    let mut report = report(spans);
    report.options.all = true;
    assert!(drawn(&report, &plain(100)).contains("POST /orders http send"));
}
