//! Damage to a file that opened before: found by name, or harmless.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use serde_json::json;

use super::{SqliteStore, place};
use crate::conformance::{resumed, run_id, started};
use crate::effective::tests::{checkpoint, line};
use crate::sqlite::schema;
use crate::{
    Body, Claim, Clock, Ending, Flaw, Hash, Journal, Outcome, Payload, ReadError, Records, Store,
    StoreError, Timestamp, Totals, VerifyError, export, load, verify,
};

/// A clock that is set back by an hour at every tenth look.
struct SetBack(AtomicU64);

impl Clock for SetBack {
    fn now(&self) -> Timestamp {
        let look = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp(1_795_253_400_000_000 + look * 1_000 - look / 10 * 3_600_000_000)
    }
}

fn clock() -> Arc<SetBack> {
    Arc::new(SetBack(AtomicU64::new(5)))
}

fn written(dir: &Path) -> (Arc<dyn Store>, Payload) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let journal = Journal::begin(Arc::clone(&store), clock(), run_id(1), started()).unwrap();
    let evidence = journal.payload(json!("x".repeat(40_000))).unwrap();
    let body = Body::Evidence {
        evidence: evidence.clone(),
    };
    journal.note(None, None, 0, body).unwrap();
    for _ in 0..60 {
        journal.note(None, None, 0, line("of a log")).unwrap();
    }
    journal
        .note_durably(None, None, 0, checkpoint("t1"))
        .unwrap();
    (store, evidence)
}

#[test]
fn a_clock_that_is_set_back_an_hour_breaks_nothing() {
    let (_folder, dir) = place();
    let (store, _) = written(&dir);
    let journal = resumed(&store, clock(), run_id(1), Claim::IfFree, "0.1.0");
    let (outcome, totals) = (Outcome::Failed, Totals::new());
    let ending = Ending {
        outcome,
        reason: None,
        branch: None,
        tree: None,
        totals,
    };
    journal.end(ending).unwrap();
    assert!(verify(&*store, run_id(1)).unwrap().ended);
    let times: Vec<_> = Records::all(&*store, run_id(1))
        .unwrap()
        .map(|record| record.unwrap().at)
        .collect();
    let back = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(back >= 6, "the clock was set back {back} times");
}

#[test]
fn a_missing_or_altered_blob_is_named() {
    let (_folder, dir) = place();
    let (store, payload) = written(&dir);
    let Payload::Blob { digest, .. } = payload else {
        panic!("it is too large for a record")
    };
    let foreign = Connection::open(dir.join("journal.sqlite")).unwrap();
    let found = |store: &dyn Store| {
        let flaw = match verify(store, run_id(1)).expect_err("a blob is damaged") {
            VerifyError::Tampered(tampered) => tampered.what,
            VerifyError::Store(error) => panic!("{error}"),
        };
        assert!(
            matches!(flaw, Flaw::Blob(named) if named == digest),
            "{flaw}"
        );
        assert!(export(store, run_id(1), &mut Vec::new()).is_err());
    };
    let sql = "UPDATE blobs SET bytes = CAST('y' || substr(bytes, 2) AS BLOB)";
    foreign.execute(sql, []).unwrap();
    let altered = load(&*store, &payload);
    assert!(matches!(altered, Err(ReadError::Store(StoreError::BlobAltered(d))) if d == digest));
    found(&*store);
    foreign.execute("DELETE FROM blobs", []).unwrap();
    let missing = load(&*store, &payload);
    assert!(matches!(missing, Err(ReadError::Store(StoreError::NoBlob(d))) if d == digest));
    found(&*store);
    let put = store.put_blob(&serde_json::to_vec(&json!("x".repeat(40_000))).unwrap());
    assert_eq!(put.unwrap(), digest);
    verify(&*store, run_id(1)).expect("who has the bytes can heal it");
}

/// What the file says about its run, or none when it says that it is damaged.
fn told(dir: &Path) -> Option<Hash> {
    let store = SqliteStore::open_read_only(dir).ok()?;
    let mut file = Vec::new();
    export(&store, run_id(1), &mut file).ok()?;
    Some(Hash::of(&file))
}

#[test]
fn a_damaged_page_is_found_or_holds_nothing() {
    let (_folder, dir) = place();
    drop(written(&dir));
    let file = dir.join("journal.sqlite");
    let whole = fs::read(&file).unwrap();
    let before = told(&dir).expect("it is whole");
    let mut found = 0;
    for at in (0..whole.len()).step_by(whole.len() / 400) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(&file, &damaged).unwrap();
        match told(&dir) {
            None => found += 1,
            Some(same) => assert_eq!(same, before, "byte {at} lied"),
        }
    }
    assert!(found > 60, "only {found} of 400 were found");
    let page = schema::PAGE as usize;
    for (number, at) in (0..whole.len()).step_by(page).enumerate() {
        let mut damaged = whole.clone();
        damaged[at..][..page].fill(0);
        fs::write(&file, &damaged).unwrap();
        let said = told(&dir);
        assert!(said.is_none_or(|same| same == before), "page {number} lied");
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(told(&dir), None, "half of the file is gone");
}
