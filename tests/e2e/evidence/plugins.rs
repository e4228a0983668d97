//! Who may judge: a plugin that is always content, and a model where none may be reached.

use super::{RIGHT, Trial, does, writes};
use crate::world::component;
use minion_bundle::{Sections, read, write};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_bundled_judge_does_not_stand_in_for_the_required_gate() {
    let trial = Trial::python();
    let deeds = [writes("value.py", RIGHT)];
    let ran = trial.lie(&[("before-1", does(&deeds, "judge"))], &[]);
    trial.refused(
        &ran,
        &[
            "acme/judge pass",
            "bundled plugin",
            "required gate `std:test` has not judged any tree",
        ],
    );
}

#[test]
fn a_bundled_judge_counts_where_the_operator_requires_it() {
    let trial = Trial::python();
    let authority = [
        "--allow",
        "delivery=branch",
        "--allow",
        "require=acme/judge",
    ];
    let ran = trial.lie_under(
        &[("before-1", does(&[writes("value.py", RIGHT)], "judge"))],
        &authority,
    );
    trial.delivered(&ran, &["acme/judge pass", "bundled plugin"]);
}

#[test]
fn a_bundled_judge_under_the_name_of_a_standard_gate_is_refused_at_inspection() {
    let trial = Trial::python();
    let forged = trial.world.file("forged.wasm", posing());
    let words = [
        "bundles `std:test`",
        "which is not the shipped plugin of that name",
    ];
    let forged = forged.to_str().unwrap();
    trial.world.minion(&["inspect", forged]).expect(3, &words);
    let repository = trial.repository.to_str().unwrap();
    let ran = trial
        .world
        .minion(&["exec", forged, "--repo", repository, "--allow-asked"]);
    ran.expect(3, &words);
    assert_eq!(trial.branches(), ["main"]);
}

/// The lying blueprint with the judge that is always content under the name `std:test`.
fn posing() -> Vec<u8> {
    let honest = std::fs::read(component("tests/guests/lying")).unwrap();
    let judge = std::fs::read(component("tests/guests/always-pass")).unwrap();
    let bundle = read(&honest).unwrap();
    let mut manifest: Value = serde_json::from_slice(&bundle.manifest.to_json()).unwrap();
    for part in manifest["plugins"].as_array_mut().unwrap() {
        if part["name"] == "std:test" {
            part["digest"] = json!(read(&judge).unwrap().digest.to_string());
        }
    }
    let (manifest, graph) = (
        manifest.to_string(),
        bundle.graph.as_ref().unwrap().to_json(),
    );
    let mut plugins: BTreeMap<&str, &[u8]> = bundle
        .plugins
        .iter()
        .map(|(name, part)| (name.as_str(), part.bytes.as_ref()))
        .collect();
    plugins.insert("std:test", &judge);
    let sections = Sections {
        manifest: manifest.as_bytes(),
        graph: Some(&graph),
        plugins,
        prompts: bundle
            .prompts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect(),
    };
    write(&bare(&honest), &sections)
}

/// The component without our sections.
fn bare(file: &[u8]) -> Vec<u8> {
    let mut kept = file[..8].to_vec();
    let mut at = 8;
    while at < file.len() {
        let (size, body) = number(file, at + 1);
        let (end, (length, name)) = (body + size, number(file, body));
        let ours = file[at] == 0 && file[name..name + length].starts_with(b"minion:");
        if !ours {
            kept.extend_from_slice(&file[at..end]);
        }
        at = end;
    }
    kept
}

/// A number in WebAssembly's encoding, and where it ends.
fn number(file: &[u8], mut at: usize) -> (usize, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = usize::from(file[at]);
        at += 1;
        value |= (byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return (value, at);
        }
    }
}

#[test]
fn a_deterministic_step_that_calls_the_agent_gets_a_typed_denial() {
    let trial = Trial::python();
    let ran = trial.lie(&[("before-1", does(&[json!("agent")], "claim"))], &[]);
    ran.expect(
        0,
        &[
            "nothing had to be changed",
            "denied     before wanted agent.run",
        ],
    );
    let told = trial.logs();
    assert!(
        told.contains("the agent did not answer: denied: agent"),
        "{told}"
    );
    let denied = trial.records("denied");
    assert_eq!(denied.len(), 1, "{denied:#?}");
    assert_eq!(denied[0]["call"], "agent.run");
    assert_eq!(denied[0]["capability"], "agent");
    assert_eq!(denied[0]["rule"], "not-agentic");
    assert!(!denied[0]["cure"].as_str().unwrap().is_empty());
    let asked = trial.records("intent");
    assert!(asked.is_empty(), "no model was asked: {asked:#?}");
    let listed = trial.world.minion(&["runs", "--json"]);
    let run: Value = serde_json::from_str(&listed.stdout).unwrap();
    let shown = trial
        .world
        .minion(&["runs", "show", run["run"].as_str().unwrap()]);
    shown.expect(0, &["DENIED     agent.run"]);
}
