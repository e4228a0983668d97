//! Tampering at random with the file itself, behind the store's back: none may
//! go unnoticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::conformance::{resumed, run_id, started};
use crate::{
    Body, Effect, Ending, Flaw, Hash, Head, Journal, Outcome, Payload, RunId, Seq, SqliteStore,
    Store, SystemClock, Totals, Verified, VerifyError, keep, verify, verify_against,
};

const VISITS: u64 = 4;

/// Two runs of the same shape: one that ended and one that was interrupted.
fn journal(dir: &Path) -> Vec<Head> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
    let write = |n| {
        let mut begin = started();
        begin.admission = keep(&*store, "admitted ".repeat(5_000).into()).unwrap();
        let clock = Arc::new(SystemClock);
        let journal = Journal::begin(Arc::clone(&store), clock, run_id(n), begin).unwrap();
        (1..=VISITS).for_each(|visit| stay(&journal, visit));
        if n == 1 {
            let (outcome, totals) = (Outcome::Delivered, Totals::from([("turns".into(), 3)]));
            let (branch, tree) = (Some("minion/x".into()), Some("e77a".into()));
            journal
                .end(Ending {
                    outcome,
                    reason: None,
                    branch,
                    tree,
                    totals,
                })
                .unwrap();
        }
        journal.head()
    };
    vec![write(1), write(2)]
}

fn stay(journal: &Journal, visit: u64) {
    let (node, tree): (String, String) = ("lint".into(), "5d01".into());
    let start = Body::VisitStarted {
        node: node.clone(),
        visit,
        tree: tree.clone(),
    };
    let parent = journal.note(Some(visit), None, 0, start).unwrap();
    let call = Body::Call {
        call: "workspace.read".into(),
        effect: Effect::Observe,
        request: journal.payload("src/lib.rs".into()).unwrap(),
        rule: "src/**".into(),
        response: journal
            .blob(format!("the file at visit {visit}").as_bytes())
            .unwrap(),
    };
    journal.note(Some(visit), Some(parent), 7, call).unwrap();
    let state = Payload::Inline(serde_json::json!({"rounds": visit}));
    let end = Body::Checkpoint {
        node,
        visit,
        label: "pass".into(),
        state,
        tree,
        findings: None,
    };
    journal.note(Some(visit), None, 9, end).unwrap();
    journal.commit().unwrap();
}

/// One way to tamper with run `number` (1 or 2), at a place given by chance.
#[derive(Clone, Copy, Debug)]
enum Tamper {
    FlipByte(u64, usize),
    FlipHash(u64, usize),
    Delete(u64),
    CutTail(u64),
    SwapBytes(u64, u64),
    SwapRows(u64, u64),
    Duplicate(u64),
    AppendCopy(u64),
    TakeFromOther(u64),
    Insert(u64),
    MoveHead(u64),
    FlipHead(usize),
    List(usize),
    Reopen,
    MoveCheckpoint(u64),
    FlipBlob(usize, usize),
    DeleteBlob(usize),
    TruncateBlob(usize),
}

fn tamper() -> impl Strategy<Value = Tamper> {
    let (seq, at) = (|| 1..=VISITS * 3 + 1, || any::<usize>());
    prop_oneof![
        4 => (seq(), at()).prop_map(|(seq, at)| Tamper::FlipByte(seq, at)),
        2 => (seq(), at()).prop_map(|(seq, at)| Tamper::FlipHash(seq, at)),
        2 => seq().prop_map(Tamper::Delete),
        2 => seq().prop_map(Tamper::CutTail),
        2 => (seq(), seq()).prop_filter("two places", |(a, b)| a != b).prop_map(|(a, b)| Tamper::SwapBytes(a, b)),
        2 => (seq(), seq()).prop_filter("two places", |(a, b)| a != b).prop_map(|(a, b)| Tamper::SwapRows(a, b)),
        2 => seq().prop_map(Tamper::Duplicate),
        1 => seq().prop_map(Tamper::AppendCopy),
        2 => seq().prop_map(Tamper::TakeFromOther),
        1 => seq().prop_map(Tamper::Insert),
        1 => seq().prop_map(Tamper::MoveHead),
        1 => at().prop_map(Tamper::FlipHead),
        2 => at().prop_map(Tamper::List),
        1 => Just(Tamper::Reopen),
        1 => seq().prop_map(Tamper::MoveCheckpoint),
        1 => (at(), at()).prop_map(|(blob, at)| Tamper::FlipBlob(blob, at)),
        1 => at().prop_map(Tamper::DeleteBlob),
        1 => at().prop_map(Tamper::TruncateBlob),
    ]
}

type Row = (Vec<u8>, Vec<u8>);

struct File<'a>(&'a Connection);

