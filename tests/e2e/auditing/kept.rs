//! A head that was kept elsewhere, against those who can write the journal's file.

use super::{Desked, exchange, python};
use minion_journal::{Hash, RunId, Seq};
use rusqlite::{Connection, params};

/// Writes a run anew with another task in it: chain, head and list fit together again.
fn forge(db: &Connection, run: &str) {
    let id: RunId = run.parse().unwrap();
    let number: i64 = db
        .query_row("SELECT number FROM runs WHERE id = ?1", [run], |row| {
            row.get(0)
        })
        .unwrap();
    let mut records = db
        .prepare("SELECT seq, CAST(bytes AS BLOB) FROM records WHERE run = ?1 ORDER BY seq")
        .unwrap();
    let rows = records.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows: Vec<(u64, Vec<u8>)> = rows.unwrap().map(Result::unwrap).collect();
    let mut hash = Hash::ZERO;
    for (seq, bytes) in rows {
        let text = String::from_utf8(bytes).unwrap();
        let text = text.replace("be looked at", "be let alone");
        hash = Hash::of_record(&hash, id, Seq(seq), text.as_bytes());
        let sql = "UPDATE records SET hash = ?3, bytes = ?4 WHERE run = ?1 AND seq = ?2";
        db.execute(sql, params![number, seq, hash.0, text]).unwrap();
    }
    let sql = "UPDATE heads SET hash = ?2 WHERE run = ?1";
    db.execute(sql, params![number, hash.0]).unwrap();
    let sql = "UPDATE runs SET task = 'be let alone' WHERE number = ?1";
    db.execute(sql, [number]).unwrap();
}

#[test]
fn a_run_that_was_written_anew_is_found_by_a_head_kept_elsewhere() {
    let desked = Desked::new();
    let (run, journal) = (&desked.runs[0], desked.journal());
    let head = desked.head(run);
    let minion = |words: &[&str]| desked.desk.world.minion(words);
    minion(&["audit", "verify", run, "--head", &head]).expect(0, &["holds the head"]);
    minion(&["audit", "verify", "--head", &head]).expect(0, &["sound    "]);
    let db = Connection::open(journal.join("journal.sqlite")).unwrap();
    forge(&db, run);
    db.close().unwrap();
    minion(&["audit", "verify", run]).expect(0, &["not proved  that nobody computed a whole run"]);
    minion(&["audit", "verify", run, "--head", &head])
        .expect(4, &["ALTERED", "the hash that was kept elsewhere"]);
    minion(&["audit", "verify", "--head", &head]).expect(4, &["no run of this journal holds"]);
    if python::interpreter().is_some() {
        let said = |words: &[&str]| python::verify(&journal, words).unwrap().0;
        assert_eq!(said(&["--run", run]), 0, "it fits itself");
        assert_eq!(said(&["--run", run, "--head", &head]), 4);
    }
}

#[test]
fn the_trailer_of_a_commit_is_such_a_head() {
    let desked = Desked::new();
    let (world, run) = (&desked.desk.world, &desked.runs[0]);
    let branches = "--format=%(trailers:key=Minion-Journal,valueonly)";
    let told = world.git(
        &desked.desk.repository,
        &["log", "--branches=minion*", branches],
    );
    let trailers: Vec<_> = told.split_whitespace().collect();
    assert_eq!(trailers.len(), 2, "{told}");
    let holds = |head: &&&str| world.minion(&["audit", "verify", run, "--head", head]).code == 0;
    assert_eq!(
        trailers.iter().filter(holds).count(),
        1,
        "each run has its own"
    );
}

#[test]
fn a_run_that_is_gone_or_was_put_back_is_named() {
    let desked = Desked::new();
    let (run, journal) = (desked.runs[1].clone(), desked.journal());
    let file = journal.join("journal.sqlite");
    drop(Connection::open(&file).unwrap());
    let head = desked.head(&run);
    let minion = |words: &[&str]| desked.desk.world.minion(words);
    let db = Connection::open(&file).unwrap();
    let sql = "DELETE FROM records WHERE run = 2; DELETE FROM heads WHERE run = 2; DELETE FROM refs WHERE run = 2; \
               DELETE FROM runs WHERE number = 2";
    db.execute_batch(sql).unwrap();
    db.close().unwrap();
    minion(&["audit", "verify"]).expect(0, &["deleted a run"]);
    minion(&["audit", "verify", &run, "--head", &head])
        .expect(4, &["it was deleted, or was never here"]);
    minion(&["audit", "verify", &run]).expect(2, &["no run begins or ends with"]);
    if let Some((code, said)) = python::verify(&journal, &["--run", &run, "--head", &head]) {
        assert_eq!(code, 4, "{said}");
    }
    exchange(&journal, b"");
    minion(&["audit", "verify", "--head", &head]).expect(4, &["no such table"]);
    std::fs::remove_file(&file).unwrap();
    minion(&["audit", "verify", "--head", &head]).expect(4, &["deleted"]);
    for wrong in ["9be4", "x", ""] {
        minion(&["audit", "verify", "--head", wrong]).expect(2, &["64 hexadecimal digits"]);
    }
    let both = ["audit", "verify", "AAAA", "BBBB", "--head", &head];
    minion(&both).expect(2, &["--head is the head of one run"]);
}
