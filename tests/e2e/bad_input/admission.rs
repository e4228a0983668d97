//! Runs without enough authority, and grants files that are not to be trusted.

use super::{Stage, hostile};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The lines that the refusal says would cure it.
fn lines(stage: &Stage) -> String {
    let ran = stage.exec(&hostile(), &["--task", "write new.txt"]);
    ran.expect(3, &[]);
    ran.stdout
}

fn granted_by(stage: &Stage, grants: &Path) -> crate::world::Ran {
    let grants = grants.to_str().unwrap();
    let words = ["--task", "write new.txt", "--grants", grants];
    stage.exec(&hostile(), &words)
}

/// Refused before anything ran: no run is recorded, nothing is touched.
#[track_caller]
fn refused(stage: &Stage, grants: &Path, words: &[&str]) {
    nothing_ran(stage, grants, 3, words);
}

/// A file that is wrong, as the command's words may be.
#[track_caller]
fn mistaken(stage: &Stage, grants: &Path, words: &[&str]) {
    nothing_ran(stage, grants, 2, words);
}

#[track_caller]
fn nothing_ran(stage: &Stage, grants: &Path, code: i32, words: &[&str]) {
    granted_by(stage, grants).expect(code, words);
    let runs = stage.world.minion(&["runs"]);
    assert!(!runs.stdout.contains("test/hostile"), "{}", runs.all());
}

#[test]
fn everything_that_is_missing_is_listed_at_once() {
    let stage = Stage::new();
    let ran = stage.exec(&hostile(), &["--task", "behave"]);
    let asks = [
        "read **",
        "write **",
        "true *",
        "model=default",
        "branch minion/<run>",
        "runs workspace code",
        "\"to read what it should not\"",
        "--allow-asked",
        "minion-rt inspect",
    ];
    ran.expect(3, &asks);
    stage.untouched();
}

#[test]
fn the_lines_of_the_refusal_pasted_into_a_grants_file_admit_the_run() {
    let stage = Stage::new();
    let grants = stage.world.file("grants.toml", lines(&stage));
    stage.untouched();
    granted_by(&stage, &grants).expect(0, &["delivered  branch minion/"]);
}

#[test]
fn the_flags_of_the_refusal_admit_the_run() {
    let stage = Stage::new();
    let ran = stage.exec(&hostile(), &["--task", "behave"]);
    let flags = ran.stderr.lines().find(|line| line.contains("--allow '"));
    let flags: Vec<_> = flags.unwrap().split('\'').collect();
    let values = flags.iter().skip(1).step_by(2);
    let more: Vec<_> = values.flat_map(|value| ["--allow", *value]).collect();
    let task = [&["--task", "behave"][..], &more].concat();
    stage.exec(&hostile(), &task).expect(0, &["done"]);
    stage.untouched();
}

#[test]
fn a_grant_of_less_lists_what_is_still_missing() {
    let stage = Stage::new();
    let less = lines(&stage).replace("write = [\"**\"]\n", "");
    let grants = stage.world.file("grants.toml", less);
    refused(&stage, &grants, &["missing", "write **"]);
    stage.untouched();
}

#[test]
fn a_narrower_grant_admits_the_run_and_denies_what_is_outside_of_it() {
    let stage = Stage::new();
    let narrow = lines(&stage).replace("write = [\"**\"]", "write = [\"docs/**\"]");
    let grants = stage.world.file("grants.toml", narrow);
    let words = ["not-granted", "--allow 'files:write=new.txt'"];
    granted_by(&stage, &grants).expect(1, &words);
    stage.untouched();
}

#[test]
fn a_grant_for_another_digest_grants_nothing() {
    let stage = Stage::new();
    let text = lines(&stage);
    let digest = text.lines().find(|line| line.starts_with("digest"));
    let another = format!("digest = \"sha256:{}\"", "0".repeat(64));
    let other = text.replace(digest.unwrap(), &another);
    let grants = stage.world.file("grants.toml", other);
    refused(&stage, &grants, &["missing", "read **", "write **"]);
    stage.untouched();
}

#[test]
fn an_empty_grants_file_grants_nothing() {
    let stage = Stage::new();
    let grants = stage.world.file("grants.toml", "");
    refused(&stage, &grants, &["missing", "read **"]);
    stage.untouched();
}

#[test]
fn a_grants_file_inside_the_repository_is_refused() {
    let stage = Stage::new();
    let text = lines(&stage);
    let inside = stage.world.file("project/grants.toml", text);
    let words = ["grants.toml", "which runs write", "keep it elsewhere"];
    refused(&stage, &inside, &words);
}

#[test]
fn a_grants_file_reached_through_the_repository_is_refused() {
    let stage = Stage::new();
    let outside = stage.world.file("grants.toml", lines(&stage));
    let link = stage.repository.join("link.toml");
    std::os::unix::fs::symlink(outside, &link).unwrap();
    let inside = stage.world.file("project/hidden.toml", lines(&stage));
    let innocent = stage.world.path("innocent.toml");
    std::os::unix::fs::symlink(inside, &innocent).unwrap();
    for way in [link, innocent] {
        refused(&stage, &way, &["which runs write"]);
    }
}

#[test]
fn a_grants_file_that_others_can_write_is_refused() {
    let stage = Stage::new();
    let grants = stage.world.file("grants.toml", lines(&stage));
    for mode in [0o666, 0o620] {
        std::fs::set_permissions(&grants, std::fs::Permissions::from_mode(mode)).unwrap();
        refused(&stage, &grants, &["others can write", "chmod go-w"]);
    }
}

#[test]
fn a_grants_file_with_an_unknown_key_is_a_mistake_with_its_line() {
    let stage = Stage::new();
    let text = lines(&stage) + "everything = true\n";
    let line = format!("grants.toml:{}", text.lines().count());
    let grants = stage.world.file("grants.toml", text);
    mistaken(&stage, &grants, &[&line, "`everything`"]);
}

#[test]
fn a_missing_grants_file_is_named() {
    let stage = Stage::new();
    let grants = stage.world.path("nowhere.toml");
    mistaken(&stage, &grants, &["nowhere.toml", "cannot be read"]);
    mistaken(&stage, &stage.world.path(""), &["no regular file"]);
}

#[test]
fn an_allowance_that_cannot_be_read_is_named() {
    let stage = Stage::new();
    let words = ["--allow", "everything"];
    stage
        .exec(&hostile(), &words)
        .expect(2, &["`--allow everything`", "what=which"]);
    stage.untouched();
}
