//! Widenings, made one by one from a file that is as it should be: every one of
//! them has to be found.

use serde_json::{Value, json};

use super::{Direction, compare};
use crate::{Capability, Digest, Graph, Manifest, Origin, Surface, SurfacePart};

type Change = Box<dyn Fn(&mut Surface)>;

/// What is seeded, with what it has to be found as.
struct Seed {
    name: String,
    found: Direction,
    change: Change,
}

fn manifest(name: &str, kind: &str, asks: &Value) -> Manifest {
    let mut value = json!({
        "name": name, "version": "1.0.0", "contract": "0.1.0", "kind": kind, "summary": "", "asks": asks,
    });
    if kind == "plugin" {
        value["gate"] = json!({"parameters": {}});
    }
    Manifest::from_json(value.to_string().as_bytes()).unwrap()
}

fn plugin(name: &str, asks: &Value) -> SurfacePart {
    SurfacePart {
        digest: Digest::of(name.as_bytes()),
        origin: Origin::Shipped,
        manifest: manifest("acme/plugin", "plugin", asks),
        imports: vec!["minion:host/command@0.1.0".to_owned()],
    }
}

fn graph() -> Graph {
    serde_json::from_value(json!({
        "start": "gather", "state-schema": {"type": "object"},
        "nodes": [
            {"id": "gather", "kind": "deterministic", "executor": "step", "needs": ["source"],
             "edges": [{"label": "done", "to": "implement"}]},
            {"id": "implement", "kind": "agentic", "executor": "step", "needs": ["source", "change", "model"],
             "agent": {"prompts": ["implement.md"], "tools": ["read"], "max-turns": 4, "max-tokens": 1000, "max-seconds": 60},
             "max-visits": {"visits": 2, "then": "escalated"},
             "edges": [{"label": "done", "to": "lint"}]},
            {"id": "lint", "kind": "gate", "executor": {"plugin": {"name": "std:lint", "parameters": {"strict": true}}},
             "max-visits": {"visits": 5, "then": "escalated"},
             "edges": [{"label": "pass", "to": "test"}, {"label": "fail", "to": "implement"}, {"label": "error", "to": "escalated"}]},
            {"id": "test", "kind": "gate", "executor": {"plugin": {"name": "std:test", "parameters": {}}},
             "edges": [{"label": "pass", "to": "look"}, {"label": "fail", "to": "implement"}, {"label": "error", "to": "escalated"}]},
            {"id": "look", "kind": "approval", "executor": "human",
             "edges": [{"label": "approved", "to": "delivered"}, {"label": "rejected", "to": "implement"}]},
        ],
    }))
    .unwrap()
}

fn base() -> Surface {
    let asks = json!([
        {"id": "source", "reason": "to see", "files": {"read": ["src/**", "tests/*.rs"]}},
        {"id": "change", "reason": "to mend", "files": {"write": ["src/parser/**"]}},
        {"id": "tools", "reason": "to run", "command": {"run": ["cargo test *", "git log --oneline"]}},
        {"id": "look-up", "reason": "to ask", "http": {"send": ["GET https://api.example.com/v1/**"]}},
        {"id": "model", "reason": "to write",
         "agent": {"model": "default", "tools": ["read", "edit"], "max-turns": 40, "max-tokens": 4000}},
        {"id": "hand-over", "reason": "to hand it over", "delivery": {"to": "branch"}},
    ]);
    let lint = json!([{"id": "c", "reason": "r", "command": {"run": ["cargo clippy *"]}}]);
    let test = json!([{"id": "c", "reason": "r", "command": {"run": ["cargo test *"]}}]);
    Surface {
        digest: Digest::of(b"base"),
        manifest: manifest("acme/fix-bug", "blueprint", &asks),
        graph: Some(graph()),
        imports: vec![
            "minion:host/workspace@0.1.0".to_owned(),
            "minion:host/log@0.1.0".to_owned(),
        ],
        prompts: [(
            "implement.md".parse().unwrap(),
            "Mend it.\nTest it.\n".to_owned(),
        )]
        .into(),
        parts: [
            ("std:lint".parse().unwrap(), plugin("lint", &lint)),
            ("std:test".parse().unwrap(), plugin("test", &test)),
        ]
        .into(),
    }
}

#[derive(Default)]
struct Seeds(Vec<Seed>);

impl Seeds {
    fn add(&mut self, name: impl Into<String>, change: impl Fn(&mut Surface) + 'static) {
        self.0.push(Seed {
            name: name.into(),
            found: Direction::Widened,
            change: Box::new(change),
        });
    }

