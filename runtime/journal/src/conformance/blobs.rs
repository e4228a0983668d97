//! G2, G6: blobs.

use super::{Blob, batch, create};
use crate::{AppendError, Hash, Head, Store, StoreError};

pub(super) fn blobs_are_found_by_their_content(store: &dyn Store) {
    for bytes in [&b""[..], b"abc", &[0, 255, 128], &vec![7; 300_000]] {
        let digest = store.put_blob(bytes).expect("a blob is taken");
        assert_eq!(digest, Hash::of(bytes));
        assert_eq!(store.put_blob(bytes).expect("twice is once"), digest);
        assert_eq!(store.get_blob(&digest).expect("a blob is found"), bytes);
    }
    let (lease, head) = create(store, 1);
    let mut with = batch(lease.run(), Some(head), 1, "x");
    with.blobs = vec![
        Blob::new(b"with a record".to_vec()),
        Blob::new(b"abc".to_vec()),
    ];
    store.append(&lease, head, with).expect("is taken");
    let found = store
        .get_blob(&Hash::of(b"with a record"))
        .expect("a blob is found");
    assert_eq!(found, b"with a record");
    let missing = Hash::of(b"never put");
    assert!(matches!(store.get_blob(&missing), Err(StoreError::NoBlob(d)) if d == missing));
}

pub(super) fn a_refused_batch_leaves_no_blob(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let stale = Head {
        hash: Hash::ZERO,
        ..head
    };
    let mut refused = batch(lease.run(), Some(stale), 1, "x");
    refused.blobs = vec![Blob::new(b"refused".to_vec())];
    let answer = store.append(&lease, stale, refused);
    assert!(matches!(answer, Err(AppendError::Conflict { .. })));
    assert!(matches!(
        store.get_blob(&Hash::of(b"refused")),
        Err(StoreError::NoBlob(_))
    ));
}
