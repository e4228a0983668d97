//! Deliveries that must not happen, each for one reason, and those that may.

use std::collections::BTreeMap;

use serde_json::json;

use crate::admit::tests::{subject, with_file, with_flags};
use crate::{
    Approval, ChangeKind, Counts, DeliveryGrant, DeliveryRefusal, Digest, Evidence, GateVerdict,
    Network, Origin, PathChange, SandboxLevel, SteeringChange, deliverable,
};

const TREE: &str = "5d01";

fn grant() -> DeliveryGrant {
    with_flags(&subject(), &[], true)
        .unwrap()
        .delivery()
        .unwrap()
        .clone()
}

/// A grant with more lines in its `[grant.delivery]`.
fn grant_saying(lines: &str) -> DeliveryGrant {
    let text = with_flags(&subject(), &[], false).unwrap_err().lines_to_add + lines;
    with_file(&subject(), &text)
        .unwrap()
        .delivery()
        .unwrap()
        .clone()
}

fn passed(gate: &str) -> Evidence {
    Evidence {
        gate: gate.parse().unwrap(),
        plugin: Digest::of(gate.as_bytes()),
        origin: Origin::Shipped,
        parameters: json!({}),
        base: "base".to_owned(),
        tree: TREE.to_owned(),
        profile: "rust".to_owned(),
        tools: BTreeMap::new(),
        sandbox: SandboxLevel::Full,
        network: Network::None,
        verdict: GateVerdict::Pass,
        counts: None,
        steering: Vec::new(),
    }
}

fn both() -> Vec<Evidence> {
    vec![passed("std:lint"), passed("std:test")]
}

fn changed(paths: &[&str]) -> Vec<PathChange> {
    paths
        .iter()
        .map(|path| PathChange {
            path: (*path).to_owned(),
            change: ChangeKind::Modified,
        })
        .collect()
}

fn refusals(evidence: &[Evidence], changes: &[PathChange]) -> Vec<DeliveryRefusal> {
    deliverable(&grant(), TREE, changes, evidence, &[]).unwrap_err()
}

fn one(change: impl FnOnce(&mut Evidence)) -> DeliveryRefusal {
    let mut evidence = both();
    change(&mut evidence[1]);
    let mut refusals = refusals(&evidence, &[]);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals.remove(0)
}

#[test]
fn evidence_for_every_required_gate_delivers_exactly_that_tree() {
    let delivery = deliverable(&grant(), TREE, &changed(&["src/a.rs"]), &both(), &[]).unwrap();
    assert_eq!(delivery.tree, TREE);
    assert_eq!(delivery.gates.len(), 2);
    assert_eq!(delivery.gates[0].origin, Origin::Shipped);
}

#[test]
fn step_that_lies_delivers_nothing() {
    let refusals = refusals(&[], &[]);
    assert_eq!(refusals.len(), 2);
    assert!(
        refusals
            .iter()
            .all(|refusal| matches!(refusal, DeliveryRefusal::NoEvidence { .. }))
    );
}

#[test]
fn evidence_about_another_tree_is_stale() {
    let refusal = one(|evidence| evidence.tree = "e77a".to_owned());
    assert!(matches!(refusal, DeliveryRefusal::OtherTree { judged, .. } if judged == "e77a"));
}

#[test]
fn plugin_that_poses_under_the_name_of_a_gate_carries_nothing() {
    let refusal = one(|evidence| {
        evidence.plugin = Digest::of(b"always passes");
        evidence.origin = Origin::Bundled;
    });
    assert!(matches!(refusal, DeliveryRefusal::OtherPlugin { .. }));
}

#[test]
fn other_parameters_carry_nothing() {
    let refusal = one(|evidence| evidence.parameters = json!({"only": "one"}));
    assert!(matches!(refusal, DeliveryRefusal::OtherParameters { .. }));
}

#[test]
fn fail_and_error_carry_nothing() {
    for verdict in [GateVerdict::Fail, GateVerdict::Error] {
        let refusal = one(|evidence| evidence.verdict = verdict);
        assert!(
            matches!(refusal, DeliveryRefusal::NotPassed { verdict: found, .. } if found == verdict)
        );
    }
}