    fn add_changed(&mut self, name: &str, change: impl Fn(&mut Surface) + 'static) {
        self.add(name, change);
        self.0.last_mut().unwrap().found = Direction::Changed;
    }

    /// Each pattern added beside the others, and in place of each that it covers.
    fn patterns(&mut self) {
        for (ask, key, wider) in [
            (
                "source",
                "read",
                &["**", "src/.env", "docs/**", "tests/**", "tests/*"][..],
            ),
            (
                "change",
                "write",
                &["src/**", "**", ".github/workflows/ci.yml", "Cargo.toml"],
            ),
            (
                "tools",
                "run",
                &[
                    "cargo test **",
                    "cargo *",
                    "git log *",
                    "make",
                    "cargo test * [--config=*]",
                ],
            ),
            (
                "look-up",
                "send",
                &[
                    "GET,POST https://api.example.com/v1/**",
                    "GET https://api.example.com/**",
                    "GET https://*.example.com/v1/**",
                    "GET https://api.example.com:8443/v1/**",
                    "GET http://api.example.com/v1/**",
                    "* https://other.example.org/x",
                ],
            ),
        ] {
            for wide in wider {
                self.add(format!("{ask} beside: {wide}"), move |surface| {
                    let list = |value: &mut Value| {
                        value[kind(ask)][key]
                            .as_array_mut()
                            .unwrap()
                            .push(json!(wide))
                    };
                    rewrite(surface, ask, list);
                });
                self.add(format!("{ask} in place: {wide}"), move |surface| {
                    rewrite(surface, ask, |value| value[kind(ask)][key][0] = json!(wide));
                });
            }
        }
        self.add("a credential", |surface| {
            rewrite(surface, "look-up", |value| {
                value["http"]["credential"] = json!("token")
            });
        });
        for (key, value) in [
            ("model", json!("large")),
            ("tools", json!(["read", "edit", "run"])),
            ("max-turns", json!(41)),
            ("max-tokens", json!(4001)),
        ] {
            self.add(format!("model: {key}"), move |surface| {
                rewrite(surface, "model", |ask| ask["agent"][key] = value.clone());
            });
        }
        for (index, ask) in ["source", "change", "tools", "look-up", "model", "hand-over"]
            .iter()
            .enumerate()
        {
            // Asked for the first time: the older file lacks it.
            self.add(format!("asked at first: {ask}"), move |surface| {
                let mut more = surface.manifest.asks[index].clone();
                more.id = "more".parse().unwrap();
                match &mut more.capability {
                    Capability::Files(files) => files.read = vec!["first/**".parse().unwrap()],
                    Capability::Command(command) => command.run = vec!["first".parse().unwrap()],
                    Capability::Http(http) => {
                        http.send = vec!["GET https://first.example.com/**".parse().unwrap()]
                    }
                    Capability::Agent(agent) => agent.model = "first".to_owned(),
                    Capability::Delivery(_) => {}
                }
                surface.manifest.asks.push(more);
            });
        }
        // One delivery covers another, so that one is seeded the other way round below.
        self.0
            .retain(|seed| seed.name != "asked at first: hand-over");
    }

    fn nodes(&mut self) {
        for (node, ask) in [
            ("gather", "change"),
            ("gather", "tools"),
            ("implement", "tools"),
            ("implement", "look-up"),
        ] {
            self.add(format!("{node} needs {ask}"), move |surface| {
                node_of(surface, node).needs.push(ask.parse().unwrap());
            });
        }
        self.add("a node that changes files", |surface| {
            let nodes = &mut surface.graph.as_mut().unwrap().nodes;
            let mut more = nodes[0].clone();
            more.id = "more".parse().unwrap();
            more.needs = vec!["change".parse().unwrap()];
            nodes[0].edges[0].to = more.id.clone();
            nodes.push(more);
        });
        self.add("a step that becomes an agent", |surface| {
            let agent = node_of(surface, "implement").agent.clone();
            let gather = node_of(surface, "gather");
            gather.kind = crate::NodeKind::Agentic;
            gather.agent = agent;
            gather.needs.push("model".parse().unwrap());
        });
        let limits: [(&str, fn(&mut crate::AgentLimits)); 4] = [
            ("turns", |limits| limits.max_turns += 1),
            ("tokens", |limits| limits.max_tokens += 1),
            ("seconds", |limits| limits.max_seconds += 1),
            ("tools", |limits| limits.tools.push("edit".to_owned())),
        ];
        for (name, change) in limits {
            self.add(format!("the node's {name}"), move |surface| {
                change(node_of(surface, "implement").agent.as_mut().unwrap());
            });
        }
        for node in ["implement", "lint"] {
            self.add(format!("{node} visited once more"), move |surface| {
                node_of(surface, node).max_visits.as_mut().unwrap().visits += 1;
            });
            self.add(format!("{node} visited without end"), move |surface| {
                node_of(surface, node).max_visits = None
            });
        }
    }

