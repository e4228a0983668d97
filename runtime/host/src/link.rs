//! Fourth stage: an admitted component is compiled and its imports are bound. Nothing of it
//! has run before, and nothing runs here.

use crate::admit::Admitted;
use crate::bindings::blueprint::BlueprintWorldPre;
use crate::bindings::plugin::PluginPre;
use crate::engine::Engine;
use crate::guest::Guest;
use crate::imports;
use crate::inspect::{Inspected, Part};
use minion_bundle::Bundle;
use minion_grants::{Digest, Graph, Origin, PartName};
use std::collections::BTreeMap;
use wasmtime::component::{Component, InstancePre, Linker};

/// A component that can be run.
pub struct Linked {
    pub(crate) admitted: Admitted,
    pub(crate) engine: Engine,
    pub(crate) blueprint: BlueprintWorldPre<Guest>,
    pub(crate) plugins: BTreeMap<PartName, LinkedPlugin>,
    /// What the state has to fit.
    pub(crate) schema: minion_grants::Schema,
}

/// A plugin that can be run.
pub(crate) struct LinkedPlugin {
    pub(crate) component: PluginPre<Guest>,
    pub(crate) digest: Digest,
    pub(crate) origin: Origin,
}

/// The component cannot be compiled or bound.
#[derive(Debug, thiserror::Error)]
#[error("`{part}` cannot be linked: {why}")]
pub struct LinkError {
    /// The blueprint, or a plugin's name.
    pub part: String,
    /// Why.
    pub why: String,
}

/// Compiles the blueprint, and beside it its plugins. Mostly that is reading them from the
/// cache, for which the engine uses one core; a thread for each of them would spend more on
/// memory of its own than it gains.
///
/// # Errors
/// [`LinkError`] names the part, the first one where there are several; a validated component
/// fails here only when it wants more of the engine than it may have.
pub fn link(admitted: Admitted, engine: &Engine) -> Result<Linked, LinkError> {
    let Parts {
        blueprint,
        plugins,
        schema,
        ..
    } = parts(admitted.inspected(), engine)?;
    Ok(Linked {
        engine: engine.clone(),
        blueprint,
        plugins,
        schema,
        admitted,
    })
}

/// What is compiled of a component, without any authority to go with it.
pub(crate) struct Parts {
    pub(crate) blueprint: BlueprintWorldPre<Guest>,
    pub(crate) plugins: BTreeMap<PartName, LinkedPlugin>,
    pub(crate) graph: Graph,
    pub(crate) schema: minion_grants::Schema,
    pub(crate) prompts: BTreeMap<String, String>,
}

/// Compiles a blueprint and its plugins, side by side. A run needs [`link`]; a replay, behind
/// whose door nothing happens, needs no more than this.
pub(crate) fn parts(inspected: &Inspected, engine: &Engine) -> Result<Parts, LinkError> {
    let name = inspected.bundle().manifest.name.as_str();
    let told = |why: String| LinkError {
        part: name.to_owned(),
        why,
    };
    let linker = imports::linker(engine.wasmtime()).map_err(|e| wrong(name, &e))?;
    let linking = &Linking { engine, linker };
    let (blueprint, plugins) = std::thread::scope(|scope| {
        let plugins = scope.spawn(|| linking.plugins(inspected.plugins()));
        let blueprint = linking.blueprint(inspected.bundle());
        let panicked = |panic| std::panic::resume_unwind(panic);
        (blueprint, plugins.join().unwrap_or_else(panicked))
    });
    let graph = inspected.graph().cloned();
    let graph = graph.ok_or_else(|| told("it is a plugin, which has no graph".to_owned()))?;
    let schema = minion_grants::Schema::compile(&graph.state_schema)
        .map_err(|e| told(format!("its state schema cannot be used: {e}")))?;
    Ok(Parts {
        blueprint: blueprint.map_err(|e| wrong(name, &e))?,
        plugins: plugins?,
        graph,
        schema,
        prompts: inspected.bundle().prompts.clone(),
    })
}

/// One linker for all components: what is offered does not depend on who imports it.
struct Linking<'a> {
    engine: &'a Engine,
    linker: Linker<Guest>,
}

impl Linking<'_> {
    fn blueprint(&self, bundle: &Bundle) -> wasmtime::Result<BlueprintWorldPre<Guest>> {
        BlueprintWorldPre::new(self.prepare(&bundle.bytes)?)
    }

    fn plugins(
        &self,
        parts: &BTreeMap<PartName, Part>,
    ) -> Result<BTreeMap<PartName, LinkedPlugin>, LinkError> {
        let plugin = |(name, part)| self.plugin(name, part);
        parts.iter().map(plugin).collect()
    }

    fn plugin(&self, name: &PartName, part: &Part) -> Result<(PartName, LinkedPlugin), LinkError> {
        let component = self.prepare(&part.bundle.bytes).and_then(PluginPre::new);
        let plugin = LinkedPlugin {
            component: component.map_err(|e| wrong(name.as_str(), &e))?,
            digest: part.bundle.digest,
            origin: part.origin,
        };
        Ok((name.clone(), plugin))
    }

    fn prepare(&self, bytes: &[u8]) -> wasmtime::Result<InstancePre<Guest>> {
        let component = Component::new(self.engine.wasmtime(), bytes)?;
        self.linker.instantiate_pre(&component)
    }
}

fn wrong(part: &str, error: &wasmtime::Error) -> LinkError {
    LinkError {
        part: part.to_owned(),
        why: format!("{error:#}"),
    }
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linked")
            .field("admitted", &self.admitted)
            .finish_non_exhaustive()
    }
}
