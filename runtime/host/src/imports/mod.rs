//! What guests may import: one file per WIT interface, each only a translation to the
//! services behind the door.

pub(crate) mod agent;
pub(crate) mod baseline;
pub(crate) mod command;
mod convert;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod plugins;
pub(crate) mod workspace;

pub(crate) use convert::{findings_from_guest, findings_to_guest};

use crate::bindings::host;
use crate::guest::Guest;
use wasmtime::component::{HasSelf, Linker};

/// Interfaces of our own that a blueprint may import.
pub(crate) const OFFERED: &[&str] = &[
    "types",
    "workspace",
    "command",
    "http",
    "agent",
    "plugins",
    "log",
];

impl host::types::Host for Guest {}

/// A linker with everything that is offered. What works in a node is judged at the door.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    host::types::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::workspace::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::command::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::http::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::agent::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::plugins::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    host::log::add_to_linker::<_, HasSelf<_>>(&mut linker, |g: &mut Guest| g)?;
    baseline::link(&mut linker)?;
    Ok(linker)
}
