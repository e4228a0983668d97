//! Version 1 on disk to live types and back: borrowed on the way out, owned on
//! the way in.

use std::borrow::Cow;

use super::{
    BodyV1, DecisionV1, EndingV1, ForkedV1, MovedV1, PartV1, PayloadV1, RunStartedV1, Text, Told,
};
use crate::Seq;
use crate::canonical::Json;
use crate::record::{Body, Decision, Ending, Forked, Moved, Part, Payload, RunStarted};

impl<'a> PayloadV1<'a> {
    pub(super) fn from_live(live: &'a Payload) -> Self {
        match live {
            Payload::Inline(value) => Self::Inline(Json(Cow::Borrowed(value))),
            Payload::Blob { digest, bytes } => Self::Blob {
                bytes: *bytes,
                digest: Told(*digest),
            },
        }
    }

    pub(super) fn into_live(self) -> Payload {
        match self {
            Self::Inline(value) => Payload::Inline(value.0.into_owned()),
            Self::Blob { bytes, digest } => Payload::Blob {
                digest: digest.0,
                bytes,
            },
        }
    }
}

fn text(live: &str) -> Text<'_> {
    Cow::Borrowed(live)
}

impl<'a> BodyV1<'a> {
    #[expect(clippy::too_many_lines, reason = "an arm a kind, and nothing else")]
    pub(super) fn from_live(live: &'a Body) -> Self {
        match live {
            Body::RunStarted(started) => {
                Self::RunStarted(Box::new(RunStartedV1::from_live(started)))
            }
            Body::Resumed {
                epoch,
                runtime_version,
                checkpoint,
                void_after,
                in_doubt,
                moved,
            } => Self::Resumed {
                checkpoint: checkpoint.map(|seq| seq.0),
                epoch: *epoch,
                in_doubt: in_doubt.map(|seq| seq.0),
                moved: moved
                    .as_deref()
                    .map(|moved| Box::new(MovedV1::from_live(moved))),
                runtime_version: text(runtime_version),
                void_after: void_after.map(|seq| seq.0),
            },
            Body::VisitStarted { node, visit, tree } => Self::VisitStarted {
                node: text(node),
                tree: text(tree),
                visit: *visit,
            },
            Body::Call {
                call,
                effect,
                request,
                rule,
                judged,
                response,
            } => Self::Call {
                call: text(call),
                effect: (*effect).into(),
                judged: judged.as_deref().map(text),
                request: PayloadV1::from_live(request),
                response: PayloadV1::from_live(response),
                rule: text(rule),
            },
            Body::Intent {
                call,
                effect,
                request,
                rule,
                policy,
                tree,
            } => Self::Intent {
                call: text(call),
                effect: (*effect).into(),
                policy: (*policy).into(),
                request: PayloadV1::from_live(request),
                rule: text(rule),
                tree: tree.as_deref().map(text),
            },
            Body::Result { intent, response } => Self::Result {
                intent: intent.0,
                response: PayloadV1::from_live(response),
            },
            Body::Denied {
                call,
                capability,
                target,
                rule,
                cure,
                request,
            } => Self::Denied {
                call: text(call),
                capability: text(capability),
                cure: text(cure),
                request: request.as_ref().map(PayloadV1::from_live),
                rule: text(rule),
                target: text(target),
            },
            Body::Log { level, message } => Self::Log {
                level: (*level).into(),
                message: text(message),
            },
            Body::Evidence { evidence } => Self::Evidence {
                evidence: PayloadV1::from_live(evidence),
            },
            Body::Checkpoint {
                node,
                visit,
                label,
                state,
                tree,
                findings,
                spent,
            } => Self::Checkpoint {
                findings: findings.as_ref().map(PayloadV1::from_live),
                label: text(label),
                node: text(node),
                spent: spent.as_ref().map(PayloadV1::from_live),
                state: PayloadV1::from_live(state),
                tree: text(tree),
                visit: *visit,
            },
            Body::Waiting { node, visit, tree } => Self::Waiting {
                node: text(node),
                tree: text(tree),
                visit: *visit,
            },
            Body::Decided(decision) => Self::Decided(DecisionV1::from_live(decision)),
            Body::Stopped { reason } => Self::Stopped {
                reason: text(reason),
            },
            Body::Ended(ending) => Self::Ended(EndingV1::from_live(ending)),
        }
    }