#[test]
fn a_red_verdict_is_not_undone_by_asking_again() {
    let mut evidence = both();
    evidence.push(Evidence {
        verdict: GateVerdict::Fail,
        ..passed("std:test")
    });
    assert_eq!(refusals(&evidence, &[]).len(), 1);
    evidence.push(passed("std:test"));
    assert!(matches!(
        refusals(&evidence, &[]).as_slice(),
        [DeliveryRefusal::Unsteady {
            verdict: GateVerdict::Fail,
            ..
        }]
    ));
}

#[test]
fn what_looks_like_a_secret_is_delivered_only_where_named() {
    let ours = changed(&["src/a.rs", ".env"]);
    assert!(matches!(
        refusals(&both(), &ours).as_slice(),
        [DeliveryRefusal::Secret { path, .. }] if path == ".env"
    ));
    let named = grant_saying("accept-protected = [\".env\"]\n");
    assert!(deliverable(&named, TREE, &ours, &both(), &[]).is_ok());
}

#[test]
fn returning_to_a_judged_tree_restores_its_evidence() {
    let mut evidence = both();
    evidence.push(Evidence {
        tree: "e77a".to_owned(),
        verdict: GateVerdict::Fail,
        ..passed("std:test")
    });
    assert!(deliverable(&grant(), TREE, &[], &evidence, &[]).is_ok());
}

#[test]
fn pass_without_tests_or_with_fewer_carries_nothing() {
    let good = Counts {
        total: 3,
        passed: 3,
        base_total: Some(3),
        base_skipped: Some(0),
        ..Counts::default()
    };
    assert_eq!(good.doubt(), None);
    for counts in [
        Counts::default(),
        Counts {
            total: 3,
            passed: 2,
            failed: 1,
            ..good
        },
        Counts {
            total: 2,
            passed: 2,
            ..good
        },
        Counts {
            total: 3,
            skipped: 3,
            passed: 0,
            ..good
        },
        Counts {
            total: 3,
            skipped: 1,
            passed: 2,
            ..good
        },
    ] {
        let refusal = one(|evidence| evidence.counts = Some(counts));
        assert!(
            matches!(refusal, DeliveryRefusal::Tests { .. }),
            "{counts:?}"
        );
    }
}

#[test]
fn self_steered_change_is_delivered_only_where_listed() {
    let steered = changed(&["src/a.rs", "Cargo.toml"]);
    assert!(
        matches!(&refusals(&both(), &steered)[..], [DeliveryRefusal::SelfSteered { path, .. }] if path == "Cargo.toml")
    );
    let listed = grant_saying("accept-self-steered = [\"Cargo.toml\"]\n");
    let delivery = deliverable(&listed, TREE, &steered, &both(), &[]).unwrap();
    assert_eq!(delivery.accepted[0].0, "Cargo.toml");
    let other = grant_saying("accept-self-steered = [\"pyproject.toml\"]\n");
    assert!(deliverable(&other, TREE, &steered, &both(), &[]).is_err());
}

#[test]
fn what_only_the_profile_found_steers_too() {
    let mut evidence = both();
    let why = "it is on the import path".to_owned();
    evidence[0].steering = vec![SteeringChange {
        path: "lib/json.py".to_owned(),
        change: ChangeKind::Added,
        why,
    }];
    assert!(
        matches!(&refusals(&evidence, &[])[..], [DeliveryRefusal::SelfSteered { path, .. }] if path == "lib/json.py")
    );
}

#[test]
fn evidence_that_keeps_silent_about_steering_hides_nothing() {
    assert!(deliverable(&grant(), TREE, &changed(&["conftest.py"]), &both(), &[]).is_err());
}

#[test]
fn protected_path_is_delivered_only_where_named() {
    let ours = changed(&[".github/CODEOWNERS", ".vscode/tasks.json"]);
    let steering = "accept-self-steered = [\".github/**\"]\n";
    let refused = deliverable(&grant_saying(steering), TREE, &ours, &both(), &[]).unwrap_err();
    assert!(
        matches!(&refused[..], [DeliveryRefusal::Protected { path, .. }] if path == ".vscode/tasks.json")
    );
    let named = format!("{steering}accept-protected = [\".vscode/tasks.json\"]\n");
    assert!(deliverable(&grant_saying(&named), TREE, &ours, &both(), &[]).is_ok());
}