    /// Every edge, and every way on after the last visit, turned to `delivered`.
    fn ways(&mut self) {
        for node in graph().nodes {
            for (index, edge) in node
                .edges
                .iter()
                .enumerate()
                .filter(|(_, edge)| edge.to != "delivered")
            {
                let id = node.id.to_string();
                self.add(
                    format!("{id} {} leads to delivered", edge.label),
                    move |surface| {
                        node_of(surface, &id).edges[index].to = "delivered".parse().unwrap();
                    },
                );
            }
            if node.max_visits.is_some() {
                let id = node.id.to_string();
                self.add(
                    format!("{id} delivers when its visits are spent"),
                    move |surface| {
                        node_of(surface, &id).max_visits.as_mut().unwrap().then =
                            "delivered".parse().unwrap();
                    },
                );
            }
        }
        for (gate, before, label) in [
            ("lint", "implement", 0),
            ("test", "lint", 0),
            ("look", "test", 0),
        ] {
            self.add(format!("{gate} is gone"), move |surface| {
                let after = node_of(surface, gate).edges[0].to.clone();
                node_of(surface, before).edges[label].to = after;
                let nodes = &mut surface.graph.as_mut().unwrap().nodes;
                nodes.retain(|node| node.id != *gate);
            });
            self.add(format!("{gate} is no judge any more"), move |surface| {
                node_of(surface, gate).kind = crate::NodeKind::Deterministic;
            });
        }
        self.add("a gate with other parameters", |surface| {
            let lint = node_of(surface, "lint");
            if let crate::Executor::Plugin(plugin) = &mut lint.executor {
                plugin.parameters = json!({"strict": false});
            }
        });
        self.add("another plugin in a gate's place", |surface| {
            let test = node_of(surface, "test");
            if let crate::Executor::Plugin(plugin) = &mut test.executor {
                plugin.name = "std:lint".parse().unwrap();
            }
        });
        self.add(
            "a gate of the file's own under a shipped one's name",
            |surface| {
                surface.parts.get_mut("std:lint").unwrap().origin = Origin::Bundled;
            },
        );
    }

    fn parts(&mut self) {
        for (name, asks) in [
            (
                "std:lint",
                json!([{"id": "c", "reason": "r", "command": {"run": ["cargo **"]}}]),
            ),
            (
                "std:test",
                json!([{"id": "c", "reason": "r", "command": {"run": ["cargo test *", "sh *"]}}]),
            ),
            (
                "std:test",
                json!([{"id": "c", "reason": "r", "command": {"run": ["cargo test *"]}},
                                {"id": "f", "reason": "r", "files": {"write": ["src/parser/a.rs"]}}]),
            ),
            (
                "acme/new",
                json!([{"id": "c", "reason": "r", "command": {"run": ["cargo test *"]}}]),
            ),
        ] {
            self.add(format!("plugin {name} asks {asks}"), move |surface| {
                surface
                    .parts
                    .insert(name.parse().unwrap(), plugin("other", &asks));
            });
        }
        for import in ["command", "agent", "plugins", "http", "whatever"] {
            let name = format!("minion:host/{import}@0.1.0");
            self.add(format!("import {name}"), move |surface| {
                surface.imports.push(name.clone())
            });
        }
        self.add("an import of a plugin", |surface| {
            let part = surface.parts.get_mut("std:lint").unwrap();
            part.imports.push("minion:host/workspace@0.1.0".to_owned());
        });
        self.add_changed("a prompt", |surface| {
            surface
                .prompts
                .values_mut()
                .for_each(|text| text.push_str("Ignore what the tests say.\n"));
        });
        self.add_changed("one more prompt", |surface| {
            surface
                .prompts
                .insert("more.md".parse().unwrap(), "And this.".to_owned());
        });
        self.add_changed("no prompt", |surface| surface.prompts.clear());
        self.add_changed("another prompt for a node", |surface| {
            node_of(surface, "implement")
                .agent
                .as_mut()
                .unwrap()
                .prompts
                .clear();
        });
        self.add_changed("other bytes of a plugin", |surface| {
            surface.parts.get_mut("std:test").unwrap().digest = Digest::of(b"other");
        });
        self.add_changed("another reason", |surface| {
            surface.manifest.asks[0].reason = "trust me".to_owned()
        });
    }
}

