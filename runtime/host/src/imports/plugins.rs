//! `minion:host/plugins`: other components, each in a store of its own.

use crate::bindings::host::plugins as wit;
use crate::bindings::host::types::{Failure, Verdict};
use crate::guest::Guest;
use crate::imports::findings_to_guest;
use crate::services::plugins;

impl wit::Host for Guest {
    async fn run(
        &mut self,
        name: String,
        parameters: String,
    ) -> wasmtime::Result<Result<wit::Answer, Failure>> {
        let answer =
            plugins::call(&self.services, &self.caller, &self.view, &name, &parameters).await?;
        Ok(answer
            .map(|output| wit::Answer {
                verdict: output.verdict.into(),
                findings: findings_to_guest(&output.findings),
                summary: output.summary,
                data: output.data,
            })
            .map_err(Into::into))
    }
}

impl From<plugins::Verdict> for Verdict {
    fn from(verdict: plugins::Verdict) -> Self {
        match verdict {
            plugins::Verdict::Pass => Self::Pass,
            plugins::Verdict::Fail => Self::Fail,
            plugins::Verdict::Error => Self::Error,
        }
    }
}

impl From<Verdict> for plugins::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Error => Self::Error,
        }
    }
}
