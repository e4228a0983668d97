//! What happens around a run that was left: its repository, its grants, its component, the
//! clock and the disk.

use super::asking::Asking;
use super::child::At;
use super::stage::{Stage, UNGATED, outcome};
use crate::world::component;
use minion_journal::{SqliteStore, Store};
use serde_json::json;
use std::process::Command;

impl Stage {
    /// One more commit on `main`.
    fn moves_on(&self) {
        self.world.file("project/later.txt", "later\n");
        self.world.git(&self.repository, &["add", "--all"]);
        self.world
            .git(&self.repository, &["commit", "--quiet", "--message=later"]);
    }
}

#[test]
fn a_repository_that_moved_on_changes_nothing_for_the_run() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::Record(30));
    let base = stage.world.git(&stage.repository, &["rev-parse", "main"]);
    stage.moves_on();
    let ran = stage.resume(&run);
    ran.expect(0, &["delivered"]);
    assert_eq!(outcome(&ran)["tree"], stage.like["tree"]);
    let parent = format!("{}^", stage.branches(&run)[0]);
    assert_eq!(
        stage.world.git(&stage.repository, &["rev-parse", &parent]),
        base
    );
}

#[test]
fn a_base_that_was_rebased_away_is_gone_on_with_while_it_is_there_and_named_when_not() {
    let stage = Stage::new();
    let (kept, _) = stage.killed(At::Record(30));
    let (lost, _) = stage.killed(At::Record(30));
    let git = |words: &[&str]| stage.world.git(&stage.repository, words);
    let base = git(&["rev-parse", "main"]).trim().to_owned();
    git(&["commit", "--quiet", "--amend", "--message=another base"]);
    stage.resume(&kept).expect(0, &["delivered"]);
    for branch in git(&[
        "for-each-ref",
        "--format=%(refname:short)",
        "refs/heads/minion",
    ])
    .lines()
    {
        git(&["branch", "--quiet", "-D", branch]);
    }
    git(&["reflog", "expire", "--expire=now", "--all"]);
    git(&["gc", "--quiet", "--prune=now"]);
    stage.resume(&lost).expect(2, &[&base, "git fetch"]);
    assert!(stage.branches(&lost).is_empty());
}

#[test]
fn a_repository_that_is_gone_is_named_and_another_place_can_be_given() {
    let stage = Stage::new();
    let (run, _) = stage.killed(At::Record(30));
    let elsewhere = stage.world.path("elsewhere");
    std::fs::rename(&stage.repository, &elsewhere).unwrap();
    let gone = stage.repository.display().to_string();
    stage.resume(&run).expect(2, &[&gone, "--repo"]);
    let moved = [
        "resume",
        &run,
        "--json",
        "--repo",
        elsewhere.to_str().unwrap(),
    ];
    let ran = stage.world.minion(&moved);
    ran.expect(0, &["delivered"]);
    assert_eq!(outcome(&ran)["tree"], stage.like["tree"]);
    std::fs::rename(&elsewhere, &stage.repository).unwrap();
    stage.same(&run, &run, &ran, "elsewhere");
}

/// Grants of a file that tests change.
fn grants(digest: &str, more: &str) -> String {
    format!(
        "[[grant]]\nblueprint = \"test/asking\"\ndigest = \"{digest}\"\napproved-by = \"ada\"\nreason = \"to try\"\n\
         {more}\n[grant.files]\nread = [\"**\"]\nwrite = [\"**\"]\n[grant.command]\nrun = [\"sh **\"]\n\
         [grant.delivery]\nto = \"branch\"\ngates = \"none\"\n"
    )
}

