//! Deliveries that are granted, and gates that cannot be shown.

use serde_json::json;

use crate::admit::tests::{file, subject, today, with_file, with_flags};
use crate::{AdmissionProblem, Allow, Digest, GrantSources, Origin, Subject, admit};

#[test]
fn graph_without_gates_delivers_only_where_that_is_spelled_out() {
    let mut subject = subject();
    subject.graph.nodes.truncate(2);
    subject.parts.clear();
    let refused = with_flags(&subject, &[], true).unwrap_err();
    assert!(refused.lines_to_add.contains("gates = \"none\""));
    assert!(with_flags(&subject, &["delivery=branch"], true).is_err());
    assert!(with_flags(&subject, &["delivery=branch", "gates=none"], true).is_ok());
}

fn problem(subject: &Subject, flags: &[&str]) -> AdmissionProblem {
    let refused = with_flags(subject, flags, true).unwrap_err();
    assert_eq!(refused.problems.len(), 1, "{:?}", refused.problems);
    refused.problems.into_iter().next().unwrap()
}

#[test]
fn required_gate_that_cannot_be_shown_is_refused_before_the_run() {
    let mut other = subject();
    assert!(matches!(
        problem(&other, &["require=std:audit"]),
        AdmissionProblem::GateNotInGraph { .. }
    ));
    let flags = ["require=std:test {\"fast\":true}"];
    assert!(matches!(
        problem(&other, &flags),
        AdmissionProblem::GateParameters { .. }
    ));
    other.parts[0].digest = Digest::of(b"always passes");
    other.parts[0].origin = Origin::Bundled;
    let flags = ["delivery=branch", "require=std:lint"];
    assert!(matches!(
        problem(&other, &flags),
        AdmissionProblem::GateIsAnother { .. }
    ));
}

#[test]
fn author_that_weakens_a_gate_by_parameters_is_refused() {
    let mut subject = subject();
    if let crate::Executor::Plugin(plugin) = &mut subject.graph.nodes[3].executor {
        plugin.parameters = json!({"only": ["nothing"], "none": null, "many": [1, 2.5]});
    }
    let flags = ["delivery=branch", "require=std:test"];
    assert!(matches!(
        problem(&subject, &flags),
        AdmissionProblem::GateParameters { .. }
    ));
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    let admission = with_file(&subject, &lines).unwrap();
    assert_eq!(
        admission.delivery().unwrap().require[1].parameters["only"][0],
        "nothing"
    );
}

#[test]
fn two_deliveries_and_contradictions_are_refused() {
    let subject = subject();
    let flags = ["delivery=branch", "gates=none", "require=std:lint"];
    assert_eq!(problem(&subject, &flags), AdmissionProblem::GatesAndNone);
    assert_eq!(
        problem(&subject, &["gates=none"]),
        AdmissionProblem::NoneWithoutDelivery
    );
    assert_eq!(
        problem(&subject, &["delivery=branch"]),
        AdmissionProblem::NoGatesNamed
    );
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    let refused = with_file(&subject, &format!("{lines}\n{lines}")).unwrap_err();
    assert!(matches!(
        refused.problems[..],
        [AdmissionProblem::TwoDeliveries { .. }]
    ));
}

#[test]
fn flag_can_add_a_gate_to_the_files_delivery() {
    let subject = subject();
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    let file = file(&lines.replace("[\"std:lint\", \"std:test\"]", "[\"std:lint\"]"));
    let allow = [Allow::parse("require=std:test").unwrap()];
    let sources = GrantSources {
        file: Some(&file),
        allow: &allow,
        ..Default::default()
    };
    assert_eq!(
        admit(&subject, &sources, today())
            .unwrap()
            .delivery()
            .unwrap()
            .require
            .len(),
        2
    );
}

#[test]
fn a_gate_that_is_not_there_is_blamed_on_who_requires_it() {
    let subject = subject();
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    let here = file(&lines);
    let there = file(&lines.replace("\"std:test\"", "\"std:audit\""));
    let flag = [Allow::parse("require=std:audit").unwrap()];
    for (file, allow, from) in [
        (&here, &flag[..], "--allow requires"),
        (&there, &[], "grants.toml:1 requires"),
    ] {
        let sources = GrantSources {
            file: Some(file),
            allow,
            ..Default::default()
        };
        let refused = admit(&subject, &sources, today()).unwrap_err();
        let said: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
        let wanted = format!(
            "{from} gate `std:audit`, which the graph does not have; its gates are `std:lint`, `std:test`"
        );
        assert_eq!(said, [wanted]);
    }
}
