//! Admission: what is missing, what cures it, and what no flag opens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{AdmissionProblem, GrantSources, Origin, Refused, Subject, SubjectPart, admit};
use crate::{
    Admission, Allow, Authority, Ceiling, Date, Digest, FileOp, GrantsFile, Manifest, date_of_unix,
};

pub(crate) fn today() -> Date {
    date_of_unix(1_800_000_000)
}

fn manifest(name: &str, kind: &str, asks: &Value) -> Manifest {
    let gate = (kind == "plugin").then(|| json!({"parameters": {}}));
    let mut value = json!({
        "name": name, "version": "1.0.0", "contract": "0.1.0", "kind": kind, "summary": "", "asks": asks,
    });
    if let Some(gate) = gate {
        value["gate"] = gate;
    }
    Manifest::from_json(value.to_string().as_bytes()).unwrap()
}

fn part(name: &str, bytes: &str, origin: Origin, asks: &Value) -> SubjectPart {
    let digest = Digest::of(bytes.as_bytes());
    SubjectPart {
        name: name.parse().unwrap(),
        digest,
        origin,
        manifest: manifest("std/x", "plugin", asks),
    }
}

fn asks() -> Value {
    json!([
        {"id": "source", "reason": "to see it", "files": {"read": ["**"]}},
        {"id": "change", "reason": "to mend it", "files": {"write": ["src/**", "tests/**"]}},
        {"id": "model", "reason": "to write it",
         "agent": {"model": "default", "tools": ["read", "edit"], "max-turns": 40, "max-tokens": 4000}},
        {"id": "hand-over", "reason": "to hand it over", "delivery": {"to": "branch"}},
    ])
}

/// A blueprint with the shipped gates lint and test.
pub(crate) fn subject_asking(asks: &Value) -> Subject {
    let lint = json!([{"id": "linters", "reason": "to lint", "command": {"run": ["cargo clippy *", "ruff check *"]}}]);
    let test =
        json!([{"id": "runners", "reason": "to test", "command": {"run": ["cargo test *"]}}]);
    let shipped =
        ["std:lint", "std:test"].map(|name| (name.parse().unwrap(), Digest::of(name.as_bytes())));
    Subject {
        digest: Digest::of(b"blueprint"),
        source: None,
        publisher: None,
        surface: crate::SurfaceHash::all(Digest::of(b"surface")),
        manifest: manifest("acme/fix-bug", "blueprint", asks),
        graph: crate::graph::sound(),
        parts: vec![
            part("std:lint", "std:lint", Origin::Shipped, &lint),
            part("std:test", "std:test", Origin::Shipped, &test),
        ],
        shipped: BTreeMap::from(shipped),
    }
}

pub(crate) fn subject() -> Subject {
    subject_asking(&asks())
}

