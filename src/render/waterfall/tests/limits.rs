//! Large traces keep to their rows, random ones to their width.

use proptest::prelude::*;

use super::*;
use crate::traces::fixtures::any_spans;

#[test]
fn failures_stay_when_a_large_trace_is_cut_to_sixty_rows() {
    let mut spans: Vec<Span> =
        (10..500).map(|id| span(id, 1 + id % 3, &format!("step {id}"), 0, 5)).collect();
    spans.extend([span(1, 0, "root", 0, 9), span(2, 1, "a", 0, 9), span(3, 1, "b", 0, 9)]);
    spans.push(failed(span(600, 3, "the one that failed", 1, 1)));
    let drawn = drawn(&report(spans), &plain(80));
    assert!(drawn.contains("─the one that failed "), "{drawn}");
    assert!(drawn.contains("434 spans not drawn"), "{drawn}");
    assert!(drawn.contains("obs trace 018f3c1e9b7a7c448d215a0b6f4e2d12 --all"));
    assert!(drawn.lines().count() < 75);
}

#[test]
fn a_hundred_thousand_spans_and_a_chain_of_ten_thousand_are_drawn() {
    let flat = (2..=100_000).map(|id| span(id, 1 + id % 100, &format!("step {id}"), 1, 2));
    let flat = report(flat.chain([span(1, 0, "root", 0, 9)]).collect());
    assert!(drawn(&flat, &plain(80)).contains("99940 spans not drawn"));
    let mut chain = report((1..=10_000).map(|id| span(id, id - 1, "deeper", 0, 90)).collect());
    assert!(drawn(&chain, &plain(80)).lines().count() < 75);
    chain.options.all = true;
    assert!(drawn(&chain, &plain(80)).lines().count() > 10_000);
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_theme(
        spans in any_spans(),
        width in 40_usize..200,
        (ascii, all) in any::<(bool, bool)>(),
    ) {
        let mut report = report(spans);
        report.options.all = all;
        for line in drawn(&report, &Theme { ascii, ..plain(width) }).lines() {
            prop_assert!(crate::render::text::columns(line) <= width, "{line:?}");
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
