//! G8, G11, G12: references, removal, imports.

use super::{Blob, batch, create, new_run, run_id};
use crate::{
    AppendError, Claim, ClaimError, Hash, Head, Lease, RunFilter, RunState, Size, Store,
    StoreError, Swept,
};

fn with_blobs(store: &dyn Store, lease: &Lease, head: Head, blobs: &[&[u8]]) -> Head {
    let mut next = batch(lease.run(), Some(head), 1, "blobs");
    next.blobs = blobs
        .iter()
        .map(|bytes| Blob::new(bytes.to_vec()))
        .collect();
    store.append(lease, head, next).expect("is taken")
}

fn sorted(blobs: &[&[u8]]) -> Vec<Hash> {
    let mut digests: Vec<_> = blobs.iter().map(|bytes| Hash::of(bytes)).collect();
    digests.sort_unstable();
    digests
}

pub(super) fn a_run_refers_to_what_came_with_it_and_what_it_names(store: &dyn Store) {
    let put = store.put_blob(b"the component").expect("is put");
    assert!(store.has_blob(&put).expect("is looked up"));
    assert!(!store.has_blob(&Hash::of(b"none")).expect("is looked up"));
    let (lease, head) = create(store, 1);
    assert!(store.references(lease.run()).expect("are read").is_empty());
    let head = with_blobs(store, &lease, head, &[b"one", b"two"]);
    let mut naming = batch(lease.run(), Some(head), 1, "refs");
    naming.refs = vec![put, Hash::of(b"one")];
    store.append(&lease, head, naming).expect("is taken");
    let refers = store.references(lease.run()).expect("are read");
    assert_eq!(refers, sorted(&[b"one", b"two", b"the component"]));
    let mut first = batch(run_id(2), None, 1, "first");
    first.refs = vec![put];
    let lease = store.create(&new_run(2), first).expect("is created");
    assert_eq!(store.references(lease.run()).expect("are read"), [put]);
    let unknown = store.references(run_id(404));
    assert!(matches!(unknown, Err(StoreError::NoRun(_))));
}

pub(super) fn a_batch_that_names_a_missing_blob_is_refused(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let missing = Hash::of(b"swept");
    let named = |error| matches!(error, StoreError::NoBlob(found) if found == missing);
    let mut naming = batch(lease.run(), Some(head), 1, "refs");
    naming.refs = vec![missing];
    match store.append(&lease, head, naming.clone()) {
        Err(AppendError::Store(error)) => assert!(named(error)),
        other => panic!("the blob is not there, got {other:?}"),
    }
    assert_eq!(store.head(lease.run()).expect("there is a head"), head);
    let mut first = batch(run_id(2), None, 1, "first");
    first.refs = vec![missing];
    for refused in [
        store.create(&new_run(2), first.clone()).map(drop),
        store.adopt(&new_run(2), first),
    ] {
        match refused {
            Err(AppendError::Store(error)) => assert!(named(error)),
            other => panic!("the blob is not there, got {other:?}"),
        }
    }
    assert!(store.head(run_id(2)).is_err(), "nothing of it is there");
    naming.blobs = vec![Blob::new(b"swept".to_vec())];
    store.append(&lease, head, naming).expect("it comes along");
}

pub(super) fn only_what_nobody_refers_to_is_swept<S: Store>(open: impl Fn() -> S) {
    let store = open();
    let (lease, head) = create(&store, 1);
    with_blobs(&store, &lease, head, &[b"mine", b"shared"]);
    let (other, head) = create(&store, 2);
    with_blobs(&store, &other, head, &[b"shared"]);
    let loose = store.put_blob(&vec![7; 100_000]).expect("is put");
    let expected = Swept {
        blobs: 1,
        bytes: 100_000,
    };
    assert_eq!(store.sweep(true).expect("is counted"), expected);
    assert!(store.has_blob(&loose).expect("a dry sweep removes nothing"));
    assert_eq!(store.sweep(false).expect("is swept"), expected);
    assert!(matches!(store.get_blob(&loose), Err(StoreError::NoBlob(_))));
    drop(lease);
    store.remove(run_id(1)).expect("nobody holds it");
    let mine = Swept { blobs: 1, bytes: 4 };
    assert_eq!(store.sweep(false).expect("is swept"), mine);
    assert_eq!(store.sweep(false).expect("is clean"), Swept::default());
    let again = open();
    let kept = again
        .get_blob(&Hash::of(b"shared"))
        .expect("is referred to");
    assert_eq!(kept, b"shared");
    let put = again.put_blob(b"mine").expect("can be put again");
    assert_eq!(again.get_blob(&put).expect("is there"), b"mine");
}

