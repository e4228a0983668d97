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
mod commands;
mod deliver;
mod delivery;
mod denial;
mod digest;
mod evidence;
mod facts;
mod file;
mod graph;
mod harmless;
mod ident;
mod imports;
mod lines;
mod manifest;
mod marks;
mod options;
mod paths;
mod recorded;
mod relate;
mod rules;
mod schema;
mod shape;
mod shown;
mod steering;
mod tighten;

pub use admission::{Admission, AdmittedPart, Narrowed};
pub use admit::{
    AdmissionProblem, GrantSources, MissingGrant, Origin, Refused, Subject, SubjectPart, admit,
};
pub use allow::{Allow, AllowError};
pub use asks::{
    AgentAsk, Ask, AskProblem, Capability, CapabilityKind, CommandAsk, DeliveryAsk, DeliveryTarget,
    FilesAsk,
};
pub use author::{AuthorFile, GateSource, PartSource};
pub use authority::{Authority, FileOp};
pub use canonical::canonical_json;
pub use commands::{CommandPattern, CommandPatternError};
pub use deliver::{Delivery, DeliveryRefusal, GateUsed, deliverable};
pub use delivery::{DeliveryGrant, RequiredGate};
pub use denial::{Denial, Verdict};
pub use digest::{Digest, DigestError};
pub use evidence::{
    Approval, ChangeKind, Counts, Evidence, GateVerdict, Network, PathChange, SandboxLevel,
    SteeringChange,
};
pub use facts::{Basis, Can, Cannot, Facts, facts};
pub use file::{GrantsError, GrantsFile, date_of_unix};
pub use graph::{
    AgentLimits, Edge, End, Executor, Graph, GraphError, GraphProblem, Node, NodeKind, PluginUse,
    VisitBound, WayAround, WaysToDelivered,
};
pub use ident::{AskId, IdentError, NodeId, PartName};
pub use imports::{ImportMeaning, ManifestProblem, import_meaning, unproven};
pub use jiff::civil::Date;
pub use manifest::{ComponentKind, GateSpec, MANIFEST_LIMIT, Manifest, ManifestError, Part};
pub use marks::{protected, secret_looking};
pub use paths::{PathPattern, PathPatternError};
pub use recorded::uncarried;
pub use rules::{AgentGrant, Ceiling, FileRule};
pub use schema::Schema;
pub use shown::{escaped, shown};
pub use steering::{Steering, steering};
pub use tighten::{Narrowing, RunUse, TightenError, Tightened, Uses, tighten};
