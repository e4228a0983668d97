//! What the operator denies, whatever is granted: it is taken out of every
//! other rule. A deny is wider than a grant of the same words: it takes marked
//! files too, options where a grant's `*` takes none, and a request of which only
//! one reading fits.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::rules::Rule;
use crate::{CommandPattern, DeliveryTarget, HttpPattern, PathPattern};

/// What is denied, by kind. Default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Denies {
    pub(crate) read: Vec<Rule<PathPattern>>,
    pub(crate) write: Vec<Rule<PathPattern>>,
    pub(crate) run: Vec<Rule<CommandPattern>>,
    pub(crate) send: Vec<Rule<HttpPattern>>,
    pub(crate) models: Vec<Rule<String>>,
    pub(crate) tools: Vec<Rule<String>>,
    pub(crate) delivery: Vec<Rule<DeliveryTarget>>,
}

impl Denies {
    pub(crate) fn extend(&mut self, other: &Self) {
        let Self {
            read,
            write,
            run,
            send,
            models,
            tools,
            delivery,
        } = other;
        self.read.extend(read.iter().cloned());
        self.write.extend(write.iter().cloned());
        self.run.extend(run.iter().cloned());
        self.send.extend(send.iter().cloned());
        self.models.extend(models.iter().cloned());
        self.tools.extend(tools.iter().cloned());
        self.delivery.extend(delivery.iter().cloned());
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The lines that deny something, each once.
    pub(crate) fn sources(&self) -> Vec<String> {
        let Self {
            read,
            write,
            run,
            send,
            models,
            tools,
            delivery,
        } = self;
        let paths = read.iter().chain(write).map(|rule| &rule.from);
        let names = models.iter().chain(tools).map(|rule| &rule.from);
        let others = run.iter().map(|rule| &rule.from);
        let others = others.chain(send.iter().map(|rule| &rule.from));
        let others = others.chain(delivery.iter().map(|rule| &rule.from));
        let all: BTreeSet<&String> = paths.chain(names).chain(others).collect();
        all.into_iter().cloned().collect()
    }

    /// The names of denied models.
    pub(crate) fn model_names(&self) -> BTreeSet<String> {
        names(&self.models)
    }

    /// The names of denied tools.
    pub(crate) fn tool_names(&self) -> BTreeSet<String> {
        names(&self.tools)
    }
}

fn names(rules: &[Rule<String>]) -> BTreeSet<String> {
    rules.iter().map(|rule| rule.pattern.clone()).collect()
}
