//! What a run may spend: what its caller says, within the bounds of its grants and its ceiling.

use minion_door::Budget;
use minion_grants::Limits;

/// The tighter one of each bound.
pub(super) fn within(budget: Budget, limits: &Limits) -> Budget {
    let bound = |own: u64, limit: Option<u64>| limit.map_or(own, |limit| own.min(limit));
    let Limits {
        turns,
        tokens,
        tool_calls,
        commands,
        requests,
        visits,
        run_seconds,
        visit_seconds,
    } = *limits;
    Budget {
        turns: bound(budget.turns, turns),
        tokens: bound(budget.tokens, tokens),
        tool_calls: bound(budget.tool_calls, tool_calls),
        commands: bound(budget.commands, commands),
        requests: bound(budget.requests, requests),
        visits: bound(budget.visits, visits),
        run_seconds: bound(budget.run_seconds, run_seconds),
        visit_seconds: bound(budget.visit_seconds, visit_seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_can_only_tighten_a_bound() {
        let budget = Budget::default();
        let limits = Limits {
            turns: Some(3),
            visits: Some(u64::MAX),
            ..Limits::default()
        };
        let bounded = within(budget, &limits);
        assert_eq!(bounded, Budget { turns: 3, ..budget });
    }
}
