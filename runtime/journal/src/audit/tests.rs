//! Records in, entries out; and that nothing is hidden.

use serde_json::{Value, json};

use super::{Allowed, Audit, AuditEntry, AuditFilter, CameOut};
use crate::conformance::run_id;
use crate::effective::tests::{World, checkpoint};
use crate::{Body, Effect, InDoubt, Payload, Seq};

fn call(name: &str, request: Value, response: Value) -> Body {
    Body::Call {
        call: name.to_owned(),
        effect: Effect::Observe,
        request: Payload::Inline(request),
        rule: "grants.toml:4 files.read `src/**`, ask source".to_owned(),
        judged: None,
        response: Payload::Inline(response),
    }
}

fn intent(name: &str, request: Value, effect: Effect) -> Body {
    Body::Intent {
        call: name.to_owned(),
        effect,
        request: Payload::Inline(request),
        rule: "graph".to_owned(),
        policy: InDoubt::Again,
        tree: None,
    }
}

fn result(intent: Seq, response: Value) -> Body {
    Body::Result {
        intent,
        response: Payload::Inline(response),
    }
}

fn denied(target: &str) -> Body {
    Body::Denied {
        call: "workspace.write".to_owned(),
        capability: "files".to_owned(),
        target: target.to_owned(),
        rule: "secret-looking-file".to_owned(),
        cure: "add it".to_owned(),
        request: Some(Payload::Inline(json!({ "file": target }))),
    }
}

fn visit(node: &str, visit: u64) -> Body {
    Body::VisitStarted {
        node: node.to_owned(),
        visit,
        tree: "t".to_owned(),
    }
}

fn audit(world: &World) -> Vec<AuditEntry> {
    let entries = Audit::of(&*world.store, run_id(1)).unwrap();
    entries.collect::<Result<_, _>>().unwrap()
}

/// Operation, target, outcome of each.
fn told(world: &World) -> Vec<String> {
    let told = |entry: AuditEntry| {
        let void = if entry.void { " void" } else { "" };
        format!(
            "{} {} {}{void}",
            entry.operation, entry.target, entry.outcome
        )
    };
    audit(world).into_iter().map(told).collect()
}

#[test]
fn every_call_has_its_node_part_target_rule_and_outcome() {
    let world = World::new();
    world.note(visit("implement", 2));
    let read = json!({ "file": "src/é.rs" });
    world.note(call("workspace.read", read, json!("é\n")));
    let command = json!({ "program": "cargo", "arguments": ["test", "a b"] });
    let ended =
        json!({ "exit": 1, "stdout": "xx", "stderr": { "base64": "/w==" }, "timed-out": false });
    world.note(call("command.run", command, ended));
    let entries = audit(&world);
    let read = &entries[0];
    assert_eq!(read.visit().as_deref(), Some("implement-2"));
    assert_eq!(
        (read.part.as_str(), read.capability.as_str()),
        ("acme/fix-bug", "files")
    );
    assert_eq!((read.target.as_str(), read.bytes), ("src/é.rs", Some(3)));
    assert!(read.rule.starts_with("grants.toml:4"));
    assert_eq!(read.verdict, Allowed::Allow);
    let run = &entries[1];
    assert_eq!(
        (run.target.as_str(), run.bytes),
        ("cargo test a b", Some(3))
    );
    assert_eq!(run.words, ["cargo", "test", "a b"]);
    assert_eq!(run.outcome, CameOut::Exited(1));
}

#[test]
fn the_path_that_was_judged_is_the_target() {
    let world = World::new();
    world.note(Body::Call {
        call: "workspace.read".to_owned(),
        effect: Effect::Observe,
        request: Payload::Inline(json!({ "file": "link" })),
        rule: String::new(),
        judged: Some("src/real".to_owned()),
        response: Payload::Inline(json!("")),
    });
    assert_eq!(told(&world), ["workspace.read src/real done"]);
}

