//! What a guest's standard library finds when it asks WASI: nothing that gives authority.
//!
//! Empty environment and arguments, closed standard input, output that is dropped, clocks
//! that stand at the start of the run and randomness from the run's id: the same for every
//! instance, so a replay sees the same. File systems and sockets are not offered at all; a
//! component that imports them is refused before it runs.

use crate::guest::Guest;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};

/// Prefixes of the interfaces that are offered to every guest.
pub(crate) const OFFERED: &[&str] = &[
    "wasi:io/error@0.2",
    "wasi:io/poll@0.2",
    "wasi:io/streams@0.2",
    "wasi:clocks/wall-clock@0.2",
    "wasi:clocks/monotonic-clock@0.2",
    "wasi:random/random@0.2",
    "wasi:random/insecure@0.2",
    "wasi:random/insecure-seed@0.2",
    "wasi:cli/exit@0.2",
    "wasi:cli/environment@0.2",
    "wasi:cli/stdin@0.2",
    "wasi:cli/stdout@0.2",
    "wasi:cli/stderr@0.2",
    "wasi:cli/terminal-input@0.2",
    "wasi:cli/terminal-output@0.2",
    "wasi:cli/terminal-stdin@0.2",
    "wasi:cli/terminal-stdout@0.2",
    "wasi:cli/terminal-stderr@0.2",
];

/// A WASI context without authority. `started` is the run's start since the epoch, `seed`
/// comes from the run's id and the visit.
pub(crate) fn context(started: std::time::Duration, seed: u64) -> WasiCtx {
    let bytes = seed.to_le_bytes().to_vec();
    WasiCtxBuilder::new()
        .wall_clock(Standing(started))
        .monotonic_clock(Standing(started))
        .secure_random(Deterministic::new(bytes.clone()))
        .insecure_random(Deterministic::new(bytes))
        .insecure_random_seed(u128::from(seed))
        .max_random_size(1 << 16)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

/// Adds the baseline to a linker.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    use wasmtime_wasi_io::bindings::wasi::io;
    io::error::add_to_linker::<Guest, Io>(linker, |g| &mut g.table)?;
    io::poll::add_to_linker::<Guest, Io>(linker, |g| &mut g.table)?;
    io::streams::add_to_linker::<Guest, Io>(linker, |g| &mut g.table)?;
    wasi::clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(linker, WasiClocksView::clocks)?;
    wasi::clocks::monotonic_clock::add_to_linker::<Guest, Virtual>(linker, |g| {
        let Guest {
            wasi, table, now, ..
        } = g;
        VirtualClock {
            inner: WasiClocksCtxView {
                ctx: wasi.clocks(),
                table,
            },
            now,
        }
    })?;
    wasi::random::random::add_to_linker::<Guest, WasiRandom>(linker, |g| g.wasi.random())?;
    wasi::random::insecure::add_to_linker::<Guest, WasiRandom>(linker, |g| g.wasi.random())?;
    wasi::random::insecure_seed::add_to_linker::<Guest, WasiRandom>(linker, |g| g.wasi.random())?;
    wasi::cli::exit::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::environment::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::stdin::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::stdout::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::stderr::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::terminal_input::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::terminal_output::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::terminal_stdin::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::terminal_stdout::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)?;
    wasi::cli::terminal_stderr::add_to_linker::<Guest, WasiCli>(linker, WasiCliView::cli)
}

struct Io;
impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// A clock that stands still.
struct Standing(std::time::Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> std::time::Duration {
        std::time::Duration::from_secs(1)
    }
    fn now(&self) -> std::time::Duration {
        self.0
    }
}

impl HostMonotonicClock for Standing {
    fn resolution(&self) -> u64 {
        1
    }
    fn now(&self) -> u64 {
        0
    }
}

struct Virtual;
impl HasData for Virtual {
    type Data<'a> = VirtualClock<'a>;
}

/// A clock that moves by a microsecond a look; a sleep advances it and does not wait.
struct VirtualClock<'a> {
    inner: WasiClocksCtxView<'a>,
    now: &'a mut u64,
}

impl wasi::clocks::monotonic_clock::Host for VirtualClock<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        *self.now = self.now.saturating_add(1_000);
        Ok(*self.now)
    }
    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000)
    }
    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        *self.now = (*self.now).max(when);
        self.inner.subscribe_duration(0)
    }
    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        *self.now = self.now.saturating_add(duration);
        self.inner.subscribe_duration(0)
    }
}
