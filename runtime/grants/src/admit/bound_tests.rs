//! Grants to publishers, denies, bounds and lapses.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::admit::tests::{file, subject, subject_asking, today, with_file, with_flags};
use crate::{
    Ceiling, CommandLine, Deed, Digest, EarlierRuns, FileOp, GrantSources, Publisher, Subject,
    admit,
};

const KEY: &str = "ed25519:7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e7c2e";

/// The lines that admit all that is asked, with another binding.
fn lines(subject: &Subject, binding: &str) -> String {
    let lines = with_flags(subject, &[], false).unwrap_err().lines_to_add;
    lines.replace(&format!("digest = \"{}\"", subject.digest), binding)
}

fn published(versions: &str) -> String {
    lines(
        &subject(),
        &format!("publisher = \"{KEY}\"\nversions = \"{versions}\""),
    )
}

fn signed(key: &str) -> Subject {
    let mut subject = subject();
    subject.publisher = Some(key.parse::<Publisher>().unwrap());
    subject
}

fn notes(subject: &Subject, text: &str) -> String {
    with_file(subject, text).unwrap_err().notes.join("\n")
}

#[test]
fn a_publishers_grant_holds_for_its_key_and_versions_alone() {
    let text = published("^1");
    assert!(with_file(&signed(KEY), &text).is_ok());
    assert!(notes(&subject(), &text).contains("not signed"));
    let other = KEY.replace("7c", "8d");
    assert!(notes(&signed(&other), &text).contains(&other));
    assert!(notes(&signed(KEY), &published("^2")).contains("this is 1.0.0"));
    let mut later = signed(KEY);
    later.manifest.version = "1.4.0".parse().unwrap();
    later.digest = Digest::of(b"other bytes");
    assert!(with_file(&later, &text).is_ok());
}

#[test]
fn a_publishers_update_that_asks_more_is_not_covered() {
    let mut wider = signed(KEY);
    let text = published("^1");
    let more = serde_json::json!([{"id": "more", "reason": "r", "files": {"write": ["docs/**"]}}]);
    wider
        .manifest
        .asks
        .extend(subject_asking(&more).manifest.asks);
    assert!(notes(&wider, &text).contains("also asks files write `docs/**`"));
    let approved = "\n[grant.not-wider-than]\nfiles = { read = [\"**\"], write = [\"src/**\", \"tests/**\", \"docs/**\"] }\n\
         command = { run = [\"cargo **\", \"ruff **\"] }\ndelivery = { to = \"branch\" }\n\
         agent = { models = [\"default\"], max-turns = 40 }\n";
    // It holds, and grants what it grants: no more than before.
    let refused = with_file(&wider, &format!("{text}{approved}")).unwrap_err();
    assert!(refused.notes.is_empty() && refused.missing.len() == 1);
    let fewer = approved
        .replace(", \"docs/**\"", "")
        .replace("= 40", "= 39");
    assert!(notes(&wider, &format!("{text}{fewer}")).contains("and 1 more"));
}

#[test]
fn a_plugin_of_the_file_that_asks_more_is_found_too() {
    let mut wider = signed(KEY);
    let more = serde_json::json!([{"id": "more", "reason": "r", "command": {"run": ["make *"]}}]);
    wider.parts[0].manifest.asks = subject_asking(&more).manifest.asks;
    assert!(notes(&wider, &published("^1")).contains("command run `make *`"));
}

#[test]
fn a_pinned_prompt_or_graph_holds_an_update_back() {
    for (key, found) in [("prompts", "prompts"), ("graph", "graph")] {
        let pin = |digest| {
            let mut text = published("^1");
            let _ = write!(
                text,
                "\n[grant.not-wider-than]\nfiles = {{ read = [\"**\"], write = [\"**\"] }}\n\
                 command = {{ run = [\"cargo **\", \"ruff **\"] }}\nagent = {{ models = [\"default\"] }}\n\
                 delivery = {{ to = \"branch\" }}\n{key} = \"{digest}\"\n"
            );
            text
        };
        assert!(with_file(&signed(KEY), &pin(Digest::of(b"surface"))).is_ok());
        let told = notes(&signed(KEY), &pin(Digest::of(b"other")));
        assert!(told.contains(&format!("pins the {found}")), "{told}");
    }
}

