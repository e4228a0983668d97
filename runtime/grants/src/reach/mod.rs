//! The one set of everything that may be done: what a file asks, what a grant
//! gives, what a ceiling allows and what is in effect are values of it.
//!
//! Sources meet by [`Reach::intersect`], which only narrows and whose order
//! never matters. [`Reach::covers`] decides whether one lies within another:
//! its yes is proved, its no may mean that it could not be. A new kind of
//! capability is a field here; every function below takes the struct apart, so
//! the compiler asks for its arm.

mod atoms;
mod handover;
mod requests;
mod set;

pub use atoms::{CommandLine, ModelCall};
pub use requests::Sent;

pub(crate) use atoms::{Models, Names, Opens, Paths};
pub(crate) use handover::{Accepts, Handover};
pub(crate) use requests::{Bound, Requests};
use set::{Atom, Set};

use crate::authority::closed;
use crate::delivery::DeliveryRule;
use crate::denies::Denies;
use crate::rules::{AgentRule, Rule, Rules};
use crate::{
    Ask, Capability, CapabilityKind, CommandPattern, HttpPattern, HttpRequest, PathPattern,
};

/// A set of deeds. The default is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reach {
    read: Set<Paths>,
    write: Set<Paths>,
    run: Set<CommandPattern>,
    send: Set<Requests>,
    credentials: Set<Bound>,
    agent: Set<Models>,
    delivery: Set<Handover>,
    /// Commands may run outside of any sandbox.
    unsandboxed: bool,
}

/// Something that is done, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A file's content is seen. The path is resolved and relative to the root.
    Read(String),
    /// A file is made, replaced or removed.
    Write(String),
    /// A command is run.
    Run(CommandLine),
    /// A request is sent.
    Send(Sent),
    /// The credential of this name goes with a request.
    Credential(String, HttpRequest),
    /// A model is called.
    Model(ModelCall),
}

/// What of one set lies outside of another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Beyond {
    /// The kind.
    pub capability: CapabilityKind,
    /// `files write`, `command run`, `http send`, `agent`, `delivery`.
    pub key: &'static str,
    /// What lies outside: a pattern, terms of an agent.
    pub what: String,
    /// What of the other set it touches.
    pub touches: Vec<String>,
}