pub(crate) fn file(text: &str) -> GrantsFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grants.toml");
    std::fs::write(&path, text).unwrap();
    GrantsFile::load(&path, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn with_file(subject: &Subject, text: &str) -> Result<Admission, Box<Refused>> {
    let file = file(text);
    admit(
        subject,
        &GrantSources {
            file: Some(&file),
            ..Default::default()
        },
        today(),
    )
    .map_err(Box::new)
}

pub(crate) fn with_flags(
    subject: &Subject,
    flags: &[&str],
    allow_asked: bool,
) -> Result<Admission, Box<Refused>> {
    let allow: Vec<_> = flags
        .iter()
        .map(|flag| Allow::parse(flag).unwrap())
        .collect();
    admit(
        subject,
        &GrantSources {
            allow: &allow,
            allow_asked,
            ..Default::default()
        },
        today(),
    )
    .map_err(Box::new)
}

fn blueprint(admission: &Admission) -> Authority {
    admission.authority(&"acme/fix-bug".parse().unwrap(), None)
}

fn allowed(authority: &Authority, op: FileOp, path: &str) -> bool {
    authority.file(op, path).is_allowed()
}

#[test]
fn without_grants_everything_missing_is_listed_at_once() {
    let refused = with_flags(&subject(), &[], false).unwrap_err();
    let missing: Vec<_> = refused
        .missing
        .iter()
        .map(|missing| missing.target.as_str())
        .collect();
    assert_eq!(
        missing,
        [
            "read **",
            "write src/** tests/**",
            "model=default tools=edit,read max-turns=40 max-tokens=4000",
            "cargo clippy *, ruff check *",
            "cargo test *",
            "branch minion/<run>",
        ]
    );
    assert!(refused.missing[4].runs_workspace_code && !refused.missing[0].runs_workspace_code);
}

#[test]
fn pasted_lines_admit_all_that_was_asked() {
    let refused = with_flags(&subject(), &[], false).unwrap_err();
    let admission = with_file(&subject(), &refused.lines_to_add).unwrap();
    assert!(
        admission.narrowed().is_empty(),
        "{:?}",
        admission.narrowed()
    );
    assert_eq!(admission.delivery().unwrap().require.len(), 2);
    assert!(!admission.delivery().unwrap().accept_unsandboxed);
    assert_eq!(admission.sources(), ["grants.toml:1"]);
}

#[test]
fn pasted_lines_complete_a_grant_that_was_not_enough() {
    let digest = subject().digest;
    let first = format!(
        "[[grant]]\nblueprint = \"acme/fix-bug\"\ndigest = \"{digest}\"\n[grant.files]\nread = [\"src/**\"]\n"
    );
    let refused = with_file(&subject(), &first).unwrap_err();
    assert_eq!(refused.missing.len(), 5);
    assert!(
        !refused.lines_to_add.contains("read = [\"**\"]"),
        "only what was missing"
    );
    let admission = with_file(&subject(), &format!("{first}\n{}", refused.lines_to_add)).unwrap();
    assert_eq!(admission.narrowed().len(), 1);
}

#[test]
fn flags_of_the_refusal_admit_too() {
    let refused = with_flags(&subject(), &[], false).unwrap_err();
    let flags: Vec<_> = refused
        .allow_flags
        .split("--allow ")
        .filter(|flag| !flag.is_empty())
        .collect();
    let flags: Vec<_> = flags
        .iter()
        .map(|flag| flag.trim().trim_matches('\''))
        .collect();
    assert!(
        with_flags(&subject(), &flags, false)
            .unwrap()
            .narrowed()
            .is_empty()
    );
}

#[test]
fn grant_for_other_bytes_grants_nothing_and_is_mentioned() {
    let mut subject = subject();
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    subject.digest = Digest::of(b"swapped");
    let refused = with_file(&subject, &lines).unwrap_err();
    assert_eq!(refused.missing.len(), 6);
    assert!(refused.notes[0].contains("not for these bytes"));
}

#[test]
fn grant_for_another_name_grants_nothing() {
    let lines = with_flags(&subject(), &[], false).unwrap_err().lines_to_add;
    assert!(with_file(&subject(), &lines.replace("acme/fix-bug", "acme/fix-bug2")).is_err());
}

#[test]
fn expired_grant_grants_nothing_from_the_day_after() {
    let lines = with_flags(&subject(), &[], false).unwrap_err().lines_to_add;
    let until = |day: Date| lines.replace("# expires = 2030-12-31", &format!("expires = {day}"));
    assert!(with_file(&subject(), &until(today())).is_ok());
    let refused = with_file(&subject(), &until(today().yesterday().unwrap())).unwrap_err();
    assert!(
        refused.notes[0].contains("expired on"),
        "{:?}",
        refused.notes
    );
}

#[test]
fn source_grant_holds_only_for_what_this_command_built_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut subject = subject();
    subject.source = Some(folder.path().canonicalize().unwrap());
    let lines = with_flags(&subject, &[], false).unwrap_err().lines_to_add;
    assert!(lines.contains("source = ") && !lines.contains("digest = "));
    assert!(with_file(&subject, &lines).is_ok());
    subject.source = Some(PathBuf::from("/elsewhere"));
    assert!(with_file(&subject, &lines).is_err());
    subject.source = None;
    assert!(with_file(&subject, &lines).is_err());
}

