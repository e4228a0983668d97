//! A run waits for a human: no process, a decision with a name and about one tree, and then
//! the edge that it takes.

use super::asking::Asking;
use super::stage::outcome;
use minion_journal::{Body, Decision, RunState};
use serde_json::{Value, json};

impl Asking {
    #[track_caller]
    fn decision(&self, run: &str) -> Decision {
        let decided = self
            .records(run)
            .into_iter()
            .rev()
            .find_map(|record| match record.body {
                Body::Decided(decision) => Some((record.at, decision)),
                _ => None,
            });
        let (at, decision) = decided.expect("nothing was decided");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let age = now.unwrap().as_secs() - at.micros() / 1_000_000;
        assert!(age < 60, "decided {age} s ago");
        decision
    }
}

#[test]
fn a_waiting_run_keeps_no_process_is_listed_as_waiting_and_takes_the_edge_of_a_yes() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    assert_eq!(asking.summary(&run).state, RunState::Waiting);
    let tree = asking.waits_with(&run);
    let looks = format!("minion-rt runs diff {}   tree {}", &run[20..], &tree[..7]);
    // Nobody has decided: it goes on waiting, and nothing is written of that.
    let before = asking.untouched(&run);
    asking
        .minion(&["resume", &run])
        .expect(6, &["waiting", "person", "approve", &looks]);
    asking
        .minion(&["runs", "show", &run])
        .expect(0, &["waiting     for a human at person", &looks, "approve"]);
    assert_eq!(asking.untouched(&run), before);
    asking.minion(&["replay", &run]).expect(0, &["not ended"]);
    let approve = ["approve", &run, "--by", "ada", "--comment", "as agreed"];
    asking
        .minion(&approve)
        .expect(0, &["approved", "ada", "resume"]);
    assert_eq!(asking.summary(&run).state, RunState::Decided);
    let decision = asking.decision(&run);
    assert!(decision.approved && decision.node == "person");
    assert_eq!((decision.by.as_str(), decision.tree), ("ada", tree.clone()));
    assert_eq!(decision.comment.as_deref(), Some("as agreed"));
    asking.minion(&["replay", &run]).expect(0, &["not ended"]);
    let ran = asking.minion(&["resume", &run, "--json"]);
    ran.expect(0, &["delivered"]);
    assert_eq!(outcome(&ran)["tree"].as_str(), Some(tree.as_str()));
    let branches = asking.branches(&run);
    assert_eq!(asking.tree(&branches[0]), tree);
    asking
        .minion(&["replay", &run])
        .expect(0, &["3 visits, delivered"]);
    asking.minion(&["runs", "show", &run]).expect(0, &["sound"]);
}

#[test]
fn a_no_takes_its_edge_and_the_run_asks_again() {
    let asking = Asking::new();
    let second = ("prepare-2", json!({ "write": [["a.txt", "two\n"]] }));
    let run = asking.parked(&[second]);
    let first = asking.waits_with(&run);
    asking.minion(&["reject", &run]).expect(0, &["rejected"]);
    let decision = asking.decision(&run);
    assert!(!decision.approved && !decision.by.is_empty());
    asking.minion(&["resume", &run]).expect(6, &["waiting"]);
    assert_ne!(asking.waits_with(&run), first);
    asking.minion(&["approve", &run]).expect(0, &["approved"]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    let branches = asking.branches(&run);
    assert_eq!(asking.content(&branches[0], "a.txt"), "two\n");
    asking
        .minion(&["replay", &run])
        .expect(0, &["5 visits, delivered"]);
}

#[test]
fn who_decides_twice_or_about_a_run_that_does_not_wait_is_told() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    asking
        .minion(&["approve", &run, "--by", "ada"])
        .expect(0, &[]);
    let before = asking.untouched(&run);
    for verb in ["approve", "reject"] {
        asking
            .minion(&[verb, &run])
            .expect(2, &["ada has said yes already", "cannot be taken back"]);
    }
    assert_eq!(asking.untouched(&run), before);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    for verb in ["approve", "reject", "cancel", "resume"] {
        asking.minion(&[verb, &run]).expect(2, &["has ended"]);
    }
    asking.minion(&["approve", "nobody"]).expect(2, &["nobody"]);
}

#[test]
fn who_names_the_tree_decides_about_no_other() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    let tree = asking.waits_with(&run);
    let before = asking.untouched(&run);
    for verb in ["approve", "reject"] {
        asking
            .minion(&[verb, &run, "--tree", &"0".repeat(40)])
            .expect(3, &["waits with tree", &tree[..7], "and not with"]);
        asking
            .minion(&[verb, &run, "--tree", "all"])
            .expect(2, &["at least 7"]);
    }
    assert_eq!(asking.untouched(&run), before);
    asking
        .minion(&["approve", &run, "--tree", &tree[..7]])
        .expect(0, &["approved"]);
}

