//! What the host holds for one instance: who it is, what it sees, and what bounds it.

use crate::bounds::{Bounds, OverBound};
use crate::engine::TICK;
use crate::imports::baseline;
use crate::services::Services;
use crate::view::View;
use minion_door::{Caller, Halt};
use minion_grants::AgentLimits;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{ResourceTable, ResourceTableError};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Time that one instance may compute, host calls not counted: 30 s.
const COMPUTE: Duration = Duration::from_secs(30);
/// Handles that one instance may hold.
const HANDLES: usize = 10_000;
/// Bytes that may cross the boundary in one call of the guest.
const CALL_BYTES: usize = 64 << 20;

/// The state of one store.
pub(crate) struct Guest {
    pub(crate) services: Arc<Services>,
    pub(crate) caller: Caller,
    pub(crate) view: Arc<View>,
    /// What an agentic node may do at most; `None` in every other.
    pub(crate) agent: Option<Arc<AgentLimits>>,
    pub(crate) lines: u32,
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) now: u64,
    bounds: Bounds,
}

impl Guest {
    /// A guest without a model.
    pub(crate) fn new(services: &Arc<Services>, caller: Caller, view: &Arc<View>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi: baseline::context(services.started, services.seed ^ caller.visit),
            services: Arc::clone(services),
            caller,
            view: Arc::clone(view),
            agent: None,
            lines: 0,
            table,
            now: 0,
            bounds: Bounds::default(),
        }
    }

    /// The same with what its agentic node allows.
    pub(crate) fn with_agent(mut self, limits: Option<Arc<AgentLimits>>) -> Self {
        self.agent = limits;
        self
    }

    /// A store around it with every bound set.
    pub(crate) fn into_store(self) -> Store<Self> {
        let engine = self.services.engine.clone();
        let mut store = Store::new(engine.wasmtime(), self);
        store.limiter(|guest| &mut guest.bounds);
        store.set_hostcall_fuel(CALL_BYTES);
        store.set_epoch_deadline(1);
        let mut ticks = COMPUTE.as_millis() / TICK.as_millis();
        store.epoch_deadline_callback(move |_| {
            if ticks == 0 {
                return Ok(UpdateDeadline::Interrupt);
            }
            ticks -= 1;
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Why an instance did not come back with an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuestFault {
    /// The host itself has to stop the run.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// A bound of the host was reached; the text says which.
    #[error("{0}")]
    Limit(String),
    /// It trapped: a panic, an access out of bounds.
    #[error("it trapped: {0}")]
    Trapped(String),
}

impl GuestFault {
    /// Reads what wasmtime gave back.
    pub(crate) fn from_error(error: wasmtime::Error) -> Self {
        if let Some(bound) = error.downcast_ref::<OverBound>() {
            return Self::Limit(bound.to_string());
        }
        match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::Interrupt) => return Self::Limit(spinning()),
            Some(wasmtime::Trap::StackOverflow) => {
                return Self::Limit("its calls nest deeper than its stack is".to_owned());
            }
            Some(trap) => return Self::Trapped(trap.to_string()),
            None => {}
        }
        match error.downcast::<Halt>() {
            Ok(halt) => Self::Halt(halt),
            Err(other) => Self::told(&other),
        }
    }

    fn told(error: &wasmtime::Error) -> Self {
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return Self::Limit(format!("it held more than {HANDLES} handles"));
        }
        let cause = error.root_cause().to_string();
        if cause.starts_with(OVER_CALL_BYTES) {
            let mib = CALL_BYTES >> 20;
            return Self::Limit(format!("it handed over more than {mib} MiB in one call"));
        }
        Self::Trapped(one_line(&cause))
    }
}

/// How wasmtime begins to say that a call passed [`CALL_BYTES`]; the type is its own.
const OVER_CALL_BYTES: &str = "too much data is being copied between the host and the guest";

fn spinning() -> String {
    let seconds = COMPUTE.as_secs();
    format!("it computed for more than {seconds} s without an end")
}

fn one_line(text: &str) -> String {
    let line: String = text.chars().take(300).collect();
    line.replace(['\n', '\r'], " ")
}
