//! The floor: the same component on the same engine, with imports that do nothing but
//! answer. No door, no WASI, no limits.

use minion_host::Engine;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/host", "../../wit/blueprint"],
        world: "minion:blueprint/blueprint-world",
        imports: {
            "minion:host/command.run": async | trappable,
            "minion:host/http.request": async | trappable,
            "minion:host/agent.run": async | trappable,
            "minion:host/plugins.run": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

use bindings::exports::minion::blueprint::blueprint::Context;
use bindings::minion::blueprint::graph;
use bindings::minion::host::types::Failure;
use bindings::minion::host::{agent, command, http, log, plugins, types, workspace};
use bindings::{BlueprintWorld, BlueprintWorldPre};

type Answer<T> = wasmtime::Result<Result<T, Failure>>;

/// What the imports answer.
#[derive(Clone, Default)]
pub(crate) struct Answers {
    pub(crate) content: Vec<u8>,
    pub(crate) names: Vec<String>,
    /// When the first import was called.
    pub(crate) first: Option<std::time::Duration>,
}

/// A component that can be run.
pub(crate) struct Raw {
    engine: wasmtime::Engine,
    component: BlueprintWorldPre<Answers>,
    answers: Answers,
}

impl Raw {
    pub(crate) fn new(engine: &Engine, bytes: &[u8], answers: Answers) -> Self {
        let engine = minion_host::bench::wasmtime(engine).clone();
        let component = Component::new(&engine, bytes).unwrap();
        let mut linker = Linker::new(&engine);
        BlueprintWorld::add_to_linker::<_, HasSelf<Answers>>(&mut linker, |answers| answers)
            .unwrap();
        let component = linker.instantiate_pre(&component).unwrap();
        Self {
            engine,
            component: BlueprintWorldPre::new(component).unwrap(),
            answers,
        }
    }

    /// A fresh instance, the call, the drop; when the first import was called.
    pub(crate) async fn visit(&self, node: &str, task: &str) -> Option<std::time::Duration> {
        let mut store = Store::new(&self.engine, self.answers.clone());
        store.set_epoch_deadline(u64::from(u32::MAX));
        let instance = self.component.instantiate_async(&mut store).await.unwrap();
        let context = Context {
            task: task.to_owned(),
            inputs: Vec::new(),
            visit: 1,
            last: None,
            findings: Vec::new(),
            state: "{}".to_owned(),
        };
        let exports = instance.minion_blueprint_blueprint();
        let answer = exports.call_step(&mut store, node, &context).await.unwrap();
        assert_eq!(answer.unwrap().label, "done");
        store.data().first
    }
}

impl Answers {
    fn called(&mut self) {
        if self.first.is_none() {
            self.first = Some(crate::measure::now());
        }
    }
}

impl types::Host for Answers {}

impl graph::Host for Answers {}

impl log::Host for Answers {
    fn log(&mut self, _: log::Level, message: String) -> wasmtime::Result<()> {
        self.called();
        std::hint::black_box(message);
        Ok(())
    }
}

impl workspace::Host for Answers {
    fn read(&mut self, _: String) -> Answer<Vec<u8>> {
        self.called();
        Ok(Ok(self.content.clone()))
    }

    fn list(&mut self, _: String) -> Answer<Vec<workspace::Entry>> {
        self.called();
        let kind = workspace::EntryKind::File;
        let entry = |name: &String| workspace::Entry {
            name: name.clone(),
            kind,
        };
        Ok(Ok(self.names.iter().map(entry).collect()))
    }

    fn changes(&mut self) -> Answer<Vec<workspace::Change>> {
        self.called();
        Ok(Ok(Vec::new()))
    }

    fn search(&mut self, _: String, _: String) -> Answer<Vec<workspace::Hit>> {
        never()
    }

    fn write(&mut self, _: String, _: Vec<u8>) -> Answer<()> {
        never()
    }

    fn edit(&mut self, _: String, _: String, _: String) -> Answer<()> {
        never()
    }

    fn remove(&mut self, _: String) -> Answer<()> {
        never()
    }
}

impl command::Host for Answers {
    async fn run(&mut self, _: String, _: Vec<String>) -> Answer<command::Completed> {
        never()
    }

    fn available(&mut self, _: String) -> wasmtime::Result<bool> {
        never()
    }
}

impl http::Host for Answers {
    async fn request(&mut self, _: http::Message) -> Answer<http::Response> {
        never()
    }
}

impl agent::Host for Answers {
    async fn run(&mut self, _: agent::Task) -> Answer<agent::Report> {
        never()
    }
}

impl plugins::Host for Answers {
    async fn run(&mut self, _: String, _: String) -> Answer<plugins::Answer> {
        never()
    }
}

fn never<T>() -> wasmtime::Result<T> {
    Err(wasmtime::Error::msg("no bench calls this"))
}
