//! The one boundary: judge, intent, effect, result.