#[test]
fn grant_narrower_than_asked_works_and_denies_outside() {
    let lines = with_flags(&subject(), &[], false).unwrap_err().lines_to_add;
    let admission = with_file(
        &subject(),
        &lines.replace("\"src/**\", \"tests/**\"", "\"src/parser/**\""),
    )
    .unwrap();
    let authority = blueprint(&admission);
    assert!(allowed(&authority, FileOp::Write, "src/parser/a.rs"));
    assert!(!allowed(&authority, FileOp::Write, "src/main.rs"));
    assert_eq!(
        authority.file(FileOp::Write, "src/main.rs").rule(),
        "not-granted"
    );
    assert_eq!(admission.narrowed()[0].granted, ["src/parser/**"]);
}

#[test]
fn grant_wider_than_asked_gives_no_more_than_asked() {
    let lines = with_flags(&subject(), &[], false).unwrap_err().lines_to_add;
    let wide = lines
        .replace("\"src/**\", \"tests/**\"", "\"**\"")
        .replace("max-turns = 40", "max-turns = 4000");
    let authority = blueprint(&with_file(&subject(), &wide).unwrap());
    assert_eq!(
        authority.file(FileOp::Write, "README.md").rule(),
        "not-asked"
    );
    assert_eq!(authority.agent().unwrap().max_turns, 40);
}

#[test]
fn plugin_gets_its_own_asks_and_the_blueprint_not_the_plugins() {
    let admission = with_flags(&subject(), &[], true).unwrap();
    let test = admission.authority(&"std:test".parse().unwrap(), None);
    let arguments = ["test".to_owned()];
    assert!(test.command("cargo", &arguments).is_allowed());
    assert!(!allowed(&test, FileOp::Read, "src/main.rs"));
    assert!(
        !blueprint(&admission)
            .command("cargo", &arguments)
            .is_allowed()
    );
    assert!(!blueprint(&admission).program_granted("cargo"));
    let stranger = admission.authority(&"acme/other".parse().unwrap(), None);
    assert!(!allowed(&stranger, FileOp::Stat, "src"));
}

#[test]
fn grant_of_a_plugin_holds_for_its_digest_alone() {
    let lines = with_flags(&subject(), &[], false).unwrap_err().lines_to_add;
    let lines = lines.replace(", \"cargo test *\"", "");
    let grant = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        format!(
            "{lines}\n[[grant]]\nplugin = \"std:test\"\ndigest = \"{digest}\"\n[grant.command]\nrun = [\"cargo test *\"]\n"
        )
    };
    assert!(with_file(&subject(), &lines).is_err());
    assert!(with_file(&subject(), &grant(b"std:test")).is_ok());
    assert!(with_file(&subject(), &grant(b"other bytes")).is_err());
}

#[test]
fn node_has_only_what_it_needs() {
    let subject = subject();
    let admission = with_flags(&subject, &[], true).unwrap();
    let node = |id: &str| admission.node(subject.graph.node(&id.parse().unwrap()).unwrap());
    let (gather, implement) = (node("gather"), node("implement"));
    assert!(allowed(&gather, FileOp::Read, "src/a.rs"));
    assert_eq!(
        gather.file(FileOp::Write, "src/a.rs").rule(),
        "not-needed-by-node"
    );
    assert_eq!(gather.agent_run().rule(), "not-agentic");
    assert!(gather.agent().is_none());
    assert_eq!(
        implement.agent().unwrap().tools,
        ["read"],
        "the node's limits narrow the tools"
    );
    assert_eq!(implement.agent().unwrap().max_turns, 4);
    assert!(implement.tool("read").is_allowed() && !implement.tool("edit").is_allowed());
    assert!(node("lint").agent().is_none());
}

#[test]
fn deterministic_node_that_names_a_model_still_gets_none() {
    let mut subject = subject();
    subject.graph.nodes[0].needs.push("model".parse().unwrap());
    let admission = with_flags(&subject, &[], true).unwrap();
    assert!(admission.node(&subject.graph.nodes[0]).agent().is_none());
}

