//! The folder of indexes: what is told apart, what is noticed, what goes.

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::time::{Duration, SystemTime};

use super::*;

const NOWHERE: &str = "ffffffffffffffffffffffffffffffff";

#[test]
fn a_renamed_file_keeps_its_index() {
    let place = Place::new(&log(0..100));
    place.made();
    let rotated = place.folder.path().join("app.log.1");
    fs::rename(place.log(), &rotated).unwrap();
    fs::write(place.log(), log(100..200)).unwrap();
    assert!(place.cache.find(&File::open(rotated).unwrap(), Form::Plain).is_ok());
    assert_eq!(place.index().unwrap_err(), Ignored::None);
}

#[test]
fn a_copy_has_no_index() {
    let place = Place::new(&log(0..100));
    place.made();
    let copy = place.folder.path().join("copy");
    fs::copy(place.log(), &copy).unwrap();
    assert_eq!(
        place.cache.find(&File::open(copy).unwrap(), Form::Plain).unwrap_err(),
        Ignored::None
    );
}

#[test]
fn an_index_under_another_files_name_is_told() {
    let place = Place::new(&log(0..100));
    place.made();
    let other = place.folder.path().join("other");
    fs::copy(place.log(), &other).unwrap();
    let other = File::open(other).unwrap();
    place.cache.make(&other).unwrap();
    let path = |file: &File| place.cache.path(&identity::Identity::of(&file.metadata().unwrap()));
    fs::copy(path(&other), path(&place.open())).unwrap();
    assert_eq!(place.index().unwrap_err(), Ignored::OtherFile);
}

#[test]
fn a_truncated_file_is_told_also_when_it_has_grown_again() {
    let place = Place::new(&log(0..100));
    place.made();
    let file = fs::OpenOptions::new().write(true).open(place.log()).unwrap();
    file.set_len(50).unwrap();
    assert_eq!(place.index().unwrap_err(), Ignored::Truncated);
    file.set_len(0).unwrap();
    place.append(&log(500..700));
    assert_eq!(place.index().unwrap_err(), Ignored::Changed);
    place.made();
    assert!(place.index().is_ok());
}

#[test]
fn a_change_in_place_is_told_by_the_time_of_the_change() {
    let place = Place::new(&log(0..1000));
    place.made();
    let file = fs::OpenOptions::new().write(true).open(place.log()).unwrap();
    file.write_all_at(b"x", 30_011).unwrap();
    // Within the tick of the clock that stamps files, a change may not show.
    file.set_modified(SystemTime::now() + Duration::from_secs(1)).unwrap();
    assert_eq!(place.index().unwrap_err(), Ignored::Changed);
}

#[test]
fn a_change_at_the_start_or_the_end_is_told_although_the_file_grew() {
    for at in [0, 60_000] {
        let place = Place::new(&log(0..1000));
        place.made();
        let file = fs::OpenOptions::new().write(true).open(place.log()).unwrap();
        file.write_all_at(b"x", at).unwrap();
        place.append(&log(1000..1001));
        assert_eq!(place.index().unwrap_err(), Ignored::Changed);
    }
}

#[test]
fn a_compressed_file_may_not_even_grow() {
    let place = Place::new(b"compressed, as it were");
    place.cache.make_compressed(&place.open(), &mut log(0..100).as_slice()).unwrap();
    assert!(place.cache.find(&place.open(), Form::Compressed).is_ok());
    assert_eq!(place.index().unwrap_err(), Ignored::Changed);
    place.append(b"x");
    let found = place.cache.find(&place.open(), Form::Compressed);
    assert_eq!(found.unwrap_err(), Ignored::Changed);
}

#[test]
fn a_text_that_fails_before_its_end_leaves_no_index() {
    struct Fails;
    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("corrupt"))
        }
    }
    let place = Place::new(b"compressed, as it were");
    let mut text = io::Read::chain(&b"{}\n{}\n"[..], Fails);
    assert!(place.cache.make_compressed(&place.open(), &mut text).is_err());
    assert_eq!(fs::read_dir(place.folder.path().join("cache")).unwrap().count(), 0);
}

#[test]
fn a_file_truncated_while_it_is_read_leaves_no_index() {
    struct Truncates<'a>(&'a Place);
    impl io::Read for Truncates<'_> {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            let file = fs::OpenOptions::new().write(true).open(self.0.log())?;
            file.set_len(10).map(|()| 0)
        }
    }
    let place = Place::new(&log(0..100));
    assert!(place.cache.make_compressed(&place.open(), &mut Truncates(&place)).is_err());
}

