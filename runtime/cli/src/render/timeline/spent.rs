//! What a visit cost: the difference of two checkpoints.

use crate::render::{count, money, plural};
use minion_door::Spent;
use minion_journal::{Payload, Store, load};
use serde_json::Value;

/// What the run had spent at its last checkpoint.
#[derive(Debug, Default)]
pub(super) struct Spending {
    before: Spent,
    money: u64,
}

impl Spending {
    /// In words, what was spent since; nothing where that is nothing or cannot be read.
    pub(super) fn since(&mut self, store: &dyn Store, spent: Option<&Payload>) -> String {
        let Some((now, cost)) = spent.and_then(|spent| read(store, spent)) else {
            return String::new();
        };
        let before = std::mem::replace(&mut self.before, now);
        let paid = cost.map(|cost| cost.saturating_sub(std::mem::replace(&mut self.money, cost)));
        words(&before, &now, paid)
    }
}

fn words(before: &Spent, now: &Spent, paid: Option<u64>) -> String {
    let tokens = |spent: &Spent| spent.input_tokens.saturating_add(spent.output_tokens);
    let counted = [
        (now.turns.saturating_sub(before.turns), "turn"),
        (
            now.tool_calls.saturating_sub(before.tool_calls),
            "tool call",
        ),
        (now.commands.saturating_sub(before.commands), "command"),
        (now.requests.saturating_sub(before.requests), "request"),
    ];
    let mut words: Vec<_> = counted
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, one)| plural(number, one))
        .collect();
    let tokens = tokens(now).saturating_sub(tokens(before));
    if tokens > 0 {
        words.push(format!("{} tokens", count(tokens)));
    }
    words.extend(paid.filter(|paid| *paid > 0).map(money));
    let denied = now.denied.saturating_sub(before.denied);
    if denied > 0 {
        words.push(format!("{denied} denied"));
    }
    words.join(", ")
}

fn read(store: &dyn Store, spent: &Payload) -> Option<(Spent, Option<u64>)> {
    let value = load(store, spent).ok()?;
    let now = serde_json::from_value(value.get("spent")?.clone()).ok()?;
    let cost = value.pointer("/agents/spent/cost-microdollars");
    Some((now, cost.and_then(Value::as_u64)))
}
