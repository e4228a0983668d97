//! The way in: what the component's exports call. A panic says its message
//! first.

use crate::bindings::blueprint::exports::minion::blueprint::blueprint as blueprint_wit;
use crate::bindings::host::types;
use crate::bindings::plugin::exports::minion::node::node as node_wit;
use crate::graph::Graph;
use crate::{Blueprint, Output, Plugin, blueprint, log};

/// The export `describe` of a blueprint.
#[doc(hidden)]
pub fn describe<B: Blueprint>() -> Graph {
    log::panics();
    B::graph()
}

/// The export `step` of a blueprint.
#[doc(hidden)]
pub fn step<B: Blueprint>(
    node: &str,
    context: blueprint_wit::Context,
) -> Result<blueprint_wit::Transition, types::Failure> {
    log::panics();
    blueprint::visit::<B>(node, context).map_err(types::Failure::from)
}

/// The export `run` of a plugin.
#[doc(hidden)]
pub fn run<P: Plugin>(input: node_wit::Input) -> Result<Output, types::Failure> {
    log::panics();
    P::run(input).map_err(types::Failure::from)
}

/// Exports a blueprint. A component is the only place where exports make
/// sense: elsewhere the same code is called by tests.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_blueprint {
    ($blueprint:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__private::blueprint_bindings::exports::minion::blueprint::blueprint as wit;

            struct Exported;

            impl wit::Guest for Exported {
                fn describe() -> wit::Graph {
                    $crate::__private::describe::<$blueprint>()
                }

                fn step(
                    node: ::std::string::String,
                    context: wit::Context,
                ) -> ::core::result::Result<wit::Transition, wit::Failure> {
                    $crate::__private::step::<$blueprint>(&node, context)
                }
            }

            $crate::__private::blueprint_bindings::export_blueprint!(Exported);
        };
    };
}

/// Exports a plugin.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_plugin {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__private::plugin_bindings::exports::minion::node::node as wit;

            struct Exported;

            impl wit::Guest for Exported {
                fn run(input: wit::Input) -> ::core::result::Result<wit::Output, wit::Failure> {
                    $crate::__private::run::<$plugin>(input)
                }
            }

            $crate::__private::plugin_bindings::export_plugin!(Exported);
        };
    };
}
