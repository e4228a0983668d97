//! An admission: what was asked, what of it was granted, for every part of a
//! file. From it comes the authority of each node; nothing else makes one.

use serde::Serialize;

use crate::authority::{Access, Authority, DENIED};
use crate::delivery::DeliveryRule;
use crate::denies::Denies;
use crate::file::Grant;
use crate::rules::{AgentGrant, Rule, Rules};
use crate::{
    AgentLimits, Ask, AskId, Capability, CapabilityKind, Ceiling, DeliveryGrant, Digest, Executor,
    HttpPattern, Limits, Node, NodeKind, Origin, PartName, Reach, canonical_json,
};

/// What a file may do in a run. Made by [`admit`](crate::admit) alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Admission {
    pub(crate) subject: Digest,
    /// The blueprint first, then its plugins.
    pub(crate) parts: Vec<AdmittedPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<DeliveryGrant>,
    /// The same as it was written, for [`Admission::reach`].
    #[serde(skip)]
    pub(crate) delivery_rule: Option<DeliveryRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) narrowed: Vec<Narrowed>,
    pub(crate) sources: Vec<String>,
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
    /// The entries of the grants file that hold for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<GrantUsed>,
    pub(crate) surface: Digest,
}

/// An entry of the grants file that holds for an admitted file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GrantUsed {
    /// `grants.toml:14`.
    pub at: String,
    /// Of what it says, but for who approved it, why and for how long.
    pub id: Digest,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day on which it holds. Neither this nor the next is recorded: a run goes on
    /// under a grant whose term was made longer.
    #[serde(skip)]
    pub expires: Option<String>,
    /// How many runs it admits.
    #[serde(skip)]
    pub max_runs: Option<u64>,
}

impl GrantUsed {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            at: grant.at.clone(),
            id: grant.id,
            approved_by: grant.approved_by.clone(),
            reason: grant.reason.clone(),
            expires: grant.expires.map(|day| day.to_string()),
            max_runs: grant.max_runs,
        }
    }
}

/// One part of an admitted file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AdmittedPart {
    pub(crate) name: PartName,
    pub(crate) digest: Digest,
    pub(crate) origin: Origin,
    pub(crate) asks: Vec<Ask>,
    pub(crate) granted: Rules,
}

impl AdmittedPart {
    /// Its name in the blueprint.
    pub const fn name(&self) -> &PartName {
        &self.name
    }

    /// The digest of its bytes.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Where its bytes came from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// What it asks.
    pub fn asks(&self) -> &[Ask] {
        &self.asks
    }
}

/// Something granted narrower than asked: it works, and is denied outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Narrowed {
    /// The part that asks.
    pub part: PartName,
    /// The ask.
    pub ask: AskId,
    /// `files.read`, `command.run`, `agent`.
    pub key: String,
    /// What was asked and is not granted as a whole.
    pub asked: String,
    /// What is granted instead.
    pub granted: Vec<String>,
}

impl Admission {
    /// The digest of the whole admission, for the journal.
    pub fn digest(&self) -> Digest {
        Digest::of(&canonical_json(self))
    }

    /// The digest of the admitted file.
    pub const fn subject(&self) -> Digest {
        self.subject
    }

    /// The parts: the blueprint first, then its plugins.
    pub fn parts(&self) -> &[AdmittedPart] {
        &self.parts
    }

    /// The part of this name.
    pub fn part(&self, name: &PartName) -> Option<&AdmittedPart> {
        self.parts.iter().find(|part| part.name == *name)
    }

    /// The delivery grant, where the blueprint asked and got one.
    pub const fn delivery(&self) -> Option<&DeliveryGrant> {
        self.delivery.as_ref()
    }

    /// What was granted narrower than asked.
    pub fn narrowed(&self) -> &[Narrowed] {
        &self.narrowed
    }

    /// Where the grants came from: `grants.toml:14`, `--allow`, `--allow-asked`.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// What a run of it may spend at most.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The entries of the grants file that hold for it, with who approved them.
    pub fn grants(&self) -> &[GrantUsed] {
        &self.grants
    }