pub(super) fn a_removed_run_is_gone_with_all_of_it<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, head) = create(&store, 1);
    let (run, stale) = (lease.run(), Lease::new(lease.run(), lease.epoch(), None));
    for store in [&store, &other] {
        let refused = store.remove(run).expect_err("somebody holds it");
        assert!(matches!(refused, ClaimError::Held { .. }), "{refused}");
    }
    let said = crate::Signal {
        name: "wake".into(),
        body: serde_json::Value::Null,
        dedupe: None,
    };
    store.signal(run, &said).expect("is taken");
    drop(lease);
    other.remove(run).expect("nobody holds it");
    let gone = |error: &StoreError| matches!(error, StoreError::NoRun(found) if *found == run);
    assert!(gone(&store.head(run).expect_err("is gone")));
    assert!(gone(&store.signals(run, 0).expect_err("is gone")));
    let late = store.append(&stale, head, batch(run, Some(head), 1, "late"));
    assert!(matches!(late, Err(AppendError::Store(error)) if gone(&error)));
    assert!(store.runs(&RunFilter::default()).expect("lists").is_empty());
    let (again, _) = create(&store, 1);
    assert!(store.signals(run, 0).expect("a new run").is_empty());
    assert_eq!(again.epoch(), 1);
    match store.remove(run_id(404)) {
        Err(ClaimError::Store(StoreError::NoRun(_))) => {}
        other => panic!("there is no such run, got {other:?}"),
    }
}

pub(super) fn sizes_tell_what_a_removal_frees(store: &dyn Store) {
    let (one, head) = create(store, 1);
    with_blobs(store, &one, head, &[b"mine", b"shared"]);
    let (other, head) = create(store, 2);
    with_blobs(store, &other, head, &[b"shared"]);
    let size = |runs: &[_]| store.size(runs).expect("sizes are told");
    let (alone, both) = (size(&[one.run()]), size(&[one.run(), other.run()]));
    assert_eq!((alone.records, alone.blobs, alone.blob_bytes), (2, 1, 4));
    assert_eq!((both.records, both.blobs, both.blob_bytes), (4, 2, 10));
    let stored = store.read(one.run(), crate::Seq::FIRST, 9).expect("reads");
    let bytes: usize = stored.iter().map(|record| record.bytes.len() + 32).sum();
    assert_eq!(alone.record_bytes, bytes as u64);
    assert_eq!(size(&[]), Size::default());
    assert!(store.size(&[run_id(404)]).is_err());
}

pub(super) fn an_adopted_run_is_read_and_never_claimed(store: &dyn Store) {
    let run = new_run(1);
    let mut whole = batch(run.run, None, 5, "whole");
    whole.blobs = vec![Blob::new(b"came along".to_vec())];
    store.adopt(&run, whole.clone()).expect("is adopted");
    let found = store.read(run.run, crate::Seq::FIRST, 9).expect("reads");
    assert_eq!(found, whole.records);
    let summary = store.summary(run.run).expect("is listed");
    assert_eq!((summary.state, summary.holder), (RunState::Imported, None));
    assert!(summary.imported);
    for claim in [Claim::IfFree, Claim::TakeOver] {
        let refused = store.claim(run.run, claim);
        assert!(matches!(refused, Err(ClaimError::Imported(_))));
    }
    let again = store.adopt(&run, whole);
    assert!(matches!(again, Err(AppendError::Exists(_))), "{again:?}");
    store.remove(run.run).expect("nobody holds it");
}
