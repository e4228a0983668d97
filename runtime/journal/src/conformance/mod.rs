//! The suite that every [`Store`] must pass: a claim a function, panicking where
//! the store breaks a guarantee of its docs.
//!
//! A store is tested at *places*: a place is empty at first, and opening it again
//! opens the same store, as another process would.

mod blobs;
mod leases;
mod records;
mod runs;
mod signals;
mod space;

use crate::{
    Batch, Blob, Hash, Head, Lease, NewRun, Payload, RunId, RunStarted, Seq, Store, StoredRecord,
    Timestamp,
};
#[cfg(test)]
use crate::{Claim, Clock, Journal, Resumption};

/// Runs the whole suite. `place` makes a new place and gives what opens it.
///
/// # Panics
/// When the store does not do what [`Store`] guarantees.
pub fn suite<S: Store, O: Fn() -> S>(place: impl Fn() -> O) {
    records::batches_read_back_in_order(&place()());
    records::what_was_acknowledged_is_there_after_reopening(place());
    records::gaps_and_empty_batches_are_refused(&place()());
    records::an_unexpected_head_is_a_conflict_that_tells_the_tail(&place()());
    records::threads_that_race_leave_one_contiguous_chain(&place()());
    records::readers_see_whole_batches_only(&place()());
    leases::a_held_run_cannot_be_claimed(place());
    leases::a_dropped_lease_frees_the_run(place());
    leases::a_taken_over_writer_is_fenced(place());
    leases::an_ended_run_takes_no_batch_and_no_claim(&place()());
    leases::of_many_claims_at_once_one_wins(place());
    blobs::blobs_are_found_by_their_content(&place()());
    blobs::a_refused_batch_leaves_no_blob(&place()());
    leases::the_holder_is_told_while_it_holds(place());
    leases::a_pause_stands_until_something_is_appended(place());
    signals::signals_come_in_order_without_a_lease(place());
    signals::a_signal_that_is_sent_again_is_kept_once(place());
    signals::signals_that_nobody_would_hear_are_refused(&place()());
    space::a_run_refers_to_what_came_with_it_and_what_it_names(&place()());
    space::a_batch_that_names_a_missing_blob_is_refused(&place()());
    space::only_what_nobody_refers_to_is_swept(place());
    space::a_removed_run_is_gone_with_all_of_it(place());
    space::sizes_tell_what_a_removal_frees(&place()());
    space::an_adopted_run_is_read_and_never_claimed(&place()());
    runs::a_run_exists_once(&place()());
    runs::unknown_runs_are_named(&place()());
    runs::the_list_is_filtered_and_begins_with_the_youngest(&place()());
    runs::fragments_find_beginnings_and_ends(&place()());
    runs::the_last_checkpoint_is_remembered(&place()());
}

/// A run id that differs by `n`, in its time and in its chance.
pub(crate) fn run_id(n: u64) -> RunId {
    RunId::from_bits((u128::from(1_795_253_400_000 + n) << 80) | (u128::from(n) * 0x9e37_79b9))
}

/// The facts of a made-up run.
pub(crate) fn started() -> RunStarted {
    RunStarted {
        blueprint: "acme/fix-bug".into(),
        version: "1.4.0".into(),
        component: format!("sha256:{}", Hash::of(b"component")),
        contract: "0.1.0".into(),
        base_commit: Some("8c1f0e2".into()),
        base_tree: "5d01".into(),
        repository: "/home/dana/parser".into(),
        task: "the parser drops the last line".into(),
        inputs: Payload::Inline(serde_json::json!({})),
        admission: Payload::Inline(serde_json::json!({"files": ["src/**"]})),
        sandbox: "full".into(),
        runtime_version: "0.1.0".into(),
        model: None,
        parts: Vec::new(),
        setup: None,
        forked: None,
    }
}

fn new_run(n: u64) -> NewRun {
    NewRun::of(run_id(n), Timestamp(n), &started())
}

/// A batch of `count` chained records after `head`; their bytes tell `mark`.
fn batch(run: RunId, head: Option<Head>, count: u64, mark: &str) -> Batch {
    let (mut seq, mut hash) = head.map_or((Seq(0), Hash::ZERO), |head| (head.seq, head.hash));
    let records = (0..count).map(|_| {
        seq = seq.next();
        let bytes = format!("{{\"mark\":\"{mark}\",\"seq\":{seq}}}").into_bytes();
        hash = Hash::of_record(&hash, run, seq, &bytes);
        StoredRecord { seq, hash, bytes }
    });
    Batch {
        records: records.collect(),
        ..Batch::default()
    }
}

/// Makes run `n` with one record.
fn create(store: &dyn Store, n: u64) -> (Lease, Head) {
    let run = new_run(n);
    let first = batch(run.run, None, 1, "first");
    let lease = store.create(&run, first).expect("a new run is created");
    let head = store.head(run.run).expect("a new run has a head");
    assert_eq!((lease.run(), lease.epoch(), head.seq), (run.run, 1, Seq(1)));
    (lease, head)
}

/// Claims a run and goes on with it from its last checkpoint.
#[cfg(test)]
pub(crate) fn resumed(
    store: &std::sync::Arc<dyn Store>,
    clock: std::sync::Arc<dyn Clock>,
    run: RunId,
    claim: Claim,
    runtime_version: &str,
) -> Journal {
    let journal = Journal::claim(std::sync::Arc::clone(store), clock, run, claim).unwrap();
    let checkpoint = store.summary(run).unwrap().checkpoint;
    let runtime_version = runtime_version.to_owned();
    let how = Resumption {
        runtime_version,
        checkpoint,
        ..Resumption::default()
    };
    journal.resume(how).unwrap();
    journal
}