    /// The hash of the surface that was admitted.
    pub const fn surface(&self) -> Digest {
        self.surface
    }

    /// What a part may do: asked ∩ granted ∩ ceiling, and of the asks only
    /// those in `needs`; `None` means all of them. An unknown part may do nothing.
    pub fn authority(&self, part: &PartName, needs: Option<&[AskId]>) -> Authority {
        let Some(part) = self.part(part) else {
            return Authority::default();
        };
        let needed = asked_rules(part.asks.iter().filter(|ask| is_needed(ask, needs)));
        let asked = asked_rules(part.asks.iter());
        let ceiling = self.ceiling.as_ref().map(|ceiling| &ceiling.rules);
        let mut authority = Authority {
            part: self.parts[0].name.to_string(),
            read: access(&needed, &asked, &part.granted, ceiling, |rules| &rules.read),
            write: access(&needed, &asked, &part.granted, ceiling, |rules| {
                &rules.write
            }),
            run: access(&needed, &asked, &part.granted, ceiling, |rules| &rules.run),
            send: access(&needed, &asked, &part.granted, ceiling, |rules| &rules.send),
            wanted: wanted(part, needs),
            credentials: part.granted.credentials.clone(),
            agent: None,
            no_agent: None,
            unsandboxed: part.granted.unsandboxed && ceiling.is_none_or(|rules| rules.unsandboxed),
        };
        let denied = self.denied(part);
        authority.read.denied.clone_from(&denied.read);
        authority.write.denied.clone_from(&denied.write);
        authority.send.denied.clone_from(&denied.send);
        authority.run.denied = denied.run.iter().map(Rule::denying).collect();
        match agent(part, needs, ceiling).and_then(|agent| spared(agent, &denied)) {
            Ok(grant) => authority.agent = Some(grant),
            Err(rule) => authority.no_agent = Some(rule),
        }
        authority
    }

    /// What is denied to a part, by the grants file and by the ceiling.
    fn denied(&self, part: &AdmittedPart) -> Denies {
        let mut denied = part.granted.denied.clone();
        if let Some(ceiling) = &self.ceiling {
            denied.extend(&ceiling.rules.denied);
        }
        denied
    }

    /// The same as [`Admission::authority`] as a set. Where two grants give a
    /// model in two ways, a call has the one that leaves the most tools; the set
    /// has both.
    pub fn reach(&self, part: &PartName, needs: Option<&[AskId]>) -> Reach {
        let Some(part) = self.part(part) else {
            return Reach::default();
        };
        let needed = |ask: &&Ask| needs.is_none_or(|needs| needs.contains(&ask.id));
        let asked = Reach::asked(part.asks.iter().filter(needed));
        let own = part.digest == self.subject;
        let deliveries = self.delivery_rule.iter().filter(|_| own);
        let given = asked.intersect(&Reach::of(&part.granted, deliveries));
        match &self.ceiling {
            Some(ceiling) => given.intersect(&ceiling.reach()),
            None => given,
        }
    }

    /// What a node may do. A step has what it needs, and a model only where it
    /// is agentic, within the node's own limits; a plugin has what it asked
    /// itself; a human needs nothing.
    pub fn node(&self, node: &Node) -> Authority {
        match &node.executor {
            Executor::Human => Authority::default(),
            Executor::Plugin(plugin) => self.authority(&plugin.name, None).without_agent(),
            Executor::Step => {
                let authority = self.authority(&self.parts[0].name, Some(&node.needs));
                match (&node.agent, node.kind) {
                    (Some(limits), NodeKind::Agentic) => authority.within(limits),
                    _ => authority.without_agent(),
                }
            }
        }
    }
}

impl Authority {
    fn without_agent(mut self) -> Self {
        self.agent = None;
        self.no_agent = Some("not-agentic");
        self
    }

    fn within(mut self, limits: &AgentLimits) -> Self {
        self.agent = self
            .agent
            .map(|agent| agent.narrowed(&limits.tools, limits.max_turns, limits.max_tokens));
        self
    }
}

