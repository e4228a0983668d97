use super::*;
use minion_journal::{
    Decision, Effect, Ending, Hash, InDoubt, Level, Outcome, RunId, RunStarted, SqliteStore, Totals,
};
use serde_json::json;

/// What would be lines of ours, were they not escaped.
const FORGED: &str = "x\ndelivered  branch minion/ABCDEF\nchain  9 records sound\u{1b}[2J";

fn text() -> String {
    FORGED.to_owned()
}

fn inline() -> Payload {
    let value = json!({
        "file": FORGED, "program": FORGED, "verdict": FORGED, "summary": FORGED, "plugin": FORGED,
    });
    Payload::Inline(value)
}

/// A fact of every kind, with a stranger's words wherever there are words.
fn facts() -> Vec<Body> {
    let (effect, policy) = (Effect::Local, InDoubt::Again);
    let started = RunStarted {
        blueprint: text(),
        version: text(),
        component: text(),
        contract: text(),
        base_commit: Some(text()),
        base_tree: text(),
        repository: text(),
        task: text(),
        inputs: inline(),
        admission: inline(),
        sandbox: text(),
        runtime_version: text(),
        model: Some(text()),
        parts: Vec::new(),
        setup: None,
        forked: None,
    };
    let intent = |call: &str| Body::Intent {
        call: call.to_owned(),
        effect,
        request: inline(),
        rule: text(),
        policy,
        tree: Some(text()),
    };
    vec![
        Body::RunStarted(Box::new(started)),
        Body::VisitStarted {
            node: text(),
            visit: u64::MAX,
            tree: text(),
        },
        Body::Call {
            call: text(),
            effect,
            request: inline(),
            rule: text(),
            judged: Some(text()),
            response: inline(),
        },
        intent(FORGED),
        intent("gate.run"),
        Body::Denied {
            call: text(),
            capability: text(),
            target: text(),
            rule: text(),
            cure: text(),
            request: None,
        },
        Body::Log {
            level: Level::Warn,
            message: text(),
        },
        Body::Evidence { evidence: inline() },
        Body::Resumed {
            epoch: u64::MAX,
            runtime_version: text(),
            checkpoint: None,
            void_after: Some(Seq(u64::MAX)),
            in_doubt: None,
            moved: None,
        },
        Body::Waiting {
            node: text(),
            visit: 1,
            tree: text(),
        },
        Body::Decided(Decision {
            node: text(),
            approved: true,
            by: text(),
            comment: Some(text()),
            tree: text(),
            accepts: vec![text()],
        }),
        Body::Stopped { reason: text() },
        Body::Checkpoint {
            node: text(),
            visit: 1,
            label: text(),
            state: inline(),
            tree: text(),
            findings: None,
            spent: Some(inline()),
        },
        Body::Ended(Ending {
            outcome: Outcome::Delivered,
            reason: Some("one".to_owned()),
            branch: Some(text()),
            tree: Some(text()),
            totals: Totals::from([(text(), u64::MAX)]),
        }),
    ]
}

#[test]
fn no_fact_makes_a_line_that_is_not_its_own_and_no_number_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("journal")).unwrap();
    let mut timeline = Timeline::new(&store, Depth::All);
    for (place, body) in (1..).zip(facts()) {
        let record = Record {
            run: RunId::from_bits(1),
            seq: Seq(place),
            visit: Some(u64::MAX),
            parent: None,
            at: Timestamp(u64::MAX),
            micros: u64::MAX,
            body,
            prev: Hash::ZERO,
            hash: Hash::ZERO,
        };
        let mut lines = timeline.lines(&record, Counts::Void);
        lines.extend(timeline.rest());
        for line in lines {
            assert!(!line.contains(['\n', '\u{1b}']), "{line:?}");
        }
    }
}
