//! Sound components with a manifest or a graph that is wrong.

use super::component::refused;
use super::hostile;
use minion_bundle::{Sections, write};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A component taken apart, to be put together wrongly.
pub(super) struct Parts {
    /// Without any section of ours.
    pub(super) bare: Vec<u8>,
    pub(super) manifest: Value,
    pub(super) graph: Value,
    prompts: BTreeMap<String, String>,
}

impl Parts {
    pub(super) fn of(component: &Path) -> Self {
        let bundle = minion_bundle::read(&std::fs::read(component).unwrap()).unwrap();
        let manifest = bundle.manifest.to_json();
        let graph = bundle.graph.unwrap().to_json();
        let mut parts = Self {
            bare: Vec::new(),
            manifest: serde_json::from_slice(&manifest).unwrap(),
            graph: serde_json::from_slice(&graph).unwrap(),
            prompts: bundle.prompts,
        };
        let ours = parts.with(&manifest, &graph);
        assert!(bundle.bytes.ends_with(&ours), "our sections stand last");
        parts.bare = bundle.bytes[..bundle.bytes.len() - ours.len()].to_vec();
        parts
    }

    pub(super) fn file(&self) -> Vec<u8> {
        let (manifest, graph) = (self.manifest.to_string(), self.graph.to_string());
        self.with(manifest.as_bytes(), graph.as_bytes())
    }

    fn with(&self, manifest: &[u8], graph: &[u8]) -> Vec<u8> {
        let prompts = self.prompts.iter().map(|(name, text)| (&**name, &**text));
        let sections = Sections {
            manifest,
            graph: Some(graph),
            prompts: prompts.collect(),
            ..Sections::default()
        };
        write(&self.bare, &sections)
    }

    fn node(&mut self, id: &str) -> &mut Value {
        let nodes = self.graph["nodes"].as_array_mut().unwrap();
        nodes.iter_mut().find(|node| node["id"] == id).unwrap()
    }

    /// Takes an ask out, and every need of it.
    fn without_ask(mut self, id: &str) -> Self {
        let asks = self.manifest["asks"].as_array_mut().unwrap();
        asks.retain(|ask| ask["id"] != id);
        for node in self.graph["nodes"].as_array_mut().unwrap() {
            let needs = node["needs"].as_array_mut().unwrap();
            needs.retain(|need| need != id);
        }
        self
    }
}

fn parts() -> Parts {
    Parts::of(&hostile())
}

#[test]
fn parts_put_together_again_are_the_same_component() {
    let file = parts().file();
    let bundle = minion_bundle::read(&file).unwrap();
    assert_eq!(bundle.manifest.name.to_string(), "test/hostile");
}

#[test]
fn a_manifest_that_asks_less_than_is_imported_is_refused() {
    let words = ["minion:host/command@0.1.0", "command"];
    refused(&parts().without_ask("program").file(), &words);
}

#[test]
fn a_manifest_with_an_unknown_key_is_refused() {
    let mut parts = parts();
    parts.manifest["trust-me"] = json!(true);
    refused(&parts.file(), &["minion:manifest", "`trust-me`"]);
}

#[test]
fn a_manifest_with_an_unknown_capability_is_refused() {
    let mut parts = parts();
    parts.manifest["asks"][0]["root"] = json!({});
    refused(&parts.file(), &["minion:manifest", "`root`"]);
}

#[test]
fn a_manifest_that_is_not_json_is_refused() {
    let parts = parts();
    let file = parts.with(b"name = 'x'", parts.graph.to_string().as_bytes());
    refused(&file, &["minion:manifest", "not valid"]);
}

#[test]
fn a_manifest_that_stands_twice_is_refused() {
    let parts = parts();
    let manifest = parts.manifest.to_string();
    let again = Sections {
        manifest: manifest.as_bytes(),
        ..Sections::default()
    };
    let file = write(&parts.file(), &again);
    refused(&file, &["`minion:manifest` twice", "build it again"]);
}

#[test]
fn a_component_without_a_manifest_is_refused() {
    let words = ["no section `minion:manifest`", "minion-rt build"];
    refused(&parts().bare, &words);
}

#[test]
fn a_graph_with_an_edge_to_nowhere_is_refused() {
    let mut parts = parts();
    parts.node("act")["edges"][0]["to"] = json!("nowhere");
    let words = [
        "node `act`",
        "`nowhere`, which is neither a node nor an end",
    ];
    refused(&parts.file(), &words);
}

#[test]
fn a_graph_without_a_way_to_an_end_is_refused() {
    let mut parts = parts();
    parts.node("think")["edges"][0]["to"] = json!("think");
    refused(&parts.file(), &["no way leads from node `think` to an end"]);
}

#[test]
fn a_graph_with_a_duplicate_node_is_refused() {
    let mut parts = parts();
    let twin = parts.node("act").clone();
    parts.graph["nodes"].as_array_mut().unwrap().push(twin);
    refused(&parts.file(), &["two nodes are named `act`"]);
}

#[test]
fn every_problem_of_a_graph_is_told_at_once() {
    let mut parts = parts();
    parts.node("act")["edges"][0]["to"] = json!("nowhere");
    parts.node("act")["needs"] = json!(["model"]);
    let words = ["`nowhere`", "node `act` needs the model of ask `model`"];
    refused(&parts.file(), &words);
}

#[test]
fn parameters_that_a_gate_does_not_take_are_refused() {
    let mut parts = parts();
    let node = parts.node("act");
    node["kind"] = json!("gate");
    node["needs"] = json!([]);
    let executor = json!({ "plugin": { "name": "std:test", "parameters": { "skip": "slow" } } });
    node["executor"] = executor;
    node["edges"] =
        json!([{ "label": "pass", "to": "think" }, { "label": "fail", "to": "failed" }]);
    let words = ["node `act` gives the plugin `std:test` parameters", "skip"];
    refused(&parts.file(), &words);
}
