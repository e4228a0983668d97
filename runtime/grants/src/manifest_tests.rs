//! Manifests: what is refused, and that the bytes are the same every time.

use serde_json::json;

use crate::{
    AuthorFile, Digest, GateSpec, MANIFEST_LIMIT, Manifest, ManifestError, Part, PartName,
};

const AUTHOR: &str = r#"
name = "minion/fix-bug"
version = "0.1.0"
summary = "Mends a bug."
kind = "blueprint"

[[ask]]
id = "source"
reason = "to see what is broken"
files = { read = ["**"], write = ["src/**"] }

[[ask]]
id = "model"
reason = "to write the change"
agent = { model = "default", tools = ["read", "edit"], max-turns = 40, max-tokens = 400000 }

[[ask]]
id = "hand-over"
reason = "to hand over the result"
delivery = { to = "branch" }

[plugins]
"std:lint" = "shipped"
"acme/judge" = "../judge"
[prompts]
"implement.md" = "prompts/implement.md"
"#;

fn part(name: &str) -> Part {
    Part {
        name: PartName::new(name).unwrap(),
        digest: Digest::of(name.as_bytes()),
    }
}

fn manifest() -> Manifest {
    let author = AuthorFile::from_toml(AUTHOR).unwrap();
    let contract = semver::Version::new(0, 1, 0);
    let plugins = vec![part("std:lint"), part("acme/judge")];
    author
        .into_manifest(&contract, plugins, vec![part("implement.md")], None)
        .unwrap()
}

#[test]
fn manifest_survives_its_bytes() {
    let bytes = manifest().to_json();
    let read = Manifest::from_json(&bytes).unwrap();
    assert_eq!(read, manifest());
    assert_eq!(read.to_json(), bytes);
}

#[test]
fn order_of_keys_in_the_file_leaves_the_bytes_alone() {
    let value: serde_json::Value = serde_json::from_slice(&manifest().to_json()).unwrap();
    let pretty = serde_json::to_vec_pretty(&value).unwrap();
    assert_eq!(
        Manifest::from_json(&pretty).unwrap().to_json(),
        manifest().to_json()
    );
}

fn changed(change: impl FnOnce(&mut serde_json::Value)) -> Result<Manifest, ManifestError> {
    let mut value = serde_json::from_slice(&manifest().to_json()).unwrap();
    change(&mut value);
    Manifest::from_json(value.to_string().as_bytes())
}

#[test]
fn unknown_keys_are_refused_wherever_they_stand() {
    assert!(changed(|value| value["extra"] = json!(1)).is_err());
    assert!(changed(|value| value["asks"][0]["optional"] = json!(true)).is_err());
    assert!(changed(|value| value["asks"][0]["files"]["delete"] = json!([])).is_err());
    assert!(changed(|value| value["plugins"][0]["path"] = json!("x")).is_err());
    assert!(AuthorFile::from_toml(&AUTHOR.replace("summary", "sumary")).is_err());
}

#[test]
fn inputs_are_declared_in_one_line_each_and_leave_other_manifests_alone() {
    assert!(
        !String::from_utf8(manifest().to_json())
            .unwrap()
            .contains("inputs")
    );
    let author = AUTHOR.replace(
        "[plugins]",
        "[inputs]\nmode = \"how far it goes\"\n[plugins]",
    );
    let read = AuthorFile::from_toml(&author).unwrap();
    assert_eq!(
        read.inputs.values().collect::<Vec<_>>(),
        ["how far it goes"]
    );
    let declares = |says: &str| changed(|value| value["inputs"] = json!({ "mode": says }));
    assert_eq!(declares("how far it goes").unwrap().inputs.len(), 1);
    assert!(declares("two\nlines").is_err());
    assert!(declares(&"x".repeat(201)).is_err());
    assert!(changed(|value| value["inputs"] = json!({ "a b": "spaced" })).is_err());
    let many: std::collections::BTreeMap<_, _> = (0..65).map(|i| (format!("i{i}"), "")).collect();
    assert!(changed(|value| value["inputs"] = json!(many)).is_err());
}

#[test]
fn asks_that_cannot_be_judged_are_refused() {
    for ask in [
        json!({"id": "a", "reason": "r"}),
        json!({"id": "a", "reason": "r", "files": {}}),
        json!({"id": "a", "reason": "r", "files": {"read": ["/etc"]}}),
        json!({"id": "a", "reason": "", "files": {"read": ["x"]}}),
        json!({"id": "a", "reason": "two\nlines", "files": {"read": ["x"]}}),
        json!({"id": "a", "reason": "r", "files": {"read": ["x"]}, "delivery": {"to": "branch"}}),
        json!({"id": "a", "reason": "r", "command": {"run": []}}),
        json!({"id": "a", "reason": "r", "command": {"run": ["sh -c 'x'"]}}),
        json!({"id": "a", "reason": "r", "delivery": {"to": "origin"}}),
        json!({"id": "a", "reason": "r", "http": {"to": ["x"]}}),
        json!({"id": "a", "reason": "r", "agent": {"model": "m", "tools": [], "max-turns": 0, "max-tokens": 1}}),
        json!({"id": "A!", "reason": "r", "files": {"read": ["x"]}}),
    ] {
        assert!(
            changed(|value| value["asks"] = json!([ask])).is_err(),
            "{ask}"
        );
    }
}

#[test]
fn doubled_names_are_refused() {
    for key in ["asks", "plugins", "prompts"] {
        let error = changed(|value| {
            let first = value[key][0].clone();
            value[key].as_array_mut().unwrap().push(first);
        });
        assert!(matches!(error, Err(ManifestError::Wrong(_))), "{key}");
    }
}

#[test]
fn plugin_that_asks_beyond_its_kind_is_refused() {
    let as_plugin = |value: &mut serde_json::Value| {
        value["kind"] = json!("plugin");
        value["plugins"] = json!([]);
        value["prompts"] = json!([]);
    };
    assert!(
        changed(as_plugin).is_err(),
        "agent and delivery are not a plugin's"
    );
    let gate = |schema: serde_json::Value| {
        changed(|value| {
            as_plugin(value);
            value["asks"] = json!([]);
            value["gate"] = json!({ "parameters": schema });
        })
    };
    assert_eq!(
        gate(json!({})).unwrap().gate,
        Some(GateSpec {
            parameters: json!({})
        })
    );
    assert!(gate(json!({"type": 7})).is_err());
    assert!(changed(|value| value["gate"] = json!({"parameters": {}})).is_err());
}

#[test]
fn oversized_manifest_is_not_parsed() {
    let bytes = vec![b' '; MANIFEST_LIMIT + 1];
    assert_eq!(
        Manifest::from_json(&bytes),
        Err(ManifestError::TooLarge(MANIFEST_LIMIT + 1))
    );
}

#[test]
fn what_is_carried_must_be_what_is_named() {
    let author = AuthorFile::from_toml(AUTHOR).unwrap();
    let contract = semver::Version::new(0, 1, 0);
    assert!(
        author
            .into_manifest(
                &contract,
                vec![part("std:lint")],
                vec![part("implement.md")],
                None
            )
            .is_err()
    );
}