#[test]
fn a_deny_wins_over_every_other_grant_and_flag() {
    let own = lines(&subject(), &format!("digest = \"{}\"", subject().digest));
    for deny in [
        "\n[grant.deny]\nfiles = { write = [\"src/secret/**\"] }\n",
        "\n[[deny]]\nfiles = { write = [\"src/secret/**\"] }\n",
        "\n[[deny]]\nblueprint = \"acme/fix-bug\"\nfiles = { write = [\"src/secret/**\"] }\n",
    ] {
        let file = file(&format!("{own}{deny}"));
        let allow = ["files:write=src/**".parse().unwrap()];
        let sources = GrantSources {
            file: Some(&file),
            allow: &allow,
            allow_asked: true,
            ..Default::default()
        };
        let admission = admit(&subject(), &sources, today()).unwrap();
        let authority = admission.authority(admission.parts()[0].name(), None);
        let verdict = authority.file(FileOp::Write, "src/secret/a.rs");
        assert_eq!(verdict.rule(), "denied-by-operator", "{deny}");
        let cure = verdict.into_result().unwrap_err().cure;
        assert!(cure.starts_with("grants.toml:"), "{cure}");
        assert!(authority.file(FileOp::Write, "src/a.rs").is_allowed());
    }
    let others =
        format!("{own}\n[[deny]]\nblueprint = \"acme/x\"\nfiles = {{ write = [\"**\"] }}\n");
    assert!(with_file(&subject(), &others).is_ok());
}

#[test]
fn an_ask_that_is_denied_as_a_whole_is_told_before_the_start() {
    let own = lines(&subject(), &format!("digest = \"{}\"", subject().digest));
    let text = format!("{own}\n[[deny]]\nagent = {{ models = [\"default\"] }}\n");
    let refused = with_file(&subject(), &text).unwrap_err();
    let told: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
    assert!(
        told[0].contains("grants.toml:") && told[0].contains("`model`"),
        "{told:?}"
    );
}

#[test]
fn a_deny_does_not_lapse_with_its_grant() {
    let own = lines(&subject(), &format!("digest = \"{}\"", subject().digest));
    let lapsed = own.replace("# expires = 2030-12-31", "expires = 2020-01-01")
        + "\n[grant.deny]\nfiles = { read = [\"src/a.rs\"] }\n";
    let admission = with_file(&subject(), &format!("{own}\n{lapsed}")).unwrap();
    let authority = admission.authority(admission.parts()[0].name(), None);
    assert_eq!(
        authority.file(FileOp::Read, "src/a.rs").rule(),
        "denied-by-operator"
    );
}

#[derive(Debug)]
struct Made(Result<u64, String>);

impl EarlierRuns for Made {
    fn under(&self, _grant: Digest) -> Result<u64, String> {
        self.0.clone()
    }
}

#[test]
fn a_grant_admits_so_many_runs_and_none_that_nobody_counts() {
    let text = lines(
        &subject(),
        &format!("digest = \"{}\"\nmax-runs = 2", subject().digest),
    );
    let file = file(&text);
    let judged = |earlier: Option<&dyn EarlierRuns>| {
        let sources = GrantSources {
            file: Some(&file),
            earlier,
            ..Default::default()
        };
        admit(&subject(), &sources, today()).map_err(|refused| refused.notes.join("\n"))
    };
    assert!(judged(Some(&Made(Ok(1)))).is_ok());
    assert!(
        judged(Some(&Made(Ok(2))))
            .unwrap_err()
            .contains("2 were made")
    );
    assert!(
        judged(Some(&Made(Err("disk".to_owned()))))
            .unwrap_err()
            .contains("disk")
    );
    assert!(
        judged(None)
            .unwrap_err()
            .contains("nothing here counts runs")
    );
}

#[test]
fn a_grant_stays_the_same_while_only_its_words_change() {
    let id = |text: &str| file(text).grants[0].id;
    let own = lines(&subject(), &format!("digest = \"{}\"", subject().digest));
    let worded = own.replace(
        "# approved-by = \"\"",
        "approved-by = \"dana\"\nmax-runs = 3",
    );
    assert_eq!(id(&own), id(&worded));
    assert_ne!(id(&own), id(&own.replace("src/**", "lib/**")));
}