#[test]
fn rule_for_writing_that_names_a_protected_path_delivers_it() {
    let flags = ["files:write=.vscode/tasks.json", "files:write=**"];
    let grant = with_flags(&subject(), &flags, true)
        .unwrap()
        .delivery()
        .unwrap()
        .clone();
    assert_eq!(
        grant.accept_protected.len(),
        1,
        "a broad rule names nothing"
    );
    assert!(
        deliverable(
            &grant,
            TREE,
            &changed(&[".vscode/tasks.json"]),
            &both(),
            &[]
        )
        .is_ok()
    );
    assert!(
        deliverable(
            &grant,
            TREE,
            &changed(&[".vscode/launch.json"]),
            &both(),
            &[]
        )
        .is_err()
    );
}

#[test]
fn git_folder_in_a_tree_is_never_delivered() {
    let everything = grant_saying("accept-protected = [\"**\"]\naccept-self-steered = [\"**\"]\n");
    for path in [".git/hooks/x", "sub/.GIT", "git~1"] {
        let refused = deliverable(&everything, TREE, &changed(&[path]), &both(), &[]).unwrap_err();
        assert!(
            matches!(refused[..], [DeliveryRefusal::GitFolder { .. }]),
            "{path}"
        );
    }
}

#[test]
fn approval_counts_for_its_tree_and_its_paths() {
    let steered = changed(&["Cargo.toml"]);
    let approval = |tree: &str, path: &str| Approval {
        by: "dana".to_owned(),
        tree: tree.to_owned(),
        accepts: vec![path.to_owned()],
    };
    let tried = |approval| deliverable(&grant(), TREE, &steered, &both(), &[approval]);
    assert!(tried(approval(TREE, "Cargo.toml")).is_ok());
    assert!(tried(approval("e77a", "Cargo.toml")).is_err());
    assert!(tried(approval(TREE, "Cargo.lock")).is_err());
}

#[test]
fn approval_replaces_no_gate() {
    let approval = Approval {
        by: "dana".to_owned(),
        tree: TREE.to_owned(),
        accepts: vec!["std:test".to_owned()],
    };
    assert!(deliverable(&grant(), TREE, &[], &[passed("std:lint")], &[approval]).is_err());
}

#[test]
fn sandbox_level_is_held_against_the_grant() {
    let basic = || {
        both()
            .into_iter()
            .map(|found| Evidence {
                sandbox: SandboxLevel::Basic,
                ..found
            })
            .collect::<Vec<_>>()
    };
    assert!(deliverable(&grant(), TREE, &[], &basic(), &[]).is_ok());
    assert!(
        deliverable(
            &grant_saying("accept-basic = false\n"),
            TREE,
            &[],
            &basic(),
            &[]
        )
        .is_err()
    );
    let none = || {
        both()
            .into_iter()
            .map(|found| Evidence {
                sandbox: SandboxLevel::Unsandboxed,
                ..found
            })
            .collect::<Vec<_>>()
    };
    assert!(deliverable(&grant(), TREE, &[], &none(), &[]).is_err());
    assert!(
        deliverable(
            &grant_saying("accept-unsandboxed = true\n"),
            TREE,
            &[],
            &none(),
            &[]
        )
        .is_ok()
    );
}

#[test]
fn every_reason_is_named_at_once_and_escaped() {
    let changes = changed(&["Cargo.toml", ".vscode/x\u{1b}[2J", ".git"]);
    let refused = refusals(&[passed("std:lint")], &changes);
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(
        refused
            .iter()
            .all(|refusal| !refusal.to_string().contains('\u{1b}'))
    );
}

#[test]
fn evidence_survives_its_record_and_refuses_unknown_keys() {
    let value = serde_json::to_value(passed("std:lint")).unwrap();
    assert_eq!(
        serde_json::from_value::<Evidence>(value.clone()).unwrap(),
        passed("std:lint")
    );
    let mut forged = value;
    forged["trusted"] = json!(true);
    assert!(serde_json::from_value::<Evidence>(forged).is_err());
}
