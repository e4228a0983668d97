//! Macros of minion-sdk.
