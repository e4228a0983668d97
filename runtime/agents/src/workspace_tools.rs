//! The workspace tools as data: what the model sees of them, and their
//! arguments typed. The host only has to do what a [`WorkspaceCall`] says.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::{Refusal, ToolCall, ToolSpec};

/// A tool on the run's own checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkspaceTool {
    /// Reads a file or some lines of it.
    Read,
    /// Lists a folder.
    List,
    /// Searches lines.
    Search,
    /// Replaces the one place where a text stands.
    Edit,
    /// Makes or replaces a file.
    Write,
    /// Runs a granted command.
    Run,
}

impl WorkspaceTool {
    /// All of them, in the order in which a model is shown them.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::List,
        Self::Search,
        Self::Edit,
        Self::Write,
        Self::Run,
    ];

    /// The name that manifests, graphs and models use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Search => "search",
            Self::Edit => "edit",
            Self::Write => "write",
            Self::Run => "run",
        }
    }

    /// The tool of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// What a model sees of it.
    pub fn spec(self) -> ToolSpec {
        ToolSpec {
            name: self.name().to_owned(),
            description: self.description().to_owned(),
            parameters: self.parameters(),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Read => "Reads a text file of the repository, whole or some of its lines.",
            Self::List => {
                "Lists the entries of a folder of the repository; folders end in a slash."
            }
            Self::Search => {
                "Finds lines that match a regular expression, in files beneath a folder; at most 200 lines."
            }
            Self::Edit => {
                "Replaces `old` by `new` in a file. `old` must stand there exactly once, white space included."
            }
            Self::Write => "Makes or replaces a whole file, and the folders above it.",
            Self::Run => {
                "Runs a program in the root of the repository and answers with its exit code and output. No shell: no pipes, no variables."
            }
        }
    }

    fn parameters(self) -> Value {
        let file = json!({ "type": "string", "minLength": 1, "description": "Path relative to the root, `/` between the parts." });
        match self {
            Self::Read => object(
                &json!({
                    "file": file,
                    "first_line": { "type": "integer", "minimum": 1, "maximum": u32::MAX, "description": "From 1; without it, from the beginning." },
                    "lines": { "type": "integer", "minimum": 1, "maximum": u32::MAX, "description": "How many; without it, to the end." },
                }),
                &["file"],
            ),
            Self::List => object(
                &json!({ "directory": { "type": "string", "description": "Path relative to the root; empty for the root itself." } }),
                &["directory"],
            ),
            Self::Search => object(
                &json!({
                    "pattern": { "type": "string", "minLength": 1, "description": "Regular expression, applied line by line." },
                    "beneath": { "type": "string", "description": "Folder relative to the root; without it, everywhere." },
                }),
                &["pattern"],
            ),
            Self::Edit => object(
                &json!({ "file": file, "old": { "type": "string", "minLength": 1 }, "new": { "type": "string" } }),
                &["file", "old", "new"],
            ),
            Self::Write => object(
                &json!({ "file": file, "content": { "type": "string" } }),
                &["file", "content"],
            ),
            Self::Run => object(
                &json!({
                    "program": { "type": "string", "minLength": 1, "description": "Name of the program, not a path." },
                    "arguments": { "type": "array", "items": { "type": "string" } },
                }),
                &["program", "arguments"],
            ),
        }
    }
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The specs of the workspace tools among `names`, in the order in which a
/// model is shown them. Other names are not ours and are left out.
pub fn workspace_specs<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<ToolSpec> {
    let mut tools: Vec<_> = names.into_iter().filter_map(WorkspaceTool::named).collect();
    tools.sort();
    tools.dedup();
    tools.into_iter().map(WorkspaceTool::spec).collect()
}

/// A call of a workspace tool, its arguments typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkspaceCall {
    /// [`WorkspaceTool::Read`].
    Read(ReadArguments),
    /// [`WorkspaceTool::List`].
    List(ListArguments),
    /// [`WorkspaceTool::Search`].
    Search(SearchArguments),
    /// [`WorkspaceTool::Edit`].
    Edit(EditArguments),
    /// [`WorkspaceTool::Write`].
    Write(WriteArguments),
    /// [`WorkspaceTool::Run`].
    Run(RunArguments),
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadArguments {
    /// The file.
    pub file: String,
    /// From 1; none: from the beginning.
    #[serde(default, deserialize_with = "count")]
    pub first_line: Option<u32>,
    /// How many; none: to the end.
    #[serde(default, deserialize_with = "count")]
    pub lines: Option<u32>,
}

/// To a JSON Schema `3.0` is an integer, and models do write it.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let number = f64::deserialize(from)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked in the same line"
    )]
    let whole = (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
        .then_some(number as u32);
    whole
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{number}` is no count")))
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListArguments {
    /// The folder; `""` is the root.
    pub directory: String,
}

/// What to search.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchArguments {
    /// A regular expression, for one line.
    pub pattern: String,
    /// The folder; `""` is the root.
    #[serde(default)]
    pub beneath: String,
}

/// What to replace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditArguments {
    /// The file.
    pub file: String,
    /// What stands there, exactly once.
    pub old: String,
    /// What shall stand there.
    pub new: String,
}

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteArguments {
    /// The file.
    pub file: String,
    /// All of it.
    pub content: String,
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunArguments {
    /// The name of the program.
    pub program: String,
    /// Its arguments, none of them seen by a shell.
    pub arguments: Vec<String>,
}

impl WorkspaceCall {
    /// Types a call. Calls that went through the loop always fit.
    pub fn parse(call: &ToolCall) -> Result<Self, Refusal> {
        let tool = WorkspaceTool::named(&call.name).ok_or_else(|| Refusal::NotOffered {
            tool: call.name.clone(),
            offered: WorkspaceTool::ALL.map(WorkspaceTool::name).join(", "),
        })?;
        let arguments = &call.arguments;
        match tool {
            WorkspaceTool::Read => Deserialize::deserialize(arguments).map(Self::Read),
            WorkspaceTool::List => Deserialize::deserialize(arguments).map(Self::List),
            WorkspaceTool::Search => Deserialize::deserialize(arguments).map(Self::Search),
            WorkspaceTool::Edit => Deserialize::deserialize(arguments).map(Self::Edit),
            WorkspaceTool::Write => Deserialize::deserialize(arguments).map(Self::Write),
            WorkspaceTool::Run => Deserialize::deserialize(arguments).map(Self::Run),
        }
        .map_err(|error: serde_json::Error| Refusal::Schema {
            arguments: Vec::new(),
            tool: call.name.clone(),
            problems: error.to_string(),
        })
    }
}

#[cfg(test)]
#[path = "workspace_tools_tests.rs"]
mod tests;
