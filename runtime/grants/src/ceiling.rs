//! The most that an organisation allows, whatever is granted. What a ceiling
//! does not name is above it.

use serde::Serialize;

use crate::reach::{Accepts, Handover};
use crate::rules::{AgentRule, Rule, Rules, opened_marks};
use crate::{CommandPattern, DeliveryTarget, HttpPattern, Limits, PathPattern, Reach};

/// The most that an organisation allows. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ceiling {
    pub(crate) rules: Rules,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<Handover>,
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
}

impl Ceiling {
    /// A ceiling that allows these files and commands, these models with any
    /// tools, a delivery on the operator's terms, and nothing else.
    pub fn new(
        read: Vec<PathPattern>,
        write: Vec<PathPattern>,
        run: Vec<CommandPattern>,
        models: Vec<String>,
    ) -> Self {
        fn rules<P>(patterns: Vec<P>) -> Vec<Rule<P>> {
            let rule = |pattern| Rule {
                pattern,
                from: "ceiling".to_owned(),
                opens_marked: true,
            };
            patterns.into_iter().map(rule).collect()
        }
        let agents = AgentRule {
            models,
            tools: None,
            max_turns: None,
            max_tokens: None,
            from: "ceiling".to_owned(),
        };
        Self {
            rules: Rules {
                read: rules(read),
                write: rules(write),
                run: rules(run),
                agents: vec![agents],
                ..Rules::default()
            },
            delivery: Some(Handover::open(DeliveryTarget::Branch)),
            limits: Limits::default(),
        }
    }

    /// The same with these requests; `private` ones may leave the public internet.
    #[must_use]
    pub fn with_http(mut self, send: Vec<HttpPattern>, private: Vec<HttpPattern>) -> Self {
        let rule = |opens_marked| {
            move |pattern| Rule {
                pattern,
                from: "ceiling".to_owned(),
                opens_marked,
            }
        };
        self.rules.send.extend(send.into_iter().map(rule(false)));
        self.rules.send.extend(private.into_iter().map(rule(true)));
        self
    }

    /// All that it allows.
    pub fn reach(&self) -> Reach {
        Reach::under(&self.rules, self.delivery.as_ref()).with_any_credential()
    }

    /// The protected changes that it lets a delivery accept: those that it names
    /// for that, and those that it lets be written by name.
    pub(crate) fn protected(&self) -> Accepts {
        let Some(Accepts::Only(patterns)) =
            self.delivery.as_ref().map(|delivery| &delivery.protected)
        else {
            return Accepts::Any;
        };
        let named = self.rules.write.iter().map(|rule| &rule.pattern);
        let named = named.filter(|pattern| !opened_marks(pattern, true).is_empty());
        Accepts::Only(patterns.iter().chain(named).cloned().collect())
    }
}