#[test]
fn the_tightest_bound_counts_whoever_sets_it() {
    let own = lines(&subject(), &format!("digest = \"{}\"", subject().digest));
    let file = file(&format!(
        "{own}\n[grant.limits]\nturns = 10\nvisits = 50\n{own}\n[grant.limits]\nturns = 20\ntokens = 7\n"
    )
    .replacen(&own, &own.replace("[grant.delivery]\nto = \"branch\"\nrequire = [\"std:lint\", \"std:test\"]\n", ""), 1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ceiling.toml");
    std::fs::write(
        &path,
        "[files]\nread = [\"**\"]\nwrite = [\"**\"]\n[command]\nrun = [\"cargo **\", \"ruff **\"]\n\
         [agent]\nmodels = [\"default\"]\n[delivery]\nto = \"branch\"\n[limits]\nvisits = 9\n",
    )
    .unwrap();
    let ceiling = Ceiling::load(&path, &[]).unwrap();
    let sources = GrantSources {
        file: Some(&file),
        ceiling: Some(&ceiling),
        ..Default::default()
    };
    let admission = admit(&subject(), &sources, today()).unwrap();
    let limits = admission.limits();
    assert_eq!(
        (limits.turns, limits.tokens, limits.visits),
        (Some(10), Some(7), Some(9))
    );
    assert!(!admission.delivery().unwrap().accept_unsandboxed);
}

#[test]
fn a_ceiling_without_a_delivery_refuses_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ceiling.toml");
    std::fs::write(&path, "[files]\nread = [\"**\"]\n").unwrap();
    let ceiling = Ceiling::load(&path, &[]).unwrap();
    let sources = GrantSources {
        allow_asked: true,
        ceiling: Some(&ceiling),
        ..Default::default()
    };
    let refused = admit(&subject(), &sources, today()).unwrap_err();
    let told: Vec<_> = refused.problems.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|line| line.contains("`hand-over`")),
        "{told:?}"
    );
    assert_eq!(told.len(), 5, "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The judge, call by call, and the set of what is in effect say the same.
    #[test]
    fn the_judge_and_the_set_agree(
        granted in prop::collection::vec(prop::sample::select(&["**", "src/**", ".env", ".cargo/**", "a/b"][..]), 1..3),
        denied in prop::collection::vec(prop::sample::select(&["src/a.rs", ".env", "a/**"][..]), 0..2),
        path in prop::sample::select(&["src/a.rs", "src/b.rs", ".env", "src/.env", "a/b", ".cargo/config.toml"][..]),
        line in prop::sample::select(&["test", "test --offline", "push x", "push --force", "clippy"][..]),
    ) {
        let asks = serde_json::json!([
            {"id": "f", "reason": "r", "files": {"read": ["**", ".env"], "write": ["src/**", ".cargo/**"]}},
            {"id": "c", "reason": "r", "command": {"run": ["cargo **"]}},
        ]);
        let subject = subject_asking(&asks);
        let text = format!(
            "[[grant]]\nblueprint = \"acme/fix-bug\"\ndigest = \"{}\"\nfiles = {{ read = {granted:?}, write = {granted:?} }}\n\
             command = {{ run = [\"cargo **\", \"ruff **\"] }}\n[[deny]]\nfiles = {{ read = {denied:?}, write = {denied:?} }}\n\
             command = {{ run = [\"cargo push *\"] }}\n",
            subject.digest
        );
        let Ok(admission) = with_file(&subject, &text) else { return Ok(()) };
        let part = admission.parts()[0].name();
        let (authority, reach) = (admission.authority(part, None), admission.reach(part, None));
        let path = path.to_owned();
        prop_assert_eq!(authority.file(FileOp::Read, &path).is_allowed(), reach.allows(&Deed::Read(path.clone())));
        prop_assert_eq!(authority.file(FileOp::Write, &path).is_allowed(), reach.allows(&Deed::Write(path.clone())));
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let deed = Deed::Run(CommandLine { program: "cargo".to_owned(), arguments: arguments.clone() });
        prop_assert_eq!(authority.command("cargo", &arguments).is_allowed(), reach.allows(&deed));
        prop_assert!(!line.starts_with("push") || !reach.allows(&deed));
    }
}
