//! The loop behind agent.run: providers, cassettes, budgets.
