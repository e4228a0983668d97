//! A gate in a replay: its plugin is asked again, with every call of it answered from the
//! record, and its verdict is derived again from what it said.

use super::Replay;
use crate::event::Detail;
use crate::run::assemble::RunError;
use crate::run::gate::settled;
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
        let key = Ledger::key(&plugin.digest, &using.parameters);
        if let Some(request) = self.next_request(&kept::GATE_AT_BASE)? {
            let at_base = self
                .judge(caller, using, &kept::GATE_AT_BASE, request)
                .await?;
            let report = at_base.tests.filter(|report| report.complete);
            self.ledger.base.insert(key.clone(), report);
        }
        let Some(request) = self.next_request(&kept::GATE)? else {
            // A checkout failed, or the record was cut off.
            return Err(Halt::RecordEnds.into());
        };
        let output = self.judge(caller, using, &kept::GATE, request).await?;
        let base = self.ledger.base.get(&key).cloned().flatten();
        let (output, _) = settled(output, base.as_ref());
        self.door()
            .take(|body| matches!(body, Body::Evidence { .. }))?;
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

    fn next_request(&self, call: &Call<Output>) -> Result<Option<Value>, RunError> {
        let request = self.door().peek(|body| match body {
            Body::Intent {
                call: name,
                request,
                ..
            } if name == call.kind.name => Some(request.clone()),
            _ => None,
        })?;
        request.map(|request| self.load(&request)).transpose()
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
