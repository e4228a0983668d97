//! How long a run was at it, read from its records: what earlier processes took, without the
//! time in which nobody had it.

use minion_journal::{Body, Record, Timestamp};
use std::time::Duration;

/// Time that passed from record to record.
#[derive(Debug, Default)]
pub(super) struct Elapsed {
    last: Option<Timestamp>,
    all: Duration,
}

impl Elapsed {
    /// Adds the time since the record before, unless the run stood still meanwhile: these are
    /// written when somebody comes to a run that nobody had. A clock that was set back adds
    /// nothing.
    pub(super) fn pass(&mut self, record: &Record) {
        let stood = matches!(
            record.body,
            Body::Resumed { .. } | Body::Decided(_) | Body::Stopped { .. }
        );
        if let Some(last) = self.last.replace(record.at)
            && !stood
        {
            let took = Duration::from_micros(record.at.micros_since(last));
            self.all = self.all.saturating_add(took);
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
    use minion_journal::{Hash, RunId, Seq};

    fn at(micros: u64, body: Body) -> Record {
        Record {
            run: RunId::from_bits(1),
            seq: Seq(1),
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
        let stopped = Body::Stopped {
            reason: "asked".to_owned(),
        };
        let resumed = Body::Resumed {
            epoch: 2,
            runtime_version: "0".to_owned(),
            checkpoint: None,
            void_after: None,
            in_doubt: None,
            moved: None,
        };
        let mut elapsed = Elapsed::default();
        for record in [
            at(1_000, started()),
            at(1_600, started()),
            at(900_000, stopped),
            at(7_000_000, resumed),
            at(7_000_030, started()),
            at(6_000_000, started()),
            at(6_000_005, started()),
        ] {
            elapsed.pass(&record);
        }
        assert_eq!(elapsed.all(), Duration::from_micros(600 + 30 + 5));
    }
}
