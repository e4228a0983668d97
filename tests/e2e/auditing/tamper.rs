//! Tampering with the journal's file at random: two verifiers that share no code both find it.

use super::{Desked, exchange, python};
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::Path;

/// How many tampers.
const CASES: u64 = 240;

/// `SplitMix64`, after Steele, Lea and Flood: enough chance for a test, and the same again.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Of 0 to `most` - 1.
    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// One of these.
    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn flip(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = usize::try_from(self.below(bytes.len() as u64 * 8)).unwrap();
        bytes[at / 8] ^= 1 << (at % 8);
        bytes
    }
}

type Row = (Vec<u8>, Vec<u8>);

struct File<'a> {
    db: &'a Connection,
    run: i64,
    last: i64,
}

impl File<'_> {
    fn row(&self, run: i64, seq: i64) -> Row {
        let sql = "SELECT hash, CAST(bytes AS BLOB) FROM records WHERE run = ?1 AND seq = ?2";
        let row = self
            .db
            .query_row(sql, [run, seq], |row| Ok((row.get(0)?, row.get(1)?)));
        row.unwrap()
    }

    fn put(&self, seq: i64, (hash, bytes): &Row) {
        let sql = "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3, CAST(?4 AS TEXT))";
        self.db
            .execute(sql, params![self.run, seq, hash, bytes])
            .unwrap();
    }

    fn all(&self, sql: &str) {
        let sql = sql.replace("$run", &self.run.to_string());
        assert!(
            self.db.execute(&sql, []).unwrap() > 0,
            "nothing was altered by {sql}"
        );
    }

    /// Alters something; says what.
    fn tamper(&self, chance: &mut Chance) -> String {
        let way = chance.below(19);
        let seq = 1 + i64::try_from(chance.below(self.last.unsigned_abs())).unwrap();
        let other = 1 + (seq + i64::try_from(chance.below(7)).unwrap()) % self.last;
        let (row, another) = (self.row(self.run, seq), self.row(self.run, other));
        match way {
            0..=2 => self.put(seq, &(row.0, chance.flip(row.1))),
            3 => self.put(seq, &(chance.flip(row.0), row.1)),
            4 => self.all(&format!(
                "DELETE FROM records WHERE run = $run AND seq = {seq}"
            )),
            5 => self.all(&format!(
                "DELETE FROM records WHERE run = $run AND seq >= {seq}"
            )),
            6 if seq != other => {
                self.put(seq, &(row.0, another.1));
                self.put(other, &(another.0, row.1));
            }
            7 if seq != other => {
                self.put(seq, &another);
                self.put(other, &row);
            }
            6..=8 => self.put(seq + 1, &row),
            9 => self.put(self.last + 1, &row),
            10 => self.put(seq.min(9), &self.row(3 - self.run, seq.min(9))),
            _ => self.beside(way, seq, chance),
        }
        format!("way {way} of run {} at record {seq}", self.run)
    }

    /// What lies beside the records: heads, the list, blobs.
    fn beside(&self, way: u64, seq: i64, chance: &mut Chance) {
        match way {
            11 => self.all(&format!("UPDATE heads SET seq = seq - {seq} WHERE run = $run")),
            12 => {
                let head: Vec<u8> = self.one("SELECT hash FROM heads WHERE run = $run");
                let sql = "UPDATE heads SET hash = ?2 WHERE run = ?1";
                self.db.execute(sql, params![self.run, chance.flip(head)]).unwrap();
            }
            13 => {
                let texts = ["blueprint", "version", "repository", "task", "reason", "branch", "tree"];
                let column = chance.of(&texts);
                self.all(&format!("UPDATE runs SET {column} = coalesce({column}, '') || 'x' WHERE number = $run"));
            }
            14 => {
                let set = chance.of(&[
                    "started = started + 1", "ended = ended + 1", "outcome = NULL", "outcome = 'delivered'",
                    "totals = '{}'", "id = substr(id, 1, 25) || CASE substr(id, 26) WHEN '0' THEN '1' ELSE '0' END",
                ]);
                self.all(&format!("UPDATE runs SET {set} WHERE number = $run"));
            }
            15 => self.all("UPDATE heads SET checkpoint = coalesce(checkpoint, 0) + 1 WHERE run = $run"),
            16 => self.all("UPDATE heads SET pause = CASE WHEN pause IS NULL THEN 'stopped' END WHERE run = $run"),
            17 => {
                let blobs: u64 = self.one("SELECT count(*) FROM blobs");
                let at = chance.below(blobs);
                let bytes: Vec<u8> = self.one(&format!("SELECT bytes FROM blobs LIMIT 1 OFFSET {at}"));
                let row: i64 = self.one(&format!("SELECT rowid FROM blobs LIMIT 1 OFFSET {at}"));
                let sql = "UPDATE blobs SET bytes = ?2 WHERE rowid = ?1";
                self.db.execute(sql, params![row, chance.flip(bytes)]).unwrap();
            }
            _ => self.all("DELETE FROM blobs WHERE rowid = (SELECT min(rowid) FROM blobs)"),
        }
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let sql = sql.replace("$run", &self.run.to_string());
        self.db.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

/// Alters the file behind everybody's back.
fn altered(file: &Path, chance: &mut Chance) -> String {
    let db = Connection::open(file).unwrap();
    let run = 1 + i64::try_from(chance.below(2)).unwrap();
    let sql = "SELECT max(seq) FROM records WHERE run = ?1";
    let last = db.query_row(sql, [run], |row| row.get(0)).unwrap();
    let told = File { db: &db, run, last }.tamper(chance);
    db.close().unwrap();
    told
}

#[test]
fn both_verifiers_find_every_tamper_and_agree_on_what_is_whole() {
    let desked = Desked::new();
    let (mut child, _) = desked.desk.sleeper("audit-open");
    child.kill().unwrap();
    child.wait().unwrap();
    let (minion, journal) = (&desked.desk.world, desked.journal());
    minion
        .minion(&["audit", "verify"])
        .expect(0, &["sound", "without an end yet", "not proved"]);
    if let Some((code, said)) = python::verify(&journal, &[]) {
        assert_eq!(code, 0, "{said}");
        assert_eq!(said.matches("sound  ").count(), 3, "{said}");
        desked
            .runs
            .iter()
            .for_each(|run| assert!(said.contains(&desked.head(run)), "{said}"));
    }
    let file = journal.join("journal.sqlite");
    drop(Connection::open(&file).unwrap());
    let whole = std::fs::read(&file).unwrap();
    let seed = std::env::var("MINION_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let mut chance = Chance(seed.unwrap_or(2026));
    for case in 0..CASES {
        exchange(&journal, &whole);
        let what = altered(&file, &mut chance);
        let ours = minion.minion(&["audit", "verify", "--json"]);
        assert_eq!(ours.code, 4, "case {case}, {what}: {}", ours.all());
        if let Some((code, said)) = python::verify(&journal, &[]) {
            assert_eq!(code, 4, "case {case}, {what}: {said}");
        }
    }
    exchange(&journal, &whole);
    let sound = desked.desk.objects(&["audit", "verify", "--json"]);
    assert_eq!(sound[0]["sound"], json!(true));
}
