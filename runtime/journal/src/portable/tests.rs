//! Out and in again, and files that were altered on the way.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::{ImportError, export, import};
use crate::conformance::{run_id, started};
use crate::effective::tests::{checkpoint, intent, line, result};
use crate::{
    Blob, Body, Claim, ClaimError, Clock, Effect, Enclosed, Ending, Hash, Journal, JournalError,
    Outcome, RunFilter, RunState, SqliteStore, Store, SystemClock, Timestamp, Totals, verify,
};

/// Later than whatever a test writes.
const NOW: Timestamp = Timestamp(u64::MAX);

fn open() -> (TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("journal")).unwrap();
    (folder, Arc::new(store))
}

fn begin(store: &Arc<dyn Store>, n: u64) -> Journal {
    let blobs = vec![Blob::new(b"\0asm\x01\0\0\0".to_vec())];
    let enclosed = Enclosed {
        blobs,
        refs: Vec::new(),
    };
    let (store, clock) = (Arc::clone(store), Arc::new(SystemClock));
    Journal::begin_with(store, clock, run_id(n), started(), enclosed).unwrap()
}

fn written(store: &Arc<dyn Store>, lines: &[String], ended: bool) {
    let journal = begin(store, 1);
    let turn = journal
        .note(Some(1), None, 0, intent(Effect::External, "é\n\"\u{0}"))
        .unwrap();
    journal.note(Some(1), None, 7, result(turn)).unwrap();
    for text in lines {
        journal.note(Some(1), None, 0, line(text)).unwrap();
    }
    let evidence = journal.payload(json!(vec![1.5; 20_000])).unwrap();
    journal
        .note(Some(1), None, 0, Body::Evidence { evidence })
        .unwrap();
    journal.note(Some(1), None, 0, checkpoint("t1")).unwrap();
    journal.commit().unwrap();
    if ended {
        journal
            .end(Ending {
                outcome: Outcome::Failed,
                reason: None,
                branch: None,
                tree: None,
                totals: Totals::new(),
            })
            .unwrap();
    }
}

fn exported(store: &Arc<dyn Store>) -> Vec<u8> {
    let mut file = Vec::new();
    export(&**store, run_id(1), &mut file).unwrap();
    file
}

fn taken(file: &[u8]) -> Result<(TempDir, Arc<dyn Store>), ImportError> {
    let (folder, store) = open();
    import(&*store, &mut &file[..], NOW)?;
    Ok((folder, store))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn what_comes_in_goes_out_as_the_same_bytes(lines in proptest::collection::vec(".*", 0..80), ended: bool) {
        let (_folder, store) = open();
        written(&store, &lines, ended);
        let file = exported(&store);
        let (_there, again) = taken(&file).unwrap();
        prop_assert_eq!(exported(&again), file);
        let (here, there) = (store.summary(run_id(1)).unwrap(), again.summary(run_id(1)).unwrap());
        prop_assert_eq!((here.begun, here.ending, here.checkpoint), (there.begun, there.ending, there.checkpoint));
        prop_assert_eq!(verify(&*store, run_id(1)).unwrap(), verify(&*again, run_id(1)).unwrap());
    }
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let (_folder, store) = open();
    written(&store, &["a line".into()], true);
    let file = exported(&store);
    let (_there, empty) = open();
    // Every byte of the small lines, and some of the large blob's.
    let near = |at: usize| at < 900 || at + 1_200 > file.len() || at.is_multiple_of(1_999);
    for at in (0..file.len()).filter(|at| near(*at)) {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        let refused = import(&*empty, &mut &flipped[..], NOW);
        assert!(refused.is_err(), "byte {at} was flipped unnoticed");
    }
    assert!(empty.runs(&RunFilter::default()).unwrap().is_empty());
    assert!(!empty.has_blob(&Hash::of(b"\0asm\x01\0\0\0")).unwrap());
    import(&*empty, &mut &file[..], NOW).expect("the file itself is whole");
}

