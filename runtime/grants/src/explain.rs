//! Why something would be allowed or denied: each layer's word, with the line
//! that says it, and the judge's verdict.

use std::str::FromStr;

use jiff::civil::Date;
use serde::Serialize;

use crate::admit::weigh;
use crate::authority::Access;
use crate::marks::{MarkKind, marks};
use crate::rules::{PathFit, Rule, http_fit, path_fit};
use crate::{Authority, Denial, FileOp, GrantSources, HttpRequest, NodeId, Subject, Verdict};

/// What is asked about: `files read src/a.rs`, `command cargo test`,
/// `http GET https://api.example.com/v1`.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// An operation on a file.
    File(FileOp, String),
    /// A command: program and arguments.
    Command(String, Vec<String>),
    /// A request.
    Http(HttpRequest),
}

/// The text is no question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// It asks about nothing that is known.
    #[error(
        "`{0}` cannot be explained; write `files read src/a.rs`, `files write src/a.rs`, `command cargo test` or `http GET https://api.example.com/v1`"
    )]
    Unknown(String),
    /// It names no request.
    #[error("`{}` is no request: {}", .0.target, .0.cure)]
    Request(Denial),
}

impl FromStr for Question {
    type Err = QuestionError;

    fn from_str(text: &str) -> Result<Self, QuestionError> {
        let wrong = || QuestionError::Unknown(crate::shown(text));
        let (kind, rest) = text.trim().split_once(' ').ok_or_else(wrong)?;
        match kind {
            "files" => {
                let (op, path) = rest.split_once(' ').ok_or_else(wrong)?;
                let op = match op {
                    "read" => FileOp::Read,
                    "write" => FileOp::Write,
                    "list" => FileOp::List,
                    _ => return Err(wrong()),
                };
                Ok(Self::File(op, path.to_owned()))
            }
            "command" => {
                let mut words = rest.split_whitespace().map(str::to_owned);
                let program = words.next().ok_or_else(wrong)?;
                Ok(Self::Command(program, words.collect()))
            }
            "http" => {
                let (method, url) = rest.split_once(' ').ok_or_else(wrong)?;
                let request = HttpRequest::read(method, url);
                request.map(Self::Http).map_err(QuestionError::Request)
            }
            _ => Err(wrong()),
        }
    }
}

/// What one layer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Layer {
    /// `asked`, `needed`, `denied`, `granted`, `ceiling`.
    pub layer: &'static str,
    /// Whether it lets it pass.
    pub passes: bool,
    /// The rule and where it stands: ``grants.toml:14 `src/**` ``; empty: none
    /// speaks of it.
    pub by: String,
}

/// Why something would be allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The verdict.
    pub allowed: bool,
    /// The rule that decides.
    pub rule: String,
    /// What would cure a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// Each layer's word, in the order in which they are asked.
    pub layers: Vec<Layer>,
}

/// There is no node of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the graph has no node `{0}`")]
pub struct NoSuchNode(NodeId);

/// Explains what would become of something, in a node, or wherever the blueprint's
/// steps run. It holds also for a file that would not be admitted.
pub fn explain(
    subject: &Subject,
    sources: &GrantSources<'_>,
    today: Date,
    (question, node): (&Question, Option<&NodeId>),
) -> Result<Explanation, NoSuchNode> {
    let (admission, _) = weigh(subject, sources, today);
    let authority = match node {
        None => admission.authority(&subject.manifest.name, None),
        Some(id) => {
            let node = subject
                .graph
                .node(id)
                .ok_or_else(|| NoSuchNode(id.clone()))?;
            admission.node(node)
        }
    };
    Ok(of(&authority, question))
}

fn of(authority: &Authority, question: &Question) -> Explanation {
    let (verdict, layers) = match question {
        Question::File(op, path) => (authority.file(*op, path), paths(authority, *op, path)),
        Question::Command(program, arguments) => (
            authority.command(program, arguments),
            layers(
                &authority.run,
                |rule| rule.pattern.matches(program, arguments),
                |rule| rule.pattern.matches(program, arguments),
            ),
        ),
        Question::Http(request) => (
            authority.http(request),
            layers(
                &authority.send,
                |rule| http_fit(std::slice::from_ref(rule), request).is_some(),
                |rule| rule.pattern.denies(request),
            ),
        ),
    };
    let cure = match &verdict {
        Verdict::Allow { .. } => None,
        Verdict::Deny(denial) => Some(denial.cure.clone()),
    };
    Explanation {
        allowed: verdict.is_allowed(),
        rule: verdict.rule().to_owned(),
        cure,
        layers,
    }
}

fn paths(authority: &Authority, op: FileOp, path: &str) -> Vec<Layer> {
    let access = if op.changes() {
        &authority.write
    } else {
        &authority.read
    };
    let mut marks = marks(path);
    marks.retain(|mark| mark.kind == MarkKind::Secret || op.changes());
    let listing = op == FileOp::List;
    layers(
        access,
        |rule| {
            let fit = path_fit(std::slice::from_ref(rule), path, &marks, listing);
            matches!(fit, PathFit::Hit(_))
        },
        |rule| rule.pattern.matches(path),
    )
}

fn layers<P: std::fmt::Display>(
    access: &Access<P>,
    takes: impl Fn(&Rule<P>) -> bool,
    denies: impl Fn(&Rule<P>) -> bool,
) -> Vec<Layer> {
    let told = |rule: &Rule<P>| format!("{} `{}`", rule.from, rule.pattern);
    let layer = |layer, rules: &[Rule<P>]| {
        let by = rules.iter().find(|rule| takes(rule)).map(told);
        Layer {
            layer,
            passes: by.is_some(),
            by: by.unwrap_or_default(),
        }
    };
    let against = access.denied.iter().find(|rule| denies(rule)).map(told);
    let mut layers = vec![
        layer("asked", &access.asked),
        layer("needed", &access.needed),
        Layer {
            layer: "denied",
            passes: against.is_none(),
            by: against.unwrap_or_default(),
        },
        layer("granted", &access.granted),
    ];
    layers.extend(access.ceiling.as_ref().map(|rules| layer("ceiling", rules)));
    layers
}