impl Reach {
    /// What these asks come to. What an author cannot ask for, such as the terms
    /// of a delivery, is left open: it is the operator's.
    pub fn asked<'a>(asks: impl IntoIterator<Item = &'a Ask>) -> Self {
        let mut reach = Self {
            unsandboxed: true,
            ..Self::default()
        };
        for ask in asks {
            match &ask.capability {
                Capability::Files(files) => {
                    let atoms = |patterns: &[PathPattern], changes| {
                        let atom = |pattern: &PathPattern| Paths {
                            pattern: pattern.clone(),
                            opens: Opens::Named,
                            changes,
                        };
                        Set::of(patterns.iter().map(atom))
                    };
                    reach.read = reach.read.union(&atoms(&files.read, false));
                    reach.write = reach.write.union(&atoms(&files.write, true));
                }
                Capability::Command(command) => {
                    reach.run = reach.run.union(&Set::of(command.run.iter().cloned()));
                }
                Capability::Http(http) => {
                    let open = http.send.iter().map(|pattern| Requests {
                        pattern: pattern.clone(),
                        private: true,
                    });
                    reach.send = reach.send.union(&Set::of(open));
                    let bound = http
                        .credential
                        .iter()
                        .flat_map(|name| Bound::to(name, &http.send));
                    reach.credentials = reach.credentials.union(&Set::of(bound));
                }
                Capability::Agent(agent) => {
                    reach.agent = reach.agent.union(&Set::of([Models::from(agent)]));
                }
                Capability::Delivery(delivery) => {
                    let open = Handover::open(delivery.to);
                    reach.delivery = reach.delivery.union(&Set::of([open]));
                }
            }
        }
        reach
    }

    /// What the rules of one source come to, without what they deny.
    pub(crate) fn of<'a>(
        rules: &Rules,
        deliveries: impl IntoIterator<Item = &'a DeliveryRule>,
    ) -> Self {
        let deliveries: Vec<_> = deliveries.into_iter().map(Handover::from).collect();
        Self::under(rules, &deliveries)
    }

    /// The same of rules whose deliveries are told as sets already.
    pub(crate) fn under<'a>(
        rules: &Rules,
        deliveries: impl IntoIterator<Item = &'a Handover>,
    ) -> Self {
        let Rules {
            read,
            write,
            run,
            send,
            credentials,
            agents,
            unsandboxed,
            denied,
        } = rules;
        let mut reach = Self {
            read: Set::of(read.iter().map(|rule| paths(rule, false))),
            write: Set::of(write.iter().map(|rule| paths(rule, true))),
            run: Set::of(run.iter().map(|rule| rule.pattern.clone())),
            send: Set::of(send.iter().map(Requests::from)),
            credentials: Set::of(
                credentials
                    .iter()
                    .flat_map(|rule| Bound::to(&rule.binding.name, &rule.to)),
            ),
            agent: Set::of(agents.iter().map(models)),
            delivery: Set::of(deliveries.into_iter().cloned()),
            unsandboxed: *unsandboxed,
        };
        reach.deny(denied);
        reach
    }

    /// Takes out what is denied.
    pub(crate) fn deny(&mut self, denied: &Denies) {
        let Denies {
            read,
            write,
            run,
            send,
            models: _,
            tools: _,
            delivery,
        } = denied;
        let all = |rule: &Rule<PathPattern>, changes| Paths {
            pattern: rule.pattern.clone(),
            opens: Opens::All,
            changes,
        };
        self.read.deny(read.iter().map(|rule| all(rule, false)));
        self.write.deny(write.iter().map(|rule| all(rule, true)));
        self.run
            .deny(run.iter().map(|rule| rule.pattern.clone().denying()));
        let requests = |rule: &Rule<HttpPattern>| Requests {
            pattern: rule.pattern.clone(),
            private: true,
        };
        self.send.deny(send.iter().map(requests));
        let (gone, tools) = (denied.model_names(), denied.tool_names());
        let rest = Models {
            names: Names::AllBut(gone),
            tools: Names::AllBut(tools),
            max_turns: u32::MAX,
            max_tokens: u64::MAX,
        };
        self.agent = self.agent.intersect(&Set::of([rest]));
        self.delivery
            .deny(delivery.iter().map(|rule| Handover::open(rule.pattern)));
    }

    /// Whether it has the deed. What nothing opens (git's own folder, what is no
    /// path) is in no set.
    pub fn allows(&self, deed: &Deed) -> bool {
        match deed {
            Deed::Read(path) => closed(path).is_none() && self.read.takes(path),
            Deed::Write(path) => closed(path).is_none() && self.write.takes(path),
            Deed::Run(line) => self.run.takes(line),
            Deed::Send(sent) => self.send.takes(sent),
            Deed::Credential(name, request) => {
                self.credentials.takes(&(name.clone(), request.clone()))
            }
            Deed::Model(call) => self.agent.takes(call),
        }
    }

    /// What both have.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let Self {
            read,
            write,
            run,
            send,
            credentials,
            agent,
            delivery,
            unsandboxed,
        } = other;
        Self {
            read: self.read.intersect(read),
            write: self.write.intersect(write),
            run: self.run.intersect(run),
            send: self.send.intersect(send),
            credentials: self.credentials.intersect(credentials),
            agent: self.agent.intersect(agent),
            delivery: self.delivery.intersect(delivery),
            unsandboxed: self.unsandboxed && *unsandboxed,
        }
    }

    /// Whether all of `other` is in it. A yes is proved.
    pub fn covers(&self, other: &Self) -> bool {
        let Self {
            read,
            write,
            run,
            send,
            credentials,
            agent,
            delivery,
            unsandboxed,
        } = other;
        self.read.covers(read)
            && self.write.covers(write)
            && self.run.covers(run)
            && self.send.covers(send)
            && self.credentials.covers(credentials)
            && self.agent.covers(agent)
            && self.delivery.covers(delivery)
            && (self.unsandboxed || !unsandboxed)
    }

    /// The same whatever credentials go with its requests.
    pub(crate) fn with_any_credential(mut self) -> Self {
        self.credentials = Set::of([Bound::any()]);
        self
    }

    /// The same with the operator's own terms left open, to hold asks against:
    /// an ask cannot name the gates that a delivery requires.
    #[must_use]
    pub fn with_open_terms(&self) -> Self {
        let mut open = self.clone();
        open.unsandboxed = true;
        open.send = open.send.map(Requests::open);
        open.delivery = open.delivery.map(|handover| Handover::open(handover.to));
        open
    }

    /// What of it lies outside of `other`, and what of that it touches. Empty
    /// exactly where `other` covers it.
    pub fn beyond(&self, other: &Self) -> Vec<Beyond> {
        self.held_against(other, Against::Beyond)
    }

    /// What of it touches nothing in `other` at all.
    pub fn apart(&self, other: &Self) -> Vec<Beyond> {
        self.held_against(other, Against::Apart)
    }

    /// All of it, as lines.
    pub fn lines(&self) -> Vec<Beyond> {
        self.apart(&Self::default())
    }

    fn held_against(&self, other: &Self, how: Against) -> Vec<Beyond> {
        use CapabilityKind::{Agent, Command, Delivery, Files, Http};
        let Self {
            read,
            write,
            run,
            send,
            credentials,
            agent,
            delivery,
            unsandboxed,
        } = self;
        let mut lines = Vec::new();
        let mut add = |capability, key, found: Vec<(String, Vec<String>)>| {
            lines.extend(found.into_iter().map(|(what, touches)| Beyond {
                capability,
                key,
                what,
                touches,
            }));
        };
        add(Files, "files read", how.of(read, &other.read));
        add(Files, "files write", how.of(write, &other.write));
        add(Command, "command run", how.of(run, &other.run));
        add(Http, "http send", how.of(send, &other.send));
        let found = how.of(credentials, &other.credentials);
        add(Http, "http credential", found);
        add(Agent, "agent", how.of(agent, &other.agent));
        add(Delivery, "delivery", how.of(delivery, &other.delivery));
        if *unsandboxed && !other.unsandboxed {
            let what = "commands outside of any sandbox".to_owned();
            add(Command, "command unsandboxed", vec![(what, Vec::new())]);
        }
        lines
    }
}

/// How two sets of a kind are held against one another.
#[derive(Clone, Copy)]
enum Against {
    /// What the other does not cover.
    Beyond,
    /// What touches nothing of the other.
    Apart,
}

impl Against {
    fn of<A: Atom>(self, own: &Set<A>, other: &Set<A>) -> Vec<(String, Vec<String>)> {
        match self {
            Self::Beyond => own.beyond(other),
            Self::Apart => {
                let apart = own.apart(other).into_iter();
                apart.map(|what| (what, Vec::new())).collect()
            }
        }
    }
}

fn paths(rule: &Rule<PathPattern>, changes: bool) -> Paths {
    Paths {
        pattern: rule.pattern.clone(),
        opens: if rule.opens_marked {
            Opens::Named
        } else {
            Opens::Nothing
        },
        changes,
    }
}

fn models(rule: &AgentRule) -> Models {
    let only = |names: &Vec<String>| Names::Only(names.iter().cloned().collect());
    Models {
        names: only(&rule.models),
        tools: rule.tools.as_ref().map_or_else(Names::any, only),
        max_turns: rule.max_turns.unwrap_or(u32::MAX),
        max_tokens: rule.max_tokens.unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
