//! Widenings and changes, made one by one from a file that is as it should be.

use serde_json::{Value, json};

use super::Direction;
use super::seeded_tests::{graph, plugin};
use crate::{Capability, Digest, Origin, Surface};

/// Raises one bound of a node.
type Raise = fn(&mut crate::AgentLimits);

pub(super) type Change = Box<dyn Fn(&mut Surface)>;

/// What is seeded, with what it has to be found as.
pub(super) struct Seed {
    pub(super) name: String,
    pub(super) found: Direction,
    pub(super) change: Change,
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
                            .push(json!(wide));
                    };
                    rewrite(surface, ask, list);
                });
                self.add(format!("{ask} in place: {wide}"), move |surface| {
                    rewrite(surface, ask, |value| value[kind(ask)][key][0] = json!(wide));
                });
            }
        }
    }

    /// Terms of an agent, a credential, and what was never asked before.
    fn terms(&mut self) {
        self.add("a credential", |surface| {
            rewrite(surface, "look-up", |value| {
                value["http"]["credential"] = json!("token");
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
                        http.send = vec!["GET https://first.example.com/**".parse().unwrap()];
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
        let limits: [(&str, Raise); 4] = [
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
                node_of(surface, node).max_visits = None;
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
    }

    /// Gates whose judge is another.
    fn judges(&mut self) {
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
                surface.imports.push(name.clone());
            });
        }
        self.add("an import of a plugin", |surface| {
            let part = surface.parts.get_mut("std:lint").unwrap();
            part.imports.push("minion:host/workspace@0.1.0".to_owned());
        });
    }

    /// What has no order.
    fn words(&mut self) {
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
            surface.manifest.asks[0].reason = "trust me".to_owned();
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

pub(super) fn rewrite(surface: &mut Surface, ask: &str, change: impl FnOnce(&mut Value)) {
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

pub(super) fn seeds() -> Vec<Seed> {
    let mut seeds = Seeds::default();
    seeds.patterns();
    seeds.terms();
    seeds.nodes();
    seeds.ways();
    seeds.judges();
    seeds.parts();
    seeds.words();
    seeds.0
}
