//! A fresh instance, one step that calls nothing, the drop: the host's own way beside bare
//! wasmtime's, on one engine with wasmtime's on-demand allocator.

use crate::measure::{Took, heading, micros, row, took};
use crate::raw::{Answers, Raw};
use crate::world::{World, linked};
use minion_host::bench::Prepared;
use minion_host::{Engine, Silent};

const ROUNDS: usize = 3_000;

pub(crate) fn figures(world: &World) {
    let engine = Engine::new(None).unwrap();
    let raw = Raw::new(
        &engine,
        &std::fs::read(&world.calls).unwrap(),
        Answers::default(),
    );
    let linked = linked(&world.calls, &engine);
    let mut ours = Prepared::new(linked, world.request(), &Silent).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut floor, mut host): (Vec<Took>, Vec<Took>) = Default::default();
    for round in 0..ROUNDS {
        let mut bare = || {
            let (took, _) = took(|| runtime.block_on(raw.visit("nothing", "0")));
            floor.push(took);
        };
        let mut own = || {
            let (took, label) = took(|| runtime.block_on(ours.visit("nothing")));
            assert_eq!(label.unwrap().unwrap(), "done");
            host.push(took);
        };
        if round % 2 == 0 {
            bare();
            own();
        } else {
            own();
            bare();
        }
    }
    heading("fresh instance + step + drop, on-demand allocator; median, ratio to the floor");
    let (bare, own) = (wall(&floor), wall(&host));
    row("floor: bare wasmtime, wall", bare, None);
    row("the host's own way, wall", own, Some(bare));
    let (bare, own) = (cpu(&floor), cpu(&host));
    row("floor: bare wasmtime, processor", bare, None);
    row("the host's own way, processor", own, Some(bare));
}

fn wall(times: &[Took]) -> f64 {
    micros(times.iter().map(|took| took.wall))
}

fn cpu(times: &[Took]) -> f64 {
    micros(times.iter().map(|took| took.cpu))
}
