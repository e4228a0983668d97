//! G9: signals.

use serde_json::json;

use super::{batch, create, new_run, run_id};
use crate::{Ending, Outcome, Signal, SignalError, Store, StoreError, Timestamp, Totals};

fn signal(name: &str, dedupe: Option<&str>) -> Signal {
    Signal {
        name: name.into(),
        body: json!({"by": "dana", "é": [1, null]}),
        dedupe: dedupe.map(Into::into),
    }
}

pub(super) fn signals_come_in_order_without_a_lease<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, _) = create(&store, 1);
    let run = lease.run();
    let (wake, cancel) = (signal("wake", None), signal("cancel", Some("c-1")));
    assert_eq!(other.signal(run, &wake).expect("is taken"), 1);
    assert_eq!(other.signal(run, &cancel).expect("is taken"), 2);
    assert_eq!(store.signal(run, &wake).expect("no id, so another"), 3);
    let (second, _) = create(&store, 2);
    let first = store.signal(second.run(), &cancel).expect("is taken");
    assert_eq!(first, 1, "each run counts its own");
    drop((store, other, lease));
    let again = open();
    let all = again.signals(run, 0).expect("signals are read");
    assert_eq!(all, [(1, wake.clone()), (2, cancel), (3, wake.clone())]);
    assert_eq!(again.signals(run, 2).expect("are read"), [(3, wake)]);
}

pub(super) fn a_signal_that_is_sent_again_is_kept_once<S: Store>(open: impl Fn() -> S) {
    let (store, other) = (open(), open());
    let (lease, _) = create(&store, 1);
    let (once, other_id) = (signal("go", Some("a")), signal("go", Some("b")));
    for store in [&store, &other, &store] {
        assert_eq!(store.signal(lease.run(), &once).expect("is taken"), 1);
    }
    assert_eq!(store.signal(lease.run(), &other_id).expect("is taken"), 2);
    let changed = signal("stop", Some("a"));
    assert_eq!(store.signal(lease.run(), &changed).expect("is known"), 1);
    let all = store.signals(lease.run(), 0).expect("signals are read");
    assert_eq!(all, [(1, once), (2, other_id)]);
}

pub(super) fn signals_that_nobody_would_hear_are_refused(store: &dyn Store) {
    let (lease, head) = create(store, 1);
    let long = signal(&"x".repeat(Signal::MAX), None);
    let refused = store.signal(lease.run(), &long);
    assert!(matches!(refused, Err(SignalError::TooLarge { .. })));
    let nobody = store.signal(run_id(404), &signal("x", None));
    assert!(matches!(
        nobody,
        Err(SignalError::Store(StoreError::NoRun(_)))
    ));
    let unknown = store.signals(run_id(404), 0);
    assert!(matches!(unknown, Err(StoreError::NoRun(_))));
    let mut last = batch(lease.run(), Some(head), 1, "end");
    let (outcome, totals) = (Outcome::Failed, Totals::new());
    let ending = Ending {
        outcome,
        reason: None,
        branch: None,
        tree: None,
        totals,
    };
    last.ending = Some((Timestamp(9), ending));
    store.append(&lease, head, last).expect("the end is taken");
    let late = store.signal(lease.run(), &signal("x", None));
    assert!(matches!(late, Err(SignalError::Ended(run)) if run == lease.run()));
    let imported = new_run(2);
    let whole = batch(imported.run, None, 2, "whole");
    store.adopt(&imported, whole).expect("is adopted");
    let unheard = store.signal(imported.run, &signal("x", None));
    assert!(matches!(unheard, Err(SignalError::Imported(_))));
}
