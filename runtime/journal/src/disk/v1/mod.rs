//! Version 1 of the record on disk. Until the first release of the program it grows, by
//! kinds and by options that old records lack; what is there never changes.
//!
//! Fields stand in the order of their names, which makes the output canonical.
//! Absent options are left out. Unknown fields, kinds and words are refused:
//! a later version has another `v`. The shapes stand here, what they are in live
//! types in `convert`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::Json;
use crate::record::{Body, Effect, InDoubt, Level, Outcome};
use crate::{Hash, Record, RunId, Seq, Timestamp};

mod convert;

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
    // What a call of a usual size takes, so that it is written without being moved.
    let mut bytes = Vec::with_capacity(768);
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
        #[serde(default, rename = "in-doubt", skip_serializing_if = "Option::is_none")]
        in_doubt: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moved: Option<Box<MovedV1<'a>>>,
        #[serde(rename = "runtime-version")]
        runtime_version: Text<'a>,
        #[serde(
            default,
            rename = "void-after",
            skip_serializing_if = "Option::is_none"
        )]
        void_after: Option<u64>,
    },
    VisitStarted {
        node: Text<'a>,
        tree: Text<'a>,
        visit: u64,
    },
    Call {
        call: Text<'a>,
        effect: EffectV1,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        judged: Option<Text<'a>>,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tree: Option<Text<'a>>,
    },
    Result {
        intent: u64,
        response: PayloadV1<'a>,
    },
    Denied {
        call: Text<'a>,
        capability: Text<'a>,
        cure: Text<'a>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<PayloadV1<'a>>,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        findings: Option<PayloadV1<'a>>,
        label: Text<'a>,
        node: Text<'a>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spent: Option<PayloadV1<'a>>,
        state: PayloadV1<'a>,
        tree: Text<'a>,
        visit: u64,
    },
    Waiting {
        node: Text<'a>,
        tree: Text<'a>,
        visit: u64,
    },
    Decided(DecisionV1<'a>),
    Stopped {
        reason: Text<'a>,
    },
    Ended(EndingV1<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MovedV1<'a> {
    admission: PayloadV1<'a>,
    component: Text<'a>,
    version: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionV1<'a> {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepts: Vec<Text<'a>>,
    approved: bool,
    by: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<Text<'a>>,
    node: Text<'a>,
    tree: Text<'a>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forked: Option<ForkedV1>,
    inputs: PayloadV1<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<Text<'a>>,
    parts: Vec<PartV1<'a>>,
    repository: Text<'a>,
    runtime_version: Text<'a>,
    sandbox: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    setup: Option<PayloadV1<'a>>,
    task: Text<'a>,
    version: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForkedV1 {
    checkpoint: u64,
    hash: Told<Hash>,
    run: Told<RunId>,
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
    Blob { bytes: u64, digest: Told<Hash> },
}

/// What is written as text and read back from it: a hash, a run.
struct Told<T>(T);

impl<T: Display> Serialize for Told<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Told<T> {
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
