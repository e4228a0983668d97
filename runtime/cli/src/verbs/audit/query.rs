//! `minion-rt audit query`: the judged calls of all runs that are like this.

use super::entries::{How, Told, entries};
use super::{look, meant};
use crate::exit::{DONE, Fail};
use crate::render::{plural, talk};
use crate::verbs::moment;
use crate::verbs::runs::At;
use clap::{Args, ValueEnum};
use minion_journal::{Allowed, AuditFilter};

/// Finds judged calls in all runs, the oldest run first
///
/// Every option narrows. Without any, it is everything that was ever judged.
#[derive(Args)]
pub(super) struct Query {
    /// Only of this run; may be given several times
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    /// Only in this node, or in this visit of it, `implement-2`
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Only of this kind: files, command, agent, delivery, plugins, approval
    #[arg(long, value_name = "KIND")]
    capability: Option<String>,
    /// Only what was allowed, or denied
    #[arg(long, value_name = "VERDICT")]
    verdict: Option<Verdict>,
    /// Only what a rule decided that has this in it: `secret-looking-file`, `grants.toml:4`
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// Only from then on: `2026-11-21`, `2026-11-21T09:30:00Z`, `7d` for seven days ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verdict {
    Allow,
    Deny,
}

impl Query {
    pub(super) fn run(&self, at: &At) -> Result<u8, Fail> {
        let (filter, how) = (self.filter()?, how(at.json));
        let Some(store) = look(&at.settings)? else {
            return Ok(DONE);
        };
        let (runs, mut told) = (meant(&*store, &self.run)?, Told::default());
        for run in &runs {
            if let Err(error) = entries(&*store, *run, &filter, how, &mut told) {
                told.unread(*run, &error);
            }
            if told.over {
                return Ok(DONE);
            }
        }
        let (found, denied) = (plural(told.entries, "call"), told.denied);
        let of = plural(runs.len() as u64, "run");
        talk(&format!("{found} of {of}, {denied} denied"));
        Ok(told.code())
    }

    fn filter(&self) -> Result<AuditFilter, Fail> {
        let moment = |flag: &str, text: Option<&String>| {
            let moment = text.map(|text| moment::parse(text)).transpose();
            moment.map_err(|why| Fail::usage(format!("{flag}: {why}")))
        };
        Ok(AuditFilter {
            node: self.node.clone(),
            capability: self.capability.clone(),
            verdict: self.verdict.map(|verdict| match verdict {
                Verdict::Allow => Allowed::Allow,
                Verdict::Deny => Allowed::Deny,
            }),
            rule: self.rule.clone(),
            since: moment("--since", self.since.as_ref())?,
            until: moment("--until", self.until.as_ref())?,
        })
    }
}

fn how(json: bool) -> How {
    if json { How::Json } else { How::LinesOfRuns }
}
