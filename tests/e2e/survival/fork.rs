//! A new run from a visit of another.

use super::asking::Asking;
use super::child::At;
use super::stage::{Stage, UNGATED, outcome};
use crate::world::{Ran, component};
use minion_journal::Body;
use serde_json::json;

impl Stage {
    /// A run forked there, whose model is asked under this name.
    fn fork(&self, from: &str, name: &str, more: &[&str]) -> Ran {
        let mut command = self.world.command();
        command.args(["exec", "--fork", from, "--json", "--model", "m"]);
        command
            .args(["--model-url", &self.model.url(name)])
            .args(more);
        Ran::of(command.output().unwrap())
    }
}

#[test]
fn a_fork_goes_on_from_a_visit_with_its_state_tree_and_evidence() {
    let stage = Stage::new();
    let from = format!("{}@check-1", stage.like_run());
    let ran = stage.fork(&from, "fork", &[]);
    ran.expect(0, &["delivered"]);
    let forked = outcome(&ran);
    // The first round is carried over, the second is done anew.
    assert_eq!(stage.model.asked("fork"), 2);
    for fact in ["tree", "evidence", "changes"] {
        assert_eq!(forked[fact], stage.like[fact], "{fact}");
    }
    let run = forked["run"].as_str().unwrap();
    assert_ne!(run, stage.like_run());
    assert_eq!(stage.branches(run).len(), 1);
    stage
        .world
        .minion(&["replay", run])
        .expect(0, &["delivered"]);
    // Forked from where both gates have spoken, it delivers on their word alone.
    let from = format!("{}@check", stage.like_run());
    let ran = stage.fork(&from, "all", &[]);
    ran.expect(0, &["delivered"]);
    assert_eq!(stage.model.asked("all"), 0);
    assert_eq!(outcome(&ran)["tree"], stage.like["tree"]);
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    stage
        .world
        .minion(&["replay", &run])
        .expect(0, &["delivered"]);
}

#[test]
fn a_fork_is_given_another_task_and_can_be_forked_again() {
    let stage = Stage::new();
    let from = format!("{}@check-1", stage.like_run());
    let ran = stage.fork(&from, "other", &["--task", "something else"]);
    ran.expect(0, &["delivered"]);
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    let asked = stage
        .effective(&run)
        .into_iter()
        .find_map(|record| match record.body {
            Body::Intent { call, request, .. } if call == "agent.run" => Some(request),
            _ => None,
        });
    let asked = minion_journal::load(&stage.store(), &asked.unwrap()).unwrap();
    assert_eq!(asked["task"], "something else");
    let again = stage.fork(&format!("{run}@count-2"), "again", &[]);
    again.expect(0, &["delivered"]);
    assert_eq!(outcome(&again)["tree"], stage.like["tree"]);
    // The run's own visits have names; those it inherited are named in the run they are of.
    stage
        .fork(&format!("{run}@write-1"), "x", &[])
        .expect(2, &["has no visit `write-1`", "write-2"]);
}

#[test]
fn a_fork_of_a_killed_run_and_a_killed_fork_come_to_the_same_tree() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::Record(20));
    let ran = stage.fork(&format!("{run}@write"), "fork", &[]);
    ran.expect(0, &["delivered"]);
    assert_eq!(outcome(&ran)["tree"], stage.like["tree"]);
    // Its origin goes on as if nothing had been.
    let ran = stage.resume(&run);
    stage.same(&run, &run, &ran, "the origin of a fork");
}

#[test]
fn a_visit_that_is_not_there_is_told_with_those_that_are() {
    let stage = Stage::new();
    let run = stage.like_run();
    for (place, word) in [
        ("nothing-1", "has no visit `nothing-1`"),
        ("write-3", "write-2"),
        ("", "no visit"),
    ] {
        let ran = stage.fork(&format!("{run}@{place}"), "x", &[]);
        ran.expect(2, &[word]);
    }
    stage
        .fork(&format!("{run}@check-9"), "x", &[])
        .expect(2, &["write-1, count-1, look-1, check-1"]);
    stage.fork(run, "x", &[]).expect(2, &["names no visit"]);
    stage
        .fork("zzzzzz@write-1", "x", &[])
        .expect(2, &["zzzzzz"]);
}

#[test]
fn a_fork_of_a_run_whose_folder_is_gone_says_so_and_one_made_before_lives_on() {
    let asking = Asking::new();
    let origin = asking.parked(&[]);
    let fork = |from: &str, task: &str| {
        let from = format!("{from}@prepare-1");
        asking.minion(&["exec", "--fork", &from, "--json", "--task", task])
    };
    let ran = fork(&origin, "a");
    assert_eq!(ran.code, 6, "{}", ran.all());
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    let from = format!("forked     from run {}@prepare-1", &origin[20..]);
    asking.minion(&["runs", "show", &run]).expect(0, &[&from]);
    std::fs::remove_dir_all(asking.folder(&origin)).unwrap();
    let gone = fork(&origin, "b");
    gone.expect(2, &["the files of run", "are not here any more", &origin]);
    assert!(gone.stderr.starts_with("error"), "{}", gone.stderr);
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    assert_eq!(asking.content(&asking.branches(&run)[0], "a.txt"), "one\n");
    asking
        .minion(&["replay", &origin])
        .expect(0, &["not ended"]);
}

#[test]
fn a_fork_may_have_more_inputs_of_its_own() {
    let asking = Asking::new();
    let origin = asking.parked(&[]);
    let from = format!("{origin}@prepare-1");
    let script = json!({ "write": [["b.txt", "b\n"]] });
    let mut command = asking.world.command();
    command.arg("exec").arg(component("tests/guests/asking"));
    command.args([
        "--fork",
        &from,
        "--json",
        "--input",
        &format!("settle-1={script}"),
    ]);
    let ran = Ran::of(command.args(UNGATED).output().unwrap());
    assert_eq!(ran.code, 6, "{}", ran.all());
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    let branch = &asking.branches(&run)[0];
    assert_eq!(asking.content(branch, "a.txt"), "one\n");
    assert_eq!(asking.content(branch, "b.txt"), "b\n");
}