#[test]
fn calls_beneath_a_plugin_are_the_plugins() {
    let world = World::new();
    let journal = world.journal();
    let gate = world.note(intent(
        "gate.run",
        json!({ "plugin": "std:lint", "tree": "t1" }),
        Effect::Local,
    ));
    let read = call("workspace.read", json!({ "file": "a" }), json!("x"));
    journal.note_durably(None, Some(gate), 0, read).unwrap();
    world.note(result(gate, json!({ "verdict": "fail" })));
    let entries = audit(&world);
    assert_eq!(entries[0].part, "std:lint");
    assert_eq!(entries[0].within.as_deref(), Some("gate.run"));
    assert_eq!(entries[1].part, "acme/fix-bug");
    assert_eq!(entries[1].outcome, CameOut::Said("fail".to_owned()));
    assert_eq!(entries[1].target, "std:lint on tree t1");
}

#[test]
fn what_was_refused_is_always_there_even_when_it_is_void() {
    let mut world = World::new();
    world.note(checkpoint("t1"));
    world.note(denied(".env"));
    world.note(intent(
        "plugins.run",
        json!({ "plugin": "p" }),
        Effect::Local,
    ));
    world.crash_and_resume(None, None);
    world.note(denied(".env"));
    let turn = world.note(intent("model.turn", json!({}), Effect::External));
    world.note(result(
        turn,
        json!({ "failure": "unavailable", "text": "x" }),
    ));
    world.note(intent(
        "delivery.branch",
        json!({ "branch": "minion/x" }),
        Effect::External,
    ));
    let told = told(&world);
    assert_eq!(
        told,
        [
            "workspace.write .env refused void",
            "plugins.run p no result void",
            "workspace.write .env refused",
            "model.turn model failed: unavailable",
            "delivery.branch minion/x no result",
        ]
    );
}

#[test]
fn a_request_that_is_gone_hides_no_entry() {
    let world = World::new();
    world.note(Body::Call {
        call: "workspace.read".to_owned(),
        effect: Effect::Observe,
        request: Payload::Inline(json!({ "file": "a" })),
        rule: String::new(),
        judged: None,
        response: world.journal().blob(b"no json").unwrap(),
    });
    assert_eq!(told(&world), ["workspace.read a unreadable"]);
}

#[test]
fn a_filter_takes_what_it_names_and_nothing_else() {
    let world = World::new();
    world.note(visit("implement", 1));
    world.note(call("workspace.read", json!({ "file": "a" }), json!("x")));
    world.note(denied(".env"));
    let entries = audit(&world);
    let count = |filter: AuditFilter| entries.iter().filter(|entry| filter.takes(entry)).count();
    let all = AuditFilter::default;
    assert_eq!(count(all()), 2);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        count(AuditFilter {
            node: some("implement"),
            ..all()
        }),
        2
    );
    assert_eq!(
        count(AuditFilter {
            node: some("implement-1"),
            ..all()
        }),
        2
    );
    assert_eq!(
        count(AuditFilter {
            node: some("implement-2"),
            ..all()
        }),
        0
    );
    assert_eq!(
        count(AuditFilter {
            capability: some("agent"),
            ..all()
        }),
        0
    );
    assert_eq!(
        count(AuditFilter {
            verdict: Some(Allowed::Deny),
            ..all()
        }),
        1
    );
    assert_eq!(
        count(AuditFilter {
            rule: some("secret"),
            ..all()
        }),
        1
    );
    let at = entries[1].at;
    assert_eq!(
        count(AuditFilter {
            until: Some(entries[0].at),
            ..all()
        }),
        0
    );
    assert!(
        count(AuditFilter {
            since: Some(at),
            ..all()
        }) >= 1
    );
}

#[test]
fn a_line_holds_no_line_break_whatever_was_said() {
    let world = World::new();
    world.note(denied("a\n{\"v\":1,\"line\":\"seal\"}\r\u{2028}"));
    let line = audit(&world)[0].to_json().to_string();
    assert_eq!(line.lines().count(), 1);
    let back: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(back["verdict"], "deny");
    assert_eq!(back["cure"], "add it");
}