#[test]
fn allow_asked_opens_no_secret_and_no_protected_file() {
    let asks = json!([
        {"id": "a", "reason": "r", "files": {"read": ["**", ".env"], "write": ["**", ".github/workflows/**"]}},
    ]);
    let subject = subject_asking(&asks);
    let authority = blueprint(&with_flags(&subject, &[], true).unwrap());
    assert_eq!(
        authority.file(FileOp::Read, ".env").rule(),
        "secret-looking-file"
    );
    assert_eq!(
        authority
            .file(FileOp::Write, ".github/workflows/ci.yml")
            .rule(),
        "protected-path"
    );
    assert!(allowed(&authority, FileOp::Write, "src/a.rs"));
    let named = with_flags(&subject, &["files:read=.env"], true).unwrap();
    assert!(allowed(&blueprint(&named), FileOp::Read, ".env"));
}

#[test]
fn ask_for_a_secret_alone_is_missing_under_allow_asked() {
    let asks = json!([{"id": "a", "reason": "r", "files": {"read": [".env"]}}]);
    let subject = subject_asking(&asks);
    let refused = with_flags(&subject, &[], true).unwrap_err();
    assert_eq!(refused.missing[0].target, "read .env");
    assert!(
        with_flags(&subject, &["files:read=**"], true).is_err(),
        "a broad grant does not name it"
    );
    let lines = refused.lines_to_add + "\n[grant.command]\nrun = [\"cargo **\"]\n";
    assert!(allowed(
        &blueprint(&with_file(&subject, &lines).unwrap()),
        FileOp::Read,
        ".env"
    ));
}

#[test]
fn allow_asked_never_runs_unsandboxed_and_requires_every_gate() {
    let admission = with_flags(&subject(), &[], true).unwrap();
    assert!(!blueprint(&admission).unsandboxed());
    let delivery = admission.delivery().unwrap();
    let gates: Vec<_> = delivery
        .require
        .iter()
        .map(|gate| gate.gate.to_string())
        .collect();
    assert_eq!(gates, ["std:lint", "std:test"]);
    assert!(delivery.accept_self_steered.is_empty() && !delivery.accept_unsandboxed);
}

#[test]
fn plugin_missing_from_the_subject_is_refused() {
    let mut subject = subject();
    subject.parts.pop();
    let refused = with_flags(&subject, &[], true).unwrap_err();
    assert!(
        refused
            .problems
            .contains(&AdmissionProblem::PartMissing("std:test".parse().unwrap()))
    );
}

#[test]
fn nothing_above_the_ceiling_is_admitted() {
    let subject = subject();
    let patterns = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| text.parse().unwrap())
            .collect::<Vec<_>>()
    };
    let commands = vec!["cargo **".parse().unwrap()];
    let low = Ceiling::new(
        patterns(&["src/**"]),
        patterns(&["src/**"]),
        commands.clone(),
        vec!["default".into()],
    );
    let sources = GrantSources {
        allow_asked: true,
        ceiling: Some(&low),
        ..Default::default()
    };
    let authority = blueprint(&admit(&subject, &sources, today()).unwrap());
    assert!(allowed(&authority, FileOp::Read, "src/a.rs"));
    assert_eq!(
        authority.file(FileOp::Read, "tests/a.rs").rule(),
        "above-ceiling"
    );
    let none = Ceiling::new(
        patterns(&["**"]),
        patterns(&["doc/**"]),
        commands,
        Vec::new(),
    );
    let sources = GrantSources {
        allow_asked: true,
        ceiling: Some(&none),
        ..Default::default()
    };
    let refused = admit(&subject, &sources, today()).unwrap_err();
    let above: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
    assert_eq!(above.len(), 2, "{above:?}");
}

#[test]
fn admission_has_the_same_digest_every_time_and_another_for_another() {
    let digest = |flags: &[&str]| with_flags(&subject(), flags, true).unwrap().digest();
    assert_eq!(digest(&[]), digest(&[]));
    assert_ne!(digest(&[]), digest(&["files:write=src/**"]));
}
