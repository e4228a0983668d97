//! What counts, against a model that keeps all records in memory.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use crate::conformance::{run_id, started};
use crate::{
    Body, Claim, Decision, Effect, Effective, InDoubt, Journal, Level, Moved, Parked, Payload,
    Record, Records, Resumption, Seq, SqliteStore, Standing, Store, SystemClock,
};

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    journal: Option<Journal>,
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(folder.path().join("journal")).unwrap());
        let clock = Arc::new(SystemClock);
        let journal = Journal::begin(Arc::clone(&store), clock, run_id(1), started()).unwrap();
        Self {
            store,
            journal: Some(journal),
            folder,
        }
    }

    pub(crate) fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    pub(crate) fn note(&self, body: Body) -> Seq {
        let journal = self.journal();
        journal.note_durably(None, None, 0, body).unwrap()
    }

    /// Another process takes the run up, with what it reads or with what it is told.
    pub(crate) fn crash_and_resume(&mut self, told: Option<Seq>, moved: Option<Moved>) {
        drop(self.journal.take());
        let (store, clock) = (Arc::clone(&self.store), Arc::new(SystemClock));
        let journal = Journal::claim(store, clock, run_id(1), Claim::IfFree).unwrap();
        let standing = self.standing();
        let how = Resumption {
            runtime_version: "0.2.0".into(),
            checkpoint: standing.checkpoint,
            void_after: Some(told.unwrap_or(standing.mark)),
            in_doubt: standing.in_doubt,
            moved,
        };
        journal.resume(how).unwrap();
        self.journal = Some(journal);
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing::of(&*self.store, run_id(1)).unwrap()
    }

    pub(crate) fn all(&self) -> Vec<Record> {
        let all = Records::all(&*self.store, run_id(1)).unwrap();
        all.map(Result::unwrap).collect()
    }

    fn effective(&self) -> Vec<Record> {
        let counts = Effective::of(&*self.store, run_id(1)).unwrap();
        counts.map(Result::unwrap).collect()
    }

    fn places(&self) -> Vec<u64> {
        self.effective().iter().map(|record| record.seq.0).collect()
    }
}

pub(crate) fn line(message: &str) -> Body {
    Body::Log {
        level: Level::Info,
        message: message.into(),
    }
}

pub(crate) fn intent(effect: Effect, tree: &str) -> Body {
    Body::Intent {
        call: "model.turn".into(),
        effect,
        request: Payload::Inline(json!({"ask": tree})),
        rule: "model".into(),
        policy: InDoubt::Again,
        tree: Some(tree.into()),
    }
}

pub(crate) fn result(intent: Seq) -> Body {
    Body::Result {
        intent,
        response: Payload::Inline(json!("done")),
    }
}

pub(crate) fn checkpoint(tree: &str) -> Body {
    Body::Checkpoint {
        node: "act".into(),
        visit: 1,
        label: "done".into(),
        state: Payload::Inline(json!({})),
        tree: tree.into(),
        findings: None,
        spent: None,
    }
}

fn waiting(tree: &str) -> Body {
    Body::Waiting {
        node: "approve".into(),
        visit: 1,
        tree: tree.into(),
    }
}

fn decision(node: &str) -> Decision {
    Decision {
        node: node.into(),
        approved: true,
        by: "dana".into(),
        comment: None,
        tree: "t9".into(),
        accepts: Vec::new(),
    }
}

fn moved(component: &str) -> Moved {
    Moved {
        version: "2".into(),
        component: component.into(),
        admission: Payload::Inline(json!({})),
        setup: None,
    }
}

#[test]
fn a_run_that_was_never_resumed_counts_in_full() {
    let world = World::new();
    for _ in 0..150 {
        world.note(line("x"));
    }
    assert_eq!(world.effective(), world.all());
}

#[test]
fn what_a_resume_does_again_is_void() {
    let mut world = World::new();
    world.note(checkpoint("t1"));
    world.note(line("void"));
    world.crash_and_resume(None, None);
    world.note(line("again"));
    assert_eq!(world.places(), [1, 2, 5]);
    world.crash_and_resume(None, None);
    assert_eq!(world.places(), [1, 2], "the resume before is void too");
    world.note(checkpoint("t2"));
    assert_eq!(world.places(), [1, 2, 7]);
}