    #[expect(clippy::too_many_lines, reason = "an arm a kind, and nothing else")]
    pub(super) fn into_live(self) -> Body {
        match self {
            Self::RunStarted(started) => Body::RunStarted(Box::new(started.into_live())),
            Self::Resumed {
                checkpoint,
                epoch,
                in_doubt,
                moved,
                runtime_version,
                void_after,
            } => Body::Resumed {
                epoch,
                runtime_version: runtime_version.into_owned(),
                checkpoint: checkpoint.map(Seq),
                void_after: void_after.map(Seq),
                in_doubt: in_doubt.map(Seq),
                moved: moved.map(|moved| Box::new(moved.into_live())),
            },
            Self::VisitStarted { node, tree, visit } => Body::VisitStarted {
                node: node.into_owned(),
                visit,
                tree: tree.into_owned(),
            },
            Self::Call {
                call,
                effect,
                judged,
                request,
                response,
                rule,
            } => Body::Call {
                call: call.into_owned(),
                effect: effect.into(),
                request: request.into_live(),
                rule: rule.into_owned(),
                judged: judged.map(Cow::into_owned),
                response: response.into_live(),
            },
            Self::Intent {
                call,
                effect,
                policy,
                request,
                rule,
                tree,
            } => Body::Intent {
                call: call.into_owned(),
                effect: effect.into(),
                request: request.into_live(),
                rule: rule.into_owned(),
                policy: policy.into(),
                tree: tree.map(Cow::into_owned),
            },
            Self::Result { intent, response } => Body::Result {
                intent: Seq(intent),
                response: response.into_live(),
            },
            Self::Denied {
                call,
                capability,
                cure,
                request,
                rule,
                target,
            } => Body::Denied {
                call: call.into_owned(),
                capability: capability.into_owned(),
                target: target.into_owned(),
                rule: rule.into_owned(),
                cure: cure.into_owned(),
                request: request.map(PayloadV1::into_live),
            },
            Self::Log { level, message } => Body::Log {
                level: level.into(),
                message: message.into_owned(),
            },
            Self::Evidence { evidence } => Body::Evidence {
                evidence: evidence.into_live(),
            },
            Self::Checkpoint {
                findings,
                label,
                node,
                spent,
                state,
                tree,
                visit,
            } => Body::Checkpoint {
                node: node.into_owned(),
                visit,
                label: label.into_owned(),
                state: state.into_live(),
                tree: tree.into_owned(),
                findings: findings.map(PayloadV1::into_live),
                spent: spent.map(PayloadV1::into_live),
            },
            Self::Waiting { node, tree, visit } => Body::Waiting {
                node: node.into_owned(),
                visit,
                tree: tree.into_owned(),
            },
            Self::Decided(decision) => Body::Decided(decision.into_live()),
            Self::Stopped { reason } => Body::Stopped {
                reason: reason.into_owned(),
            },
            Self::Ended(ending) => Body::Ended(ending.into_live()),
        }
    }
}

impl<'a> RunStartedV1<'a> {
    pub(super) fn from_live(live: &'a RunStarted) -> Self {
        Self {
            admission: PayloadV1::from_live(&live.admission),
            base_commit: live.base_commit.as_deref().map(text),
            base_tree: text(&live.base_tree),
            blueprint: text(&live.blueprint),
            component: text(&live.component),
            contract: text(&live.contract),
            forked: live.forked.as_ref().map(ForkedV1::from_live),
            inputs: PayloadV1::from_live(&live.inputs),
            model: live.model.as_deref().map(text),
            parts: live.parts.iter().map(PartV1::from_live).collect(),
            repository: text(&live.repository),
            runtime_version: text(&live.runtime_version),
            sandbox: text(&live.sandbox),
            setup: live.setup.as_ref().map(PayloadV1::from_live),
            task: text(&live.task),
            version: text(&live.version),
        }
    }

