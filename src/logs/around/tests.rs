//! Records and their neighbours.

use proptest::prelude::*;

use super::*;
use crate::model::Severity;

/// One record a word: `r1` is of that request, `r1!` is an error, `-` is of none.
fn given(text: &str, count: usize) -> String {
    let filter = LogFilter { level: Some(Severity::Error), ..LogFilter::default() };
    let mut around = Around::new(&filter, count);
    let mut shown = Vec::new();
    let mut sink = |record: LogRecord, gap: bool| {
        shown.extend(gap.then(|| "--".to_owned()));
        shown.push(record.line.to_string());
        Ok(())
    };
    for (index, word) in text.split(' ').enumerate() {
        let id = word.trim_end_matches('!');
        let record = LogRecord {
            request_id: (id != "-").then(|| id.to_owned()),
            level: Some(if word.ends_with('!') { Severity::Error } else { Severity::Info }),
            line: index as u64 + 1,
            ..LogRecord::default()
        };
        around.take(record, &mut sink).unwrap();
    }
    around.flush(&mut sink).unwrap();
    shown.join(" ")
}

#[test]
fn the_neighbours_of_a_record_are_those_of_its_request() {
    assert_eq!(given("a b a b a! b a b a", 1), "3 5 7");
    assert_eq!(given("a b a b a! b a b a", 2), "1 3 5 7 9");
}

#[test]
fn a_record_of_no_request_has_those_beside_it() {
    assert_eq!(given("a b - b -! b a b a", 1), "4 5 6");
    assert_eq!(given("-! b c", 5), "1 2 3");
}

#[test]
fn neighbourhoods_that_meet_are_one_and_what_is_left_out_between_others_is_marked() {
    assert_eq!(given("-! - - - - -!", 1), "1 2 -- 5 6");
    assert_eq!(given("-! - - -!", 1), "1 2 3 4");
    assert_eq!(given("-! - -!", 2), "1 2 3");
    assert_eq!(given("a b! a! b c c c d! d", 1), "1 2 3 4 -- 8 9");
}

#[test]
fn a_neighbour_too_far_away_is_not_waited_for() {
    let far = format!("a {}a!", "- ".repeat(RECORDS_MAX + 1));
    assert_eq!(given(&far, 1), (RECORDS_MAX + 3).to_string());
}

proptest! {
    /// Held against the obvious: look at every pair.
    #[test]
    fn what_is_given_is_what_matches_and_its_neighbours(
        words in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "c", "-", "a!", "b!", "-!"]), 1..40,
        ),
        count in 1_usize..4,
    ) {
        let id = |index: usize| words[index].trim_end_matches('!');
        let mut wanted = vec![false; words.len()];
        for index in (0..words.len()).filter(|index| words[*index].ends_with('!')) {
            wanted[index] = true;
            let same = |other: &usize| id(index) == "-" || id(*other) == id(index);
            for other in (0..index).rev().filter(same).take(count) {
                wanted[other] = true;
            }
            for other in (index + 1..words.len()).filter(same).take(count) {
                wanted[other] = true;
            }
        }
        let expected: Vec<String> = (0..words.len())
            .filter(|index| wanted[*index])
            .map(|index| (index + 1).to_string())
            .collect();
        let found = given(&words.join(" "), count);
        let lines: Vec<&str> = found.split(' ').filter(|word| !["--", ""].contains(word)).collect();
        prop_assert_eq!(lines, expected);
    }
}