fn access<P: Clone>(
    needed: &Rules,
    asked: &Rules,
    granted: &Rules,
    ceiling: Option<&Rules>,
    of: impl Fn(&Rules) -> &Vec<Rule<P>>,
) -> Access<P> {
    Access {
        needed: of(needed).clone(),
        asked: of(asked).clone(),
        denied: Vec::new(),
        granted: of(granted).clone(),
        ceiling: ceiling.map(|rules| of(rules).clone()),
    }
}

/// The asks as rules; the author may name marked files, the operator decides.
pub(crate) fn asked_rules<'a>(asks: impl Iterator<Item = &'a Ask>) -> Rules {
    let mut rules = Rules::default();
    for ask in asks {
        let from = format!("ask {}", ask.id);
        match &ask.capability {
            Capability::Files(files) => {
                rules.read.extend(as_rules(&files.read, &from, true));
                rules.write.extend(as_rules(&files.write, &from, true));
            }
            Capability::Command(command) => rules.run.extend(as_rules(&command.run, &from, true)),
            Capability::Http(http) => rules.send.extend(as_rules(&http.send, &from, true)),
            Capability::Agent(_) | Capability::Delivery(_) => {}
        }
    }
    rules
}

fn is_needed(ask: &Ask, needs: Option<&[AskId]>) -> bool {
    needs.is_none_or(|needs| needs.contains(&ask.id))
}

/// The credentials that the needed asks want, each with the requests it is wanted for.
fn wanted(part: &AdmittedPart, needs: Option<&[AskId]>) -> Vec<(String, HttpPattern)> {
    let needed = part.asks.iter().filter(|ask| is_needed(ask, needs));
    let wanted = needed.filter_map(|ask| match &ask.capability {
        Capability::Http(http) => http.credential.as_ref().map(|name| (name, &http.send)),
        _ => None,
    });
    wanted
        .flat_map(|(name, send)| {
            send.iter()
                .map(move |pattern| (name.clone(), pattern.clone()))
        })
        .collect()
}

/// Patterns as rules of one source.
pub(crate) fn as_rules<P: Clone>(patterns: &[P], from: &str, opens_marked: bool) -> Vec<Rule<P>> {
    let rule = |pattern: &P| Rule {
        pattern: pattern.clone(),
        from: from.to_owned(),
        opens_marked,
    };
    patterns.iter().map(rule).collect()
}

/// What a deny leaves of a model: neither it nor the tools that are named.
fn spared(mut agent: AgentGrant, denied: &Denies) -> Result<AgentGrant, &'static str> {
    if denied.model_names().contains(&agent.model) {
        return Err(DENIED);
    }
    let tools = denied.tool_names();
    agent.tools.retain(|tool| !tools.contains(tool));
    Ok(agent)
}

/// The model that the needed asks give. Several asks give the first; a graph
/// that was checked needs one at most.
fn agent(
    part: &AdmittedPart,
    needs: Option<&[AskId]>,
    ceiling: Option<&Rules>,
) -> Result<AgentGrant, &'static str> {
    let model = |ask: &Ask| match &ask.capability {
        Capability::Agent(agent) => Some(AgentGrant::asked(agent)),
        _ => None,
    };
    let Some(asked) = part
        .asks
        .iter()
        .filter(|ask| is_needed(ask, needs))
        .find_map(model)
    else {
        let any = part
            .asks
            .iter()
            .any(|ask| ask.capability.kind() == CapabilityKind::Agent);
        return Err(if any {
            "not-needed-by-node"
        } else {
            "not-asked"
        });
    };
    let granted = asked.under(&part.granted.agents).ok_or("not-granted")?;
    let Some(ceiling) = ceiling else {
        return Ok(granted);
    };
    let rule = granted.rule.clone();
    let mut under = granted.under(&ceiling.agents).ok_or("above-ceiling")?;
    under.rule = rule;
    Ok(under)
}
