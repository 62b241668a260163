mod cache;
mod grams;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::*;

/// A folder with a cache of small blocks, and a log beside it.
struct Place {
    folder: tempfile::TempDir,
    cache: Cache,
}

impl Place {
    fn new(log: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::new(folder.path().join("cache"));
        cache.block_bytes = 1024;
        std::fs::write(folder.path().join("app.log"), log).unwrap();
        Self { folder, cache }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn open(&self) -> File {
        File::open(self.log()).unwrap()
    }

    fn append(&self, bytes: &[u8]) {
        let mut log = std::fs::OpenOptions::new().append(true).open(self.log()).unwrap();
        log.write_all(bytes).unwrap();
    }

    fn index(&self) -> Result<Index, Ignored> {
        self.cache.find(&self.open(), Form::Plain)
    }

    fn made(&self) -> Index {
        self.cache.make(&self.open()).unwrap();
        self.index().unwrap()
    }

    fn stored(&self) -> PathBuf {
        let kept = std::fs::read_dir(self.folder.path().join("cache")).unwrap();
        let mut paths = kept.map(|entry| entry.unwrap().path());
        paths.find(|path| path.extension().is_some_and(|end| end == "index")).unwrap()
    }
}

fn id(number: usize) -> String {
    let hash = |seed| hash::hash(&number.to_le_bytes(), seed);
    format!("{:016x}{:016x}", hash(0), hash(1))
}

/// A log of so many lines, each with an id of its own.
fn log(lines: std::ops::Range<usize>) -> Vec<u8> {
    let line = |number| {
        format!("{{\"request_id\": \"{}\", \"event\": \"number {number}\"}}\n", id(number))
    };
    lines.flat_map(|number| line(number).into_bytes()).collect()
}

fn wanted(text: &str) -> Wanted {
    Wanted::any_of(&[text.as_bytes().to_vec()]).unwrap()
}

/// Returns the text of the parts, and the numbers of the lines in it.
fn read(path: &Path, parts: &Parts) -> (Vec<u8>, Vec<u64>) {
    let text = std::fs::read(path).unwrap();
    let (mut found, mut numbers, mut number) = (Vec::new(), Vec::new(), 0);
    for part in parts.parts() {
        number += part.lines_before;
        let end = usize::try_from(part.bytes.end).unwrap_or(usize::MAX).min(text.len());
        let piece = &text[usize::try_from(part.bytes.start).unwrap()..end];
        found.extend_from_slice(piece);
        for _ in piece.split_inclusive(|byte| *byte == b'\n') {
            number += 1;
            numbers.push(number);
        }
    }
    (found, numbers)
}

fn holds(text: &[u8], wanted: &str) -> bool {
    memchr::memmem::find(text, wanted.as_bytes()).is_some()
}

#[test]
fn an_id_is_looked_up_in_its_own_block() {
    let place = Place::new(&log(0..1000));
    let parts = place.made().parts(&wanted(&id(700))).unwrap();
    let (text, numbers) = read(&place.log(), &parts);
    assert!(holds(&text, &id(700)));
    assert!(text.len() < 3 * 1024, "{}", text.len());
    let at = text.split(|byte| *byte == b'\n').position(|line| holds(line, &id(700))).unwrap();
    assert_eq!(numbers[at], 701);
}

#[test]
fn what_is_nowhere_is_looked_for_nowhere() {
    let place = Place::new(&log(0..1000));
    let parts = place.made().parts(&wanted("ffffffffffffffffffffffffffffffff")).unwrap();
    let size = place.open().metadata().unwrap().len();
    assert!(size - parts.passed_over(size) < 3 * 1024, "{parts:?}");
    let lines: u64 = parts.parts().iter().map(|part| part.lines_before).sum();
    assert!(lines > 900);
}

#[test]
fn a_short_text_cannot_be_looked_up() {
    assert!(Wanted::any_of(&[b"req_8fK2".to_vec()]).is_none());
    assert!(Wanted::any_of(&[b"long/er:than.sixteen but not one run".to_vec()]).is_none());
    assert!(Wanted::any_of(&[]).is_none());
    assert!(Wanted::any_of(&[b"req_8fK2-a7d95e2".to_vec()]).is_some());
}

#[test]
fn all_literals_have_to_be_long_enough() {
    assert!(Wanted::any_of(&[id(1).into_bytes(), b"short".to_vec()]).is_none());
}

#[test]
fn what_is_appended_is_read_and_then_indexed() {
    let place = Place::new(&log(0..1000));
    let index = place.made();
    place.append(&log(1000..1500));
    let parts = place.index().unwrap().parts(&wanted(&id(1200))).unwrap();
    assert!(holds(&read(&place.log(), &parts).0, &id(1200)));
    assert_eq!(parts.parts().last().unwrap().bytes, index.covered()..u64::MAX);

    let made = place.cache.make(&place.open()).unwrap();
    assert_eq!(made.known, index.covered());
    assert_eq!(made.covered, place.open().metadata().unwrap().len());
    for number in [3, 999, 1000, 1200, 1499] {
        let parts = place.index().unwrap().parts(&wanted(&id(number))).unwrap();
        let (text, numbers) = read(&place.log(), &parts);
        assert!(text.len() < 4 * 1024, "{number}: {}", text.len());
        let at = text.split(|byte| *byte == b'\n').position(|line| holds(line, &id(number)));
        assert_eq!(numbers[at.unwrap()], number as u64 + 1);
    }
}

#[test]
fn a_begun_line_is_not_covered() {
    let mut text = log(0..100);
    let whole = text.len() as u64;
    text.extend(b"{\"request_id\": \"018f3c1e9b7a7c");
    let place = Place::new(&text);
    assert_eq!(place.made().covered(), whole);
}

#[test]
fn of_a_compressed_file_the_last_line_needs_no_line_break() {
    let mut text = log(0..100);
    text.pop();
    let place = Place::new(b"compressed, as it were");
    let made = place.cache.make_compressed(&place.open(), &mut text.as_slice()).unwrap();
    assert_eq!(made.covered, text.len() as u64);
    let index = place.cache.find(&place.open(), Form::Compressed).unwrap();
    let parts = index.parts(&wanted("ffffffffffffffffffffffffffffffff")).unwrap();
    assert_eq!((parts.parts(), parts.lines_after()), (&[][..], 100));
    let parts = index.parts(&wanted(&id(99))).unwrap();
    assert_eq!(parts.parts().last().unwrap().bytes.end, text.len() as u64);
}

#[test]
fn the_block_of_a_line_too_long_is_read_in_any_case() {
    let mut text = log(0..100);
    let start = text.len() as u64;
    text.extend(vec![b'-'; 5000]);
    text.push(b'\n');
    let end = text.len() as u64;
    text.extend(log(100..200));
    let place = Place::new(&text);
    let parts = place.made().parts(&wanted("ffffffffffffffffffffffffffffffff")).unwrap();
    assert!(parts.parts().iter().any(|part| part.bytes == (start..end)), "{parts:?}");
}

#[test]
fn an_empty_file_is_covered_as_far_as_it_goes() {
    let place = Place::new(b"");
    assert_eq!(place.made().covered(), 0);
    let parts = place.index().unwrap().parts(&wanted(&id(0))).unwrap();
    assert_eq!(parts, Parts::all());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn every_line_that_holds_a_text_is_in_the_parts(
        lines in proptest::collection::vec("[a-c{}\" \\\\-]{0,30}[0-9a-f]{0,40}[zA-F ]{0,9}\r?", 1..300),
        long in 0_usize..9000,
        pick in 0_usize..300,
        appended in 0_usize..4,
    ) {
        let mut text = lines.join("\n");
        text.push('\n');
        text.extend(std::iter::repeat_n('a', long));
        let place = Place::new(text.as_bytes());
        place.cache.make(&place.open()).unwrap();
        for _ in 0..appended {
            place.append(text.as_bytes());
            if appended % 2 == 0 {
                place.cache.make(&place.open()).unwrap();
            }
        }
        let index = place.index().unwrap();
        let text = std::fs::read_to_string(place.log()).unwrap();
        let line = &lines[pick % lines.len()];
        let mut texts = vec![line.clone(), line.to_lowercase(), "0123456789abcdef".to_owned()];
        texts.extend(line.get(line.len() / 3..).map(str::to_owned));
        for wanted in texts {
            let Some(keys) = Wanted::any_of(&[wanted.clone().into_bytes()]) else { continue };
            let parts = index.parts(&keys).unwrap();
            let (found, numbers) = read(&place.log(), &parts);
            let found: Vec<_> = found.split_inclusive(|byte| *byte == b'\n').zip(numbers).collect();
            let found = found.into_iter().filter(|(line, _)| holds(line, &wanted));
            let all: Vec<_> = text.split_inclusive('\n').map(str::as_bytes).zip(1..).collect();
            let all = all.into_iter().filter(|(line, _)| holds(line, &wanted));
            proptest::prop_assert!(found.eq(all), "{wanted}");
        }
    }
}
