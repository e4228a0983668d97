//! Version 1 of the record on disk. Released: it only ever gets read otherwise,
//! never changed.
//!
//! Fields stand in the order of their names, which makes the output canonical.
//! Absent options are left out. Unknown fields, kinds and words are refused:
//! a later version has another `v`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::Json;
use crate::record::{Body, Effect, Ending, InDoubt, Level, Outcome, Part, Payload, RunStarted};
use crate::{Hash, Record, RunId, Seq, Timestamp};

pub(super) const VERSION: u64 = 1;

type Text<'a> = Cow<'a, str>;

/// What surrounds a body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) seq: Seq,
    pub(crate) visit: Option<u64>,
    pub(crate) parent: Option<Seq>,
    pub(crate) at: Timestamp,
    pub(crate) micros: u64,
}

/// The canonical bytes of a record.
pub(crate) fn encode(envelope: Envelope, body: &Body) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(320);
    let record = RecordV1 {
        at: envelope.at.micros(),
        body: BodyV1::from_live(body),
        micros: envelope.micros,
        parent: envelope.parent.map(|seq| seq.0),
        seq: envelope.seq.0,
        v: One,
        visit: envelope.visit,
    };
    serde_json::to_writer(&mut bytes, &record)?;
    Ok(bytes)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordV1<'a> {
    at: u64,
    body: BodyV1<'a>,
    micros: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<u64>,
    pub(super) seq: u64,
    v: One,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visit: Option<u64>,
}

impl RecordV1<'_> {
    pub(super) fn into_live(self, run: RunId, prev: Hash, hash: Hash) -> Record {
        Record {
            run,
            seq: Seq(self.seq),
            visit: self.visit,
            parent: self.parent.map(Seq),
            at: Timestamp(self.at),
            micros: self.micros,
            body: self.body.into_live(),
            prev,
            hash,
        }
    }
}

/// The number 1 and no other.
struct One;

