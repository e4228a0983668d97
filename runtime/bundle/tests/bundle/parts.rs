//! The sections of the file: what goes in comes out, and nothing is accepted
//! that differs from what the manifest says.

use minion_bundle::{
    BadFile, BadSection, MAX_GRAPH_BYTES, MAX_MANIFEST_BYTES, MAX_PARTS, MAX_PROMPT_BYTES, read,
};
use minion_grants::{ComponentKind, Digest, Manifest};

use crate::made::{GRAPH, Made, component, section};

fn refusal(made: &Made) -> String {
    read(&made.file()).expect_err("must be refused").to_string()
}

#[test]
fn what_is_written_is_read_back() {
    let plugin = Made::plugin().file();
    let made = Made::blueprint()
        .with_plugin("std:lint", &plugin)
        .with_plugin("acme/judge", &plugin)
        .with_prompt("implement.md", "Mend it.\n");
    let bytes = made.file();
    let bundle = read(&bytes).unwrap();

    assert_eq!(bundle.kind, ComponentKind::Blueprint);
    assert_eq!(bundle.contract.to_string(), "0.1.0");
    assert_eq!(bundle.digest, Digest::of(&bytes));
    assert_eq!(bundle.bytes, bytes);
    assert_eq!(bundle.prompts["implement.md"], "Mend it.\n");
    assert_eq!(
        bundle.plugins.keys().collect::<Vec<_>>(),
        ["acme/judge", "std:lint"]
    );
    assert_eq!(bundle.plugins["std:lint"].bytes, plugin);
    assert_eq!(bundle.plugins["std:lint"].kind, ComponentKind::Plugin);
    assert!(bundle.graph.is_some());
    let manifest = made.manifest.to_string();
    assert_eq!(
        bundle.manifest,
        Manifest::from_json(manifest.as_bytes()).unwrap()
    );
}

#[test]
fn imports_and_exports_are_listed_with_their_functions() {
    let bundle = read(&Made::blueprint().file()).unwrap();
    assert_eq!(bundle.imports[0].name, "minion:host/workspace@0.1.0");
    assert_eq!(bundle.imports[0].functions, ["changes", "read"]);
    assert_eq!(bundle.exports[0].name, "minion:blueprint/blueprint@0.1.0");
    assert_eq!(bundle.exports[0].functions, ["describe", "step"]);
}

#[test]
fn same_sections_give_the_same_bytes() {
    let made = |first: &str, second: &str| {
        Made::blueprint()
            .with_prompt(first, "text")
            .with_prompt(second, "text")
    };
    let (one, mut other) = (made("a", "b"), made("b", "a"));
    other.manifest.clone_from(&one.manifest);
    assert_eq!(one.file(), other.file());
}

#[test]
fn section_that_stands_there_twice_is_refused() {
    let made = Made::blueprint().with_prompt("p.md", "Mend it.");
    for name in ["minion:manifest", "minion:graph", "minion:prompt/p.md"] {
        let mut file = made.file();
        file.extend(section(name, b"{}"));
        let refusal = read(&file).unwrap_err().to_string();
        assert!(
            refusal.contains(name) && refusal.contains("twice"),
            "{refusal}"
        );
    }
}

#[test]
fn second_manifest_with_the_same_words_is_refused_too() {
    let made = Made::plugin();
    let mut file = made.file();
    file.extend(section(
        "minion:manifest",
        made.manifest.to_string().as_bytes(),
    ));
    let refused = read(&file);
    assert!(matches!(
        refused,
        Err(BadFile::Section(BadSection::Repeated { .. }))
    ));
}

#[test]
fn section_past_its_bound_is_refused_unread() {
    for (name, limit) in [
        ("minion:manifest", MAX_MANIFEST_BYTES),
        ("minion:graph", MAX_GRAPH_BYTES),
        ("minion:prompt/p", MAX_PROMPT_BYTES),
    ] {
        let mut file = Made::plugin().component;
        file.extend(section(name, &vec![b' '; limit + 1]));
        let refusal = read(&file).unwrap_err().to_string();
        assert!(
            refusal.contains(name) && refusal.contains(&limit.to_string()),
            "{refusal}"
        );
    }
}

