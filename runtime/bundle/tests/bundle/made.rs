//! Components made on the spot, one for each shape that a test needs.

use std::collections::BTreeMap;

use minion_bundle::{Sections, write};
use minion_grants::{ComponentKind, Digest};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// Our packages in small, at a version of the test's choice.
fn contract(version: &str) -> String {
    format!(
        "package minion:host@{version} {{
            interface workspace {{ read: func(file: string) -> list<u8>; changes: func() -> u32; }}
            interface log {{ log: func(message: string); }}
            interface plugins {{ enum verdict {{ pass, fail }} }}
            interface time-travel {{ back: func(); }}
        }}
        package minion:blueprint@{version} {{
            interface blueprint {{ describe: func() -> string; step: func(node: string) -> string; }}
        }}
        package minion:node@{version} {{
            interface node {{
                use minion:host/plugins@{version}.{{verdict}};
                run: func(input: string) -> verdict;
            }}
        }}
        package acme:other@1.2.3 {{
            interface thing {{ go: func(); }}
        }}"
    )
}

/// A component with exactly these imports and exports, of our contract 0.1.0.
pub(crate) fn component(world: &str) -> Vec<u8> {
    component_of("0.1.0", world)
}

/// The same, of another contract; `VERSION` in the world stands for it.
pub(crate) fn component_of(version: &str, world: &str) -> Vec<u8> {
    let world = world.replace("VERSION", version);
    let text = format!(
        "package test:test;\n{}\nworld w {{ {world} }}",
        contract(version)
    );
    encode(&text)
}

fn encode(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// A bare blueprint that imports the workspace.
pub(crate) fn bare_blueprint() -> Vec<u8> {
    component("import minion:host/workspace@0.1.0; export minion:blueprint/blueprint@0.1.0;")
}

/// A bare plugin that imports the log.
pub(crate) fn bare_plugin() -> Vec<u8> {
    component("import minion:host/log@0.1.0; export minion:node/node@0.1.0;")
}

/// What stands in a file, whole or wrong as the test says.
pub(crate) struct Made {
    pub(crate) component: Vec<u8>,
    pub(crate) manifest: serde_json::Value,
    pub(crate) graph: Option<Vec<u8>>,
    pub(crate) plugins: BTreeMap<String, Vec<u8>>,
    pub(crate) prompts: BTreeMap<String, String>,
}

impl Made {
    /// A blueprint with a graph and nothing else.
    pub(crate) fn blueprint() -> Self {
        Self::new(
            bare_blueprint(),
            ComponentKind::Blueprint,
            Some(GRAPH.as_bytes().to_vec()),
        )
    }

    /// A plugin.
    pub(crate) fn plugin() -> Self {
        Self::new(bare_plugin(), ComponentKind::Plugin, None)
    }

    fn new(component: Vec<u8>, kind: ComponentKind, graph: Option<Vec<u8>>) -> Self {
        let ask = serde_json::json!({
            "id": "source", "reason": "to see it", "files": {"read": ["**"]},
        });
        let manifest = serde_json::json!({
            "name": "test/made", "version": "1.2.3", "summary": "Made by a test.",
            "contract": "0.1.0", "kind": kind, "asks": [ask], "plugins": [], "prompts": [],
        });
        Self {
            component,
            manifest,
            graph,
            plugins: BTreeMap::new(),
            prompts: BTreeMap::new(),
        }
    }

    /// With a plugin in it, listed as it should be.
    pub(crate) fn with_plugin(mut self, name: &str, bytes: &[u8]) -> Self {
        self.list("plugins", name, bytes);
        self.plugins.insert(name.to_owned(), bytes.to_vec());
        self
    }

    /// With a prompt in it, listed as it should be.
    pub(crate) fn with_prompt(mut self, name: &str, text: &str) -> Self {
        self.list("prompts", name, text.as_bytes());
        self.prompts.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Says in the manifest that there is a part.
    pub(crate) fn list(&mut self, list: &str, name: &str, bytes: &[u8]) {
        let part = serde_json::json!({"name": name, "digest": Digest::of(bytes).to_string()});
        self.manifest[list].as_array_mut().unwrap().push(part);
    }

    /// The file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let manifest = self.manifest.to_string();
        let sections = Sections {
            manifest: manifest.as_bytes(),
            graph: self.graph.as_deref(),
            plugins: self
                .plugins
                .iter()
                .map(|(name, bytes)| (&**name, &**bytes))
                .collect(),
            prompts: self
                .prompts
                .iter()
                .map(|(name, text)| (&**name, &**text))
                .collect(),
        };
        write(&self.component, &sections)
    }
}

/// A custom section, as anybody could append it.
pub(crate) fn section(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    let section = wasm_encoder::CustomSection {
        name: name.into(),
        data: data.into(),
    };
    wasm_encoder::Encode::encode(&section, &mut bytes);
    bytes
}

/// The smallest graph: one step, then the end.
pub(crate) const GRAPH: &str = r#"{
    "start": "greet",
    "nodes": [{
        "id": "greet", "kind": "deterministic", "executor": "step", "needs": [],
        "edges": [{"label": "done", "to": "delivered"}]
    }],
    "state-schema": {"type": "object"}
}"#;
