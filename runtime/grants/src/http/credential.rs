//! Which credential the host adds to which requests, and where it has it from.
//! The value itself is never here: a grant only says where it lies.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{HttpPattern, HttpRequest};

/// Where the host finds a credential. What is written of it into a journal
/// leaves out the arguments of a program: they may be secret themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum CredentialSource {
    /// A variable of the environment that the program was started with.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A program that prints it, with its arguments.
    Command(#[serde(serialize_with = "program_alone")] Vec<String>),
}

fn program_alone<S: serde::Serializer>(words: &[String], to: S) -> Result<S::Ok, S::Error> {
    words.first().serialize(to)
}

/// How it stands in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Attach {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`; the credential is `user:password`.
    Basic,
    /// A header of this name, in lower case.
    Header(String),
}

/// What a `[[grant.credential]]` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CredentialBinding {
    /// The name by which asks know it.
    pub name: String,
    /// Where the host finds it.
    pub from: CredentialSource,
    /// How it is sent.
    pub attach: Attach,
    /// Whether it may also go over plain HTTP, to this machine alone.
    pub plain: bool,
}

impl CredentialBinding {
    /// A credential from the variable of its own name, for whoever sends without a grants file.
    pub fn new(name: &str, attach: Attach, plain: bool) -> Self {
        Self {
            name: name.to_owned(),
            from: CredentialSource::Env(name.to_owned()),
            attach,
            plain,
        }
    }
}

/// A binding, what it is bound to, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CredentialRule {
    pub(crate) binding: CredentialBinding,
    pub(crate) to: Vec<HttpPattern>,
    /// `grants.toml:14`.
    pub(crate) from: String,
}

impl CredentialRule {
    /// Whether it goes with this request.
    pub(crate) fn is_for(&self, name: &str, request: &HttpRequest) -> bool {
        self.binding.name == name && self.to.iter().any(|pattern| pattern.matches(request))
    }
}
