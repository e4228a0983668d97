//! G1, G2, G4, G5, G7: batches.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{batch, create};
use crate::{AppendError, Batch, Head, Lease, Seq, Store, StoreError, StoredRecord};

fn all(store: &dyn Store, lease: &Lease) -> Vec<StoredRecord> {
    store
        .read(lease.run(), Seq::FIRST, usize::MAX)
        .expect("a run can be read")
}

pub(super) fn batches_read_back_in_order(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let next = batch(lease.run(), Some(head), 5, "é\u{0}\u{1F980}");
    let head = store
        .append(&lease, head, next.clone())
        .expect("an append is taken");
    assert_eq!(head, store.head(lease.run()).expect("there is a head"));
    let found = all(store, &lease);
    assert_eq!(found.len(), 6);
    assert_eq!(found[1..], next.records);
    assert_eq!(
        store.read(lease.run(), Seq(3), 2).expect("reads"),
        found[2..4]
    );
    assert!(
        store
            .read(lease.run(), Seq(7), 2)
            .expect("reads")
            .is_empty()
    );
}

pub(super) fn what_was_acknowledged_is_there_after_reopening<S: Store>(open: impl Fn() -> S) {
    let store = open();
    let (lease, head) = create(&store, 1);
    let head = store.append(&lease, head, batch(lease.run(), Some(head), 3, "kept"));
    let (head, before) = (head.expect("an append is taken"), all(&store, &lease));
    assert_eq!(
        all(&open(), &lease),
        before,
        "another opening sees it at once"
    );
    drop(store);
    let again = open();
    assert_eq!(again.head(lease.run()).expect("there is a head"), head);
    assert_eq!(all(&again, &lease), before);
}

pub(super) fn gaps_and_empty_batches_are_refused(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let run = lease.run();
    let good = batch(run, Some(head), 3, "gap");
    for leave_out in [0, 1] {
        let mut gap = good.clone();
        gap.records.remove(leave_out);
        let refused = store
            .append(&lease, head, gap)
            .expect_err("a gap is refused");
        assert!(
            matches!(refused, AppendError::Store(StoreError::Gap { .. })),
            "{refused}"
        );
    }
    let empty = store
        .append(&lease, head, Batch::default())
        .expect_err("nothing is refused");
    assert!(
        matches!(
            empty,
            AppendError::Store(StoreError::Gap { found: None, .. })
        ),
        "{empty}"
    );
    assert_eq!(all(store, &lease).len(), 1);
    assert_eq!(
        store
            .append(&lease, head, good)
            .expect("a good batch is taken")
            .seq,
        Seq(4)
    );
}

pub(super) fn an_unexpected_head_is_a_conflict_that_tells_the_tail(store: &dyn Store) {
    let (lease, old) = create(store, 1);
    let run = lease.run();
    let tail = store
        .append(&lease, old, batch(run, Some(old), 1, "one"))
        .expect("is taken");
    let other_hash = Head {
        hash: old.hash,
        ..tail
    };
    for stale in [old, other_hash] {
        let late = batch(run, Some(stale), 1, "late");
        match store.append(&lease, stale, late) {
            Err(AppendError::Conflict { tail: told, .. }) => assert_eq!(told, tail),
            other => panic!("a stale head must conflict, got {other:?}"),
        }
    }
    assert_eq!(store.head(run).expect("there is a head"), tail);
}

pub(super) fn threads_that_race_leave_one_contiguous_chain(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let lease = lease.clone();
            scope.spawn(move || append_ten(store, &lease, head, name));
        }
    });
    let found = all(store, &lease);
    assert_eq!(found.len(), 1 + 4 * 10 * 2);
    for pair in found.windows(2) {
        let hash = crate::Hash::of_record(&pair[0].hash, lease.run(), pair[1].seq, &pair[1].bytes);
        assert_eq!((pair[1].seq, pair[1].hash), (pair[0].seq.next(), hash));
    }
}

fn append_ten(store: &dyn Store, lease: &Lease, mut head: Head, name: &str) {
    let mut left = 10;
    while left > 0 {
        match store.append(lease, head, batch(lease.run(), Some(head), 2, name)) {
            Ok(next) => (head, left) = (next, left - 1),
            Err(AppendError::Conflict { tail, .. }) => head = tail,
            Err(other) => panic!("only a conflict is expected, got {other}"),
        }
    }
}

pub(super) fn readers_see_whole_batches_only(store: &dyn Store) {
    let (lease, mut head) = create(store, 1);
    let run = lease.run();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let head = store.head(run).expect("there is a head");
                let found = all(store, &lease);
                assert_eq!(found.len() % 7, 1, "a batch was seen in part");
                assert!(
                    found.len() as u64 >= head.seq.0,
                    "a head without its records"
                );
            }
        });
        for _ in 0..20 {
            head = store
                .append(&lease, head, batch(run, Some(head), 7, "x"))
                .expect("is taken");
        }
        done.store(true, Ordering::Relaxed);
    });
}
