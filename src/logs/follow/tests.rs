use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::*;
use crate::logs::LINE_BYTES_MAX;

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

    /// Gives each older part the next number, as logrotate does; returns the first.
    fn make_room(&self) -> PathBuf {
        let part = |number: usize| self.folder.path().join(format!("app.log.{number}"));
        let count = (1..1_000).take_while(|number| part(*number).exists()).count();
        for number in (1..=count).rev() {
            fs::rename(part(number), part(number + 1)).unwrap();
        }
        part(1)
    }

    fn shift(&self) {
        fs::rename(self.path(), self.make_room()).unwrap();
    }

    fn copy_and_truncate(&self) {
        fs::copy(self.path(), self.make_room()).unwrap();
        OpenOptions::new().write(true).open(self.path()).unwrap().set_len(0).unwrap();
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

#[test]
fn rotations_between_two_polls_lose_nothing() {
    let log = Log::new();
    log.append("a\n");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a"]);
    for text in ["b\n", "c\n", "d\n"] {
        log.append(text);
        log.shift();
    }
    log.append("e\n");
    assert_eq!(lines(&mut follower), ["b", "c", "d", "e"]);
}

#[test]
fn what_was_copied_before_the_file_was_truncated_is_read_from_the_copy() {
    let log = Log::new();
    log.append("a\n");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a"]);
    log.append("b\nbeg");
    assert_eq!(lines(&mut follower), ["b"]);
    log.append("un\n");
    log.copy_and_truncate();
    log.append("c\n");
    log.copy_and_truncate();
    // Longer than what was there when it was read.
    log.append("d is longer than all that\n");
    assert_eq!(lines(&mut follower), ["begun", "c", "d is longer than all that"]);
    assert!(lines(&mut follower).is_empty());
}

#[test]
fn a_hole_that_truncation_left_is_no_line() {
    let log = Log::new();
    log.append("a\n");
    let mut follower = Follower::from_start(log.path());
    assert_eq!(lines(&mut follower), ["a"]);
    fs::write(log.path(), b"\0\0\0b\n").unwrap();
    assert_eq!(lines(&mut follower), ["b"]);
}

#[test]
fn a_file_that_was_rotated_away_is_read_while_it_is_written_to() {
    let log = Log::new();
    log.append("a\n");
    let mut follower = Follower::from_start(log.path()).lingering();
    assert_eq!(lines(&mut follower), ["a"]);
    let old = log.rotate();
    log.append("new\n");
    assert_eq!(lines(&mut follower), ["new"]);
    OpenOptions::new().append(true).open(old).unwrap().write_all(b"late\n").unwrap();
    assert_eq!(lines(&mut follower), ["late"]);
}

#[test]
fn a_writer_that_rotates_in_every_way_meanwhile_loses_nothing() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    const LINES: usize = 5_000;
    let started = std::time::Instant::now();
    let in_time = || assert!(started.elapsed().as_secs() < 60, "a line is lost");
    let log = Log::new();
    let read = AtomicUsize::new(0);
    let mut given = Vec::new();
    // What is rotated away before it is first looked for is not followed.
    log.append("");
    let mut follower = Follower::from_start(log.path());
    assert!(lines(&mut follower).is_empty());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..LINES {
                log.append(&format!("one stamp {number:08}\n"));
                match number % 1_000 {
                    100 | 150 | 900 => log.shift(),
                    300 | 310 | 700 => log.copy_and_truncate(),
                    500 => {
                        // What is deleted before it is read is gone for everybody.
                        while read.load(Ordering::Acquire) <= number {
                            in_time();
                            std::thread::yield_now();
                        }
                        fs::remove_file(log.path()).unwrap();
                    }
                    _ => {}
                }
            }
        });
        while given.len() < LINES {
            in_time();
            let polled = follower.poll(&mut |line, _| {
                given.push(String::from_utf8_lossy(line).into_owned());
                Ok(())
            });
            polled.unwrap();
            read.store(given.len(), Ordering::Release);
        }
        assert!(lines(&mut follower).is_empty());
    });
    let expected = (0..LINES).map(|number| format!("one stamp {number:08}"));
    assert!(expected.eq(given));
}

proptest::proptest! {
    #[test]
    fn no_line_is_lost_or_doubled(steps in proptest::collection::vec(0_u8..8, 1..60)) {
        let log = Log::new();
        log.append("");
        let mut follower = Follower::from_start(log.path());
        let (mut written, mut given) = (Vec::new(), Vec::new());
        proptest::prop_assert!(lines(&mut follower).is_empty());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                0 if log.path().exists() => log.shift(),
                // Of what is copied and truncated something must have been seen, to know it again.
                1 if log.path().exists() => {
                    for text in [format!("seen {number}"), format!("copied {number}")] {
                        given.extend(lines(&mut follower));
                        log.append(&format!("{text}\n"));
                        written.push(text);
                    }
                    log.copy_and_truncate();
                }
                2 => given.extend(lines(&mut follower)),
                3 if log.path().exists() => {
                    given.extend(lines(&mut follower));
                    fs::remove_file(log.path()).unwrap();
                }
                _ => {
                    written.push(format!("line {number}"));
                    log.append(&format!("line {number}\n"));
                }
            }
        }
        given.extend(lines(&mut follower));
        log.append("last\n");
        given.extend(lines(&mut follower));
        written.push("last".to_owned());
        proptest::prop_assert_eq!(given, written);
    }
}
