//! Macros of `minion-sdk`: `#[state]` and `blueprint!`. They are used through
//! the SDK, which re-exports them; their output names only paths in it.

mod blueprint;
mod state;

use proc_macro::TokenStream;

/// Makes a struct or an enum fit to be (part of) a blueprint's state: it goes
/// to JSON and back, has a default and a JSON Schema. A field that is missing
/// in the JSON takes its default, so that a state starts as `{}`.
#[proc_macro_attribute]
pub fn state(arguments: TokenStream, item: TokenStream) -> TokenStream {
    state::expand(&arguments.into(), &item.into()).into()
}

/// Makes a struct fit to be the parameters of a plugin: as `#[state]`, for data
/// that only comes in.
#[proc_macro_attribute]
pub fn parameters(arguments: TokenStream, item: TokenStream) -> TokenStream {
    state::expand(&arguments.into(), &item.into()).into()
}

/// Declares the graph of a blueprint; see the documentation of `minion-sdk`.
///
/// An `approval` is a human's: it has the edges `approved` and `rejected`, and neither a function
/// nor needs.
#[proc_macro]
pub fn blueprint(input: TokenStream) -> TokenStream {
    let declared = syn::parse_macro_input!(input as blueprint::Declared);
    match blueprint::check(&declared) {
        Ok(()) => blueprint::expand(&declared).into(),
        Err(problem) => problem.into_compile_error().into(),
    }
}
