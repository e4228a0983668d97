//! `#[state]`: puts the derives in front of the item, through the SDK's
//! re-exports, so that a guest needs no dependency of its own for them.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;

/// Prepends the derives; refuses arguments and anything but a struct or enum.
pub(crate) fn expand(arguments: &TokenStream, item: &TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return syn::Error::new(Span::call_site(), "`#[state]` takes no arguments")
            .into_compile_error();
    }
    let Some(keyword) = keyword(item) else {
        return syn::Error::new(Span::call_site(), "`#[state]` is for a struct or an enum")
            .into_compile_error();
    };
    // Serde takes `default` on structs only; an enum names its default itself.
    let missing_is_default = (keyword == "struct").then(|| quote!(#[serde(default)]));
    quote! {
        #[derive(
            ::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default, ::core::cmp::PartialEq,
            ::minion_sdk::__private::serde::Serialize,
            ::minion_sdk::__private::serde::Deserialize,
            ::minion_sdk::__private::schemars::JsonSchema,
        )]
        #[serde(crate = "::minion_sdk::__private::serde", deny_unknown_fields)]
        #[schemars(crate = "::minion_sdk::__private::schemars")]
        #missing_is_default
        #item
    }
}

/// `struct` or `enum`, whichever stands first outside of any brackets.
fn keyword(item: &TokenStream) -> Option<String> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) => {
            let word = word.to_string();
            matches!(word.as_str(), "struct" | "enum").then_some(word)
        }
        _ => None,
    })
}
