//! The list of runs, and finding one in it.

use super::{batch, create, new_run, run_id};
use crate::{
    AppendError, Claim, ClaimError, Ending, LookupError, Outcome, RunFilter, RunState, Seq, Store,
    StoreError, Timestamp, Totals, resolve,
};

pub(super) fn a_run_exists_once(store: &dyn Store) {
    let (_lease, head) = create(store, 1);
    let run = new_run(1);
    let again = store.create(&run, batch(run.run, None, 2, "again"));
    assert!(
        matches!(again, Err(AppendError::Exists(found)) if found == run.run),
        "{again:?}"
    );
    assert_eq!(store.head(run.run).expect("there is a head"), head);
    assert_eq!(
        store.summary(run.run).expect("is listed").state,
        RunState::Running
    );
}

pub(super) fn unknown_runs_are_named(store: &dyn Store) {
    let run = run_id(404);
    let named = |error| matches!(error, StoreError::NoRun(found) if found == run);
    assert!(named(store.head(run).expect_err("there is no such run")));
    assert!(named(
        store
            .read(run, Seq(1), 1)
            .expect_err("there is no such run")
    ));
    assert!(named(store.summary(run).expect_err("there is no such run")));
    match store.claim(run, Claim::IfFree) {
        Err(ClaimError::Store(error)) => assert!(named(error)),
        other => panic!("there is no such run, got {other:?}"),
    }
}

pub(super) fn the_list_is_filtered_and_begins_with_the_youngest(store: &dyn Store) {
    let (running, _) = create(store, 1);
    let (interrupted, _) = create(store, 2);
    drop(interrupted);
    let (ended, head) = create(store, 3);
    let mut last = batch(ended.run(), Some(head), 1, "end");
    let (outcome, totals) = (Outcome::Delivered, Totals::new());
    let ending = Ending {
        outcome,
        reason: None,
        branch: None,
        tree: None,
        totals,
    };
    last.ending = Some((Timestamp(9), ending));
    store.append(&ended, head, last).expect("is taken");
    let listed = |filter: RunFilter| -> Vec<_> {
        let runs = store.runs(&filter).expect("runs are listed");
        runs.into_iter().map(|summary| summary.begun.run).collect()
    };
    let some = RunFilter::default;
    assert_eq!(listed(some()), [run_id(3), run_id(2), run_id(1)]);
    assert_eq!(
        listed(RunFilter {
            limit: Some(2),
            ..some()
        }),
        [run_id(3), run_id(2)]
    );
    for (state, n) in [
        (RunState::Ended, 3),
        (RunState::Interrupted, 2),
        (RunState::Running, 1),
    ] {
        assert_eq!(
            listed(RunFilter {
                state: Some(state),
                ..some()
            }),
            [run_id(n)]
        );
    }
    let blueprint = |name: &str| RunFilter {
        blueprint: Some(name.into()),
        ..some()
    };
    assert_eq!(listed(blueprint("acme/fix-bug")).len(), 3);
    assert!(listed(blueprint("acme/fix")).is_empty());
    assert!(
        listed(RunFilter {
            repository: Some("/elsewhere".into()),
            ..some()
        })
        .is_empty()
    );
    let summary = store.summary(running.run()).expect("is listed");
    assert_eq!((summary.begun, summary.epoch), (new_run(1), 1));
}

pub(super) fn fragments_find_beginnings_and_ends(store: &dyn Store) {
    let (one, other) = (run_id(1), run_id(5_000_000));
    for n in [1, 5_000_000] {
        create(store, n);
    }
    assert_eq!(
        resolve(store, &one.to_string()).expect("by its whole id"),
        one
    );
    assert_eq!(
        resolve(store, &other.short().to_lowercase()).expect("by its end"),
        other
    );
    assert_eq!(
        resolve(store, &one.to_string()[..9]).expect("by its beginning"),
        one
    );
    match resolve(store, &one.to_string()[..4]) {
        Err(LookupError::Ambiguous { candidates, .. }) => assert_eq!(candidates, [other, one]),
        found => panic!("both begin so, got {found:?}"),
    }
    assert!(matches!(resolve(store, "ZZZZ"), Err(LookupError::None(_))));
    assert!(matches!(
        resolve(store, "%%%%"),
        Err(LookupError::NotAnId(_))
    ));
}

pub(super) fn the_last_checkpoint_is_remembered(store: &dyn Store) {
    let (lease, mut head) = create(store, 1);
    let checkpoint = || store.summary(lease.run()).expect("is listed").checkpoint;
    assert_eq!(checkpoint(), None);
    for (marked, expected) in [
        (Some(Seq(3)), Seq(3)),
        (None, Seq(3)),
        (Some(Seq(6)), Seq(6)),
    ] {
        let mut next = batch(lease.run(), Some(head), 2, "x");
        next.checkpoint = marked;
        head = store.append(&lease, head, next).expect("is taken");
        assert_eq!(checkpoint(), Some(expected));
    }
}
