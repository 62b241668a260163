//! What breaks around the store: each has its answer, and what can be mended goes on.

use super::*;

fn spans(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers.map(|number| boxed_span(span(number, Some(200)))).collect()
}

#[test]
fn a_full_disk_is_told_and_when_there_is_room_again_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let opened = schema::open_for_writing(&path).unwrap();
    // As a disk of 200 KiB would.
    opened.connection.pragma_update(None, "max_page_count", 50).unwrap();
    let writer = Writer::over(opened, Retention::default()).unwrap();
    let mut stored = 0;
    let error = loop {
        match writer.write(spans(stored + 1..stored + 51)) {
            Ok(_) => stored += 50,
            Err(error) => break error,
        }
        assert!(stored < 10_000, "50 pages hold that many");
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert_eq!(writer.failing().as_deref(), Some("the disk is full"));
    let count = || Reader::open(&path).unwrap().trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
    assert_eq!(
        count().len() as u64,
        stored,
        "what was acknowledged is there, and no part of a batch"
    );
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("DELETE FROM spans", []).unwrap();
    assert_eq!(writer.write(spans(1..51)).unwrap().all_new(), 50);
    assert_eq!(writer.failing(), None);
    assert_eq!(count().len(), 50);
}

#[test]
fn a_file_that_turns_read_only_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let opened = schema::open_for_writing(&path).unwrap();
    opened.connection.pragma_update(None, "query_only", true).unwrap();
    let writer = Writer::over(opened, Retention::default()).unwrap();
    let error = writer.write(spans(1..3)).unwrap_err();
    let StoreError::Sqlite(cause) = error else { panic!("{error:?}") };
    assert_eq!(cause.sqlite_error_code(), Some(rusqlite::ErrorCode::ReadOnly));
    assert!(writer.failing().unwrap().contains("readonly"));
}

#[test]
fn a_damaged_store_is_refused_with_the_command_to_type() {
    let store = Scratch::new();
    store.writer.write(spans(1..500)).unwrap();
    let path = store.folder.path().join("store.sqlite");
    let folder = store.folder;
    drop(store.writer);
    let whole = std::fs::read(&path).unwrap();
    let zeroed = [&whole[..100], &vec![0; whole.len() - 100]].concat();
    for bytes in [zeroed, b"not a database, but longer than its header".repeat(30)] {
        std::fs::write(&path, bytes).unwrap();
        for error in [
            Writer::open(&path, Retention::default()).unwrap_err(),
            Reader::open(&path).unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
            let remedy = error.remedy().unwrap();
            assert!(
                remedy.ends_with(&format!("mv '{0}' '{0}.damaged'", path.display())),
                "{remedy}"
            );
        }
    }
    std::fs::rename(&path, folder.path().join("store.sqlite.damaged")).unwrap();
    assert_eq!(
        Writer::open(&path, Retention::default()).unwrap().write(spans(1..2)).unwrap().all_new(),
        1
    );
}

#[test]
fn a_second_writer_is_refused_until_the_first_has_gone() {
    let store = Scratch::new();
    let path = store.folder.path().join("store.sqlite");
    let error = Writer::open(&path, Retention::default()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.remedy().unwrap().contains("--store FILE"));
    store.writer.write(spans(1..2)).unwrap();
    drop(store.writer);
    assert_eq!(
        Writer::open(&path, Retention::default()).unwrap().write(spans(1..2)).unwrap().all_new(),
        0
    );
}

#[test]
fn a_batch_that_cannot_be_stored_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let opened = schema::open_for_writing(&path).unwrap();
    opened
        .connection
        .execute_batch(
            "CREATE TEMP TRIGGER refuse BEFORE INSERT ON spans WHEN NEW.name = 'refused'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .unwrap();
    let writer = Writer::over(opened, Retention::default()).unwrap();
    let (answer, answers) = std::sync::mpsc::channel();
    let mut refused = span(2, Some(200));
    refused.name = "refused".to_owned();
    // Held until all three wait, so that one transaction takes them.
    let hold = rusqlite::Connection::open(&path).unwrap();
    hold.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (name, record) in [("a", span(1, Some(200))), ("b", refused), ("c", span(3, Some(200)))] {
        let answer = answer.clone();
        let batch = Batch::of(vec![boxed_span(record)]).unwrap();
        writer.submit(batch, move |outcome| answer.send((name, outcome.is_ok())).unwrap()).unwrap();
    }
    hold.execute_batch("COMMIT").unwrap();
    drop((writer, answer));
    let mut outcomes: Vec<_> = answers.iter().collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [("a", true), ("b", false), ("c", true)]);
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sqlite");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE foo (a)").unwrap();
    let error = Writer::open(&path, Retention::default()).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert!(error.remedy().unwrap().contains("--store"));
    let tables: i64 =
        other.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_that_others_may_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let writer = Writer::open(&path, Retention::default()).unwrap();
    writer.write(spans(1..3)).unwrap();
    for name in ["store.sqlite", "store.sqlite-wal"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
