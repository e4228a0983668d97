//! The tools of one agent, pinned: the schemas are compiled when the loop
//! starts, and every call is judged against exactly these.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Refusal, SetupError, ToolCall, ToolSpec};
use minion_grants::Schema;

/// More tools than this and models choose badly among them.
pub const MAX_TOOLS: usize = 15;

const MAX_NAME_BYTES: usize = 64;

/// How much of a name that a model made up is repeated.
const MAX_SHOWN_CHARS: usize = 80;

/// The pinned tools of one agent.
pub(crate) struct Offer {
    tools: Vec<(ToolSpec, Schema)>,
}

impl Offer {
    pub(crate) fn pin(specs: Vec<ToolSpec>) -> Result<Self, SetupError> {
        if specs.len() > MAX_TOOLS {
            return Err(SetupError::TooManyTools {
                count: specs.len(),
                max: MAX_TOOLS,
            });
        }
        let mut names = BTreeSet::new();
        for spec in &specs {
            check_name(&spec.name)?;
            if !names.insert(&spec.name) {
                return Err(SetupError::DuplicateTool(spec.name.clone()));
            }
        }
        let tools = specs.into_iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { tools })
    }

    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|(spec, _)| spec.clone()).collect()
    }

    /// Whether this call may be executed.
    pub(crate) fn judge(&self, call: &ToolCall) -> Result<(), Refusal> {
        let (spec, schema) = self.find(&call.name)?;
        if let Some(why) = not_an_object(&call.arguments) {
            let tool = spec.name.clone();
            return Err(Refusal::NotAnObject { tool, why });
        }
        schema
            .check(&call.arguments)
            .map_err(|problems| Refusal::Schema {
                tool: spec.name.clone(),
                arguments: schema.misfits(&call.arguments),
                problems,
            })
    }

    fn find(&self, name: &str) -> Result<&(ToolSpec, Schema), Refusal> {
        let found = self.tools.iter().find(|(spec, _)| spec.name == name);
        found.ok_or_else(|| Refusal::NotOffered {
            tool: shown(name),
            offered: self.names(),
        })
    }

    fn names(&self) -> String {
        if self.tools.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<_> = self.tools.iter().map(|(spec, _)| &*spec.name).collect();
        names.join(", ")
    }
}

fn compile(spec: ToolSpec) -> Result<(ToolSpec, Schema), SetupError> {
    let schema = Schema::compile(&spec.parameters).map_err(|why| SetupError::Schema {
        of: format!("tool `{}`", spec.name),
        why,
    })?;
    Ok((spec, schema))
}

fn check_name(name: &str) -> Result<(), SetupError> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    fits.then_some(())
        .ok_or_else(|| SetupError::ToolName(shown(name)))
}

/// Text that was no JSON is kept as a string; parsing it again tells why.
fn not_an_object(arguments: &Value) -> Option<String> {
    match arguments {
        Value::Object(_) => None,
        Value::String(text) => Some(match serde_json::from_str::<Value>(text) {
            Err(error) => error.to_string(),
            Ok(_) => "it is some other JSON value".to_owned(),
        }),
        _ => Some("it is some other JSON value".to_owned()),
    }
}

fn shown(name: &str) -> String {
    let escaped = name.escape_debug().to_string();
    match escaped.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((cut, _)) => format!("{}…", &escaped[..cut]),
        None => escaped,
    }
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
