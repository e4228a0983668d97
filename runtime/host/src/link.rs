//! Fourth stage: an admitted component is compiled and its imports are bound. Nothing of it
//! has run before, and nothing runs here.

use crate::admit::Admitted;
use crate::bindings::blueprint::BlueprintWorldPre;
use crate::bindings::plugin::PluginPre;
use crate::engine::Engine;
use crate::guest::Guest;
use crate::imports;
use minion_bundle::Bundle;
use minion_grants::{Digest, Origin, PartName};
use std::collections::BTreeMap;
use wasmtime::component::{Component, InstancePre};

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

/// Compiles the blueprint and every plugin in it.
///
/// # Errors
/// [`LinkError`] names the part; a validated component fails here only when it wants more
/// of the engine than it may have.
pub fn link(admitted: Admitted, engine: &Engine) -> Result<Linked, LinkError> {
    let inspected = admitted.inspected();
    let name = inspected.bundle().manifest.name.to_string();
    let wrong = |e: wasmtime::Error| LinkError {
        part: name.clone(),
        why: format!("{e:#}"),
    };
    let blueprint = prepare(engine, &inspected.bundle().bytes)
        .and_then(BlueprintWorldPre::new)
        .map_err(wrong)?;
    let schema =
        minion_grants::Schema::compile(&admitted.graph().state_schema).map_err(|e| LinkError {
            part: name.clone(),
            why: format!("its state schema cannot be used: {e}"),
        })?;
    let mut plugins = BTreeMap::new();
    for (name, part) in inspected.plugins() {
        plugins.insert(
            name.clone(),
            plugin(engine, name.as_str(), &part.bundle, part.origin)?,
        );
    }
    Ok(Linked {
        engine: engine.clone(),
        blueprint,
        plugins,
        schema,
        admitted,
    })
}

fn plugin(
    engine: &Engine,
    name: &str,
    bundle: &Bundle,
    origin: Origin,
) -> Result<LinkedPlugin, LinkError> {
    let wrong = |e: wasmtime::Error| LinkError {
        part: name.to_owned(),
        why: format!("{e:#}"),
    };
    Ok(LinkedPlugin {
        component: prepare(engine, &bundle.bytes)
            .and_then(PluginPre::new)
            .map_err(wrong)?,
        digest: bundle.digest,
        origin,
    })
}

fn prepare(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<InstancePre<Guest>> {
    let component = Component::new(engine.wasmtime(), bytes)?;
    imports::linker(engine.wasmtime())?.instantiate_pre(&component)
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linked")
            .field("admitted", &self.admitted)
            .finish_non_exhaustive()
    }
}
