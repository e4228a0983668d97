//! What a language model is to the loop: one request in, one turn out.
//!
//! [`TurnRequest`] and [`Turn`] are plain data with a stable JSON form, so that
//! the host can wrap a model and write both down.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{ModelError, Price, ToolCall, ToolSpec};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Message {
    /// Instructions of the blueprint's author and rules of the host.
    System {
        /// The text.
        text: String,
    },
    /// The task, and words of the loop itself.
    User {
        /// The text.
        text: String,
    },
    /// What the model said earlier.
    Assistant {
        /// The text, possibly empty.
        text: String,
        /// The calls it asked for, possibly none.
        #[serde(rename = "tool-calls")]
        tool_calls: Vec<ToolCall>,
    },
    /// The answer to one call.
    Tool {
        /// [`ToolCall::id`].
        #[serde(rename = "call-id")]
        call_id: String,
        /// The tool.
        name: String,
        /// The answer, marked as data.
        content: String,
        /// The tool did not do what it was asked.
        #[serde(rename = "is-error")]
        is_error: bool,
    },
}

/// Everything that one turn of a model depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TurnRequest {
    /// The node that runs.
    pub node: String,
    /// Which visit of that node it is, from 1.
    pub visit: u64,
    /// Which turn of that visit it is, from 1.
    pub turn: u32,
    /// The whole conversation so far.
    pub messages: Vec<Message>,
    /// The tools offered.
    pub tools: Vec<ToolSpec>,
    /// How many tokens the model may write at most.
    pub max_output_tokens: u64,
    /// When the wall limit of the agent is reached. Not part of what is recorded.
    #[serde(skip)]
    pub deadline: Option<Instant>,
}

/// Tokens of one turn, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Usage {
    /// Tokens read, cached ones among them.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Of the tokens read those that came from the provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
}

impl Usage {
    /// Input and output together.
    pub fn total(self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why a model stopped writing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// It was done.
    #[default]
    Finished,
    /// It waits for the answers to its calls.
    ToolCalls,
    /// It had written as many tokens as it may.
    Length,
    /// The provider withheld the answer.
    Filtered,
    /// A reason that only the provider knows.
    Other(String),
}

/// One turn of a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Turn {
    /// What it said.
    #[serde(default)]
    pub text: String,
    /// What it wants called, in its order.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// None: the provider did not say.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Why it stopped.
    #[serde(default)]
    pub stop: Stop,
    /// What a human should know of this turn, e.g. that a cassette saw a
    /// tool result other than the recorded one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A language model. Host wraps one to lead each turn through its door.
#[async_trait]
pub trait Model: Send + Sync {
    /// What to call it on a screen: `gpt-5-mini at api.openai.com`, `cassette fix.json`.
    fn label(&self) -> String;

    /// What its tokens cost; none: unknown, which is not the same as nothing.
    fn price(&self) -> Option<Price> {
        None
    }

    /// Takes one turn. Dropped when the wall limit is reached.
    async fn turn(&self, request: &TurnRequest) -> Result<Turn, ModelError>;
}
