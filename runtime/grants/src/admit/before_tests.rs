use serde_json::{Value, json};

use crate::admit::tests::{subject, subject_asking, today};
use crate::{Admission, Allow, Digest, GrantSources, Refused, Subject, admit};

/// Admits `after` with `--allow-asked` that was given for `before`.
fn moved(before: &Subject, after: &Subject, flags: &[&str]) -> Result<Admission, Box<Refused>> {
    let allow: Vec<_> = flags
        .iter()
        .map(|flag| Allow::parse(flag).unwrap())
        .collect();
    let sources = GrantSources {
        allow: &allow,
        allow_asked: true,
        before: Some(before),
        ..Default::default()
    };
    admit(after, &sources, today()).map_err(Box::new)
}

fn asking(read: &Value, run: &Value, agent: &Value) -> Subject {
    let mut asks = vec![
        json!({"id": "source", "reason": "r", "files": {"read": read}}),
        json!({"id": "change", "reason": "r", "files": {"write": ["src/**"]}}),
        json!({"id": "model", "reason": "r", "agent": agent}),
        json!({"id": "hand-over", "reason": "r", "delivery": {"to": "branch"}}),
    ];
    if run != &json!([]) {
        asks.push(json!({"id": "tools", "reason": "r", "command": {"run": run}}));
    }
    subject_asking(&json!(asks))
}

fn agent(tools: &Value, turns: u32) -> Value {
    json!({"model": "default", "tools": tools, "max-turns": turns, "max-tokens": 4000})
}

fn targets(refused: &Refused) -> Vec<&str> {
    let missing = refused.missing.iter();
    missing.map(|missing| missing.target.as_str()).collect()
}

#[test]
fn a_later_version_gets_what_the_earlier_one_asked_and_all_beyond_is_missing() {
    let before = asking(
        &json!(["src/**", ".env"]),
        &json!([]),
        &agent(&json!(["read"]), 10),
    );
    let same = asking(
        &json!(["src/a/**", ".env"]),
        &json!([]),
        &agent(&json!(["read"]), 9),
    );
    moved(&before, &same, &[]).unwrap();
    let wider = asking(
        &json!(["src/**", "**"]),
        &json!(["sh **"]),
        &agent(&json!(["edit", "read"]), 10),
    );
    let refused = moved(&before, &wider, &[]).unwrap_err();
    let told = targets(&refused);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!((told[0], told[2]), ("read **", "sh **"));
    assert!(told[1].contains("tools=edit,read"), "{told:?}");
    // What it says would cure it does.
    let flags = ["files:read=**", "command=sh **", "agent=default"];
    moved(&before, &wider, &flags).unwrap();
    for flag in flags {
        assert!(
            refused.allow_flags.contains(flag),
            "{}",
            refused.allow_flags
        );
    }
}

#[test]
fn a_longer_leash_for_the_agent_is_beyond() {
    let before = asking(&json!(["**"]), &json!([]), &agent(&json!(["read"]), 10));
    let longer = asking(&json!(["**"]), &json!([]), &agent(&json!(["read"]), 11));
    let refused = moved(&before, &longer, &[]).unwrap_err();
    assert_eq!(refused.missing.len(), 1, "{:?}", targets(&refused));
}

#[test]
fn a_delivery_that_the_earlier_version_did_not_ask_for_is_missing() {
    let before = subject_asking(&json!([
        {"id": "source", "reason": "r", "files": {"read": ["**"]}},
        {"id": "change", "reason": "r", "files": {"write": ["src/**", "tests/**"]}},
        {"id": "model", "reason": "r",
         "agent": {"model": "default", "tools": ["read", "edit"], "max-turns": 40, "max-tokens": 4000}},
    ]));
    let refused = moved(&before, &subject(), &[]).unwrap_err();
    assert_eq!(targets(&refused), ["branch minion/<run>"]);
}

#[test]
fn another_judge_under_the_name_of_a_gate_stands_in_for_none() {
    let before = bundling(b"the checker");
    moved(&before, &bundling(b"the checker"), &[]).unwrap();
    let refused = moved(&before, &bundling(b"says pass"), &[]).unwrap_err();
    let problems: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let digest = Digest::of(b"the checker").to_string();
    assert!(problems[0].contains(&digest), "{problems:?}");
}

/// The subject with a gate of its own in place of `std:test`.
fn bundling(bytes: &[u8]) -> Subject {
    let mut subject = subject();
    subject
        .shipped
        .retain(|name, _| name.as_str() == "std:lint");
    let test = subject
        .parts
        .iter_mut()
        .find(|part| part.name.as_str() == "std:test");
    let name = "acme/judge".parse().unwrap();
    let judge = test.unwrap();
    (judge.name, judge.digest) = (name, Digest::of(bytes));
    let graph = json!(subject.graph)
        .to_string()
        .replace("std:test", "acme/judge");
    subject.graph = serde_json::from_str(&graph).unwrap();
    subject
}
