//! The code that stands for a declared graph: a type `Blueprint` that knows
//! its graph and finds the function of a node, and the component's exports.

use super::{Declared, Entries, Kind, Node, Word};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Code for a graph that [`check`](super::check) has passed.
pub(crate) fn expand(declared: &Declared) -> TokenStream {
    let state = &declared.state;
    let start = &declared.start.text;
    let nodes = declared.nodes.iter().map(node);
    let steps = declared.nodes.iter().filter(|node| is_step(node)).map(step);
    quote! {
        /// The blueprint of this crate.
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct Blueprint;

        impl ::minion_sdk::Blueprint for Blueprint {
            type State = #state;

            fn graph() -> ::minion_sdk::graph::Graph {
                ::minion_sdk::__private::graph::<#state>(#start, ::std::vec![#(#nodes),*])
            }

            fn step(
                node: &str,
                work: #state,
                cx: &::minion_sdk::Context,
            ) -> ::minion_sdk::Step<#state> {
                match node {
                    #(#steps)*
                    _ => ::minion_sdk::__private::no_such_step(node, work, cx),
                }
            }
        }

        // The steps are used, in a component or not.
        const _: fn(&str, #state, &::minion_sdk::Context) -> ::minion_sdk::Step<#state> =
            <Blueprint as ::minion_sdk::Blueprint>::step;

        ::minion_sdk::__export_blueprint!(Blueprint);
    }
}

fn is_step(node: &Node) -> bool {
    node.plugin.is_none() && matches!(node.kind, Kind::Deterministic | Kind::Agentic)
}

fn step(node: &Node) -> TokenStream {
    let id = &node.id.text;
    let function = Ident::new(id, node.id.span);
    quote!(#id => #function(work, cx),)
}

fn node(node: &Node) -> TokenStream {
    let id = &node.id.text;
    let kind = kind(node.kind);
    let executor = executor(node);
    let needs = texts(&node.entries.needs);
    let agent = agent(node.kind, &node.entries);
    let max_visits = max_visits(&node.entries);
    let edges = edges(node);
    quote! {
        ::minion_sdk::graph::Node {
            id: ::std::string::String::from(#id),
            kind: #kind,
            executor: #executor,
            needs: #needs,
            agent: #agent,
            max_visits: #max_visits,
            edges: #edges,
        }
    }
}

fn kind(kind: Kind) -> TokenStream {
    match kind {
        Kind::Deterministic => quote!(::minion_sdk::graph::NodeKind::Deterministic),
        Kind::Agentic => quote!(::minion_sdk::graph::NodeKind::Agentic),
        Kind::Gate => quote!(::minion_sdk::graph::NodeKind::Gate),
        Kind::Approval => quote!(::minion_sdk::graph::NodeKind::Approval),
    }
}

fn executor(node: &Node) -> TokenStream {
    let Some(plugin) = &node.plugin else {
        return if node.kind == Kind::Approval {
            quote!(::minion_sdk::graph::Executor::Human)
        } else {
            quote!(::minion_sdk::graph::Executor::Step)
        };
    };
    let name = &plugin.name;
    let parameters = plugin.parameters.clone().unwrap_or_else(|| quote!({}));
    quote! {
        ::minion_sdk::graph::Executor::Plugin(::minion_sdk::graph::PluginUse {
            name: ::std::string::String::from(#name),
            parameters: ::minion_sdk::__private::serde_json::json!(#parameters).to_string(),
        })
    }
}

fn texts(words: &[Word]) -> TokenStream {
    let words = words.iter().map(|word| &word.text);
    quote!(::std::vec![#(::std::string::String::from(#words)),*])
}

fn agent(kind: Kind, entries: &Entries) -> TokenStream {
    if kind != Kind::Agentic {
        return option(None);
    }
    let Entries {
        prompts,
        tools,
        max_turns,
        max_tokens,
        max_seconds,
        ..
    } = entries;
    let schema = |output| quote!(::minion_sdk::__private::schema::<#output>());
    let output = option(entries.output.as_ref().map(schema));
    option(Some(quote! {
        ::minion_sdk::graph::AgentLimits {
            prompts: ::std::vec![#(::std::string::String::from(#prompts)),*],
            tools: ::std::vec![#(::std::string::String::from(#tools)),*],
            output_schema: #output,
            max_turns: #max_turns,
            max_tokens: #max_tokens,
            max_seconds: #max_seconds,
        }
    }))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

fn max_visits(entries: &Entries) -> TokenStream {
    let (Some(visits), Some(then)) = (&entries.max_visits, &entries.then) else {
        return option(None);
    };
    let then = &then.text;
    option(Some(quote! {
        ::minion_sdk::graph::VisitBound {
            visits: #visits,
            then: ::std::string::String::from(#then),
        }
    }))
}

/// A plugin that could not judge hands the run to a human, unless the author
/// says otherwise.
fn edges(node: &Node) -> TokenStream {
    let declared = node
        .entries
        .edges
        .iter()
        .map(|(label, to)| (label.text.as_str(), to.text.as_str()));
    let mut edges: Vec<_> = declared.collect();
    if node.plugin.is_some() && !edges.iter().any(|(label, _)| *label == "error") {
        edges.push(("error", "escalated"));
    }
    let edges = edges.iter().map(|(label, to)| {
        quote! {
            ::minion_sdk::graph::Edge {
                label: ::std::string::String::from(#label),
                to: ::std::string::String::from(#to),
            }
        }
    });
    quote!(::std::vec![#(#edges),*])
}
