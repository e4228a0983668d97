//! A waiting run is moved to another version of its blueprint, or is told why not.

use super::asking::Asking;
use super::child::At;
use super::stage::Stage;
use super::variant::variant;
use crate::world::component;
use minion_journal::{Body, Store};

const NEXT: (&str, &str) = (
    "version = \"0.1.0\"\nsummary",
    "version = \"0.2.0\"\nsummary",
);

/// What `tests/guests/asking` asks beyond `tests/guests/survivor`.
const MORE: [&str; 6] = [
    "--allow",
    "files:read=**",
    "--allow",
    "files:write=**",
    "--allow",
    "command=sh **",
];

#[test]
fn a_waiting_run_goes_on_with_a_version_that_fits() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    let settles = (
        "    play(\"settle\", notes, cx)",
        "    cx.workspace().write(\"new.txt\", \"by the new one\\n\")?;\n    play(\"settle\", notes, cx)",
    );
    let next = variant(&asking.world, "next", &[NEXT, settles]);
    let next = next.to_str().unwrap();
    // Moved while it waits, it waits on, and is asked about the same tree.
    let tree = asking.waits_with(&run);
    asking
        .minion(&["resume", &run, "--with", next])
        .expect(6, &["waiting", "test/asking 0.2.0  on main@"]);
    assert_eq!(asking.waits_with(&run), tree);
    asking.minion(&["runs"]).expect(0, &["test/asking 0.2.0"]);
    asking
        .minion(&["runs", "show", &run])
        .expect(0, &["test/asking 0.2.0, begun with 0.1.0"]);
    let folder = asking.repository.to_str().unwrap();
    asking
        .minion(&["resume", &run, "--with", folder])
        .expect(2, &["is a folder", "minion-rt build"]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    std::fs::remove_file(next).unwrap();
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    let branch = &asking.branches(&run)[0];
    assert_eq!(asking.content(branch, "new.txt"), "by the new one\n");
    asking
        .minion(&["replay", &run])
        .expect(0, &["3 visits, delivered"]);
    asking.minion(&["runs", "show", &run]).expect(0, &["sound"]);
    let moves = asking
        .records(&run)
        .into_iter()
        .filter_map(|record| match record.body {
            Body::Resumed { moved, .. } => moved,
            _ => None,
        });
    assert_eq!(
        moves.map(|moved| moved.version).collect::<Vec<_>>(),
        ["0.2.0"]
    );
}

#[test]
fn a_decision_is_about_the_version_that_it_was_made_under() {
    let asking = Asking::new();
    let next = variant(&asking.world, "decided", &[NEXT]);
    for (verb, code) in [("approve", 0), ("reject", 6)] {
        let run = asking.parked(&[]);
        asking.minion(&[verb, &run, "--by", "ada"]).expect(0, &[]);
        let before = asking.untouched(&run);
        let moved = ["resume", &run, "--with", next.to_str().unwrap()];
        let words = ["ada has decided at `person`", "nothing was touched"];
        asking.minion(&moved).expect(3, &words);
        assert_eq!(asking.untouched(&run), before);
        asking.minion(&["resume", &run]).expect(code, &[]);
    }
}

#[test]
fn a_version_that_asks_for_more_is_granted_it_by_name_or_stays_out() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    let before = asking.untouched(&run);
    let asks = [("\"sh **\"]", "\"sh **\", \"python3 **\"]")];
    let wider = variant(&asking.world, "wider", &[&[NEXT][..], &asks].concat());
    let wider = wider.to_str().unwrap();
    let moved = ["resume", &run, "--with", wider];
    let words = ["missing", "python3 **", "--allow 'command=python3 **'"];
    asking.minion(&moved).expect(3, &words);
    assert_eq!(asking.untouched(&run), before);
    let allowed = [&moved[..], &["--allow", "command=python3 **"]].concat();
    asking.minion(&allowed).expect(6, &["waiting"]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
    // A fork with the same words has them for the version that they were given for.
    let fork = format!("{run}@prepare-1");
    asking
        .minion(&["exec", wider, "--fork", &fork])
        .expect(2, &["another version", "--allow-asked"]);
    let alone = ["resume", &run, "--allow", "command=python3 **"];
    asking.minion(&alone).expect(2, &["--with"]);
}

/// Its name, the words that make it, and what is told of it.
type Misfit = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[test]
fn a_version_that_does_not_fit_is_refused_before_anything_is_touched() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    let before = asking.untouched(&run);
    let cases: [Misfit; 4] = [
        (
            "gone",
            &[
                ("done => person", "done => boss"),
                ("approval person", "approval boss"),
            ],
            &["goes on at node `person`, which the new graph does not have"],
        ),
        (
            "kind",
            &[
                (
                    "approval person { approved => settle, rejected => prepare }",
                    "deterministic person { needs: [source], done => settle }",
                ),
                (
                    "fn settle(",
                    "fn person(notes: Notes, cx: &Context) -> Step<Notes> { play(\"person\", notes, cx) }\n\nfn settle(",
                ),
            ],
            &["node `person` was of kind", "approval", "deterministic"],
        ),
        (
            "state",
            &[
                ("heard: Vec<String>", "heard: u32"),
                (
                    "notes.heard.push(format!(\"{:?}\", done.exit));",
                    "notes.heard += 1;",
                ),
            ],
            &["breaks the new graph's schema", "heard"],
        ),
        (
            "name",
            &[("\"test/asking\"", "\"test/other\"")],
            &["it is `test/other`, and the run is of `test/asking`"],
        ),
    ];
    for (name, words, told) in cases {
        let words: Vec<_> = words.iter().copied().chain([NEXT]).collect();
        let misfit = variant(&asking.world, name, &words);
        let ran = asking.minion(&["resume", &run, "--with", misfit.to_str().unwrap()]);
        ran.expect(3, &["nothing was touched"]).expect(3, told);
        assert_eq!(asking.untouched(&run), before, "{name}");
    }
    // It still goes on with its own.
    asking.minion(&["approve", &run]).expect(0, &[]);
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
}

#[test]
fn a_run_that_was_killed_in_its_first_visit_is_at_the_start_of_its_own_graph() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::After(1));
    let other = component("tests/guests/asking");
    let moved = ["resume", &run, "--with", other.to_str().unwrap()];
    let moved = [&moved[..], &MORE].concat();
    let words = [
        "goes on at node `write`, which the new graph does not have",
        "nothing was touched",
    ];
    stage.world.minion(&moved).expect(3, &words);
    stage.resume(&run).expect(0, &["delivered"]);
}

#[test]
fn a_run_in_the_middle_of_a_visit_is_not_moved() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::Record(9));
    let next = component("tests/guests/asking");
    let head = stage.store().head(run.parse().unwrap()).unwrap();
    let moved = ["resume", &run, "--with", next.to_str().unwrap()];
    let moved = [&moved[..], &MORE].concat();
    stage.world.minion(&moved).expect(
        3,
        &["a visit of `write` is under way", "nothing was touched"],
    );
    assert_eq!(stage.store().head(run.parse().unwrap()).unwrap(), head);
    let ran = stage.resume(&run);
    stage.same(&run, &run, &ran, "not moved");
}
