//! Landlock: the second wall at level full, the first one below it.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::failure::{Failure, Step};
use super::mounts::DEVICES;
use crate::plan::{Access, Mount};
use crate::wire::Identity;

/// File rights as of this ABI; what an older kernel lacks of them is left away above the floor.
const RIGHTS: ABI = ABI::V5;

/// What the kernel has to be able to deny; the rest is denied where it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    pub(super) rights: ABI,
    /// Signals and abstract sockets to the outside.
    pub(super) scopes: bool,
}

impl Floor {
    /// In namespaces of its own the file system is walled off already.
    pub(super) fn full() -> Self {
        Self {
            rights: ABI::V1,
            scopes: false,
        }
    }

    /// Alone: truncation has to be covered; signals too, where the uid does not keep them in.
    pub(super) fn basic(identity: Identity) -> Self {
        Self {
            rights: ABI::V3,
            scopes: identity == Identity::Same,
        }
    }
}

/// Restricts this thread and all that it starts to the mounts, to `own` folders (all rights) and
/// to `shown` ones (to be looked at, not executed).
pub(super) fn restrict(
    floor: Floor,
    mounts: &[Mount],
    own: &[&Path],
    shown: &[&Path],
) -> Result<(), Failure> {
    let (read, all) = (AccessFs::from_read(RIGHTS), AccessFs::from_all(RIGHTS));
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(floor.rights))
        .step("Landlock")?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .step("Landlock")?
        .set_compatibility(if floor.scopes {
            CompatLevel::HardRequirement
        } else {
            CompatLevel::BestEffort
        })
        .scope(Scope::AbstractUnixSocket | Scope::Signal)
        .step("Landlock")?
        .set_compatibility(CompatLevel::BestEffort)
        .create()
        .step("Landlock")?;
    for mount in mounts {
        let rights = if mount.access == Access::ReadOnly {
            read
        } else {
            all
        };
        rules = allow(rules, &mount.at, rights)?;
    }
    for path in own {
        rules = allow(rules, path, all)?;
    }
    for path in shown {
        rules = allow(rules, path, read & !AccessFs::Execute)?;
    }
    for device in DEVICES {
        rules = allow(
            rules,
            Path::new(device),
            AccessFs::ReadFile | AccessFs::WriteFile,
        )?;
    }
    let status = rules.restrict_self().step("Landlock")?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("not enforced by this kernel").step("Landlock");
    }
    Ok(())
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, Failure> {
    let step = || format!("Landlock rule for {}", path.display());
    let folder = path.is_dir();
    let rights = if folder {
        rights
    } else {
        rights & AccessFs::from_file(RIGHTS)
    };
    let handle = PathFd::new(path).step(step())?;
    rules
        .add_rule(PathBeneath::new(handle, rights))
        .step(step())
}
