//! Each output of the same report, and of one whose texts are hostile.

use insta::assert_snapshot;

use super::tests::report;
use super::*;
use crate::model::{Before, Change};

fn written(write: impl Fn(&CheckReport, &mut dyn Write) -> io::Result<()>) -> String {
    written_of(&report(), write)
}

fn written_of(
    report: &CheckReport,
    write: impl Fn(&CheckReport, &mut dyn Write) -> io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain() -> Theme {
    Theme::plain(80, UnixNanos(0))
}

/// A report whose texts hold what each format gives a meaning.
fn hostile() -> CheckReport {
    let mut report = report();
    for result in report.checks.iter_mut().flat_map(|check| {
        check.id = format!("{}|'\"<&>=# \u{1b}]0;x\u{7}\u{ffff}\n", check.id);
        check.message = "]]> 'a' | \"b\" <c> & \\ # \u{0}\u{202e}\n1..2\nnot ok".to_owned();
        check.group = "<g \"'&>".to_owned();
        &mut check.children
    }) {
        result.id = "two of one name".to_owned();
    }
    report
}

/// Reads XML as far as it is written here; panics where it is not well-formed.
fn assert_well_formed(xml: &str) -> usize {
    let mut open: Vec<&str> = Vec::new();
    let mut elements = 0;
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        assert!(!text.contains('>'), "{text}");
        assert_entities(text);
        let (tag, after) = tag.strip_prefix('<').unwrap().split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        elements += 1;
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut parts: Vec<&str> = attributes.split('"').collect();
        assert_eq!(parts.pop(), Some(""), "{tag}");
        for pair in parts.chunks(2) {
            assert!(pair[0].trim().ends_with('='), "{tag}");
            assert!(!pair[1].contains('<'), "{tag}");
            assert_entities(pair[1]);
        }
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'), "{open:?} {rest}");
    let is_character = |c: char| matches!(c, '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(is_character), "{xml:?}");
    elements
}

fn assert_entities(text: &str) {
    for after in text.split('&').skip(1) {
        let entity = after.split(';').next().unwrap();
        assert!(["amp", "lt", "gt", "quot", "apos"].contains(&entity), "{text}");
    }
}

#[test]
fn junit_is_well_formed_whatever_applications_say() {
    assert_snapshot!(written(|report, out| report.junit(out)));
    assert_eq!(assert_well_formed(&written(|report, out| report.junit(out))), 13);
    assert_well_formed(&written_of(&hostile(), |report, out| report.junit(out)));
}

#[test]
fn tap_has_as_many_points_as_it_plans() {
    assert_snapshot!(written(|report, out| report.tap(out)));
    for report in [report(), hostile()] {
        let tap = written_of(&report, |report, out| report.tap(out));
        let points: Vec<&str> = tap
            .lines()
            .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
            .collect();
        assert!(tap.starts_with(&format!("TAP version 14\n1..{}\n", points.len())), "{tap}");
        assert!(points.iter().filter(|point| point.contains(" # SKIP")).count() == 1, "{tap}");
    }
}

#[test]
fn nagios_gets_one_line_with_one_bar() {
    assert_snapshot!(written(|report, out| report.nagios(out)));
    let line = written_of(&hostile(), |report, out| report.nagios(out));
    assert_eq!((line.lines().count(), line.matches('|').count()), (1, 1), "{line}");
}

#[test]
fn a_short_report_has_only_what_is_not_well() {
    assert_snapshot!(written(|report, out| report.short(out, &plain())));
}

#[test]
fn a_channel_gets_a_table_without_markup_of_others() {
    assert_snapshot!(written(|report, out| report.markdown(out, &plain())));
    let table = written_of(&hostile(), |report, out| report.markdown(out, &plain()));
    for line in table.lines().filter(|line| line.starts_with('|')) {
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 6, "{line}");
    }
}

#[test]
fn an_earlier_run_is_told_where_it_differs() {
    let mut report = report();
    let before = |status, changes| {
        Some(Before {
            at: UnixNanos(-60_000_000_000),
            status,
            since: UnixNanos(-3_600_000_000_000),
            changes,
        })
    };
    report.checks[0].before = before(Status::Fail, Vec::new());
    report.checks[1].before = before(Status::Fail, Vec::new());
    let p95 = Change { name: "p95_ms".to_owned(), before: 100.0, now: 310.0, unit: "ms" };
    report.checks[2].before = before(Status::Ok, vec![p95]);
    let mut out = Vec::new();
    report.human(&mut out, &Theme::plain(160, UnixNanos(0))).unwrap();
    let text = String::from_utf8(out).unwrap();
    for part in [
        "200, \"ok\" · was failing at Dec 31 23:59",
        "components up · failing since Dec 31 23:00",
        "was ok at Dec 31 23:59, p95 3.1 × the last run's",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
