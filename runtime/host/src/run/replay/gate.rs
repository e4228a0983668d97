//! A gate in a replay: its plugin is asked again, with every call of it answered from the
//! record, and its verdict is derived again from what it said.

use super::Replay;
use crate::event::Detail;
use crate::run::assemble::RunError;
use crate::run::gate::{request, settled};
use crate::run::ledger::Ledger;
use crate::run::machine::Visit;
use crate::run::walk::MOST_FINDINGS;
use crate::services::plugins::{self, By, Output};
use crate::services::recorded as kept;
use minion_door::{Call, Caller, Halt, Opened};
use minion_grants::{PluginUse, Verdict};
use minion_journal::Body;
use serde_json::{Value, json};

impl Replay {
    /// A gate: what its plugin did is done again for the base, where that was judged in this
    /// visit, and for the tree; the verdict is derived again from both.
    pub(super) async fn gate(
        &mut self,
        caller: &Caller,
        using: &PluginUse,
    ) -> Result<Result<Visit, String>, RunError> {
        let Some(plugin) = self.machine.services.plugins.get(using.name.as_str()) else {
            return Ok(Err(format!("gate `{}` has no plugin", caller.node)));
        };
        let digest = plugin.digest;
        let key = Ledger::key(&digest, &using.parameters);
        if self.comes(&kept::GATE_AT_BASE)? {
            let request = request(using, &self.base);
            let at_base = self
                .judge(caller, using, &kept::GATE_AT_BASE, request)
                .await?;
            let report = at_base.tests.filter(|report| report.complete);
            self.ledger.base.insert(key.clone(), report);
        }
        if !self.comes(&kept::GATE)? {
            // A checkout failed, or the record was cut off.
            return Err(Halt::RecordEnds.into());
        }
        let Some(base) = self.ledger.base.get(&key).cloned() else {
            let name = kept::GATE_AT_BASE.kind.name;
            return Err(self.unexpected(caller, name, "the gate judges the base first"));
        };
        let request = request(using, &self.tree);
        let output = self.judge(caller, using, &kept::GATE, request).await?;
        let (output, _) = settled(output, base.as_ref());
        self.evidence(caller, using, digest, &output, base.as_ref())?;
        let mut findings = self.at.findings.clone();
        findings.extend(output.findings);
        findings.truncate(MOST_FINDINGS);
        Ok(Ok(Visit {
            label: output.verdict.label().to_owned(),
            state: self.at.state.clone(),
            findings,
            detail: Detail::Step,
        }))
    }

    /// Whether the record goes on with this call.
    fn comes(&self, call: &Call<Output>) -> Result<bool, RunError> {
        let next = self.door().peek(|body| match body {
            Body::Intent { call: name, .. } if name == call.kind.name => Some(()),
            _ => None,
        })?;
        Ok(next.is_some())
    }

    async fn judge(
        &self,
        caller: &Caller,
        using: &PluginUse,
        call: &Call<Output>,
        request: Value,
    ) -> Result<Output, RunError> {
        let services = &self.machine.services;
        let verdict = Verdict::Allow {
            rule: "graph".to_owned(),
        };
        let Opened::Scope(scope) = services.door.open(caller, call, request, verdict)? else {
            return Err(Halt::RecordEnds.into());
        };
        let (name, parameters) = (using.name.as_str(), using.parameters.to_string());
        let output = plugins::beneath(
            services,
            caller,
            By::Graph,
            &self.view,
            name,
            &parameters,
            &scope,
        )
        .await?;
        let response = json!(output);
        let answer = services
            .door
            .close(caller, call, scope, Ok((output, response)))?;
        answer.map_err(|failure| Halt::Stopped(failure.to_string()).into())
    }
}
