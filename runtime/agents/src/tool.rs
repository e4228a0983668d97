//! What a model may call: the tools of one agent, as the host offers them.
//!
//! The host implements [`ToolBox`] and leads every call through its door. The
//! loop hands it only calls that name an offered tool and whose arguments fit
//! that tool's schema; everything else arrives at [`ToolBox::refused`], to be
//! written down, never at [`ToolBox::call`].

use std::error::Error;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Refusal;

/// A tool as a model sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSpec {
    /// 1–64 of `a-z`, `A-Z`, `0-9`, `_` and `-`.
    pub name: String,
    /// One or two sentences for the model.
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub parameters: Value,
}

/// One call that a model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The model's own mark for the answer; unique within a turn only.
    pub id: String,
    /// The tool.
    pub name: String,
    /// An object; or, when the model's text was not JSON, that text as a string.
    pub arguments: Value,
}

/// What a tool says back to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolAnswer {
    /// Text; the loop marks it as data and cuts it at
    /// [`MAX_TOOL_ANSWER_BYTES`](crate::MAX_TOOL_ANSWER_BYTES).
    pub content: String,
    /// The tool did not do what it was asked.
    pub is_error: bool,
}

impl ToolAnswer {
    /// The tool did what it was asked.
    pub fn done(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            is_error: false,
        }
    }

    /// The tool did not do it; the text says why.
    pub fn error(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            is_error: true,
        }
    }
}

/// A fault of the host itself (a journal that cannot be written, for one). It
/// is no answer for a model or a guest: it ends the run.
#[derive(Debug, thiserror::Error)]
#[error("fault of the host: {0}")]
pub struct Fatal(#[source] Box<dyn Error + Send + Sync>);

impl Fatal {
    /// Wraps the host's own error.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    /// The host's own error back.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

/// The tools of one agent, as the host runs them.
#[async_trait]
pub trait ToolBox: Send {
    /// What is offered. Asked once, when the loop starts, and pinned from then on.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Runs one call whose tool is offered and whose arguments fit its schema.
    ///
    /// When the wall limit is reached the future is dropped: what it started
    /// has to end with it.
    async fn call(&mut self, call: &ToolCall) -> Result<ToolAnswer, Fatal>;

    /// Learns of a call that was refused before it reached [`call`](Self::call),
    /// to write it down.
    async fn refused(&mut self, call: &ToolCall, refusal: &Refusal) -> Result<(), Fatal> {
        let _ = (call, refusal);
        Ok(())
    }
}