#[test]
fn too_many_parts_are_refused() {
    let prompts = |count: usize| {
        (0..count).fold(Made::blueprint(), |made, n| {
            made.with_prompt(&format!("{n}.md"), "x")
        })
    };
    assert!(read(&prompts(MAX_PARTS).file()).is_ok());
    assert!(refusal(&prompts(MAX_PARTS + 1)).contains("more than 32"));
}

#[test]
fn unknown_section_of_ours_is_refused_and_of_others_is_not() {
    let mut file = Made::plugin().file();
    file.extend(section("producers-of-mine", b"\xff\xff"));
    assert!(read(&file).is_ok());
    file.extend(section("minion:secret", b""));
    assert!(
        read(&file)
            .unwrap_err()
            .to_string()
            .contains("minion:secret")
    );
}

#[test]
fn names_that_no_part_may_have_are_refused() {
    for name in [
        "",
        "../x",
        "a/../b",
        "a//b",
        "/a",
        "a b",
        "ü",
        "a\n",
        ".git",
        &"n".repeat(101),
    ] {
        let mut file = Made::plugin().file();
        file.extend(section(&format!("minion:prompt/{name}"), b""));
        let refused = read(&file);
        assert!(
            matches!(refused, Err(BadFile::Section(BadSection::BadName { .. }))),
            "{name:?}"
        );
    }
}

#[test]
fn prompt_that_is_not_text_is_refused() {
    let mut file = Made::plugin().file();
    file.extend(section("minion:prompt/p.md", b"\xff"));
    assert!(
        read(&file)
            .unwrap_err()
            .to_string()
            .contains("`p.md` is not UTF-8")
    );
}

#[test]
fn exchanged_part_is_refused() {
    let plugin = Made::plugin().file();
    let mut made = Made::blueprint()
        .with_plugin("std:lint", &plugin)
        .with_prompt("p.md", "Mend it.");
    made.prompts
        .insert("p.md".to_owned(), "Obey me.".to_owned());
    let refused = refusal(&made);
    assert!(
        refused.contains("prompt `p.md`") && refused.contains("exchanged"),
        "{refused}"
    );

    let mut other = Made::plugin();
    other.manifest["summary"] = "Always passes.".into();
    let mut made = Made::blueprint().with_plugin("std:lint", &plugin);
    made.plugins.insert("std:lint".to_owned(), other.file());
    assert!(refusal(&made).contains("plugin `std:lint`"));
}

#[test]
fn part_that_is_listed_but_absent_is_refused() {
    let mut made = Made::blueprint();
    made.list("prompts", "p.md", b"");
    assert!(refusal(&made).contains("prompt `p.md`, which is not in the file"));
}

#[test]
fn part_that_is_there_but_not_listed_is_refused() {
    let mut made = Made::blueprint();
    made.plugins
        .insert("std:lint".to_owned(), Made::plugin().file());
    assert!(refusal(&made).contains("plugin `std:lint`, which its manifest does not list"));
}

#[test]
fn part_inside_of_a_part_is_refused() {
    let inner = Made::plugin().file();
    let listed = Made::plugin().with_plugin("acme/inner", &inner);
    let mut unlisted = Made::plugin();
    unlisted.plugins.insert("acme/inner".to_owned(), inner);
    for outer in [listed, unlisted] {
        let refused = refusal(&Made::blueprint().with_plugin("acme/outer", &outer.file()));
        assert!(
            refused.contains("`acme/outer` in it cannot be used"),
            "{refused}"
        );
    }
}

#[test]
fn blueprint_inside_of_a_blueprint_is_refused() {
    let inner = Made::blueprint().file();
    let refused = refusal(&Made::blueprint().with_plugin("acme/inner", &inner));
    assert!(refused.contains("only plugins can be bundled"), "{refused}");
}

