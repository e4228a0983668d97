//! Bad input of every kind: a message that names the thing and the cure, the documented exit
//! code, the repository as it was, no panic.

mod admission;
mod bound;
mod component;
mod manifest;
mod model;
mod repository;
mod step;
mod together;
mod words;

use crate::world::{Ran, World, component};
use std::path::{Path, PathBuf};

/// A repository with something worth protecting, as it was before the command.
struct Stage {
    world: World,
    repository: PathBuf,
    before: String,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let files = [
            ("a.txt", "nothing is wrong here\n"),
            (".env", "TOKEN=canary\n"),
            (".github/workflows/ci.yml", "on: push\n"),
        ];
        let repository = world.repository("project", &files);
        Self::on(world, repository)
    }

    fn on(world: World, repository: PathBuf) -> Self {
        let before = world.fingerprint(&repository);
        Self {
            world,
            repository,
            before,
        }
    }

    /// Runs a component on the repository with these words more.
    fn exec(&self, component: &Path, more: &[&str]) -> Ran {
        let mut words = vec!["exec", component.to_str().unwrap(), "--repo"];
        words.push(self.repository.to_str().unwrap());
        words.extend(more);
        self.world.minion(&words)
    }

    /// Runs the hostile blueprint with everything granted that it asks, and these words more.
    fn hostile(&self, task: &str, more: &[&str]) -> Ran {
        let mut words = vec!["--task", task];
        words.extend(GRANTED);
        words.extend(more);
        self.exec(&hostile(), &words)
    }

    /// Not a byte, mode or branch of the repository is another.
    #[track_caller]
    fn untouched(&self) {
        let now = self.world.fingerprint(&self.repository);
        assert_eq!(self.before, now, "the repository was changed");
    }
}

/// All that the hostile blueprint asks; a delivery without a gate has to be spelled out.
const GRANTED: [&str; 5] = [
    "--allow-asked",
    "--allow",
    "delivery=branch",
    "--allow",
    "gates=none",
];

/// The blueprint that does what the task says, however bad.
fn hostile() -> PathBuf {
    component("tests/guests/hostile")
}
