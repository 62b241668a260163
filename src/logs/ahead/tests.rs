use std::io::{Seek as _, Write as _};

use proptest::prelude::*;

use super::*;

fn file_of(log: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(log).unwrap();
    file.rewind().unwrap();
    file
}

/// Which lines are in a part, and the number of each by the parts' own counting.
fn lines_in(log: &[u8], parts: &Parts) -> Vec<(u64, Vec<u8>)> {
    let (mut number, mut lines) = (0, Vec::new());
    for part in parts.parts() {
        number += part.lines_before;
        let end = usize::try_from(part.bytes.end).unwrap_or(usize::MAX).min(log.len());
        for line in
            log[usize::try_from(part.bytes.start).unwrap()..end].split_inclusive(|b| *b == b'\n')
        {
            number += 1;
            lines.push((number, line.to_vec()));
        }
    }
    lines
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("abc".to_owned()),
        Just("xxabcab".to_owned()),
        Just("XY".to_owned()),
        "[abcXY]{0,12}",
        Just(String::new()),
        "[.]{0,90}",
    ];
    (prop::collection::vec(line, 0..40), any::<bool>())
        .prop_map(|(lines, ended)| (lines.join("\n") + if ended { "\n" } else { "" }).into_bytes())
}

proptest! {
    #[test]
    fn every_line_with_a_literal_is_in_a_part_and_has_its_number(
        log in log(), piece in 1_u64..40, threads in 1_usize..4, apart in any::<bool>(),
    ) {
        let log = if apart { log.repeat(9) } else { log };
        let literals = [b"abc".to_vec(), b"XY".to_vec()];
        let parts = Sought::new(&literals, piece).parts(&file_of(&log), 0..u64::MAX, log.len() as u64, threads);
        let in_parts = lines_in(&log, &parts);
        let all: Vec<(u64, Vec<u8>)> = (1..).zip(log.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec)).collect();
        for line in &in_parts {
            prop_assert!(all.contains(line), "{line:?}");
        }
        for line in &all {
            let holds = literals.iter().any(|literal| memmem::find(&line.1, literal).is_some());
            prop_assert!(!holds || in_parts.contains(line), "{line:?}");
        }
        let starts: Vec<u64> = parts.parts().iter().map(|part| part.bytes.start).collect();
        prop_assert!(starts.is_sorted());
    }

    #[test]
    fn without_literals_lines_are_counted(log in log(), piece in 1_u64..40) {
        let parts = Sought::new(&[], piece).parts(&file_of(&log), 0..u64::MAX, log.len() as u64, 2);
        let last = parts.parts().last().unwrap();
        prop_assert_eq!(last.lines_before, count(&log));
        prop_assert_eq!(parts.parts().len(), 1);
    }
}

#[test]
fn lines_far_from_each_other_are_parts_of_their_own() {
    let gap = "filler\n".repeat(APART_BYTES_MIN / 4);
    let log = format!("abc\n{gap}abc\nabc\n{gap}end");
    let size = log.len() as u64;
    let parts =
        Sought::new(&[b"abc".to_vec()], 999).parts(&file_of(log.as_bytes()), 0..u64::MAX, size, 2);
    let gap_lines = APART_BYTES_MIN as u64 / 4;
    let before: Vec<u64> = parts.parts().iter().map(|part| part.lines_before).collect();
    assert_eq!(before, [0, gap_lines, gap_lines]);
    assert_eq!(parts.passed_over(log.len() as u64), 2 * gap.len() as u64);
}

#[test]
fn what_is_appended_or_cut_off_meanwhile_is_left_to_the_one_who_reads() {
    let file = file_of(b"abc\nx\nab");
    let parts = Sought::new(&[b"abc".to_vec()], 4).parts(&file, 0..u64::MAX, 8, 2);
    assert_eq!(parts.parts().last().unwrap().bytes, 6..u64::MAX);
    let parts = Sought::new(&[b"abc".to_vec()], 4).parts(&file, 0..u64::MAX, 400, 2);
    assert_eq!(parts.parts().last().unwrap().bytes.end, u64::MAX);
}
