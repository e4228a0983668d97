//! What `wit-bindgen` makes of `wit/`. Both worlds share one set of host
//! interfaces. Each world's exports come into being only where its export
//! macro is used, so a guest exports one world and imports what it calls.

/// The world of a blueprint.
#[expect(
    missing_docs,
    clippy::same_length_and_capacity,
    reason = "generated from the contract"
)]
pub mod blueprint {
    wit_bindgen::generate!({
        path: ["../wit/host", "../wit/blueprint"],
        world: "minion:blueprint/blueprint-world",
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_blueprint",
        default_bindings_module: "minion_sdk::__private::blueprint_bindings",
        additional_derives: [PartialEq],
    });
}

/// The world of a plugin.
#[expect(
    missing_docs,
    clippy::same_length_and_capacity,
    reason = "generated from the contract"
)]
pub mod plugin {
    wit_bindgen::generate!({
        path: ["../wit/host", "../wit/node"],
        world: "minion:node/plugin",
        with: {
            "minion:host/types@0.1.0": crate::bindings::host::types,
            "minion:host/workspace@0.1.0": crate::bindings::host::workspace,
            "minion:host/command@0.1.0": crate::bindings::host::command,
            "minion:host/http@0.1.0": crate::bindings::host::http,
            "minion:host/log@0.1.0": crate::bindings::host::log,
        },
        pub_export_macro: true,
        export_macro_name: "export_plugin",
        default_bindings_module: "minion_sdk::__private::plugin_bindings",
        additional_derives: [PartialEq],
    });
}

pub(crate) use blueprint::minion::host;
