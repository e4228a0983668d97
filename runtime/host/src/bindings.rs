//! What wasmtime generates from `wit/`: the host traits that `imports` implements and
//! the two exports that the host calls. Both worlds share one set of host interfaces.

/// The world of a blueprint.
pub(crate) mod blueprint {
    wasmtime::component::bindgen!({
        path: ["../../wit/host", "../../wit/blueprint"],
        world: "minion:blueprint/blueprint-world",
        imports: {
            "minion:host/command.run": async | trappable,
            "minion:host/http.request": async | trappable,
            "minion:host/agent.run": async | trappable,
            "minion:host/plugins.run": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

/// The world of a plugin.
pub(crate) mod plugin {
    wasmtime::component::bindgen!({
        path: ["../../wit/host", "../../wit/node"],
        world: "minion:node/plugin",
        with: {
            "minion:host/types": super::host::types,
            "minion:host/workspace": super::host::workspace,
            "minion:host/command": super::host::command,
            "minion:host/http": super::host::http,
            "minion:host/log": super::host::log,
        },
        exports: { default: async },
    });
}

pub(crate) use blueprint::minion::host;
