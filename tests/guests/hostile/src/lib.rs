//! A blueprint whose step misbehaves in the way that the run's task names.
//!
//! On the contract's own bindings and not on the SDK, which would not let a step return what
//! is no JSON or pass the same bytes a thousand times over.

mod graph;
mod resources;

pub(crate) mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/host", "../../../wit/blueprint"],
        world: "minion:blueprint/blueprint-world",
        generate_all,
        ownership: Borrowing { duplicate_if_necessary: false },
    });
}

use bindings::exports::minion::blueprint::blueprint::{Context, Failure, Graph, Guest, Transition};
use bindings::minion::host::{agent, log, plugins, workspace};

struct Hostile;

impl Guest for Hostile {
    fn describe() -> Graph {
        graph::graph()
    }

    fn step(node: String, context: Context) -> Result<Transition, Failure> {
        match node.as_str() {
            "think" => think(&context.task),
            _ => act(&context.task),
        }
    }
}

/// The first word of the task says what to do, the rest with what.
fn act(task: &str) -> Result<Transition, Failure> {
    let (what, with) = task.split_once(' ').unwrap_or((task, ""));
    match what {
        "behave" => {}
        "panic" => panic!("as the task says"),
        "spin" => resources::spin(),
        "recurse" => resources::recurse(),
        "allocate" => resources::allocate(),
        "shout" => resources::shout(),
        "repeat" => resources::repeat()?,
        "chatter" => resources::chatter(),
        "warn" => log::log(log::Level::Warn, with),
        "warn-often" => resources::warn_often(),
        "label" => return Ok(then(with, "{}")),
        "state" => return Ok(then("done", with)),
        "bloat" => return Ok(then("done", &resources::bloated(with))),
        "ask-model" => drop(think(task)?),
        "think" => return Ok(then("think", "{}")),
        "read" => drop(workspace::read(with)?),
        "write" => workspace::write(with, b"written by a hostile step\n")?,
        "write-quietly" => drop(workspace::write(with, b"written by a hostile step\n")),
        "call" => drop(plugins::run(with, "{}")?),
        "escalate" => {
            workspace::write("left.txt", b"for whoever goes on\n")?;
            return Ok(then("give-up", "{}"));
        }
        _ => return Err(Failure::Invalid(format!("there is no trick `{what}`"))),
    }
    Ok(then("done", "{}"))
}

fn think(task: &str) -> Result<Transition, Failure> {
    agent::run(agent::Task {
        prompt: "think.md",
        task,
        findings: &[],
        context: &[],
        tools: None,
        max_turns: None,
    })?;
    Ok(then("done", "{}"))
}

fn then(label: &str, state: &str) -> Transition {
    Transition {
        label: label.to_owned(),
        state: state.to_owned(),
    }
}

bindings::export!(Hostile with_types_in bindings);
