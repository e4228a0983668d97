//! The outside of a component in, what it was made for out: blueprint or
//! plugin, and the version of the contract in `wit/`.
//!
//! Refuses components of a contract that this runtime doesn't speak, and
//! imports and exports in our name that the contract doesn't have.

use minion_grants::{ComponentKind, shown};
use semver::Version;
use thiserror::Error;

use crate::component::{Component, Interface};

const BLUEPRINT: &str = "minion:blueprint/blueprint";
const NODE: &str = "minion:node/node";

/// What the contract offers to guests.
const IMPORTS: [&str; 9] = [
    "minion:blueprint/graph",
    "minion:host/agent",
    "minion:host/command",
    "minion:host/http",
    "minion:host/log",
    "minion:host/plugins",
    "minion:host/types",
    "minion:host/workspace",
    "minion:node/node",
];

/// The oldest contract that components may be made for.
pub const OLDEST_CONTRACT: Version = Version::new(0, 1, 0);
/// The contract of this runtime, and the newest that components may be made for.
pub const NEWEST_CONTRACT: Version = Version::new(0, 1, 0);

/// What a component was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) kind: ComponentKind,
    pub(crate) contract: Version,
}

/// Why a component is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadContract {
    /// It exports nothing of ours.
    #[error(
        "the component exports neither `{BLUEPRINT}@{NEWEST_CONTRACT}` (a blueprint) nor \
         `{NODE}@{NEWEST_CONTRACT}` (a plugin), so there is nothing to run in it; \
         begin with `minion-rt new`"
    )]
    NothingOfOurs,
    /// It exports both.
    #[error(
        "the component exports both `{BLUEPRINT}` and `{NODE}`; make two components of it, \
         and name the plugin under `[plugins]` in the blueprint's minion.toml"
    )]
    BothKinds,
    /// An interface of ours lacks a function.
    #[error(
        "the component's export `{interface}` has no function `{function}`; build it with the interfaces in wit/"
    )]
    MissingFunction {
        /// The interface.
        interface: String,
        /// The function.
        function: &'static str,
    },
    /// It was made for a contract that is not spoken here.
    #[error(
        "`{interface}` is of contract {found}; this minion-rt speaks {OLDEST_CONTRACT} to \
         {NEWEST_CONTRACT}; {cure}"
    )]
    Unsupported {
        /// The import or export that says so.
        interface: String,
        /// The version it says.
        found: Version,
        /// What to do.
        cure: &'static str,
    },
    /// A name of ours without a version, or with one that is none.
    #[error(
        "`{interface}` has no version such as `@{NEWEST_CONTRACT}`; build it with the interfaces in wit/"
    )]
    Unversioned {
        /// The import or export.
        interface: String,
    },
    /// A name of ours that the contract doesn't have.
    #[error("the component imports `{interface}`, which contract {NEWEST_CONTRACT} does not have; the host offers {}", IMPORTS.join(", "))]
    UnknownImport {
        /// The import.
        interface: String,
    },
}

/// Says what a component was made for.
pub(crate) fn purpose(component: &Component<'_>) -> Result<Purpose, BadContract> {
    let mut contract = None;
    for interface in component.imports.iter().chain(&component.exports) {
        contract = contract.max(version_of(interface)?);
    }
    check_imports(&component.imports)?;
    let blueprint = export(component, BLUEPRINT);
    let node = export(component, NODE);
    let kind = match (blueprint, node) {
        (Some(_), Some(_)) => return Err(BadContract::BothKinds),
        (None, None) => return Err(BadContract::NothingOfOurs),
        (Some(interface), None) => {
            require(interface, &["describe", "step"])?;
            ComponentKind::Blueprint
        }
        (None, Some(interface)) => {
            require(interface, &["run"])?;
            ComponentKind::Plugin
        }
    };
    let contract = contract.ok_or(BadContract::NothingOfOurs)?;
    Ok(Purpose { kind, contract })
}

/// The version of an interface of ours; none for everybody else's.
fn version_of(interface: &Interface) -> Result<Option<Version>, BadContract> {
    if !interface.name.starts_with("minion:") {
        return Ok(None);
    }
    let unversioned = || BadContract::Unversioned {
        interface: shown(&interface.name),
    };
    let (_, version) = interface.name.split_once('@').ok_or_else(unversioned)?;
    let found = Version::parse(version).map_err(|_| unversioned())?;
    let cure = if found > NEWEST_CONTRACT {
        "use a newer minion-rt, or build the component with an older minion-sdk"
    } else if found < OLDEST_CONTRACT {
        "build the component again with a newer minion-sdk"
    } else {
        return Ok(Some(found));
    };
    Err(BadContract::Unsupported {
        interface: shown(&interface.name),
        found,
        cure,
    })
}

fn check_imports(imports: &[Interface]) -> Result<(), BadContract> {
    let unknown = imports.iter().find(|import| {
        import.name.starts_with("minion:") && !IMPORTS.contains(&unversioned(&import.name))
    });
    match unknown {
        Some(import) => Err(BadContract::UnknownImport {
            interface: shown(&import.name),
        }),
        None => Ok(()),
    }
}

fn export<'a>(component: &'a Component<'_>, name: &str) -> Option<&'a Interface> {
    component
        .exports
        .iter()
        .find(|export| unversioned(&export.name) == name)
}

fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

fn require(interface: &Interface, functions: &[&'static str]) -> Result<(), BadContract> {
    for &function in functions {
        if !interface.functions.iter().any(|name| name == function) {
            return Err(BadContract::MissingFunction {
                interface: shown(&interface.name),
                function,
            });
        }
    }
    Ok(())
}
