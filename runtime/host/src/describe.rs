//! Asks a blueprint for its graph, once, when it is built: every import traps, and the
//! answer is data to be checked like any other. Nothing that runs a component calls this.

use crate::bindings::blueprint::BlueprintWorld;
use crate::bindings::blueprint::minion::blueprint::graph as wit;
use crate::engine::Engine;
use minion_grants::{
    AgentLimits, AskId, Edge, Executor, Graph, IdentError, Node, NodeId, NodeKind, PartName,
    PluginUse, VisitBound,
};
use serde_json::Value;
use wasmtime::component::{Component, Linker};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};

/// Ticks that `describe` may take: 10 s.
const TICKS: u32 = 1_000;
/// Memory that it may use: 64 MiB.
const MEMORY: usize = 64 << 20;

/// The component did not come back with a graph.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// It cannot be run at all.
    #[error("the component cannot be asked for its graph: {0}")]
    Component(String),
    /// It trapped, looped or called an import.
    #[error("`describe` failed: {0}; it may call nothing and has 10 s")]
    Trapped(String),
    /// A name is no name.
    #[error("the graph names something that is no name: {0}")]
    Name(#[from] IdentError),
    /// A literal is not JSON.
    #[error("{of} is not JSON: {source}")]
    Json {
        /// Which literal.
        of: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The graph of a blueprint component, as the JSON that `build` embeds.
///
/// # Errors
/// [`DescribeError`] when it traps, takes too long, or says what is no graph.
pub async fn describe(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, DescribeError> {
    let broken = |e: wasmtime::Error| DescribeError::Component(format!("{e:#}"));
    let component = Component::new(engine.wasmtime(), component).map_err(broken)?;
    let mut linker: Linker<StoreLimits> = Linker::new(engine.wasmtime());
    linker
        .define_unknown_imports_as_traps(&component)
        .map_err(broken)?;
    let mut store = Store::new(
        engine.wasmtime(),
        StoreLimitsBuilder::new().memory_size(MEMORY).build(),
    );
    store.limiter(|limits| limits);
    store.set_epoch_deadline(1);
    let mut ticks = TICKS;
    store.epoch_deadline_callback(move |_| {
        ticks = ticks.saturating_sub(1);
        Ok(if ticks == 0 {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Yield(1)
        })
    });
    let instance = BlueprintWorld::instantiate_async(&mut store, &component, &linker)
        .await
        .map_err(broken)?;
    let described = instance
        .minion_blueprint_blueprint()
        .call_describe(&mut store)
        .await
        .map_err(|e| DescribeError::Trapped(format!("{e:#}")))?;
    Ok(graph(described)?.to_json())
}

fn graph(graph: wit::Graph) -> Result<Graph, DescribeError> {
    Ok(Graph {
        start: graph.start.parse::<NodeId>()?,
        nodes: graph
            .nodes
            .into_iter()
            .map(node)
            .collect::<Result<_, _>>()?,
        state_schema: json("the state schema", &graph.state_schema)?,
    })
}

fn node(node: wit::Node) -> Result<Node, DescribeError> {
    let kind = match node.kind {
        wit::NodeKind::Deterministic => NodeKind::Deterministic,
        wit::NodeKind::Agentic => NodeKind::Agentic,
        wit::NodeKind::Gate => NodeKind::Gate,
        wit::NodeKind::Approval => NodeKind::Approval,
    };
    Ok(Node {
        kind,
        executor: executor(&node.id, node.executor)?,
        needs: node
            .needs
            .iter()
            .map(|need| need.parse::<AskId>())
            .collect::<Result<_, _>>()?,
        agent: node.agent.map(agent).transpose()?,
        max_visits: node.max_visits.as_ref().map(bound).transpose()?,
        edges: node.edges.into_iter().map(edge).collect::<Result<_, _>>()?,
        id: node.id.parse()?,
    })
}

fn executor(id: &str, executor: wit::Executor) -> Result<Executor, DescribeError> {
    Ok(match executor {
        wit::Executor::Step => Executor::Step,
        wit::Executor::Human => Executor::Human,
        wit::Executor::Plugin(using) => Executor::Plugin(PluginUse {
            name: using.name.parse::<PartName>()?,
            parameters: json(&format!("parameters of node `{id}`"), &using.parameters)?,
        }),
    })
}

fn agent(limits: wit::AgentLimits) -> Result<AgentLimits, DescribeError> {
    let schema = limits
        .output_schema
        .map(|schema| json("an output schema", &schema))
        .transpose()?;
    Ok(AgentLimits {
        prompts: limits
            .prompts
            .iter()
            .map(|name| name.parse::<PartName>())
            .collect::<Result<_, _>>()?,
        tools: limits.tools,
        output_schema: schema,
        max_turns: limits.max_turns,
        max_tokens: limits.max_tokens,
        max_seconds: limits.max_seconds,
    })
}

fn bound(bound: &wit::VisitBound) -> Result<VisitBound, DescribeError> {
    Ok(VisitBound {
        visits: bound.visits,
        then: bound.then.parse()?,
    })
}

fn edge(edge: wit::Edge) -> Result<Edge, DescribeError> {
    Ok(Edge {
        label: edge.label,
        to: edge.to.parse()?,
    })
}

fn json(of: &str, text: &str) -> Result<Value, DescribeError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|source| DescribeError::Json {
        of: of.to_owned(),
        source,
    })
}