    pub(super) fn into_live(self) -> RunStarted {
        RunStarted {
            blueprint: self.blueprint.into_owned(),
            version: self.version.into_owned(),
            component: self.component.into_owned(),
            contract: self.contract.into_owned(),
            base_commit: self.base_commit.map(Cow::into_owned),
            base_tree: self.base_tree.into_owned(),
            repository: self.repository.into_owned(),
            task: self.task.into_owned(),
            inputs: self.inputs.into_live(),
            admission: self.admission.into_live(),
            sandbox: self.sandbox.into_owned(),
            runtime_version: self.runtime_version.into_owned(),
            model: self.model.map(Cow::into_owned),
            parts: self.parts.into_iter().map(PartV1::into_live).collect(),
            setup: self.setup.map(PayloadV1::into_live),
            forked: self.forked.map(ForkedV1::into_live),
        }
    }
}

impl ForkedV1 {
    fn from_live(live: &Forked) -> Self {
        Self {
            checkpoint: live.checkpoint.0,
            hash: Told(live.hash),
            run: Told(live.run),
        }
    }

    fn into_live(self) -> Forked {
        Forked {
            run: self.run.0,
            checkpoint: Seq(self.checkpoint),
            hash: self.hash.0,
        }
    }
}

impl<'a> MovedV1<'a> {
    fn from_live(live: &'a Moved) -> Self {
        Self {
            admission: PayloadV1::from_live(&live.admission),
            component: text(&live.component),
            version: text(&live.version),
        }
    }

    fn into_live(self) -> Moved {
        Moved {
            version: self.version.into_owned(),
            component: self.component.into_owned(),
            admission: self.admission.into_live(),
        }
    }
}

impl<'a> DecisionV1<'a> {
    fn from_live(live: &'a Decision) -> Self {
        Self {
            accepts: live.accepts.iter().map(|path| text(path)).collect(),
            approved: live.approved,
            by: text(&live.by),
            comment: live.comment.as_deref().map(text),
            node: text(&live.node),
            tree: text(&live.tree),
        }
    }

    fn into_live(self) -> Decision {
        Decision {
            node: self.node.into_owned(),
            approved: self.approved,
            by: self.by.into_owned(),
            comment: self.comment.map(Cow::into_owned),
            tree: self.tree.into_owned(),
            accepts: self.accepts.into_iter().map(Cow::into_owned).collect(),
        }
    }
}

impl<'a> PartV1<'a> {
    pub(super) fn from_live(live: &'a Part) -> Self {
        Self {
            digest: text(&live.digest),
            name: text(&live.name),
            origin: text(&live.origin),
        }
    }

    pub(super) fn into_live(self) -> Part {
        Part {
            name: self.name.into_owned(),
            digest: self.digest.into_owned(),
            origin: self.origin.into_owned(),
        }
    }
}

impl<'a> EndingV1<'a> {
    pub(super) fn from_live(live: &'a Ending) -> Self {
        Self {
            branch: live.branch.as_deref().map(text),
            outcome: live.outcome.into(),
            reason: live.reason.as_deref().map(text),
            totals: Cow::Borrowed(&live.totals),
            tree: live.tree.as_deref().map(text),
        }
    }

    pub(super) fn into_live(self) -> Ending {
        Ending {
            outcome: self.outcome.into(),
            reason: self.reason.map(Cow::into_owned),
            branch: self.branch.map(Cow::into_owned),
            tree: self.tree.map(Cow::into_owned),
            totals: self.totals.into_owned(),
        }
    }
}
