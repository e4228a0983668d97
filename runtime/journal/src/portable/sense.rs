//! What a record may say that a stranger made up: whole and well chained it may still be
//! nonsense, on which nobody here should have to count.

use crate::{Body, Record, Seq, Timestamp};

/// The largest number that is taken. No run comes near, and what is counted on from there does
/// not overflow: 2⁵³, which is also where JSON's own numbers end.
const MOST: u64 = 1 << 53;

/// Whether what the record says of places, times and numbers can be; `latest` is the latest time.
pub(super) fn check(record: &Record, latest: Timestamp) -> Result<(), &'static str> {
    if record.at > latest {
        return Err("it is of a time that has not come yet");
    }
    if places(record).any(|place| place < Seq::FIRST || place >= record.seq) {
        return Err("it names a record that does not stand before it");
    }
    if numbers(record).any(|number| number > MOST) {
        return Err("it has a number that no run comes to");
    }
    Ok(())
}

/// Every record that it names.
fn places(record: &Record) -> impl Iterator<Item = Seq> {
    let named = match &record.body {
        Body::Resumed {
            checkpoint,
            void_after,
            in_doubt,
            ..
        } => [*checkpoint, *void_after, *in_doubt],
        Body::Result { intent, .. } => [Some(*intent), None, None],
        _ => [None; 3],
    };
    record.parent.into_iter().chain(named.into_iter().flatten())
}

/// Every number that is counted on with.
fn numbers(record: &Record) -> impl Iterator<Item = u64> {
    let own = match &record.body {
        Body::Resumed { epoch, .. } => Some(*epoch),
        Body::VisitStarted { visit, .. }
        | Body::Checkpoint { visit, .. }
        | Body::Waiting { visit, .. } => Some(*visit),
        _ => None,
    };
    let totals = match &record.body {
        Body::Ended(ending) => Some(ending.totals.values().copied()),
        _ => None,
    };
    let all = [Some(record.micros), record.visit, own];
    all.into_iter()
        .flatten()
        .chain(totals.into_iter().flatten())
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ending, Hash, Outcome, Payload, RunId, Totals};
    use serde_json::json;

    const LATEST: Timestamp = Timestamp(1_000);

    fn record(body: Body) -> Record {
        Record {
            run: RunId::from_bits(1),
            seq: Seq(7),
            visit: Some(1),
            parent: None,
            at: Timestamp(1_000),
            micros: 5,
            body,
            prev: Hash::ZERO,
            hash: Hash::ZERO,
        }
    }

    fn resumed(places: [Option<u64>; 3], epoch: u64) -> Body {
        let [checkpoint, void_after, in_doubt] = places.map(|place| place.map(Seq));
        Body::Resumed {
            epoch,
            runtime_version: "0.1.0".into(),
            checkpoint,
            void_after,
            in_doubt,
            moved: None,
        }
    }

    fn stopped() -> Body {
        Body::Stopped { reason: "r".into() }
    }

    fn is_taken(record: &Record) -> bool {
        check(record, LATEST).is_ok()
    }

    #[test]
    fn a_record_names_none_that_does_not_stand_before_it() {
        assert!(is_taken(&record(resumed([Some(1), Some(6), None], 2))));
        for wrong in [0, 7, 8, u64::MAX] {
            for at in 0..3 {
                let mut places = [None; 3];
                places[at] = Some(wrong);
                assert!(!is_taken(&record(resumed(places, 2))), "{wrong} at {at}");
            }
            let result = Body::Result {
                intent: Seq(wrong),
                response: Payload::Inline(json!(null)),
            };
            assert!(!is_taken(&record(result)), "{wrong}");
            let mut inside = record(stopped());
            inside.parent = Some(Seq(wrong));
            assert!(!is_taken(&inside), "{wrong}");
        }
    }

    #[test]
    fn no_number_is_larger_than_any_run_comes_to() {
        for (number, taken) in [(MOST, true), (MOST + 1, false), (u64::MAX, false)] {
            let mut long = record(stopped());
            long.micros = number;
            assert_eq!(is_taken(&long), taken);
            let mut late = record(stopped());
            late.visit = Some(number);
            assert_eq!(is_taken(&late), taken);
            assert_eq!(is_taken(&record(resumed([None; 3], number))), taken);
            let begun = Body::VisitStarted {
                node: "n".into(),
                visit: number,
                tree: "t".into(),
            };
            assert_eq!(is_taken(&record(begun)), taken);
            let ended = Body::Ended(Ending {
                outcome: Outcome::Failed,
                reason: None,
                branch: None,
                tree: None,
                totals: Totals::from([("turns".into(), number)]),
            });
            assert_eq!(is_taken(&record(ended)), taken);
        }
    }

    #[test]
    fn what_has_not_come_yet_was_not_recorded_and_a_clock_set_back_is_fine() {
        for (at, taken) in [(0, true), (1_000, true), (1_001, false), (u64::MAX, false)] {
            let mut record = record(stopped());
            record.at = Timestamp(at);
            assert_eq!(is_taken(&record), taken, "{at}");
        }
    }
}