#[test]
fn damaged_plugin_is_named() {
    let mut plugin = Made::plugin().file();
    plugin.truncate(40);
    let refused = refusal(&Made::blueprint().with_plugin("std:lint", &plugin));
    assert!(
        refused.contains("std:lint") && refused.contains("truncated"),
        "{refused}"
    );
}

#[test]
fn blueprint_without_a_graph_is_refused() {
    let mut made = Made::blueprint();
    made.graph = None;
    assert!(refusal(&made).contains("minion:graph"));
}

#[test]
fn plugin_with_a_graph_is_refused() {
    let mut made = Made::plugin();
    made.graph = Some(GRAPH.as_bytes().to_vec());
    assert!(refusal(&made).contains("only a blueprint has"));
}

#[test]
fn manifest_of_another_kind_is_refused() {
    let mut made = Made::plugin();
    made.manifest["kind"] = "blueprint".into();
    let refused = refusal(&made);
    assert!(refused.contains("exports a plugin"), "{refused}");
}

#[test]
fn manifest_of_another_contract_is_refused() {
    let mut made = Made::plugin();
    made.manifest["contract"] = "0.3.0".into();
    let refused = refusal(&made);
    assert!(
        refused.contains("0.3.0") && refused.contains("0.1.0"),
        "{refused}"
    );
}

#[test]
fn manifest_with_an_unknown_key_is_refused() {
    let mut made = Made::plugin();
    made.manifest["root"] = true.into();
    assert!(refusal(&made).contains("root"));
}

#[test]
fn manifest_and_graph_that_are_not_json_are_refused() {
    let mut file = Made::plugin().component;
    file.extend(section("minion:manifest", b"\xff{"));
    assert!(
        read(&file)
            .unwrap_err()
            .to_string()
            .contains("minion:manifest")
    );

    let mut made = Made::blueprint();
    made.graph = Some(b"[".to_vec());
    assert!(refusal(&made).contains("minion:graph"));
}

#[test]
fn import_that_the_manifest_does_not_ask_for_is_refused() {
    let mut made = Made::blueprint();
    made.manifest["asks"] = serde_json::json!([]);
    let refused = refusal(&made);
    assert!(
        refused.contains("minion:host/workspace@0.1.0") && refused.contains("[[ask]]"),
        "{refused}"
    );
}

#[test]
fn import_that_nobody_offers_is_refused() {
    let mut made = Made::plugin();
    made.component = component("import acme:other/thing@1.2.3; export minion:node/node@0.1.0;");
    let refused = refusal(&made);
    assert!(refused.contains("acme:other/thing@1.2.3"), "{refused}");
}

#[test]
fn import_of_types_alone_needs_no_ask() {
    let bundle = read(&Made::plugin().file()).unwrap();
    let named = |name: &str| bundle.imports.iter().find(|import| import.name == name);
    assert!(named("minion:host/plugins@0.1.0").unwrap().only_types);
    assert!(!named("minion:host/log@0.1.0").unwrap().only_types);
    assert_eq!(bundle.callable_imports(), ["minion:host/log@0.1.0"]);
}

#[test]
fn broken_graph_is_refused_with_all_its_problems() {
    let mut made = Made::blueprint();
    made.graph = Some(
        GRAPH
            .replace("delivered", "nowhere")
            .replace("\"needs\": []", "\"needs\": [\"gold\"]")
            .into_bytes(),
    );
    let refused = refusal(&made);
    assert!(
        refused.contains("nowhere") && refused.contains("gold"),
        "{refused}"
    );
}

#[test]
fn graph_with_a_plugin_that_is_not_carried_is_refused() {
    let mut made = Made::blueprint();
    let plugin = r#"{"plugin": {"name": "acme/judge", "parameters": {}}}"#;
    made.graph = Some(GRAPH.replace("\"step\"", plugin).into_bytes());
    let refused = refusal(&made);
    assert!(refused.contains("acme/judge"), "{refused}");
}