impl File<'_> {
    fn row(&self, run: u64, seq: u64) -> Row {
        let sql = "SELECT hash, CAST(bytes AS BLOB) FROM records WHERE run = ?1 AND seq = ?2";
        self.0
            .query_row(sql, [run, seq], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    fn put(&self, run: u64, seq: u64, (hash, bytes): &Row) {
        let sql = "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3, CAST(?4 AS TEXT))";
        self.0.execute(sql, params![run, seq, hash, bytes]).unwrap();
    }

    fn all(&self, sql: &str) {
        assert!(
            self.0.execute(sql, []).unwrap() > 0,
            "nothing was altered by: {sql}"
        );
    }

    fn last(&self, run: u64) -> u64 {
        let sql = "SELECT max(seq) FROM records WHERE run = ?1";
        self.0.query_row(sql, [run], |row| row.get(0)).unwrap()
    }

    /// The `n`-th of all blobs, counted round.
    fn blob(&self, n: usize) -> (i64, Vec<u8>) {
        let count: usize = self
            .0
            .query_row("SELECT count(*) FROM blobs", [], |row| row.get(0))
            .unwrap();
        let sql = "SELECT rowid, bytes FROM blobs LIMIT 1 OFFSET ?1";
        self.0
            .query_row(sql, [n % count], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    fn set_blob(&self, row: i64, bytes: &[u8]) {
        let sql = "UPDATE blobs SET bytes = ?2 WHERE rowid = ?1";
        self.0.execute(sql, params![row, bytes]).unwrap();
    }

    fn apply(&self, run: u64, tamper: Tamper) {
        match tamper {
            Tamper::FlipByte(seq, at) => {
                let (hash, bytes) = self.row(run, seq);
                self.put(run, seq, &(hash, flip(bytes, at)));
            }
            Tamper::FlipHash(seq, at) => {
                let (hash, bytes) = self.row(run, seq);
                self.put(run, seq, &(flip(hash, at), bytes));
            }
            Tamper::Delete(seq) => {
                self.all(&format!(
                    "DELETE FROM records WHERE run = {run} AND seq = {seq}"
                ));
            }
            Tamper::CutTail(seq) => {
                self.all(&format!(
                    "DELETE FROM records WHERE run = {run} AND seq >= {seq}"
                ));
            }
            Tamper::SwapBytes(a, b) => {
                let (one, other) = (self.row(run, a), self.row(run, b));
                self.put(run, a, &(one.0, other.1));
                self.put(run, b, &(other.0, one.1));
            }
            Tamper::SwapRows(a, b) => {
                let (one, other) = (self.row(run, a), self.row(run, b));
                self.put(run, a, &other);
                self.put(run, b, &one);
            }
            Tamper::Duplicate(seq) => self.put(run, seq + 1, &self.row(run, seq)),
            Tamper::AppendCopy(seq) => self.put(run, self.last(run) + 1, &self.row(run, seq)),
            Tamper::TakeFromOther(seq) => self.put(run, seq, &self.row(3 - run, seq)),
            Tamper::Insert(seq) => {
                let after = (seq..=self.last(run)).rev();
                after.for_each(|seq| self.put(run, seq + 1, &self.row(run, seq)));
                self.all(&format!("UPDATE heads SET seq = seq + 1 WHERE run = {run}"));
            }
            Tamper::MoveHead(back) => {
                let seq = self.last(run) - back.min(self.last(run) - 1);
                let hash = self.row(run, seq).0;
                let sql = "UPDATE heads SET seq = ?2, hash = ?3 WHERE run = ?1";
                self.0.execute(sql, params![run, seq, hash]).unwrap();
            }
            other => self.apply_beside(run, other),
        }
    }

    /// What lies beside the records: head, list, blobs.
    fn apply_beside(&self, run: u64, tamper: Tamper) {
        match tamper {
            Tamper::FlipHead(at) => {
                let sql = "SELECT hash FROM heads WHERE run = ?1";
                let hash: Vec<u8> = self.0.query_row(sql, [run], |row| row.get(0)).unwrap();
                let sql = "UPDATE heads SET hash = ?2 WHERE run = ?1";
                self.0.execute(sql, params![run, flip(hash, at)]).unwrap();
            }
            Tamper::List(at) => {
                let columns = [
                    "blueprint",
                    "version",
                    "repository",
                    "task",
                    "branch",
                    "reason",
                ];
                let column = columns[at % columns.len()];
                let set = format!("{column} = coalesce({column}, '') || 'x'");
                let outcome = "outcome = coalesce(outcome, 'delivered')";
                self.all(&format!(
                    "UPDATE runs SET {set}, {outcome} WHERE number = {run}"
                ));
            }
            Tamper::Reopen => {
                let other = "CASE WHEN outcome IS NULL THEN 'failed' END";
                self.all(&format!(
                    "UPDATE runs SET outcome = {other} WHERE number = {run}"
                ));
            }
            Tamper::MoveCheckpoint(seq) => {
                let back = format!("checkpoint = checkpoint - {seq}");
                self.all(&format!("UPDATE heads SET {back} WHERE run = {run}"));
            }
            Tamper::FlipBlob(n, at) => {
                let (row, bytes) = self.blob(n);
                self.set_blob(row, &flip(bytes, at));
            }
            Tamper::TruncateBlob(n) => {
                let (row, bytes) = self.blob(n);
                self.set_blob(row, &bytes[..bytes.len() - 1]);
            }
            Tamper::DeleteBlob(n) => {
                self.all(&format!(
                    "DELETE FROM blobs WHERE rowid = {}",
                    self.blob(n).0
                ));
            }
            other => unreachable!("{other:?} alters records"),
        }
    }
}

fn flip(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    let at = at % (bytes.len() * 8);
    bytes[at / 8] ^= 1 << (at % 8);
    bytes
}

fn written() -> (TempDir, PathBuf, Vec<Head>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    let heads = journal(&dir);
    (folder, dir, heads)
}

fn both(dir: &Path) -> Result<[Verified; 2], VerifyError> {
    let store = SqliteStore::open_read_only(dir).unwrap();
    Ok([verify(&store, run_id(1))?, verify(&store, run_id(2))?])
}

#[test]
fn what_was_not_altered_is_verified() {
    let (_folder, dir, heads) = written();
    let [ended, interrupted] = both(&dir).unwrap();
    assert_eq!(
        (ended.head, ended.ended, ended.records),
        (heads[0], true, VISITS * 3 + 2)
    );
    assert_eq!((interrupted.head, interrupted.ended), (heads[1], false));
}

#[test]
fn random_tampers_are_all_found() {
    let (folder, dir, _) = written();
    let original = fs::read(dir.join("journal.sqlite")).unwrap();
    let altered = folder.path().join("altered");
    drop(SqliteStore::open(&altered).unwrap());
    let file = altered.join("journal.sqlite");
    let config = Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    };
    let tampers = (1..=2_u64, tamper());
    let found = TestRunner::new(config).run(&tampers, |(run, tamper)| {
        fs::write(&file, &original).unwrap();
        both(&altered).expect("the copy is whole");
        let db = Connection::open(&file).unwrap();
        File(&db).apply(run, tamper);
        db.close().unwrap();
        prop_assert!(both(&altered).is_err(), "went unnoticed");
        Ok(())
    });
    found.unwrap();
}

/// Computes the chain anew from `from` on, head included, as only somebody who
/// knows this program would.
fn rewrite(db: &Connection, run: RunId, from: u64) {
    let file = File(db);
    let mut prev = file.row(1, from - 1).0;
    for seq in from..=file.last(1) {
        let bytes = file.row(1, seq).1;
        let before = Hash(prev.try_into().unwrap());
        prev = Hash::of_record(&before, run, Seq(seq), &bytes).0.to_vec();
        file.put(1, seq, &(prev.clone(), bytes));
    }
    db.execute("UPDATE heads SET hash = ?1 WHERE run = 1", [prev])
        .unwrap();
}

#[test]
fn a_chain_computed_anew_is_found_by_a_head_kept_elsewhere() {
    let (_folder, dir, heads) = written();
    let db = Connection::open(dir.join("journal.sqlite")).unwrap();
    let (hash, bytes) = File(&db).row(1, 5);
    let lie = String::from_utf8(bytes).unwrap().replace("lint", "limt");
    File(&db).put(1, 5, &(hash, lie.into_bytes()));
    rewrite(&db, run_id(1), 5);
    db.close().unwrap();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let forged = verify(&store, run_id(1)).expect("the forged chain fits itself");
    assert_ne!(forged.head, heads[0]);
    let found = verify_against(&store, run_id(1), heads[0]);
    assert!(
        matches!(&found, Err(VerifyError::Tampered(t)) if matches!(t.what, Flaw::OtherHead)),
        "{found:?}"
    );
}

#[test]
fn a_kept_head_proves_a_journal_that_went_on_since() {
    let (_folder, dir, heads) = written();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir).unwrap());
    verify_against(&*store, run_id(2), heads[1]).unwrap();
    let claim = crate::Claim::IfFree;
    let clock = Arc::new(SystemClock);
    resumed(&store, clock, run_id(2), claim, "0.1.0");
    let gone_on = verify_against(&*store, run_id(2), heads[1]).unwrap();
    assert_eq!(gone_on.head.seq, heads[1].seq.next());
    let later = Head {
        seq: Seq(99),
        hash: heads[1].hash,
    };
    assert!(
        verify_against(&*store, run_id(2), later).is_err(),
        "an older copy of the file"
    );
}

#[test]
fn the_first_altered_record_is_named() {
    let (_folder, dir, _) = written();
    let db = Connection::open(dir.join("journal.sqlite")).unwrap();
    File(&db).apply(1, Tamper::FlipByte(6, 77));
    db.close().unwrap();
    let store = SqliteStore::open_read_only(&dir).unwrap();
    let error = verify(&store, run_id(1))
        .expect_err("was altered")
        .to_string();
    assert_eq!(
        error,
        format!(
            "run `{}` was altered at record 6: its bytes do not give its hash",
            run_id(1)
        )
    );
}
