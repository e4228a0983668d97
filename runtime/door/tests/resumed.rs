//! A call that the journal knows is answered from there and does not happen again; what
//! differs is named; an effect in doubt is settled as its kind says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod run;

use minion_door::{
    Answer, Budget, Call, CallKind, Door, Failure, Halt, Meter, Opened, Records, calls,
};
use minion_grants::{Authority, Verdict};
use minion_journal::{
    Body, Effect, Effective, IdSource, InDoubt, Journal, Record, Seq, SqliteStore, Store,
    SystemClock, SystemIds,
};
use run::{caller, start};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

static ASK: CallKind = CallKind {
    name: "test.ask",
    effect: Effect::External,
    in_doubt: InDoubt::Ask,
};
static READ: Call<String> = call(&calls::WORKSPACE_READ);
static DELIVER: Call<String> = call(&calls::DELIVER_BRANCH);
static ASKED: Call<String> = call(&ASK);
static AGENT: Call<String> = call(&calls::AGENT_RUN);
static GATE: Call<String> = call(&calls::GATE_RUN);

const fn call(kind: &'static CallKind) -> Call<String> {
    Call {
        kind,
        read: |value| Some(value.as_str()?.to_owned()),
    }
}

fn allowed() -> Verdict {
    Verdict::Allow {
        rule: "test".to_owned(),
    }
}

/// One run's journal, and how often anything happened.
struct World {
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    done: AtomicU32,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("journal")).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let run = SystemIds.next(minion_journal::Clock::now(&SystemClock));
        let clock = Arc::new(SystemClock);
        let journal = Journal::begin(Arc::clone(&store), clock, run, start()).unwrap();
        Self {
            store,
            journal: Arc::new(journal),
            done: AtomicU32::new(0),
            _folder: folder,
        }
    }

    fn live(&self) -> Door {
        Door::new(Arc::clone(&self.journal), Meter::new(Budget::default()))
    }

    /// All that is recorded but the run's beginning, up to `last`.
    fn records(&self, last: Option<Seq>) -> Records {
        self.journal.commit().unwrap();
        let last = last.unwrap_or(self.journal.head().seq);
        let records = Effective::until(&*self.store, self.journal.run(), last).unwrap();
        let records: Vec<Record> = records.skip(1).map(Result::unwrap).collect();
        Box::new(records.into_iter().map(Ok))
    }

    fn resumed(&self, last: Option<Seq>) -> Door {
        let records = self.records(last);
        self.live()
            .resuming(records, Arc::clone(&self.store), Vec::new())
    }

    fn replayed(&self) -> Door {
        Door::replaying(self.records(None), Arc::clone(&self.store))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape of an effect")]
    fn happens(&self, answer: &str) -> Answer<String> {
        self.done.fetch_add(1, SeqCst);
        Ok((answer.to_owned(), json!(answer)))
    }

    fn read(&self, door: &Door, file: &str) -> Result<Result<String, Failure>, Halt> {
        let request = json!({ "file": file });
        door.pass(&caller(), &READ, request, |_| self.happens(file))
    }

    async fn external(
        &self,
        door: &Door,
        call: &'static Call<String>,
    ) -> Result<Result<String, Failure>, Halt> {
        let tree = || Ok("5d01".to_owned());
        let effect = |permit: minion_door::Permit| async move {
            self.happens(if permit.is_in_doubt() {
                "again"
            } else {
                "first"
            })
        };
        door.pass_external(
            &caller(),
            call,
            json!({ "to": "x" }),
            allowed(),
            tree,
            effect,
        )
        .await
    }
}

#[tokio::test]
async fn what_is_recorded_is_answered_and_does_not_happen_again() {
    let world = World::new();
    let live = world.live();
    world.read(&live, "a").unwrap().unwrap();
    world.external(&live, &DELIVER).await.unwrap().unwrap();
    let resumed = world.resumed(None);
    assert_eq!(world.read(&resumed, "a").unwrap().unwrap(), "a");
    let delivered = world.external(&resumed, &DELIVER).await.unwrap();
    assert_eq!(
        (delivered.unwrap().as_str(), world.done.load(SeqCst)),
        ("first", 2)
    );
    world.read(&resumed, "b").unwrap().unwrap();
    assert_eq!(
        world.done.load(SeqCst),
        3,
        "past the record it is live again"
    );
}

#[test]
fn a_failure_is_answered_as_it_was() {
    let world = World::new();
    let failure = Failure::NotFound("a".to_owned());
    let fails = |door: &Door| {
        let said = door.pass(&caller(), &READ, Value::Null, |_| Err(failure.clone()));
        said.unwrap().unwrap_err()
    };
    assert_eq!(fails(&world.live()), failure);
    let replayed = world.replayed();
    let said = replayed.pass(&caller(), &READ, Value::Null, |_| world.happens("x"));
    assert_eq!(said.unwrap().unwrap_err(), failure);
    assert_eq!(world.done.load(SeqCst), 0);
}

#[test]
fn another_request_is_named_with_what_was_recorded() {
    let world = World::new();
    world.read(&world.live(), "a").unwrap().unwrap();
    for door in [world.resumed(None), world.replayed()] {
        let Err(Halt::Diverged(found)) = world.read(&door, "b") else {
            panic!("it has to diverge");
        };
        assert_eq!(
            (found.node.as_str(), found.call.as_str()),
            ("act", "workspace.read")
        );
        assert!(found.expected.contains("\"a\""), "{found}");
        assert!(found.actual.contains("\"b\""), "{found}");
        assert_eq!(found.record, Some(Seq(2)));
    }
    assert_eq!(world.done.load(SeqCst), 1);
}

