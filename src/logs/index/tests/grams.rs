//! The pieces by which a text is found again, held against a plain reading.

use proptest::prelude::*;

use super::super::grams::*;

fn found_runs(bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    runs(bytes, &mut |run| found.push(run));
    found
}

fn found_keys(run: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    keys(run, &mut |key| found.push(key));
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn a_uuid_is_one_run_with_its_dashes() {
    let line = br#"{"request_id": "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12", "trace": null}"#;
    assert_eq!(found_runs(line), [&b"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"[..]]);
}

#[test]
fn fifteen_bytes_are_no_run_and_sixteen_are() {
    assert_eq!(found_runs(b" 0123456789abcde 0123456789abcdef"), [&b"0123456789abcdef"[..]]);
    assert!(found_keys(b"0123456789abcde").is_empty());
    assert_eq!(found_keys(b"0123456789abcdef").len(), 1);
}

#[test]
fn letters_of_either_case_have_the_same_keys() {
    let id = b"018F3C1E-9b7a-7c44-8d21-5A0B6F4E2D12";
    assert_eq!(found_keys(id), found_keys(&id.to_ascii_lowercase()));
}

proptest! {
    #[test]
    fn runs_are_those_of_a_plain_split(text in "[a-zA-Z0-9_. \"-]{0,200}") {
        let apart = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_');
        let long = text.as_bytes().split(apart).filter(|run| run.len() >= TEXT_BYTES_MIN);
        prop_assert_eq!(found_runs(text.as_bytes()), long.collect::<Vec<_>>());
    }

    #[test]
    fn the_keys_of_a_run_are_those_of_its_pieces_of_sixteen_bytes(run in "[0-3a]{16,80}") {
        let pieces = run.as_bytes().windows(TEXT_BYTES_MIN).flat_map(found_keys);
        let pieces: std::collections::BTreeSet<u32> = pieces.collect();
        prop_assert_eq!(found_keys(run.as_bytes()), pieces.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_keys_of_a_text_are_among_those_of_what_holds_it(
        before in "[a-z0-9\"\\\\-]{0,30}",
        text in "[a-zA-Z0-9_-]{16,60}",
        after in "[a-z0-9\" \\\\-]{0,30}",
    ) {
        let whole = keys_of_literal(format!("{before}{text}{after}").as_bytes());
        for key in keys_of_literal(text.as_bytes()) {
            prop_assert!(whole.contains(&key));
        }
    }
}
