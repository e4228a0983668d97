//! Who comes to the door.

use minion_grants::{Authority, Denial, FileOp, FileRule, HttpRequest, HttpRule, Verdict};
use minion_journal::Seq;
use std::sync::Arc;

/// A node of the graph, or a plugin or agent beneath one, with what it may do right now.
///
/// The default authority is none; a caller can only be narrowed.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The running number of the visit in the run.
    pub visit: u64,
    /// The node's id in the graph.
    pub node: String,
    /// The how-manieth visit of this node it is, from 1.
    pub round: u32,
    /// What this caller may do: asked ∩ granted ∩ ceiling ∩ the node's needs.
    pub authority: Arc<Authority>,
    /// What it works within as well: each of them has to allow whatever it does.
    pub within: Vec<Arc<Authority>>,
    /// The record of the call that this caller works for, if any.
    pub parent: Option<Seq>,
}

impl Caller {
    /// The same place in the graph, working for another record with another authority: a
    /// plugin of a node, a tool of an agent.
    #[must_use]
    pub fn beneath(&self, parent: Seq, authority: Arc<Authority>) -> Self {
        Self {
            authority,
            parent: Some(parent),
            ..self.clone()
        }
    }

    /// The same, and never more than this caller itself may: what a step calls gets nothing
    /// that the step could not have done.
    #[must_use]
    pub fn lending(&self, parent: Seq, authority: Arc<Authority>) -> Self {
        let mut lent = self.beneath(parent, authority);
        lent.within.push(Arc::clone(&self.authority));
        lent
    }

    /// Judges one operation on a resolved path: its own rule, unless one that it works
    /// within denies.
    ///
    /// # Errors
    /// The denial.
    pub fn file(&self, op: FileOp, path: &str) -> Result<FileRule<'_>, Denial> {
        let own = self.authority.file_rule(op, path)?;
        for authority in &self.within {
            authority.file_rule(op, path)?;
        }
        Ok(own)
    }

    /// Judges a command line.
    pub fn command(&self, program: &str, arguments: &[String]) -> Verdict {
        self.judged(|authority| authority.command(program, arguments))
    }

    /// Judges a request: its own rule, within everything that it works within.
    ///
    /// # Errors
    /// The denial.
    pub fn http(&self, request: &HttpRequest) -> Result<HttpRule<'_>, Denial> {
        let mut rule = self.authority.http_rule(request)?;
        for authority in &self.within {
            rule = rule.within(&authority.http_rule(request)?);
        }
        Ok(rule)
    }

    /// Whether any command line of the program could be allowed.
    pub fn program_granted(&self, program: &str) -> bool {
        self.authorities()
            .all(|authority| authority.program_granted(program))
    }

    fn authorities(&self) -> impl Iterator<Item = &Authority> {
        std::iter::once(&self.authority)
            .chain(&self.within)
            .map(Arc::as_ref)
    }

    /// Its own verdict, unless one that it works within denies.
    fn judged(&self, judge: impl Fn(&Authority) -> Verdict) -> Verdict {
        let own = judge(&self.authority);
        if !own.is_allowed() {
            return own;
        }
        let denied = self
            .within
            .iter()
            .map(|authority| judge(authority))
            .find(|verdict| !verdict.is_allowed());
        denied.unwrap_or(own)
    }
}