#[test]
fn grants_that_were_changed_or_have_expired_are_refused_and_nothing_is_touched() {
    let asking = Asking::new();
    let wasm = component("tests/guests/asking");
    let digest = format!(
        "sha256:{}",
        minion_journal::Hash::of(&std::fs::read(&wasm).unwrap())
    );
    let asked = grants(&digest, "");
    let file = asking.world.file("config/grants.toml", &asked);
    let path = file.to_str().unwrap();
    let run = asking.parked_under(&["--grants", path], &[]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    let before = asking.untouched(&run);
    let narrowed = asked.replace("run = [\"sh **\"]", "run = [\"sh -c true\"]");
    let widened = asked.replace("run = [\"sh **\"]", "run = [\"sh **\", \"python3 **\"]");
    let expired = grants(&digest, "expires = 2020-01-01");
    for (text, word) in [
        (&narrowed, "the grants are not those"),
        (&widened, "the grants are not those"),
        (&expired, "exec --fork"),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = asking.minion(&["resume", &run]);
        ran.expect(3, &[word]);
        assert!(!ran.all().contains("blueprint.wasm"), "{}", ran.all());
        assert_eq!(asking.untouched(&run), before, "{word}");
    }
    std::fs::write(&file, &asked).unwrap();
    asking.minion(&["resume", &run]).expect(0, &["delivered"]);
}

#[test]
fn a_component_that_is_not_in_the_store_any_more_is_named() {
    let asking = Asking::new();
    let run = asking.parked(&[]);
    asking.minion(&["approve", &run]).expect(0, &[]);
    let digest = format!(
        "{}",
        minion_journal::Hash::of(&std::fs::read(component("tests/guests/asking")).unwrap())
    );
    let home = asking.world.path("without");
    let store = SqliteStore::open(home.join("journal")).unwrap();
    let begun = asking.summary(&run).begun;
    let from = asking.store();
    let records = from
        .read(begun.run, minion_journal::Seq::FIRST, 1000)
        .unwrap();
    let named = from.references(begun.run).unwrap();
    let kept = named.iter().filter(|blob| blob.to_string() != digest);
    let blobs = kept.map(|blob| minion_journal::Blob::new(from.get_blob(blob).unwrap()));
    let whole = minion_journal::Batch {
        blobs: blobs.collect(),
        records,
        ..Default::default()
    };
    store.adopt(&begun, whole).unwrap();
    let replayed = asking.minion(&["replay", &run, "--state", home.to_str().unwrap()]);
    replayed.expect(3, &[&digest]);
}

#[test]
fn a_full_disk_stops_the_run_and_it_goes_on_when_there_is_room() {
    let asking = Asking::new();
    let small = asking.world.path("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs"])
        .arg(&small)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!(
            "SKIPPED: a full disk takes a file system of its own, and this user may mount none"
        );
        return;
    }
    let unmount = Unmount(&small);
    let state = small.join("state");
    let state = state.to_str().unwrap();
    let script = json!({ "write": [["a.txt", "one\n"]] });
    let wasm = component("tests/guests/asking");
    let words = [UNGATED.as_slice(), &["--state", state]].concat();
    let ran = asking.exec(&wasm, &[("prepare-1", script)], &words);
    assert_eq!(ran.code, 6, "{}", ran.all());
    let run = outcome(&ran)["run"].as_str().unwrap().to_owned();
    let with = |words: &[&str]| asking.minion(&[words, &["--state", state]].concat());
    with(&["approve", &run]).expect(0, &[]);
    // Everything that is left, to the last byte.
    let filler = small.join("filler");
    let _ = std::fs::write(&filler, vec![0; 64 << 20]);
    let ran = with(&["resume", &run]);
    assert!([2, 5].contains(&ran.code), "{}", ran.all());
    ran.expect(ran.code, &[]);
    std::fs::remove_file(&filler).unwrap();
    with(&["resume", &run]).expect(0, &["delivered"]);
    assert_eq!(asking.branches(&run).len(), 1);
    with(&["replay", &run]).expect(0, &["3 visits, delivered"]);
    with(&["runs", "show", &run]).expect(0, &["sound"]);
    drop(unmount);
}

/// Takes the small file system away again, also from a test that fails.
struct Unmount<'a>(&'a std::path::Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
