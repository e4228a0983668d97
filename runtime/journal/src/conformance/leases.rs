//! G3: leases and their epochs.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use super::{batch, create};
use crate::{
    AppendError, Claim, ClaimError, Ending, Head, Lease, Outcome, Pause, RunFilter, RunState,
    Store, Timestamp,
};

fn state(store: &dyn Store, lease: &Lease) -> RunState {
    store.summary(lease.run()).expect("a run is listed").state
}

fn append(store: &dyn Store, lease: &Lease, head: Head) -> Result<Head, AppendError> {
    store.append(lease, head, batch(lease.run(), Some(head), 1, "x"))
}

pub(super) fn a_held_run_cannot_be_claimed<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, _) = create(&store, 1);
    for store in [&store, &other] {
        let refused = store
            .claim(lease.run(), Claim::IfFree)
            .expect_err("the run is held");
        assert!(matches!(refused, ClaimError::Held { .. }), "{refused}");
        assert_eq!(state(store, &lease), RunState::Running);
    }
}

pub(super) fn a_dropped_lease_frees_the_run<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, head) = create(&store, 1);
    let (run, clone) = (lease.run(), lease.clone());
    drop(lease);
    assert_eq!(
        state(&other, &clone),
        RunState::Running,
        "a clone still holds it"
    );
    drop(clone);
    let second = other.claim(run, Claim::IfFree).expect("the run is free");
    assert_eq!(
        (second.epoch(), state(&store, &second)),
        (2, RunState::Running)
    );
    append(&other, &second, head).expect("the new holder writes");
    drop(second);
    assert_eq!(
        store.summary(run).expect("is listed").state,
        RunState::Interrupted
    );
    assert_eq!(
        store
            .claim(run, Claim::IfFree)
            .expect("the run is free")
            .epoch(),
        3
    );
}

pub(super) fn a_taken_over_writer_is_fenced<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (old, head) = create(&store, 1);
    let new = other
        .claim(old.run(), Claim::TakeOver)
        .expect("a take-over succeeds");
    match append(&store, &old, head) {
        Err(AppendError::Fenced {
            held: 1,
            current: 2,
            ..
        }) => {}
        other => panic!("the old writer must be fenced, got {other:?}"),
    }
    append(&other, &new, head).expect("the new holder writes");
    drop(old);
    let refused = store
        .claim(new.run(), Claim::IfFree)
        .expect_err("the new holder lives");
    assert!(matches!(refused, ClaimError::Held { .. }), "{refused}");
}

pub(super) fn an_ended_run_takes_no_batch_and_no_claim(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let ending = Ending {
        outcome: Outcome::Escalated,
        reason: Some("after 2 of 2 rounds".into()),
        branch: Some("minion/x".into()),
        tree: None,
        totals: BTreeMap::from([("turns".into(), 6)]),
    };
    let mut last = batch(lease.run(), Some(head), 1, "end");
    last.ending = Some((Timestamp(9), ending.clone()));
    let head = store.append(&lease, head, last).expect("the end is taken");
    let summary = store.summary(lease.run()).expect("is listed");
    assert_eq!((summary.state, summary.head), (RunState::Ended, head));
    assert_eq!(
        (summary.ended, summary.ending),
        (Some(Timestamp(9)), Some(ending))
    );
    assert!(matches!(
        append(store, &lease, head),
        Err(AppendError::Ended(_))
    ));
    for claim in [Claim::IfFree, Claim::TakeOver] {
        assert!(matches!(
            store.claim(lease.run(), claim),
            Err(ClaimError::Ended(_))
        ));
    }
}

pub(super) fn of_many_claims_at_once_one_wins<S: Store>(open: impl Fn() -> S) {
    let (lease, _) = create(&open(), 1);
    let run = lease.run();
    drop(lease);
    let stores = [open(), open(), open(), open()];
    let together = Barrier::new(stores.len());
    let claim = &|store: &S| {
        together.wait();
        store.claim(run, Claim::IfFree)
    };
    let claims: Vec<_> = thread::scope(|scope| {
        let start = |store| scope.spawn(move || claim(store));
        let threads: Vec<_> = stores.iter().map(start).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    let won = claims.iter().filter(|claim| claim.is_ok()).count();
    assert_eq!(won, 1, "{claims:?}");
}

pub(super) fn the_holder_is_told_while_it_holds<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, _) = create(&store, 1);
    let run = lease.run();
    let told = |store: &S| store.summary(run).expect("is listed").holder;
    let holder = told(&other).expect("somebody holds it");
    assert_eq!(holder.process, std::process::id());
    assert!(holder.lives(), "{holder:?}");
    match other.claim(run, Claim::IfFree) {
        Err(ClaimError::Held { holder: named, .. }) => assert_eq!(named, holder.to_string()),
        other => panic!("the run is held, got {other:?}"),
    }
    drop(lease);
    assert_eq!(told(&other), None);
    let again = other.claim(run, Claim::IfFree).expect("the run is free");
    let later = told(&store).expect("somebody holds it");
    assert!(later.since >= holder.since);
    drop(again);
}

pub(super) fn a_pause_stands_until_something_is_appended<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (mut lease, mut head) = create(&store, 1);
    let run = lease.run();
    let state = || other.summary(run).expect("is listed").state;
    for (pause, left) in [
        (Some(Pause::Waiting), RunState::Waiting),
        (Some(Pause::Decided), RunState::Decided),
        (Some(Pause::Stopped), RunState::Stopped),
        (None, RunState::Interrupted),
    ] {
        let mut last = batch(run, Some(head), 1, "last");
        last.pause = pause;
        head = store.append(&lease, head, last).expect("is taken");
        assert_eq!(state(), RunState::Running);
        drop(lease);
        assert_eq!(state(), left);
        let some = |state| RunFilter {
            state: Some(state),
            ..RunFilter::default()
        };
        assert_eq!(other.runs(&some(left)).expect("lists").len(), 1);
        lease = other.claim(run, Claim::IfFree).expect("the run is free");
        assert_eq!(state(), RunState::Running);
        drop(lease);
        assert_eq!(state(), left, "a claim alone changes nothing");
        lease = other.claim(run, Claim::IfFree).expect("the run is free");
    }
}