#[test]
fn a_cut_doubled_swapped_or_foreign_file_is_refused() {
    let (_folder, store) = open();
    written(&store, &["one".into(), "two".into()], true);
    let file = exported(&store);
    let lines: Vec<_> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().concat();
    for n in 0..lines.len() {
        assert!(taken(&without(n)).is_err(), "line {n} is missing");
        let doubled = [&lines[..n], &lines[n..=n], &lines[n..]].concat().concat();
        assert!(taken(&doubled).is_err(), "line {n} stands there twice");
        let mut swapped = lines.clone();
        swapped.swap(n, (n + 1) % lines.len());
        assert!(taken(&swapped.concat()).is_err(), "line {n} was swapped");
        let cut = lines[..=n].concat();
        let incomplete = |file: &[u8]| matches!(taken(file), Err(ImportError::Incomplete { .. }));
        assert!(n + 1 == lines.len() || incomplete(&cut), "cut at {n}");
        assert!(incomplete(&cut[..cut.len() - 2]), "cut in {n}");
    }
    assert!(matches!(
        taken(b""),
        Err(ImportError::Incomplete { line: 1 })
    ));
    for foreign in [&b"{}\n"[..], b"SQLite format 3\0", b"{\"format\":1}\n"] {
        assert!(matches!(taken(foreign), Err(ImportError::NotARun)));
    }
    let newer = String::from_utf8(file.clone()).unwrap();
    let newer = newer.replacen("\"version\":1}\n", "\"version\":2}\n", 1);
    assert!(matches!(
        taken(newer.as_bytes()),
        Err(ImportError::Newer(2))
    ));
}

#[test]
fn a_run_is_taken_once_and_another_of_its_name_never() {
    let (_folder, store) = open();
    written(&store, &["one".into()], true);
    let file = exported(&store);
    let again = import(&*store, &mut &file[..], NOW).expect("it is the same");
    assert!(again.known);
    assert!(!store.summary(run_id(1)).unwrap().imported, "it stays ours");
    let (_there, other) = open();
    written(&other, &["another".into()], true);
    let refused = import(&*other, &mut &file[..], NOW);
    assert!(matches!(refused, Err(ImportError::Other(run)) if run == run_id(1)));
    other.remove(run_id(1)).unwrap();
    assert!(!import(&*other, &mut &file[..], NOW).unwrap().known);
}

#[test]
fn an_imported_run_that_has_not_ended_is_never_gone_on_with() {
    let (_folder, store) = open();
    written(&store, &[], false);
    let (_there, again) = taken(&exported(&store)).unwrap();
    assert_eq!(again.summary(run_id(1)).unwrap().state, RunState::Imported);
    let clock = Arc::new(SystemClock);
    let claimed = Journal::claim(again, clock, run_id(1), Claim::TakeOver);
    assert!(matches!(
        claimed,
        Err(JournalError::Claim(ClaimError::Imported(_)))
    ));
}

#[test]
fn lines_without_end_are_not_read_to_their_end() {
    let (_folder, store) = open();
    let endless = std::io::Read::chain(
        &b"{\"format\":\"minion-run\",\"x\":\""[..],
        std::io::repeat(b'x'),
    );
    let refused = import(&*store, &mut { endless }, NOW);
    assert!(matches!(refused, Err(ImportError::TooLong { line: 1, .. })));
}

#[test]
fn a_run_of_a_time_that_has_not_come_yet_is_refused() {
    let (_folder, store) = open();
    written(&store, &[], true);
    let file = exported(&store);
    let (_there, empty) = open();
    // Two days before it was written.
    let now = SystemClock.now().0 - 2 * 24 * 60 * 60 * 1_000_000;
    let refused = import(&*empty, &mut &file[..], Timestamp(now)).unwrap_err();
    assert!(
        refused.to_string().contains("has not come yet"),
        "{refused}"
    );
    let text = String::from_utf8(file).unwrap();
    let later = text.replacen(&run_id(1).to_string(), "7ZZZZZZZZZZZZZZZZZZZNASNTW", 1);
    let refused = import(&*empty, &mut later.as_bytes(), SystemClock.now()).unwrap_err();
    assert!(refused.to_string().contains("the run's id"), "{refused}");
    assert!(empty.runs(&RunFilter::default()).unwrap().is_empty());
}
