//! For a reviewer: two versions side by side, grants held against a blueprint, the ceiling.

use crate::world::{Ran, World, component};
use minion_bundle::{Bundle, Sections, write};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const FIX_BUG: &str = "blueprints/fix-bug";

/// A component taken apart, to be put together as a newer version.
struct Version {
    bare: Vec<u8>,
    bundle: Bundle,
    manifest: Value,
    prompts: BTreeMap<String, String>,
}

impl Version {
    fn of(folder: &str) -> Self {
        let bundle = minion_bundle::read(&std::fs::read(component(folder)).unwrap()).unwrap();
        let mut version = Self {
            bare: Vec::new(),
            manifest: serde_json::from_slice(&bundle.manifest.to_json()).unwrap(),
            prompts: bundle.prompts.clone(),
            bundle,
        };
        let ours = version.with(&version.bundle.manifest.to_json());
        let whole = &version.bundle.bytes;
        assert!(whole.ends_with(&ours), "our sections stand last");
        version.bare = whole[..whole.len() - ours.len()].to_vec();
        version
    }

    fn with(&self, manifest: &[u8]) -> Vec<u8> {
        let graph = self
            .bundle
            .graph
            .as_ref()
            .map(minion_grants::Graph::to_json);
        let plugins = self.bundle.plugins.iter();
        let sections = Sections {
            manifest,
            graph: graph.as_deref(),
            plugins: plugins
                .map(|(name, plugin)| (&**name, &*plugin.bytes))
                .collect(),
            prompts: self
                .prompts
                .iter()
                .map(|(name, text)| (&**name, &**text))
                .collect(),
        };
        write(&self.bare, &sections)
    }

    fn ask(&mut self, id: &str) -> &mut Value {
        let asks = self.manifest["asks"].as_array_mut().unwrap();
        asks.iter_mut().find(|ask| ask["id"] == id).unwrap()
    }

    fn written(&mut self, world: &World, name: &str) -> PathBuf {
        for (name, text) in &self.prompts {
            let digest = minion_grants::Digest::of(text.as_bytes()).to_string();
            let prompts = self.manifest["prompts"].as_array_mut().unwrap();
            let known = prompts
                .iter_mut()
                .find(|part| part["name"] == **name)
                .unwrap();
            known["digest"] = json!(digest);
        }
        world.file(name, self.with(self.manifest.to_string().as_bytes()))
    }
}

fn ran(world: &World, words: &[&str], files: &[&PathBuf]) -> Ran {
    let mut command = world.command();
    let (verb, rest) = words.split_at(if words[0] == "grants" { 2 } else { 1 });
    command.args(verb).args(files).args(rest);
    Ran::of(command.output().unwrap())
}

/// The operator's own grants, exactly what is proposed for the file.
fn propose(world: &World, file: &PathBuf) -> String {
    let proposed = ran(world, &["grants", "propose"], &[file]);
    proposed.expect(0, &[]);
    world.file("config/minion-rt/grants.toml", &proposed.stdout);
    proposed.stdout
}

#[test]
fn what_a_newer_version_widens_is_told_with_the_grant_that_no_longer_covers_it() {
    let world = World::new();
    let old = component(FIX_BUG);
    propose(&world, &old);
    ran(&world, &["diff"], &[&old, &old]).expect(0, &["same        files, commands", "covers it"]);
    let mut newer = Version::of(FIX_BUG);
    newer.manifest["version"] = json!("9.9.9");
    newer.ask("change")["files"]["write"] = json!(["**", ".github/workflows/ci.yml"]);
    let new = newer.written(&world, "new.wasm");
    let told = ran(&world, &["diff"], &[&old, &new]);
    told.expect(1, &["WIDENED", "files write", ".github/workflows/ci.yml"]);
    told.expect(
        1,
        &[
            "grants.toml:",
            "no longer covers it; 9.9.9 would be refused",
        ],
    );
    let json = ran(&world, &["diff", "--json"], &[&old, &new]);
    let json: Value = serde_json::from_str(&json.expect(1, &[]).stdout).unwrap();
    assert_eq!(json["differences"][0]["direction"], "widened");
    assert_ne!(
        json["old"]["surface"]["asks"],
        json["new"]["surface"]["asks"]
    );
    assert_eq!(
        json["old"]["surface"]["prompts"],
        json["new"]["surface"]["prompts"]
    );
    ran(&world, &["diff"], &[&new, &old]).expect(0, &["narrowed"]);
}

#[test]
fn a_prompt_that_changed_is_told_and_shown() {
    let world = World::new();
    let old = component(FIX_BUG);
    let mut newer = Version::of(FIX_BUG);
    let text = newer.prompts.values_mut().next().unwrap();
    text.push_str("Skip the \u{1b}[31mtests.\n");
    let new = newer.written(&world, "new.wasm");
    ran(&world, &["diff"], &[&old, &new]).expect(0, &["changed", "+1 −0 lines", "--prompts"]);
    let shown = ran(&world, &["diff", "--prompts"], &[&old, &new]);
    shown.expect(0, &["+ Skip the \\u{1b}[31mtests."]);
}