#[test]
fn the_first_record_is_never_void() {
    let mut world = World::new();
    world.note(line("void"));
    world.crash_and_resume(Some(Seq(0)), None);
    assert_eq!(world.places(), [1]);
}

#[test]
fn a_resume_that_voids_what_comes_after_itself_voids_nothing() {
    let mut world = World::new();
    world.note(line("x"));
    world.crash_and_resume(Some(Seq(u64::MAX)), None);
    world.note(line("y"));
    assert_eq!(world.places(), [1, 2, 4]);
}

#[test]
fn a_fork_sees_what_counted_then() {
    let mut world = World::new();
    let fork = world.note(checkpoint("t1"));
    world.note(checkpoint("t2"));
    world.crash_and_resume(Some(Seq(1)), None);
    assert_eq!(world.places(), [1]);
    let then = Effective::until(&*world.store, run_id(1), fork).unwrap();
    let then: Vec<_> = then.map(|record| record.unwrap().seq.0).collect();
    assert_eq!(then, [1, 2]);
}

#[test]
fn a_move_outlives_the_resume_that_made_it() {
    let mut world = World::new();
    world.note(checkpoint("t1"));
    world.crash_and_resume(None, Some(moved("sha256:2")));
    world.note(line("void"));
    world.crash_and_resume(None, None);
    assert_eq!(world.places(), [1, 2, 3]);
    assert_eq!(world.standing().component.as_deref(), Some("sha256:2"));
    world.crash_and_resume(None, Some(moved("sha256:3")));
    assert_eq!(world.standing().component.as_deref(), Some("sha256:3"));
}

#[test]
fn a_run_without_a_checkpoint_stands_at_its_beginning() {
    let world = World::new();
    world.note(line("x"));
    let standing = world.standing();
    assert_eq!((standing.mark, standing.checkpoint), (Seq(1), None));
    assert_eq!((standing.tree, standing.in_doubt), (None, None));
}

#[test]
fn the_mark_is_the_last_external_effect_after_the_checkpoint() {
    let world = World::new();
    let before = world.note(intent(Effect::External, "t0"));
    world.note(result(before));
    let at = world.note(checkpoint("t1"));
    let stands = |mark, tree: &str, in_doubt| {
        let standing = world.standing();
        assert_eq!(standing.checkpoint, Some(at));
        assert_eq!((standing.mark, standing.in_doubt), (mark, in_doubt));
        assert_eq!(standing.tree.as_deref(), Some(tree));
    };
    stands(at, "t1", None);
    let local = world.note(intent(Effect::Local, "t7"));
    stands(at, "t1", None);
    let turn = world.note(intent(Effect::External, "t2"));
    stands(turn, "t2", Some(turn));
    world.note(line("meanwhile"));
    let answer = world.note(result(turn));
    world.note(result(local));
    stands(answer, "t2", None);
}

#[test]
fn an_intent_in_doubt_may_be_settled_after_the_resume() {
    let mut world = World::new();
    world.note(checkpoint("t1"));
    let turn = world.note(intent(Effect::External, "t2"));
    world.note(line("void"));
    world.crash_and_resume(None, None);
    assert_eq!(world.standing().in_doubt, Some(turn));
    let answer = world.note(result(turn));
    assert_eq!(world.places(), [1, 2, 3, 6]);
    let standing = world.standing();
    assert_eq!((standing.mark, standing.in_doubt), (answer, None));
}

#[test]
fn a_wait_and_its_decision_outlive_a_crash() {
    let mut world = World::new();
    world.note(checkpoint("t9"));
    let seq = world.note(waiting("t9"));
    world.crash_and_resume(None, None);
    let parked = Parked {
        seq,
        node: "approve".into(),
        visit: 1,
        tree: "t9".into(),
        decision: None,
    };
    assert_eq!(world.standing().parked, Some(parked.clone()));
    world.note(Body::Decided(decision("another")));
    assert_eq!(world.standing().parked, Some(parked.clone()));
    let decided = world.note(Body::Decided(decision("approve")));
    world.note(line("void"));
    world.crash_and_resume(None, None);
    let standing = world.standing();
    assert_eq!(standing.mark, decided);
    let decision = Some(decision("approve"));
    assert_eq!(standing.parked, Some(Parked { decision, ..parked }));
    world.note(checkpoint("t9"));
    assert_eq!(world.standing().parked, None);
}

