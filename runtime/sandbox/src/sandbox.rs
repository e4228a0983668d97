//! Finding out, by really doing it, which level this machine can give.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{SandboxError, Unavailable};
use crate::level::Level;
use crate::plan;
use crate::run;
use crate::spec::{Overlay, Spec};
use crate::wire::Identity;

/// The uid and gid of commands when the host is root: in the range that no distribution and no
/// container manager hands out (systemd, "Users, Groups, UIDs and GIDs", 60578 to 60705).
const COMMAND_ID: u32 = 60_700;

/// Runs commands behind walls of one level.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) stage: PathBuf,
    pub(crate) level: Level,
    pub(crate) identity: Identity,
    overlay: bool,
}

impl Sandbox {
    /// The strongest level that works here: runs `true` at level full, then at level basic.
    ///
    /// `stage_exe` is a program whose `main` starts with [`stage_main`](crate::stage_main),
    /// usually `std::env::current_exe()`. Blocks for some 10 ms.
    pub fn probe(stage_exe: PathBuf) -> Result<Self, Unavailable> {
        match Self::at(Level::Full, stage_exe.clone()) {
            Ok(sandbox) => Ok(sandbox),
            Err(full) => Self::at(Level::Basic, stage_exe).map_err(|basic| Unavailable {
                why: format!("{}; {}", full.why, basic.why),
                cure: format!("{}, or {}", full.cure, basic.cure),
            }),
        }
    }

    /// This level or none.
    pub fn at(level: Level, stage_exe: PathBuf) -> Result<Self, Unavailable> {
        let identity = if level == Level::Unsandboxed {
            Identity::Same
        } else {
            identity()
        };
        let mut sandbox = Self {
            stage: stage_exe,
            level,
            identity,
            overlay: false,
        };
        let attempt = |overlay| sandbox.try_true(overlay);
        let overlay = level == Level::Full && attempt(true).is_ok();
        if !overlay {
            attempt(false).map_err(|error| unavailable(level, &error))?;
        }
        sandbox.overlay = overlay;
        Ok(sandbox)
    }

    /// The level of every command run by this.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The uid and gid of commands when it is not the host's: workspaces and caches that they
    /// are to write have to be owned by it. `None`: commands run as the host's own user.
    pub fn owner(&self) -> Option<(u32, u32)> {
        match self.identity {
            Identity::Same => None,
            Identity::Dropped { uid, gid } => Some((uid, gid)),
        }
    }

    /// Hands a folder or file, not what is in it, to [`owner`](Self::owner).
    pub fn hand_over(&self, path: &Path) -> std::io::Result<()> {
        match self.owner() {
            Some((uid, gid)) => std::os::unix::fs::lchown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// Whether [`Spec::overlay`] works; otherwise the caller makes a copy.
    pub fn has_overlay(&self) -> bool {
        self.overlay
    }

    /// One sentence for people: what the level holds back here, and what it does not.
    pub fn description(&self) -> String {
        let who = match (self.level, self.owner()) {
            (_, Some((uid, _))) => format!("as uid {uid}"),
            (Level::Basic, None) => "as your own user, whose files outside can be looked up, and \
                 their modes and times changed, but not read or written"
                .to_owned(),
            (_, None) => "as your own user".to_owned(),
        };
        match self.level {
            Level::Full => format!("own root, processes and network, Landlock and seccomp, {who}"),
            Level::Basic => format!("Landlock and seccomp, no sockets, no host processes, {who}"),
            Level::Unsandboxed => format!("limits only, {who}"),
        }
    }

    fn try_true(&self, overlay: bool) -> Result<(), SandboxError> {
        let program = ["/usr/bin/true", "/bin/true"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let lower = PathBuf::from("/usr/bin");
        let spec = Spec {
            program: program.unwrap_or("/usr/bin/true").into(),
            directory: "/usr".into(),
            overlay: overlay
                .then(|| Overlay {
                    lower,
                    at: "/overlay".into(),
                })
                .into_iter()
                .collect(),
            ..Spec::default()
        };
        run::run_blocking(&self.stage, plan::order(spec, self.level, self.identity)?)
    }
}

fn identity() -> Identity {
    if rustix::process::geteuid().is_root() && is_mapped(COMMAND_ID) {
        Identity::Dropped {
            uid: COMMAND_ID,
            gid: COMMAND_ID,
        }
    } else {
        Identity::Same
    }
}

/// Whether an id exists in our user namespace: in `unshare -r` only 0 does.
fn is_mapped(id: u32) -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| {
        let mut numbers = line
            .split_whitespace()
            .map(|number| number.parse::<u64>().unwrap_or(0));
        let (first, _, count) = (numbers.next(), numbers.next(), numbers.next());
        let first = first.unwrap_or(0);
        (first..first + count.unwrap_or(0)).contains(&u64::from(id))
    })
}

fn unavailable(level: Level, error: &SandboxError) -> Unavailable {
    let cure = match level {
        Level::Full => {
            "allow unprivileged user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 \
             or kernel.unprivileged_userns_clone=1), in a container give it CAP_SYS_ADMIN"
        }
        Level::Basic => {
            "boot a kernel of 6.12 or later (6.2 suffices for root) with Landlock in `lsm=`"
        }
        Level::Unsandboxed => "check that the program is complete and executable",
    };
    Unavailable {
        why: format!("level {level}: {error}"),
        cure: cure.to_owned(),
    }
}
