//! The pure judge of authority.
//!
//! In come a component's manifest and graph, the operator's grants and what a
//! run did; out come an [`Admission`], the [`Authority`] of each node, verdicts
//! and, at the end, whether a tree may be delivered. It refuses whatever was
//! not asked, granted, under the ceiling and needed. Nothing here executes
//! anything; the only thing it reads is the grants file.

mod admission;
mod admit;
mod allow;
mod asks;
mod author;
mod authority;
mod canonical;
mod ceiling;
mod commands;
mod compare;
mod deliver;
mod delivery;
mod denial;
mod denies;
mod digest;
mod evidence;
mod explain;
mod facts;
mod file;
mod graph;
mod harmless;
mod http;
mod ident;
mod imports;
mod limits;
mod lines;
mod manifest;
mod marks;
mod options;
mod paths;
mod publisher;
mod reach;
mod recorded;
mod relate;
mod rules;
mod schema;
mod shape;
mod shown;
mod steering;
mod surface;
mod tighten;
mod toxic;

pub use admission::{Admission, AdmittedPart, GrantUsed, Narrowed};
pub use admit::{
    AdmissionProblem, EarlierRuns, Examined, GrantSources, MissingGrant, Origin, OverGranted,
    Refused, Subject, SubjectPart, admit, examine, propose,
};
pub use allow::{Allow, AllowError};
pub use asks::{
    AgentAsk, Ask, AskProblem, Capability, CapabilityKind, CommandAsk, DeliveryAsk, DeliveryTarget,
    FilesAsk, HttpAsk,
};
pub use author::{AuthorFile, GateSource, PartSource};
pub use authority::{Authority, FileOp};
pub use canonical::canonical_json;
pub use ceiling::Ceiling;
pub use commands::{CommandPattern, CommandPatternError};
pub use compare::{Comparison, Difference, Direction, LineChange, Topic, changed_lines, compare};
pub use deliver::{Delivery, DeliveryRefusal, GateUsed, deliverable};
pub use delivery::{DeliveryGrant, RequiredGate};
pub use denial::{Denial, Verdict};
pub use digest::{Digest, DigestError};
pub use evidence::{
    Approval, ChangeKind, Counts, Evidence, GateVerdict, Network, PathChange, SandboxLevel,
    SteeringChange,
};
pub use explain::{Explanation, Layer, NoSuchNode, Question, QuestionError, explain};
pub use facts::{Basis, Can, Cannot, Facts, facts};
pub use file::{GrantsError, GrantsFile, date_of_unix, days_after};
pub use graph::{
    AgentLimits, Edge, End, Executor, Graph, GraphError, GraphProblem, Node, NodeKind, PluginUse,
    VisitBound, WayAround, WaysToDelivered,
};
pub use http::{
    Attach, CredentialBinding, CredentialSource, HttpMethod, HttpPattern, HttpPatternError,
    HttpRequest, is_public,
};
pub use ident::{AskId, IdentError, NodeId, PartName};
pub use imports::{ImportMeaning, ManifestProblem, import_meaning, unproven};
pub use jiff::civil::Date;
pub use limits::Limits;
pub use manifest::{ComponentKind, GateSpec, MANIFEST_LIMIT, Manifest, ManifestError, Part};
pub use marks::{protected, secret_looking};
pub use paths::{PathPattern, PathPatternError};
pub use publisher::{Publisher, PublisherError};
pub use reach::{Beyond, CommandLine, Deed, ModelCall, Reach, Sent};
pub use recorded::uncarried;
pub use rules::{AgentGrant, FileRule, HttpRule};
pub use schema::Schema;
pub use shown::{escaped, shown};
pub use steering::{Steering, steering};
pub use surface::{Surface, SurfaceHash, SurfacePart};
pub use tighten::{Narrowing, RunUse, TightenError, Tightened, Uses, tighten};