#[test]
fn a_replay_ends_where_the_record_does() {
    let world = World::new();
    world.read(&world.live(), "a").unwrap().unwrap();
    let door = world.replayed();
    world.read(&door, "a").unwrap().unwrap();
    assert!(matches!(world.read(&door, "b"), Err(Halt::RecordEnds)));
    assert_eq!(world.done.load(SeqCst), 1);
}

#[tokio::test]
async fn an_effect_in_doubt_is_told_so_and_gets_its_result() {
    let world = World::new();
    world
        .external(&world.live(), &DELIVER)
        .await
        .unwrap()
        .unwrap();
    // As if the process had died before the result.
    let resumed = world.resumed(Some(Seq(2)));
    let said = world.external(&resumed, &DELIVER).await.unwrap().unwrap();
    assert_eq!((said.as_str(), world.done.load(SeqCst)), ("again", 2));
    let head = world.journal.head().seq;
    let last = world.store.read(world.journal.run(), head, 1).unwrap();
    let last: Value = serde_json::from_slice(&last[0].bytes).unwrap();
    assert_eq!(last["body"]["result"]["intent"], json!(2));
}

#[tokio::test]
async fn what_only_a_human_can_settle_stops_the_run() {
    let world = World::new();
    world
        .external(&world.live(), &ASKED)
        .await
        .unwrap()
        .unwrap();
    let resumed = world.resumed(Some(Seq(2)));
    let Err(Halt::InDoubt(what)) = world.external(&resumed, &ASKED).await else {
        panic!("it has to ask");
    };
    assert!(what.contains("test.ask"), "{what}");
    assert_eq!(world.done.load(SeqCst), 1);
}

/// An agent's or a gate's work with one call beneath.
fn work(world: &World, door: &Door, call: &'static Call<String>) -> Result<String, Halt> {
    let scope = match door.open(&caller(), call, json!({ "of": "x" }), allowed())? {
        Opened::Answered(answer) => return Ok(answer.unwrap()),
        Opened::Scope(scope) => scope,
    };
    let beneath = caller().beneath(scope.seq(), Arc::new(Authority::default()));
    let said = door.pass(&beneath, &READ, json!({ "file": "a" }), |_| {
        world.happens("a")
    })?;
    let answer = format!("did {}", said.unwrap());
    let response = json!(answer);
    door.close(&caller(), call, scope, Ok((answer, response)))
        .map(Result::unwrap)
}

#[test]
fn a_finished_agent_is_answered_whole_and_a_replayed_gate_is_done_again() {
    for (call, peeks) in [(&AGENT, false), (&GATE, true)] {
        let world = World::new();
        work(&world, &world.live(), call).unwrap();
        let replay = world.replayed();
        let opened = replay.open(&caller(), call, json!({ "of": "x" }), allowed());
        let again = matches!(opened.unwrap(), Opened::Scope(_));
        assert_eq!(again, peeks, "{}", call.kind.name);
        assert_eq!(work(&world, &world.replayed(), call).unwrap(), "did a");
        assert_eq!(world.done.load(SeqCst), 1);
    }
}

#[test]
fn an_unfinished_agent_goes_on_after_what_is_recorded() {
    let world = World::new();
    work(&world, &world.live(), &AGENT).unwrap();
    // Without its result: the read beneath it stands.
    let resumed = world.resumed(Some(Seq(3)));
    assert_eq!(work(&world, &resumed, &AGENT).unwrap(), "did a");
    assert_eq!(world.done.load(SeqCst), 1);
    let head = world.journal.head().seq;
    assert_eq!(head, Seq(4), "the result is only noted yet");
}

#[test]
fn a_gate_that_answers_otherwise_diverges() {
    let world = World::new();
    work(&world, &world.live(), &GATE).unwrap();
    let replay = world.replayed();
    let Opened::Scope(scope) = replay
        .open(&caller(), &GATE, json!({ "of": "x" }), allowed())
        .unwrap()
    else {
        panic!("a gate is done again");
    };
    let beneath = caller().beneath(scope.seq(), Arc::new(Authority::default()));
    let request = json!({ "file": "a" });
    let read = replay.pass(&beneath, &READ, request, |_| world.happens("a"));
    read.unwrap().unwrap();
    let answer = Ok(("else".to_owned(), json!("else")));
    let Err(Halt::Diverged(found)) = replay.close(&caller(), &GATE, scope, answer) else {
        panic!("it has to diverge");
    };
    assert!(found.expected.contains("did a") && found.actual.contains("else"));
}

#[test]
fn lines_of_log_are_held_against_the_record() {
    let world = World::new();
    let line = |text: &str| Body::Log {
        level: minion_journal::Level::Info,
        message: text.to_owned(),
    };
    world.live().note(&caller(), 0, line("x")).unwrap();
    let replay = world.replayed();
    assert!(matches!(
        replay.note(&caller(), 0, line("y")),
        Err(Halt::Diverged(_))
    ));
    world.replayed().note(&caller(), 0, line("x")).unwrap();
}