#[test]
fn an_index_cut_off_anywhere_is_told() {
    let place = Place::new(&log(0..100));
    place.made();
    let whole = fs::read(place.stored()).unwrap();
    for length in (0..whole.len()).step_by(97) {
        fs::write(place.stored(), &whole[..length]).unwrap();
        assert_eq!(place.index().unwrap_err(), Ignored::Corrupt, "{length}");
    }
}

#[test]
fn an_index_of_another_version_is_told() {
    let place = Place::new(&log(0..100));
    place.made();
    let mut whole = fs::read(place.stored()).unwrap();
    let version = whole.len() - 24;
    whole[version] += 1;
    fs::write(place.stored(), &whole).unwrap();
    assert_eq!(place.index().unwrap_err(), Ignored::OtherVersion);
}

#[test]
fn a_wrong_bit_anywhere_never_hides_a_line() {
    let place = Place::new(&log(0..200));
    let index = place.made();
    let asked = [id(3), id(150), NOWHERE.to_owned()];
    let right = asked.clone().map(|id| index.parts(&wanted(&id)).unwrap());
    let whole = fs::read(place.stored()).unwrap();
    let mut told = 0;
    for at in (0..whole.len()).step_by(13) {
        let mut wrong = whole.clone();
        wrong[at] ^= 1 << (at % 8);
        fs::write(place.stored(), &wrong).unwrap();
        let Ok(index) = place.index() else {
            told += 1;
            continue;
        };
        for (id, right) in asked.iter().zip(&right) {
            match index.parts(&wanted(id)) {
                Ok(parts) => assert_eq!(parts, *right, "{at}"),
                Err(reason) => {
                    assert_eq!(reason, Ignored::Corrupt);
                    told += 1;
                }
            }
        }
    }
    assert!(told > 0);
}

#[test]
fn a_damaged_index_is_forgotten_and_made_anew() {
    let place = Place::new(&log(0..200));
    place.made();
    place.cache.forget(&place.open()).unwrap();
    assert_eq!(place.index().unwrap_err(), Ignored::None);
    place.cache.forget(&place.open()).unwrap();
    place.made();
}

#[test]
fn a_file_is_seen_once_and_then_again() {
    let place = Place::new(&log(0..1));
    assert!(!place.cache.was_seen(&place.open()).unwrap());
    assert!(place.cache.was_seen(&place.open()).unwrap());
}

#[test]
fn the_folder_and_what_is_in_it_are_for_the_owner_only() {
    let place = Place::new(&log(0..10));
    place.made();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder.path().join("cache")), 0o700);
    assert_eq!(mode(&place.stored()), 0o600);
}

#[test]
fn the_indexes_not_used_for_the_longest_time_go_first() {
    let mut place = Place::new(&log(0..100));
    place.made();
    let first = place.stored();
    let bytes = fs::metadata(&first).unwrap().len();
    place.cache.bytes_max = bytes * 5 / 2;
    let ago = |seconds| SystemTime::now() - Duration::from_secs(seconds);
    File::open(&first).unwrap().set_modified(ago(100)).unwrap();
    let mut others = Vec::new();
    for name in ["b.log", "c.log"] {
        let path = place.folder.path().join(name);
        fs::write(&path, log(0..100)).unwrap();
        let file = File::open(path).unwrap();
        place.cache.make(&file).unwrap();
        others.push(file);
    }
    assert_eq!(place.index().unwrap_err(), Ignored::None);
    for file in others {
        assert!(place.cache.find(&file, Form::Plain).is_ok());
    }
}

#[test]
fn of_several_that_make_it_at_once_one_stays_and_is_whole() {
    let place = Place::new(&log(0..2000));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                place.cache.make(&place.open()).unwrap();
                assert!(place.index().unwrap().parts(&wanted(&id(77))).is_ok());
            });
        }
    });
    let parts = place.index().unwrap().parts(&wanted(&id(77))).unwrap();
    assert!(holds(&read(&place.log(), &parts).0, &id(77)));
    assert_eq!(fs::read_dir(place.folder.path().join("cache")).unwrap().count(), 1);
}

#[test]
fn what_a_process_left_unfinished_is_removed_after_an_hour() {
    let place = Place::new(&log(0..10));
    place.made();
    let kept = |name| place.folder.path().join("cache").join(name);
    for (name, minutes) in [("old.new", 61), ("young.new", 59)] {
        let file = File::create(kept(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_mins(minutes)).unwrap();
    }
    place.made();
    assert!(!kept("old.new").exists() && kept("young.new").exists());
}
