//! The one .wasm file: reading and writing its sections, building it from source.
//!
//! `bytes ─ read ─▶ Bundle` for whoever runs or reviews; `folder ─ build ─▶
//! bytes` for whoever authors. Neither executes anything of a component.

mod build;
mod component;
mod contract;
mod new;
mod read;
mod sections;

pub use build::{BuildError, BuildOptions, Built, Describe, GUEST_TARGET, INSTALL_TARGET, build};
pub use component::{
    BadComponent, Interface, MAX_CORE_IMPORTS, MAX_DEPTH, MAX_FILE_BYTES, MAX_FUNCTION_BYTES,
    MAX_FUNCTION_WORK, MAX_FUNCTIONS, MAX_INTERFACES, MAX_LOCALS,
};
pub use contract::{BadContract, NEWEST_CONTRACT, OLDEST_CONTRACT};
pub use new::{NewError, Sdk, new_project};
pub use read::{BadFile, Bundle, read, read_knowing};
pub use sections::{
    BadSection, MAX_GRAPH_BYTES, MAX_MANIFEST_BYTES, MAX_PARTS, MAX_PROMPT_BYTES, Sections, write,
};
