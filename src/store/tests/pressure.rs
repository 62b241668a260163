//! A queue that is full: the sender is told, and nothing is lost.

use std::sync::mpsc::{Sender, channel};

use super::*;

/// A batch with one event of so many bytes.
fn heavy(id: u8, bytes: usize) -> Batch {
    Batch::of(vec![Record::Event(Box::new(event(id, "E")), noise(bytes))]).unwrap()
}

/// Bytes that no compression makes fewer.
fn noise(bytes: usize) -> Vec<u8> {
    let next = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    let states = std::iter::successors(Some(1_u64), next);
    states.map(|state| state.to_be_bytes()[0]).take(bytes).collect()
}

/// Keeps the writer from going on, until what is returned is dropped.
fn hold(store: &Scratch) -> Sender<()> {
    let (held, until) = channel::<()>();
    let (there, begun) = channel();
    let hold = move |outcome: Result<Stored, StoreError>| {
        there.send(outcome.is_ok()).unwrap();
        assert!(until.recv().is_err(), "only dropped");
    };
    store.writer.submit(heavy(99, 1), hold).unwrap();
    assert!(begun.recv().unwrap());
    held
}

#[test]
fn more_bytes_than_may_wait_are_refused_and_taken_when_there_is_room() {
    let store = Scratch::new();
    let held = hold(&store);
    let (answer, answers) = channel();
    let third = WAITING_BYTES_MAX / 3;
    let mut taken = 0;
    for index in 0..4 {
        let answer = answer.clone();
        let outcome = store.writer.submit(heavy(index, third), move |outcome| {
            answer.send(outcome.unwrap().all_new()).unwrap();
        });
        match outcome {
            Ok(()) => taken += 1,
            Err(refused) => assert_eq!(refused, QueueFull),
        }
    }
    assert_eq!(taken, 2, "two thirds and what rows weigh fit, three do not");
    assert!(store.writer.waiting().1 <= WAITING_BYTES_MAX);
    drop(held);
    assert_eq!(answers.iter().take(2).sum::<u64>(), 2);
    // The room comes back with the answer or a moment after it: `write` waits for it.
    let again = Record::Event(Box::new(event(9, "E")), noise(third));
    assert_eq!(store.writer.write(vec![again]).unwrap().all_new(), 1);
}

#[test]
fn a_batch_larger_than_the_bound_is_taken_when_nothing_waits() {
    let store = Scratch::new();
    let (answer, answers) = channel();
    let batch = heavy(0, WAITING_BYTES_MAX + 1);
    store.writer.submit(batch, move |outcome| answer.send(outcome.is_ok()).unwrap()).unwrap();
    assert_eq!(answers.recv(), Ok(true));
}

#[test]
fn more_batches_than_may_wait_are_refused() {
    let store = Scratch::new();
    let held = hold(&store);
    let refused = (0..4_096).find(|index| {
        let line = Record::Log(Box::new(line("x", 1)), batch(*index));
        let batch = Batch::of(vec![line]).unwrap();
        store.writer.submit(batch, |outcome| assert!(outcome.is_ok())).is_err()
    });
    let taken = refused.expect("the queue is bounded");
    drop(held);
    // Everything that was taken is stored before the writer goes.
    let Scratch { folder, writer } = store;
    drop(writer);
    let reader = Reader::open(&folder.path().join("store.sqlite")).unwrap();
    let page = reader.logs(&LogQuery { limit: 10_000, ..LogQuery::default() }).unwrap();
    assert_eq!(page.records.len(), usize::try_from(taken).unwrap());
}
