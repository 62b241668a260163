use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::*;

struct Log {
    folder: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn append(&self, text: &str) {
        let file = OpenOptions::new().create(true).append(true).open(self.path());
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn rotate(&self) -> PathBuf {
        let old = self.folder.path().join("app.log.1");
        fs::rename(self.path(), &old).unwrap();
        old
    }
}

fn lines(follower: &mut Follower) -> Vec<String> {
    let mut lines = Vec::new();
    let polled = follower.poll(&mut |line, _| {
        lines.push(String::from_utf8_lossy(line).into_owned());
        Ok(())
    });
    assert_eq!(polled.unwrap(), Polled { lines: lines.len(), more: false });
    lines
}

#[test]
fn each_line_is_given_once_and_only_when_it_is_whole() {
    let log = Log::new();
    log.append("a\nb");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a"]);
    log.append("c");
    assert!(lines(&mut follower).is_empty());
    log.append("\n\nd\n");
    assert_eq!(lines(&mut follower), ["bc", "", "d"]);
    assert!(lines(&mut follower).is_empty());
}

#[test]
fn a_file_that_appears_later_is_read_from_its_start() {
    let log = Log::new();
    let mut follower = Follower::from_start(log.path());
    assert!(lines(&mut follower).is_empty());
    log.append("first\n");
    assert_eq!(lines(&mut follower), ["first"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_new_one() {
    let log = Log::new();
    log.append("a\n");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a"]);
    log.append("b\n");
    let old = log.rotate();
    let late = |text: &str| {
        let mut file = OpenOptions::new().append(true).open(&old).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    late("c\n");
    assert_eq!(lines(&mut follower), ["b", "c"]);
    log.append("");
    late("d\n");
    assert_eq!(lines(&mut follower), ["d"]);
    late("no line break");
    log.append("new\n");
    assert_eq!(lines(&mut follower), ["no line break", "new"]);
    log.append("newer\n");
    assert_eq!(lines(&mut follower), ["newer"]);
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let log = Log::new();
    log.append("a\nbb\nbegun");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a", "bb"]);
    OpenOptions::new().write(true).open(log.path()).unwrap().set_len(0).unwrap();
    log.append("c\n");
    assert_eq!(lines(&mut follower), ["begun", "c"]);
}

#[test]
fn a_sink_that_fails_loses_and_doubles_nothing() {
    let log = Log::new();
    log.append("a\nb\nc\n");
    let mut follower = Follower::from_start(log.path());
    let failed = follower.poll(&mut |_, _| Err(io::ErrorKind::BrokenPipe.into()));
    assert!(failed.is_err());
    assert_eq!(lines(&mut follower), ["b", "c"]);
}

fn places(follower: &mut Follower) -> Vec<(u64, u64)> {
    let mut places = Vec::new();
    let polled = follower.poll(&mut |_, place| {
        places.push((place.number, place.offset));
        Ok(())
    });
    polled.unwrap();
    places
}

#[test]
fn a_line_has_its_place_in_its_own_file() {
    let log = Log::new();
    log.append("a\nbb\nbegun");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(places(&mut follower), [(1, 0), (2, 2)]);
    log.rotate();
    log.append("c\n");
    assert_eq!(places(&mut follower), [(3, 5), (1, 0)]);
    OpenOptions::new().write(true).open(log.path()).unwrap().set_len(0).unwrap();
    assert!(places(&mut follower).is_empty());
    log.append("d\ne\n");
    assert_eq!(places(&mut follower), [(1, 0), (2, 2)]);
}

#[test]
fn one_poll_reads_a_bounded_part() {
    let log = Log::new();
    log.append(&"0123456\n".repeat(POLL_BYTES_MAX / 8 + 1));
    let mut follower = Follower::from_start(log.path());
    let mut poll = || follower.poll(&mut |_, _| Ok(())).unwrap();
    assert_eq!(poll(), Polled { lines: POLL_BYTES_MAX / 8, more: true });
    assert_eq!(poll(), Polled { lines: 1, more: false });
}

#[test]
fn a_line_longer_than_any_is_cut_and_counted_and_the_next_one_has_its_place() {
    let log = Log::new();
    let length = LINE_BYTES_MAX + 2 * POLL_BYTES_MAX;
    log.append(&format!("{}\nb\n", "a".repeat(length)));
    let mut follower = Follower::from_start(log.path());
    let mut given = Vec::new();
    while {
        let polled = follower.poll(&mut |line, place| {
            given.push((line.len(), place.number, place.offset));
            Ok(())
        });
        polled.unwrap().more
    } {}
    assert_eq!(given, [(LINE_BYTES_MAX, 1, 0), (1, 2, length as u64 + 1)]);
    assert_eq!(follower.cut(), 1);
}

proptest::proptest! {
    #[test]
    fn no_line_is_lost_or_doubled(steps in proptest::collection::vec(0_u8..6, 1..40)) {
        let log = Log::new();
        log.append("");
        let mut follower = Follower::from_start(log.path());
        let (mut written, mut given) = (Vec::new(), Vec::new());
        let mut rotated = false;
        assert!(lines(&mut follower).is_empty());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                // Two rotations between polls are one too many for any follower.
                0 if !rotated => {
                    fs::rename(log.path(), log.folder.path().join(format!("{number}"))).unwrap();
                    rotated = true;
                }
                1 => {
                    given.extend(lines(&mut follower));
                    rotated &= !log.path().exists() || fs::metadata(log.path()).unwrap().len() == 0;
                }
                _ => {
                    written.push(format!("line {number}"));
                    log.append(&format!("line {number}\n"));
                }
            }
        }
        given.extend(lines(&mut follower));
        proptest::prop_assert_eq!(given, written);
    }
}