#[test]
fn a_workspace_that_was_deleted_or_edited_meanwhile_is_the_approved_tree_again() {
    let asking = Asking::new();
    for edit in [true, false] {
        let run = asking.parked(&[]);
        let workspace = asking.folder(&run).join("workspace");
        if edit {
            let mut files = walk(&workspace);
            files.retain(|path| path.ends_with("a.txt"));
            assert_eq!(files.len(), 1, "{files:?}");
            std::fs::write(&files[0], "somebody else's\n").unwrap();
            std::fs::write(files[0].with_file_name("b.txt"), "new\n").unwrap();
        } else {
            std::fs::remove_dir_all(&workspace).unwrap();
        }
        let tree = asking.waits_with(&run);
        asking.minion(&["approve", &run]).expect(0, &[]);
        asking.minion(&["resume", &run]).expect(0, &["delivered"]);
        assert_eq!(asking.tree(&asking.branches(&run)[0]), tree);
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(walk(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// Files that steer what is judged, and that others execute later; and right to the gate.
const TOUCHED: [&str; 2] = ["conftest.py", ".github/workflows/ci.yml"];

const REQUIRED: [&str; 3] = ["--allow-asked", "--allow", "require=acme/checker"];

/// Writes them by a command.
fn touches() -> (&'static str, Value) {
    let write = "mkdir -p .github/workflows; echo right > answer.txt; \
                 echo one > conftest.py; echo two > .github/workflows/ci.yml";
    ("prepare-1", json!({ "run": ["sh", "-c", write] }))
}

fn judged() -> (&'static str, Value) {
    ("settle-1", json!({ "then": "judge" }))
}

#[test]
fn what_steers_its_verdict_or_is_protected_is_delivered_only_where_a_human_accepted_it() {
    let asking = Asking::new();
    let [steers, protected] = TOUCHED;
    let cases = [
        (vec![], Some(steers)),
        (vec![steers], Some(protected)),
        (vec![protected], Some(steers)),
        (vec![steers, protected], None),
    ];
    for (accepts, refused) in cases {
        let run = asking.parked_under(&REQUIRED, &[touches(), judged()]);
        let mut approve = vec!["approve", &run];
        approve.extend(accepts.iter().flat_map(|path| ["--accept", path]));
        asking.minion(&approve).expect(0, &accepts);
        assert_eq!(asking.decision(&run).accepts, accepts);
        let ran = asking.minion(&["resume", &run]);
        if let Some(path) = refused {
            ran.expect(6, &["nothing was delivered", path]);
        } else {
            ran.expect(0, &["delivered"]);
            let branch = &asking.branches(&run)[0];
            assert_eq!(asking.content(branch, steers), "one\n");
            assert_eq!(asking.content(branch, protected), "two\n");
        }
    }
}

#[test]
fn only_what_the_run_changed_can_be_accepted() {
    let asking = Asking::new();
    let run = asking.parked_under(&REQUIRED, &[touches(), judged()]);
    let before = asking.untouched(&run);
    for path in ["setup.cfg", "../../x", "base.txt", "x\u{1b}"] {
        let approve = ["approve", &run, "--accept", TOUCHED[0], "--accept", path];
        let path = path.replace('\u{1b}', "\\u{1b}");
        let names = format!("does not change `{path}`; it changes `");
        asking
            .minion(&approve)
            .expect(2, &[&names, TOUCHED[0], TOUCHED[1], "), `answer.txt`"]);
        assert_eq!(asking.untouched(&run), before);
    }
}

#[test]
fn a_run_whose_folder_is_gone_says_what_remains() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    std::fs::remove_dir_all(asking.folder(&run)).unwrap();
    let remains = "only `minion-rt runs show` and `minion-rt replay` remain";
    let diff = ["runs", "diff", run.as_str()];
    for verb in [
        &["approve", &run][..],
        &["reject", &run],
        &["resume", &run],
        &diff,
    ] {
        asking
            .minion(verb)
            .expect(2, &["the files of run", remains]);
    }
    asking.minion(&["runs", "show", &run]).expect(0, &["sound"]);
    asking.minion(&["replay", &run]).expect(0, &["not ended"]);
}

#[test]
fn a_delivery_without_a_gate_does_not_say_that_it_was_verified() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking
        .minion(&["resume", &run])
        .expect(0, &["evidence   none: no gate was required"]);
    let branch = &asking.branches(&run)[0];
    let words = ["log", "-1", "--format=%(trailers)", branch];
    let trailers = asking.world.git(&asking.repository, &words);
    let says = "Minion-Verified: no gate was required";
    assert!(trailers.contains(says), "{trailers}");
}

#[test]
fn what_was_accepted_of_one_tree_is_not_accepted_of_the_next() {
    let asking = Asking::new();
    for file in ["conftest.py", "other.txt"] {
        let after = json!({ "write": [[file, "three\n"]], "then": "judge" });
        let run = asking.parked_under(&REQUIRED, &[touches(), ("settle-1", after)]);
        let [steers, protected] = TOUCHED;
        let approve = ["approve", &run, "--accept", steers, "--accept", protected];
        asking.minion(&approve).expect(0, &[]);
        asking
            .minion(&["resume", &run])
            .expect(6, &["nothing was delivered", steers, protected]);
    }
}

#[test]
fn a_guest_cannot_reach_the_decision() {
    let asking = Asking::new();
    let state = asking.state().display().to_string();
    let program = env!("CARGO_BIN_EXE_minion-rt");
    let script = format!(
        "{program} approve --state {state} $({program} runs --state {state} | cut -c1-6); \
         ls {state} ../../journal ../../../journal /proc/1/root{state}; echo x >> {state}/journal/journal.db"
    );
    let reach = json!({ "write": [["a.txt", "one\n"]], "run": ["sh", "-c", script] });
    let run = asking.parked(&[("prepare-1", reach)]);
    asking.minion(&["resume", &run]).expect(6, &["waiting"]);
    let decided = |body: &Body| matches!(body, Body::Decided(_));
    assert!(
        !asking
            .records(&run)
            .iter()
            .any(|record| decided(&record.body))
    );
    asking.minion(&["runs", "show", &run]).expect(0, &["sound"]);
    // What a step says of itself is no decision either.
    let told = asking
        .records(&run)
        .into_iter()
        .find_map(|record| match record.body {
            Body::Log { message, .. } => Some(message),
            _ => None,
        });
    assert!(!told.unwrap().contains("approved "));
}
