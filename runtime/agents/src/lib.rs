//! The loop behind `agent.run`: a model, tools and limits in, a report out.
//!
//! [`run`] assembles the prompt, asks a [`Model`] turn by turn and hands to the
//! [`ToolBox`] only calls that name an offered tool and fit its schema. Models
//! are an OpenAI-compatible endpoint ([`OpenAi`]) or recorded turns
//! ([`Cassette`], written by a [`Recorder`]); the host wraps either to lead each turn through its door. What comes
//! from workspace or tools is marked as data and can raise no authority.

mod cassette;
mod mark;
mod meter;
mod model;
mod model_error;
mod offer;
mod openai;
mod price;
mod prompt;
mod refusal;
mod report;
mod run;
mod secret;
mod task;
mod tool;
mod workspace_tools;

pub use cassette::{Cassette, CassetteError, Difference, Place, Recorder};
pub use meter::MAX_OUTPUT_TOKENS;
pub use model::{Message, Model, Stop, Turn, TurnRequest, Usage};
pub use model_error::{ModelError, Nonsense};
pub use offer::MAX_TOOLS;
pub use openai::{EndpointError, OpenAi, ProviderError, Timeouts};
pub use price::{Price, PriceTable};
pub use prompt::MAX_TOOL_ANSWER_BYTES;
pub use refusal::{LimitKind, Refusal};
pub use report::{AgentError, AgentFailure, AgentReport, SetupError, Spent};
pub use run::{MAX_BAD_CALLS, MAX_OUTPUT_REQUESTS, run};
pub use secret::{BadSecret, Secret};
pub use task::{AgentTask, Finding, Limits, Severity};
pub use tool::{Fatal, ToolAnswer, ToolBox, ToolCall, ToolSpec};
pub use workspace_tools::{
    EditArguments, ListArguments, ReadArguments, RunArguments, SearchArguments, WorkspaceCall,
    WorkspaceTool, WriteArguments, workspace_specs,
};