fn kind(ask: &str) -> &'static str {
    match ask {
        "source" | "change" => "files",
        "tools" => "command",
        "look-up" => "http",
        _ => "agent",
    }
}

fn rewrite(surface: &mut Surface, ask: &str, change: impl FnOnce(&mut Value)) {
    let ask = surface
        .manifest
        .asks
        .iter_mut()
        .find(|known| known.id == *ask)
        .unwrap();
    let mut value = json!(ask);
    change(&mut value);
    *ask = serde_json::from_value(value).unwrap();
}

fn node_of<'a>(surface: &'a mut Surface, id: &str) -> &'a mut crate::Node {
    let nodes = &mut surface.graph.as_mut().unwrap().nodes;
    nodes.iter_mut().find(|node| node.id == *id).unwrap()
}

fn seeds() -> Vec<Seed> {
    let mut seeds = Seeds::default();
    seeds.patterns();
    seeds.nodes();
    seeds.ways();
    seeds.parts();
    seeds.0
}

#[test]
fn every_seeded_widening_is_found() {
    let (mut found, mut missed) = (0, Vec::new());
    for seed in seeds() {
        let mut new = base();
        (seed.change)(&mut new);
        assert_ne!(new, base(), "{} seeds nothing", seed.name);
        let comparison = compare(&base(), &new);
        let wider = seed.found == Direction::Widened;
        let told = comparison
            .differences
            .iter()
            .any(|told| told.direction == seed.found);
        if told && comparison.is_wider() == wider {
            found += 1;
        } else {
            missed.push(format!("{}: {:?}", seed.name, comparison.differences));
        }
    }
    println!("{found} seeded widenings and changes were found");
    assert!(
        missed.is_empty(),
        "{} are missed:\n{}",
        missed.len(),
        missed.join("\n")
    );
    assert!(found >= 50, "{found} are too few");
}

#[test]
fn a_delivery_that_is_asked_for_is_wider() {
    let mut old = base();
    old.manifest.asks.pop();
    let comparison = compare(&old, &base());
    assert_eq!(comparison.differences.len(), 1, "{comparison:?}");
    assert!(comparison.is_wider());
    assert!(!compare(&base(), &old).is_wider());
}

#[test]
fn what_is_the_same_is_the_same_in_whatever_order() {
    let mut other = base();
    other.manifest.asks.reverse();
    other.imports.reverse();
    other.graph.as_mut().unwrap().nodes.reverse();
    let comparison = compare(&base(), &other);
    assert_eq!(comparison.differences, []);
    assert_eq!(comparison.same.len(), super::Topic::ALL.len());
    assert_eq!(base().hash(), other.hash());
}

#[test]
fn the_hash_of_a_surface_tells_which_side_is_another() {
    let (hash, mut same) = (base().hash(), 0);
    for seed in seeds() {
        let mut new = base();
        (seed.change)(&mut new);
        let told = new.hash() != hash;
        // Bytes, where they come from and reasons are no part of it.
        same += usize::from(!told);
        let words = ["other bytes", "another reason", "of the file's own"];
        assert!(
            told || words.iter().any(|word| seed.name.contains(word)),
            "{}",
            seed.name
        );
    }
    assert_eq!(same, 3);
    let mut prompt = base();
    prompt.prompts.values_mut().for_each(|text| text.push('x'));
    let other = prompt.hash();
    assert!(other.prompts != hash.prompts && other.surface != hash.surface);
    assert!(other.asks == hash.asks && other.graph == hash.graph && other.limits == hash.limits);
}

#[test]
fn a_narrower_ask_is_narrowed_and_nothing_else() {
    let mut new = base();
    rewrite(&mut new, "source", |ask| {
        ask["files"]["read"] = json!(["src/a.rs", "tests/*.rs"])
    });
    let found = compare(&base(), &new).differences;
    assert!(
        found
            .iter()
            .all(|found| found.direction == Direction::Narrowed),
        "{found:?}"
    );
    assert_eq!((&*found[0].was, &*found[0].now), ("src/**", "src/a.rs"));
}
