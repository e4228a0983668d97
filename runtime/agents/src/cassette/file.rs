//! A cassette as it stands on disk: version 1. These types are apart from the
//! live ones, so that either can change without the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::Request;
use super::{CassetteError, Place};
use crate::{Price, Stop, ToolCall, Turn, Usage};

/// What this program writes and plays.
pub(super) const VERSION: u64 = 1;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub(super) cassette: u64,
    /// The label of the model that was recorded; for people.
    #[serde(default)]
    pub(super) recorded_from: String,
    /// What its tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<Price>,
    pub(super) turns: Vec<Entry>,
}

/// One turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) node: String,
    pub(super) visit: u64,
    pub(super) turn: u32,
    /// What it answers; a cassette written by hand may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Request>,
    pub(super) answer: Answer,
}

/// What the model said.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Answer {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "is_finished")]
    stop: Stop,
}

/// What the model wanted called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Call {
    /// One is made up where none stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    tool: String,
    #[serde(default)]
    arguments: Value,
}

/// Just enough to tell the version before anything else is looked at.
#[derive(Deserialize)]
struct Header {
    cassette: u64,
}

fn is_finished(stop: &Stop) -> bool {
    *stop == Stop::Finished
}

impl File {
    pub(super) fn parse(name: &str, json: &[u8]) -> Result<Self, CassetteError> {
        let malformed = |error: serde_json::Error| CassetteError::Malformed {
            name: name.to_owned(),
            why: error.to_string(),
        };
        let header: Header = serde_json::from_slice(json).map_err(malformed)?;
        if header.cassette != VERSION {
            return Err(CassetteError::Version {
                name: name.to_owned(),
                found: header.cassette,
                known: VERSION,
            });
        }
        serde_json::from_slice(json).map_err(malformed)
    }

    /// The turns by their place.
    pub(super) fn into_turns(self, name: &str) -> Result<BTreeMap<Place, Entry>, CassetteError> {
        let mut turns = BTreeMap::new();
        for entry in self.turns {
            let place = entry.place();
            if place.visit == 0 || place.turn == 0 {
                return Err(CassetteError::Malformed {
                    name: name.to_owned(),
                    why: format!("visits and turns count from 1, but there is {place}"),
                });
            }
            if turns.insert(place.clone(), entry).is_some() {
                let name = name.to_owned();
                return Err(CassetteError::Twice { name, place });
            }
        }
        Ok(turns)
    }
}

impl Entry {
    pub(super) fn place(&self) -> Place {
        Place {
            node: self.node.clone(),
            visit: self.visit,
            turn: self.turn,
        }
    }
}

impl From<&Turn> for Answer {
    fn from(turn: &Turn) -> Self {
        let call = |call: &ToolCall| Call {
            id: Some(call.id.clone()),
            tool: call.name.clone(),
            arguments: call.arguments.clone(),
        };
        Self {
            text: turn.text.clone(),
            tool_calls: turn.tool_calls.iter().map(call).collect(),
            usage: turn.usage,
            stop: turn.stop.clone(),
        }
    }
}

impl Answer {
    pub(super) fn to_turn(&self) -> Turn {
        let call = |(index, call): (usize, &Call)| ToolCall {
            id: call.id.clone().unwrap_or_else(|| format!("call-{index}")),
            name: call.tool.clone(),
            arguments: call.arguments.clone(),
        };
        Turn {
            text: self.text.clone(),
            tool_calls: self.tool_calls.iter().enumerate().map(call).collect(),
            usage: self.usage,
            stop: self.stop.clone(),
            notes: vec![],
        }
    }
}
