//! How long a run was at it, read from the records that count: what earlier processes took,
//! without the time in which nobody had it.

use minion_journal::{Body, Record, Seq, Timestamp};
use std::time::Duration;

/// Time that passed from record to record.
#[derive(Debug, Default)]
pub(super) struct Elapsed {
    last: Option<(Seq, Timestamp)>,
    all: Duration,
}

impl Elapsed {
    /// Adds the time since the record before. Where others lie between, the run was taken up
    /// again, and a decision is written by a human: in both cases nobody had it meanwhile. A
    /// clock that was set back adds nothing.
    pub(super) fn pass(&mut self, record: &Record) {
        let last = self.last.replace((record.seq, record.at));
        if let Some((seq, at)) = last
            && record.seq == seq.next()
            && !matches!(record.body, Body::Decided(_))
        {
            self.all += Duration::from_micros(record.at.micros_since(at));
        }
    }

    /// All of it so far.
    pub(super) fn all(&self) -> Duration {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minion_journal::{Decision, Hash, RunId};

    fn at(seq: u64, micros: u64, body: Body) -> Record {
        Record {
            run: RunId::from_bits(1),
            seq: Seq(seq),
            visit: None,
            parent: None,
            at: Timestamp(micros),
            micros: 0,
            prev: Hash::ZERO,
            hash: Hash::ZERO,
            body,
        }
    }

    fn started() -> Body {
        Body::VisitStarted {
            node: "a".to_owned(),
            visit: 1,
            tree: "t".to_owned(),
        }
    }

    #[test]
    fn time_counts_while_somebody_has_the_run() {
        let decided = Body::Decided(Decision {
            node: "a".to_owned(),
            approved: true,
            by: "ada".to_owned(),
            comment: None,
            tree: "t".to_owned(),
            accepts: Vec::new(),
        });
        let mut elapsed = Elapsed::default();
        for record in [
            at(1, 1_000, started()),
            at(2, 1_600, started()),
            at(3, 900_000, decided),
            // A stop and a resume lie between.
            at(6, 7_000_000, started()),
            at(7, 7_000_030, started()),
            at(8, 6_000_000, started()),
            at(9, 6_000_005, started()),
        ] {
            elapsed.pass(&record);
        }
        assert_eq!(elapsed.all(), Duration::from_micros(600 + 30 + 5));
    }
}