#[test]
fn a_file_that_cannot_be_read_is_no_answer() {
    let world = World::new();
    let old = component(FIX_BUG);
    let broken = world.file("broken.wasm", "not a component");
    ran(&world, &["diff"], &[&old, &broken]).expect(2, &["broken.wasm"]);
    ran(&world, &["diff"], &[&world.path("none.wasm"), &old]).expect(2, &["none.wasm"]);
}

#[test]
fn what_is_proposed_fits_and_what_is_more_is_named() {
    let world = World::new();
    let file = component(FIX_BUG);
    let text = propose(&world, &file);
    assert!(text.contains("\"to mend it, and to add a test"), "{text}");
    ran(&world, &["grants", "check"], &[&file]).expect(0, &["fits"]);
    let soon = "expires = 2027-01-01";
    let more = text
        .replace(
            "[grant.command]\nrun = [",
            "[grant.command]\nrun = [\"nonsense *\", ",
        )
        .replace("# expires = 2030-12-31", soon)
        .replace("# approved-by = \"\"", "approved-by = \"dana\"");
    let more = world.file("more.toml", more);
    let words = [
        "grants",
        "check",
        "--ending",
        "65000",
        "--grants",
        more.to_str().unwrap(),
    ];
    ran(&world, &words, &[&file]).expect(1, &["unasked", "nonsense *", "ends", "approved by dana"]);
    let ceiling = world.file(
        "config/minion-rt/ceiling.toml",
        "[files]\nread = [\"**\"]\n",
    );
    ran(&world, &["grants", "check"], &[&file])
        .expect(3, &["the ceiling allows nothing of ask `change`"]);
    std::fs::write(&ceiling, "[files]\nred = []\n").unwrap();
    ran(&world, &["grants", "check"], &[&file])
        .expect(2, &["ceiling.toml:2", "did you mean `read`"]);
}

#[test]
fn a_deed_is_explained_by_the_line_that_decides() {
    let world = World::new();
    let file = component(FIX_BUG);
    let text = propose(&world, &file);
    let denied = format!("{text}\n[[deny]]\nfiles = {{ write = [\"src/generated/**\"] }}\n");
    world.file("config/minion-rt/grants.toml", denied);
    let explain = |words: &[&str]| ran(&world, &[&["grants", "explain"], words].concat(), &[&file]);
    explain(&["files write src/a.rs"]).expect(0, &["allowed", "grants.toml:", "ask change"]);
    explain(&["files write src/generated/a.rs"]).expect(1, &["denied-by-operator", "✗ denied"]);
    explain(&["files write src/a.rs", "--node", "gather"]).expect(1, &["not-needed-by-node"]);
    explain(&["http GET https://a.example.com/"]).expect(1, &["not-asked"]);
    explain(&["files write src/a.rs", "--node", "nowhere"]).expect(2, &["no node `nowhere`"]);
    explain(&["tea"]).expect(2, &["cannot be explained"]);
}

/// Runs a blueprint whose first visit goes on to a second.
fn exec(world: &World, words: &[&str]) -> Ran {
    let mut command = world.command();
    command.arg("exec").arg(component("tests/guests/lying"));
    command
        .arg("--repo")
        .arg(world.path("project"))
        .args(["--task", "look", "--input", "before-1={\"then\":\"judge\"}"])
        .args(words);
    Ran::of(command.output().unwrap())
}

#[test]
fn a_grant_admits_so_many_runs_within_its_bounds() {
    let world = World::new();
    world.repository("project", &[("a.txt", "a\n")]);
    let text = propose(&world, &component("tests/guests/lying"));
    let grants = |with: &str| {
        let with = text.replace(
            "# reason = \"\"",
            &format!("reason = \"for a while\"\n{with}"),
        );
        world.file("config/minion-rt/grants.toml", with);
    };
    grants("max-runs = 1\nlimits = { visits = 1 }");
    exec(&world, &[]).expect(5, &["for a while", "the run had 1 visits"]);
    exec(&world, &[]).expect(3, &["admits 1 runs, and 1 were made with it"]);
    // The same grant, but for how long and how often: what was made under it counts.
    grants("max-runs = 2\nlimits = { visits = 1 }");
    exec(&world, &[]).expect(5, &[]);
    exec(&world, &[]).expect(3, &["2 were made"]);
}

#[test]
fn a_ceiling_bounds_a_run_and_lies_where_no_run_writes() {
    let world = World::new();
    let repository = world.repository("project", &[("a.txt", "a\n")]);
    world.file(
        "config/minion-rt/ceiling.toml",
        "[files]\nread = [\"**\"]\n",
    );
    exec(&world, &["--allow-asked"]).expect(3, &["the ceiling allows nothing of ask"]);
    let own = repository.join("ceiling.toml");
    std::fs::write(&own, "").unwrap();
    let words = ["--allow-asked", "--ceiling", own.to_str().unwrap()];
    exec(&world, &words).expect(3, &["keep it elsewhere"]);
    let none = ["--allow-asked", "--ceiling", "nowhere.toml"];
    exec(&world, &none).expect(2, &["nowhere.toml"]);
}