#[test]
fn a_resume_that_the_head_does_not_know_of_is_an_error() {
    let mut world = World::new();
    world.note(checkpoint("t1"));
    world.note(line("void"));
    world.crash_and_resume(None, None);
    drop(world.journal.take());
    let file = world.folder.path().join("journal/journal.sqlite");
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute("UPDATE heads SET epoch = 1", []).unwrap();
    let found: Result<Vec<_>, _> = Effective::of(&*world.store, run_id(1)).unwrap().collect();
    let why = found.unwrap_err().to_string();
    assert!(why.contains("never taken up again"), "{why}");
}

#[derive(Clone, Debug)]
enum Step {
    Line,
    Intent(bool),
    Result,
    Checkpoint(u8),
    Waiting,
    Stopped,
    Resume(Option<u8>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let told = proptest::option::weighted(0.3, any::<u8>());
    prop_oneof![
        4 => Just(Step::Line),
        3 => any::<bool>().prop_map(Step::Intent),
        3 => Just(Step::Result),
        2 => any::<u8>().prop_map(Step::Checkpoint),
        1 => Just(Step::Waiting),
        1 => Just(Step::Stopped),
        3 => (told, any::<bool>()).prop_map(|(told, moves)| Step::Resume(told, moves)),
    ]
}

fn take(world: &mut World, step: &Step) {
    let body = match step {
        Step::Line => line("x"),
        Step::Intent(true) => intent(Effect::External, "t"),
        Step::Intent(false) => intent(Effect::Local, "t"),
        Step::Result => match world.standing().in_doubt {
            Some(intent) => result(intent),
            None => return,
        },
        Step::Checkpoint(tree) => checkpoint(&format!("t{tree}")),
        Step::Waiting => waiting("t"),
        Step::Stopped => Body::Stopped {
            reason: "ctrl-c".into(),
        },
        Step::Resume(told, moves) => {
            let told = told.map(|told| Seq(u64::from(told) % 40));
            return world.crash_and_resume(told, moves.then(|| moved("sha256:2")));
        }
    };
    world.note(body);
}

/// What counts, by the definition and nothing else.
fn model(all: &[Record]) -> Vec<Record> {
    let void = |record: &Record| {
        all.iter().any(|later| match later.body {
            Body::Resumed {
                void_after: Some(after),
                ..
            } => record.seq > after && record.seq < later.seq && record.seq > Seq(1),
            _ => false,
        })
    };
    let counts = |record: &&Record| match &record.body {
        Body::Resumed { moved, .. } => moved.is_some(),
        Body::Stopped { .. } => false,
        _ => !void(record),
    };
    all.iter().filter(counts).cloned().collect()
}

/// The mark by the definition, over what the model says counts.
fn model_mark(counts: &[Record]) -> Seq {
    let is_checkpoint = |record: &&Record| matches!(record.body, Body::Checkpoint { .. });
    let checkpoint = counts.iter().rfind(is_checkpoint);
    let checkpoint = checkpoint.map_or(Seq(1), |record| record.seq);
    let after = || counts.iter().filter(|record| record.seq > checkpoint);
    let external = |seq: Seq| {
        after().any(|record| {
            let is =
                matches!(&record.body, Body::Intent { effect, .. } if *effect == Effect::External);
            is && record.seq == seq
        })
    };
    let marks = |record: &&Record| match &record.body {
        Body::Intent { .. } => external(record.seq),
        Body::Result { intent, .. } => external(*intent),
        Body::Waiting { .. } | Body::Decided(_) => true,
        _ => false,
    };
    after()
        .filter(marks)
        .map(|record| record.seq)
        .next_back()
        .unwrap_or(checkpoint)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn what_counts_is_what_the_definition_says(steps in vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            take(&mut world, step);
        }
        let expected = model(&world.all());
        prop_assert_eq!(world.effective(), expected.clone());
        prop_assert_eq!(world.standing().mark, model_mark(&expected));
    }
}
