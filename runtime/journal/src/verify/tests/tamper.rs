//! Ways to tamper with the file itself, behind the store's back.

use proptest::prelude::*;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::COMMON;
use crate::conformance::run_id;
use crate::{Hash, Seq};

/// One way to tamper with run `number` (1 or 2), at a place given by chance.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tamper {
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
    Pause(bool),
    Forge(Forge),
    FlipBlob(usize, usize),
    DeleteBlob(usize),
    TruncateBlob(usize),
}

pub(super) fn tamper() -> impl Strategy<Value = Tamper> {
    let (seq, at) = (|| 1..=COMMON, || any::<usize>());
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
        1 => any::<bool>().prop_map(Tamper::Pause),
        5 => forge().prop_map(Tamper::Forge),
        1 => (at(), at()).prop_map(|(blob, at)| Tamper::FlipBlob(blob, at)),
        1 => at().prop_map(Tamper::DeleteBlob),
        1 => at().prop_map(Tamper::TruncateBlob),
    ]
}

impl Tamper {
    /// Whether it touches records or the head, which nobody needs a verification to find.
    pub(super) fn alters_records(self) -> bool {
        matches!(
            self,
            Self::FlipByte(..)
                | Self::FlipHash(..)
                | Self::Delete(_)
                | Self::CutTail(_)
                | Self::SwapBytes(..)
                | Self::SwapRows(..)
                | Self::Duplicate(_)
                | Self::AppendCopy(_)
                | Self::TakeFromOther(_)
                | Self::Insert(_)
                | Self::MoveHead(_)
                | Self::FlipHead(_)
        )
    }
}

type Row = (Vec<u8>, Vec<u8>);

pub(super) struct File<'a>(pub(super) &'a Connection);

impl File<'_> {
    pub(super) fn row(&self, run: u64, seq: u64) -> Row {
        let sql = "SELECT hash, CAST(bytes AS BLOB) FROM records WHERE run = ?1 AND seq = ?2";
        self.0
            .query_row(sql, [run, seq], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    pub(super) fn put(&self, run: u64, seq: u64, (hash, bytes): &Row) {
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

    pub(super) fn apply(&self, run: u64, tamper: Tamper) {
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
                    "started",
                    "ended",
                ];
                let column = columns[at % columns.len()];
                let set = match column {
                    "started" | "ended" => format!("{column} = coalesce({column}, 0) + 1"),
                    _ => format!("{column} = coalesce({column}, '') || 'x'"),
                };
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
            Tamper::Pause(other) => {
                let none = if other { "'waiting'" } else { "NULL" };
                let set = format!("CASE WHEN pause IS NULL THEN 'stopped' ELSE {none} END");
                self.all(&format!("UPDATE heads SET pause = {set} WHERE run = {run}"));
            }
            Tamper::Forge(forge) => self.forge(run, forge),
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

/// What somebody does who knows this program and computes the chain anew, head included:
/// only a head that was kept elsewhere finds it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Forge {
    Edit(u64),
    Leave(u64),
    Rewind(u64),
    DeleteRun,
}

fn forge() -> impl Strategy<Value = Forge> {
    let seq = || 1..=COMMON;
    prop_oneof![
        3 => seq().prop_map(Forge::Edit),
        2 => (2..=COMMON).prop_map(Forge::Leave),
        2 => (1..COMMON).prop_map(Forge::Rewind),
        1 => Just(Forge::DeleteRun),
    ]
}

impl File<'_> {
    fn forge(&self, run: u64, forge: Forge) {
        match forge {
            Forge::Edit(seq) => {
                let (hash, bytes) = self.row(run, seq);
                let mut record: Value = serde_json::from_slice(&bytes).unwrap();
                record["micros"] = json!(record["micros"].as_u64().unwrap() + 1);
                self.put(run, seq, &(hash, record.to_string().into_bytes()));
                self.rewrite(run, seq);
            }
            Forge::Leave(seq) => {
                let last = self.last(run);
                for later in seq..last {
                    let (hash, bytes) = self.row(run, later + 1);
                    let mut record: Value = serde_json::from_slice(&bytes).unwrap();
                    record["seq"] = json!(later);
                    self.put(run, later, &(hash, record.to_string().into_bytes()));
                }
                self.all(&format!(
                    "DELETE FROM records WHERE run = {run} AND seq = {last}"
                ));
                self.rewrite(run, seq);
            }
            Forge::Rewind(last) => {
                self.all(&format!(
                    "DELETE FROM records WHERE run = {run} AND seq > {last}"
                ));
                let open =
                    "outcome = NULL, ended = NULL, reason = NULL, branch = NULL, tree = NULL";
                self.all(&format!("UPDATE runs SET {open} WHERE number = {run}"));
                self.rewrite(run, last);
            }
            Forge::DeleteRun => {
                for table in ["records", "heads", "refs"] {
                    self.all(&format!("DELETE FROM {table} WHERE run = {run}"));
                }
                self.all(&format!("DELETE FROM runs WHERE number = {run}"));
            }
        }
    }

    /// Computes the chain anew from `from` on, head and list included.
    pub(super) fn rewrite(&self, run: u64, from: u64) {
        let mut prev = match from {
            1 => Hash::ZERO.0.to_vec(),
            later => self.row(run, later - 1).0,
        };
        let (mut checkpoint, mut pause) = (None, None);
        for seq in 1..=self.last(run) {
            let (hash, bytes) = self.row(run, seq);
            let text = String::from_utf8_lossy(&bytes);
            let is = |kind: &str| text.contains(&format!("\"body\":{{\"{kind}\""));
            checkpoint = is("checkpoint").then_some(seq).or(checkpoint);
            pause = ["waiting", "decided", "stopped"]
                .into_iter()
                .find(|kind| is(kind));
            if seq < from {
                continue;
            }
            let before = Hash(prev.try_into().unwrap());
            let anew = Hash::of_record(&before, run_id(run), Seq(seq), &bytes);
            assert!(anew.0.len() == hash.len());
            prev = anew.0.to_vec();
            self.put(run, seq, &(prev.clone(), bytes.clone()));
        }
        let sql =
            "UPDATE heads SET seq = ?2, hash = ?3, checkpoint = ?4, pause = ?5 WHERE run = ?1";
        let row = params![run, self.last(run), prev, checkpoint, pause];
        self.0.execute(sql, row).unwrap();
    }
}
