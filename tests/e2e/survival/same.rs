//! Whether a run that was killed and resumed is the one that nobody disturbed.

use super::stage::{Stage, id, outcome};
use crate::world::Ran;
use minion_journal::{Body, Effective, Hash, Outcome, Record, Records, RunDigest, Store, load};
use std::sync::Arc;

/// What the journal tells of a run's turns.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Intents of turns that count.
    pub(super) turns: u64,
    /// Resumes that found a turn without its result.
    pub(super) in_doubt: u64,
    /// All resumes.
    pub(super) resumes: u64,
}

impl Stage {
    /// Outcome, tree, branch, effects, replay and chain of a run whose model was asked under
    /// `name` are those of the undisturbed one.
    #[track_caller]
    pub(super) fn same(&self, run: &str, name: &str, ran: &Ran, what: &str) -> Told {
        let store = self.store();
        let ending = store.summary(id(run)).unwrap().ending;
        let ending = ending.unwrap_or_else(|| panic!("{what}: not ended\n{}", ran.all()));
        let like = &self.like;
        assert_eq!(ending.outcome, Outcome::Delivered, "{what}: {}", ran.all());
        assert_eq!(ending.tree.as_deref(), like["tree"].as_str(), "{what}");
        if ran.code == 0 {
            let now = outcome(ran);
            for fact in ["outcome", "tree", "changes", "evidence", "denied", "base"] {
                assert_eq!(now[fact], like[fact], "{what}: {fact}");
            }
            for spent in ["turns", "tool-calls", "commands", "denied", "input-tokens"] {
                assert_eq!(now["spent"][spent], like["spent"][spent], "{what}: {spent}");
            }
        }
        self.one_branch(run, what);
        let told = self.effects(run, name, what);
        self.replays(run, what);
        told
    }

    #[track_caller]
    fn one_branch(&self, run: &str, what: &str) {
        let branches = self.branches(run);
        assert_eq!(branches, [format!("minion/{}", id(run).short())], "{what}");
        let tree = format!("{}^{{tree}}", branches[0]);
        let tree = self.world.git(&self.repository, &["rev-parse", &tree]);
        assert_eq!(Some(tree.trim()), self.like["tree"].as_str(), "{what}");
        let commits = format!("main..{}", branches[0]);
        let count = self
            .world
            .git(&self.repository, &["rev-list", "--count", &commits]);
        assert_eq!(count.trim(), "1", "{what}");
    }

    /// The model was asked as often as the journal says it may have been.
    #[track_caller]
    fn effects(&self, run: &str, name: &str, what: &str) -> Told {
        let told = self.told(run);
        let (asked, turns) = (
            self.model.asked(name),
            self.like["spent"]["turns"].as_u64().unwrap(),
        );
        assert_eq!(told.turns, turns, "{what}: {told:?}");
        assert!(
            asked >= turns && asked <= turns + told.in_doubt,
            "{what}: asked {asked}, {told:?}"
        );
        let branches = self.effective(run).into_iter().filter(
            |record| matches!(&record.body, Body::Intent { call, .. } if call == "delivery.branch"),
        );
        assert_eq!(branches.count(), 1, "{what}");
        told
    }

    pub(super) fn effective(&self, run: &str) -> Vec<Record> {
        let store: Arc<dyn Store> = Arc::new(self.store());
        let records = Effective::of(store, id(run)).unwrap();
        records.collect::<Result<_, _>>().unwrap()
    }

    fn told(&self, run: &str) -> Told {
        let store = self.store();
        let mut told = Told::default();
        let mut turns = Vec::new();
        for record in Records::all(&store, id(run)).unwrap() {
            let record = record.unwrap();
            match record.body {
                Body::Intent { call, .. } if call == "model.turn" => turns.push(record.seq),
                Body::Resumed { in_doubt, .. } => {
                    told.resumes += 1;
                    told.in_doubt += u64::from(in_doubt.is_some_and(|seq| turns.contains(&seq)));
                }
                _ => {}
            }
        }
        let counted = self.effective(run).into_iter().filter(
            |record| matches!(&record.body, Body::Intent { call, .. } if call == "model.turn"),
        );
        told.turns = counted.count() as u64;
        told
    }

    /// The replay is the undisturbed run's, and the chain holds.
    #[track_caller]
    pub(super) fn replays(&self, run: &str, what: &str) {
        let ran = self.world.minion(&["replay", run, "--json"]);
        assert_eq!(ran.code, 0, "{what}: {}", ran.all());
        let now = outcome(&ran);
        for fact in ["visits", "outcome"] {
            assert_eq!(now[fact], self.again[fact], "{what}: {fact}");
        }
        assert_eq!(self.seen(run), self.seen(self.like_run()), "{what}");
        let shown = self.world.minion(&["runs", "show", run]);
        assert!(
            shown.code == 0 && shown.stdout.contains("sound"),
            "{what}: {}",
            shown.all()
        );
    }

    /// The run digest without the hand-over, whose branch bears the run's own id: what the
    /// guests saw and did.
    fn seen(&self, run: &str) -> Hash {
        let store = self.store();
        let (mut digest, mut left_out) = (RunDigest::new(), None);
        for record in self.effective(run) {
            let handed = match &record.body {
                Body::Intent { call, .. } => call == "delivery.branch",
                Body::Result { intent, .. } => left_out == Some(*intent),
                _ => false,
            };
            if handed {
                left_out = Some(record.seq);
            } else {
                let taken = digest.record(&record, &mut |payload| load(&store, payload));
                taken.unwrap();
            }
        }
        digest.finish()
    }
}
