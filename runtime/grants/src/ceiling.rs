//! The most that an organisation allows, whatever is granted. What a ceiling
//! does not name is above it.

use serde::Serialize;

use crate::denies::Denies;
use crate::reach::{Accepts, Handover};
use crate::rules::{AgentRule, Rule, Rules, opened_marks};
use crate::{CommandPattern, DeliveryTarget, PathPattern, Reach};

/// The most that an organisation allows. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ceiling {
    pub(crate) rules: Rules,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<Handover>,
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
                unsandboxed: false,
                denied: Denies::default(),
            },
            delivery: Some(Handover::open(DeliveryTarget::Branch)),
        }
    }

    /// All that it allows.
    pub fn reach(&self) -> Reach {
        Reach::under(&self.rules, self.delivery.as_ref())
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