impl Serialize for One {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(VERSION)
    }
}

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            VERSION => Ok(Self),
            other => Err(serde::de::Error::custom(format!(
                "version {other}, expected 1"
            ))),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum BodyV1<'a> {
    RunStarted(Box<RunStartedV1<'a>>),
    Resumed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checkpoint: Option<u64>,
        epoch: u64,
        #[serde(rename = "runtime-version")]
        runtime_version: Text<'a>,
    },
    VisitStarted {
        node: Text<'a>,
        tree: Text<'a>,
        visit: u64,
    },
    Call {
        call: Text<'a>,
        effect: EffectV1,
        request: PayloadV1<'a>,
        response: PayloadV1<'a>,
        rule: Text<'a>,
    },
    Intent {
        call: Text<'a>,
        effect: EffectV1,
        policy: InDoubtV1,
        request: PayloadV1<'a>,
        rule: Text<'a>,
    },
    Result {
        intent: u64,
        response: PayloadV1<'a>,
    },
    Denied {
        call: Text<'a>,
        capability: Text<'a>,
        cure: Text<'a>,
        rule: Text<'a>,
        target: Text<'a>,
    },
    Log {
        level: LevelV1,
        message: Text<'a>,
    },
    Evidence {
        evidence: PayloadV1<'a>,
    },
    Checkpoint {
        label: Text<'a>,
        node: Text<'a>,
        state: PayloadV1<'a>,
        tree: Text<'a>,
        visit: u64,
    },
    Ended(EndingV1<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RunStartedV1<'a> {
    admission: PayloadV1<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_commit: Option<Text<'a>>,
    base_tree: Text<'a>,
    blueprint: Text<'a>,
    component: Text<'a>,
    contract: Text<'a>,
    inputs: PayloadV1<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<Text<'a>>,
    parts: Vec<PartV1<'a>>,
    repository: Text<'a>,
    runtime_version: Text<'a>,
    sandbox: Text<'a>,
    task: Text<'a>,
    version: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartV1<'a> {
    digest: Text<'a>,
    name: Text<'a>,
    origin: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndingV1<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<Text<'a>>,
    outcome: OutcomeV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    totals: Cow<'a, BTreeMap<String, u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum PayloadV1<'a> {
    Inline(Json<'a>),
    Blob { bytes: u64, digest: HexV1 },
}

struct HexV1(Hash);

impl Serialize for HexV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HexV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// A closed choice on disk and its live twin.
macro_rules! words {
    ($disk:ident = $live:ident { $($word:ident),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $disk { $($word),* }

        impl From<$live> for $disk {
            fn from(live: $live) -> Self {
                match live { $($live::$word => Self::$word),* }
            }
        }

        impl From<$disk> for $live {
            fn from(disk: $disk) -> Self {
                match disk { $($disk::$word => Self::$word),* }
            }
        }
    };
}

words!(
    EffectV1 = Effect {
        Observe,
        Local,
        External
    }
);
words!(InDoubtV1 = InDoubt { Again, Look, Ask });
words!(
    LevelV1 = Level {
        Debug,
        Info,
        Warn,
        Error
    }
);
words!(
    OutcomeV1 = Outcome {
        Delivered,
        Failed,
        Escalated,
        Limited,
        Cancelled,
        Faulted
    }
);

impl<'a> PayloadV1<'a> {
    fn from_live(live: &'a Payload) -> Self {
        match live {
            Payload::Inline(value) => Self::Inline(Json(Cow::Borrowed(value))),
            Payload::Blob { digest, bytes } => Self::Blob {
                bytes: *bytes,
                digest: HexV1(*digest),
            },
        }
    }

    fn into_live(self) -> Payload {
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
    fn from_live(live: &'a Body) -> Self {
        match live {
            Body::RunStarted(started) => {
                Self::RunStarted(Box::new(RunStartedV1::from_live(started)))
            }
            Body::Resumed {
                epoch,
                runtime_version,
                checkpoint,
            } => Self::Resumed {
                checkpoint: checkpoint.map(|seq| seq.0),
                epoch: *epoch,
                runtime_version: text(runtime_version),
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
                response,
            } => Self::Call {
                call: text(call),
                effect: (*effect).into(),
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
            } => Self::Intent {
                call: text(call),
                effect: (*effect).into(),
                policy: (*policy).into(),
                request: PayloadV1::from_live(request),
                rule: text(rule),
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
            } => Self::Denied {
                call: text(call),
                capability: text(capability),
                cure: text(cure),
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
            } => Self::Checkpoint {
                label: text(label),
                node: text(node),
                state: PayloadV1::from_live(state),
                tree: text(tree),
                visit: *visit,
            },
            Body::Ended(ending) => Self::Ended(EndingV1::from_live(ending)),
        }
    }

    fn into_live(self) -> Body {
        match self {
            Self::RunStarted(started) => Body::RunStarted(Box::new(started.into_live())),
            Self::Resumed {
                checkpoint,
                epoch,
                runtime_version,
            } => Body::Resumed {
                epoch,
                runtime_version: runtime_version.into_owned(),
                checkpoint: checkpoint.map(Seq),
            },
            Self::VisitStarted { node, tree, visit } => Body::VisitStarted {
                node: node.into_owned(),
                visit,
                tree: tree.into_owned(),
            },
            Self::Call {
                call,
                effect,
                request,
                response,
                rule,
            } => Body::Call {
                call: call.into_owned(),
                effect: effect.into(),
                request: request.into_live(),
                rule: rule.into_owned(),
                response: response.into_live(),
            },
            Self::Intent {
                call,
                effect,
                policy,
                request,
                rule,
            } => Body::Intent {
                call: call.into_owned(),
                effect: effect.into(),
                request: request.into_live(),
                rule: rule.into_owned(),
                policy: policy.into(),
            },
            Self::Result { intent, response } => Body::Result {
                intent: Seq(intent),
                response: response.into_live(),
            },
            Self::Denied {
                call,
                capability,
                cure,
                rule,
                target,
            } => Body::Denied {
                call: call.into_owned(),
                capability: capability.into_owned(),
                target: target.into_owned(),
                rule: rule.into_owned(),
                cure: cure.into_owned(),
            },
            Self::Log { level, message } => Body::Log {
                level: level.into(),
                message: message.into_owned(),
            },
            Self::Evidence { evidence } => Body::Evidence {
                evidence: evidence.into_live(),
            },
            Self::Checkpoint {
                label,
                node,
                state,
                tree,
                visit,
            } => Body::Checkpoint {
                node: node.into_owned(),
                visit,
                label: label.into_owned(),
                state: state.into_live(),
                tree: tree.into_owned(),
            },
            Self::Ended(ending) => Body::Ended(ending.into_live()),
        }
    }
}

impl<'a> RunStartedV1<'a> {
    fn from_live(live: &'a RunStarted) -> Self {
        Self {
            admission: PayloadV1::from_live(&live.admission),
            base_commit: live.base_commit.as_deref().map(text),
            base_tree: text(&live.base_tree),
            blueprint: text(&live.blueprint),
            component: text(&live.component),
            contract: text(&live.contract),
            inputs: PayloadV1::from_live(&live.inputs),
            model: live.model.as_deref().map(text),
            parts: live.parts.iter().map(PartV1::from_live).collect(),
            repository: text(&live.repository),
            runtime_version: text(&live.runtime_version),
            sandbox: text(&live.sandbox),
            task: text(&live.task),
            version: text(&live.version),
        }
    }

    fn into_live(self) -> RunStarted {
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
        }
    }
}

impl<'a> PartV1<'a> {
    fn from_live(live: &'a Part) -> Self {
        Self {
            digest: text(&live.digest),
            name: text(&live.name),
            origin: text(&live.origin),
        }
    }

    fn into_live(self) -> Part {
        Part {
            name: self.name.into_owned(),
            digest: self.digest.into_owned(),
            origin: self.origin.into_owned(),
        }
    }
}

impl<'a> EndingV1<'a> {
    fn from_live(live: &'a Ending) -> Self {
        Self {
            branch: live.branch.as_deref().map(text),
            outcome: live.outcome.into(),
            reason: live.reason.as_deref().map(text),
            totals: Cow::Borrowed(&live.totals),
            tree: live.tree.as_deref().map(text),
        }
    }

    fn into_live(self) -> Ending {
        Ending {
            outcome: self.outcome.into(),
            reason: self.reason.map(Cow::into_owned),
            branch: self.branch.map(Cow::into_owned),
            tree: self.tree.map(Cow::into_owned),
            totals: self.totals.into_owned(),
        }
    }
}
