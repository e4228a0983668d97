//! Landlock: the second wall at level full, the first one below it.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::failure::{Failure, Step};
use super::mounts::DEVICES;
use crate::plan::{Access, Mount};

/// File rights as of this ABI; what an older kernel lacks of them is left away above the floor.
const RIGHTS: ABI = ABI::V5;

/// Restricts this thread and all that it starts to the mounts, to `own` folders (all rights) and
/// to `shown` ones (to be looked at, not executed).
pub(super) fn restrict(mounts: &[Mount], own: &[&Path], shown: &[&Path]) -> Result<(), Failure> {
    let (read, all) = (AccessFs::from_read(RIGHTS), AccessFs::from_all(RIGHTS));
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .step("Landlock")?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .step("Landlock")?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)
        .step("Landlock")?
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
