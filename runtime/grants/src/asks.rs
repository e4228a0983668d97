//! What a component asks for: each ask has an id, one capability with its
//! parameters, and one sentence of reason for whoever grants it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::shown::deceives;
use crate::{AskId, CommandPattern, HttpPattern, PathPattern};

const REASON_CHARS: usize = 200;
const PATTERNS: usize = 100;
const TOOLS: usize = 15;

/// The kinds of capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityKind {
    /// Files of the workspace.
    Files,
    /// Programs in the sandbox.
    Command,
    /// Requests over HTTP.
    Http,
    /// A model that the host provides.
    Agent,
    /// Handing over a tree.
    Delivery,
}

impl CapabilityKind {
    /// The word used in files, denials and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Command => "command",
            Self::Http => "http",
            Self::Agent => "agent",
            Self::Delivery => "delivery",
        }
    }
}

impl fmt::Display for CapabilityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<CapabilityKind> for String {
    fn from(kind: CapabilityKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// One thing that a component asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AskText", into = "AskText")]
pub struct Ask {
    /// Unique in the manifest; nodes name it in `needs`.
    pub id: AskId,
    /// One sentence, in the author's words.
    pub reason: String,
    /// What is asked.
    pub capability: Capability,
}

/// A capability with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capability {
    /// Files of the workspace.
    Files(FilesAsk),
    /// Programs in the sandbox.
    Command(CommandAsk),
    /// Requests over HTTP.
    Http(HttpAsk),
    /// A model that the host provides, with tools.
    Agent(AgentAsk),
    /// Handing over a tree.
    Delivery(DeliveryAsk),
}

impl Capability {
    /// Its kind.
    pub const fn kind(&self) -> CapabilityKind {
        match self {
            Self::Files(_) => CapabilityKind::Files,
            Self::Command(_) => CapabilityKind::Command,
            Self::Http(_) => CapabilityKind::Http,
            Self::Agent(_) => CapabilityKind::Agent,
            Self::Delivery(_) => CapabilityKind::Delivery,
        }
    }
}

/// Files to read and to change. Changing does not imply reading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FilesAsk {
    /// Files to read, list and search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<PathPattern>,
    /// Files to make, replace and remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<PathPattern>,
}

/// Commands to run. A partial grant is enough: what is not granted is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandAsk {
    /// Program and arguments.
    pub run: Vec<CommandPattern>,
}

/// Requests to send. A partial grant is enough: what is not granted is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpAsk {
    /// Methods, hosts and paths.
    pub send: Vec<HttpPattern>,
    /// The name of a credential that the host may add to them, where the
    /// operator binds one. Nobody who asks ever sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// A model with tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentAsk {
    /// The operator's name of a model; `default` is the one they prefer.
    pub model: String,
    /// Tools that the model may call.
    pub tools: Vec<String>,
    /// Model turns in one call, at most.
    pub max_turns: u32,
    /// Tokens of input and output together in one call, at most.
    pub max_tokens: u64,
}

/// Handing over a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeliveryAsk {
    /// Where to.
    pub to: DeliveryTarget,
}

/// Where a tree may be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryTarget {
    /// A new local branch `minion/<run>`.
    Branch,
}

impl fmt::Display for DeliveryTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch => f.write_str("branch"),
        }
    }
}

/// An ask as it is written: exactly one of the capabilities.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AskText {
    id: AskId,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<FilesAsk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<CommandAsk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<HttpAsk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<AgentAsk>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryAsk>,
}

/// An ask was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ask `{id}`: {why}")]
pub struct AskProblem {
    id: AskId,
    why: &'static str,
}

impl TryFrom<AskText> for Ask {
    type Error = AskProblem;

    fn try_from(text: AskText) -> Result<Self, AskProblem> {
        let mut capabilities: Vec<Capability> = [
            text.files.map(Capability::Files),
            text.command.map(Capability::Command),
            text.http.map(Capability::Http),
            text.agent.map(Capability::Agent),
            text.delivery.map(Capability::Delivery),
        ]
        .into_iter()
        .flatten()
        .collect();
        let refuse = |why| AskProblem {
            id: text.id.clone(),
            why,
        };
        let (Some(capability), true) = (capabilities.pop(), capabilities.is_empty()) else {
            return Err(refuse(
                "it names exactly one of `files`, `command`, `http`, `agent`, `delivery`",
            ));
        };
        check_reason(&text.reason)
            .and_then(|()| check(&capability))
            .map_err(refuse)?;
        Ok(Self {
            id: text.id,
            reason: text.reason,
            capability,
        })
    }
}

fn check_reason(reason: &str) -> Result<(), &'static str> {
    let length = reason.trim().chars().count();
    if length == 0 || length > REASON_CHARS || reason.chars().any(deceives) {
        return Err("its reason is one line of 1 to 200 characters");
    }
    Ok(())
}

fn check(capability: &Capability) -> Result<(), &'static str> {
    match capability {
        Capability::Files(files) => {
            let count = files.read.len() + files.write.len();
            (1..=PATTERNS)
                .contains(&count)
                .then_some(())
                .ok_or("it asks for 1 to 100 paths")
        }
        Capability::Command(command) => (1..=PATTERNS)
            .contains(&command.run.len())
            .then_some(())
            .ok_or("it asks for 1 to 100 commands"),
        Capability::Http(http) => check_http(http),
        Capability::Agent(agent) => check_agent(agent),
        Capability::Delivery(_) => Ok(()),
    }
}

fn check_http(http: &HttpAsk) -> Result<(), &'static str> {
    if !(1..=PATTERNS).contains(&http.send.len()) {
        return Err("it asks for 1 to 100 requests");
    }
    match &http.credential {
        Some(name) if !is_word(name) => {
            Err("the name of a credential is letters, digits, `.`, `-`, `_`, `/`, `:`")
        }
        _ => Ok(()),
    }
}

fn check_agent(agent: &AgentAsk) -> Result<(), &'static str> {
    if !is_word(&agent.model) || !agent.tools.iter().all(|tool| is_word(tool)) {
        return Err("names of models and tools are letters, digits, `.`, `-`, `_`, `/`, `:`");
    }
    if agent.tools.len() > TOOLS {
        return Err("it asks for more than 15 tools");
    }
    if agent.max_turns == 0 || agent.max_tokens == 0 {
        return Err("`max-turns` and `max-tokens` are at least 1");
    }
    Ok(())
}

/// Whether the text is a name of a model or a tool.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_/:".contains(&byte))
}

impl From<Ask> for AskText {
    fn from(ask: Ask) -> Self {
        let mut text = Self {
            id: ask.id,
            reason: ask.reason,
            files: None,
            command: None,
            http: None,
            agent: None,
            delivery: None,
        };
        match ask.capability {
            Capability::Files(files) => text.files = Some(files),
            Capability::Command(command) => text.command = Some(command),
            Capability::Http(http) => text.http = Some(http),
            Capability::Agent(agent) => text.agent = Some(agent),
            Capability::Delivery(delivery) => text.delivery = Some(delivery),
        }
        text
    }
}
