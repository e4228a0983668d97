//! Write a blueprint or a plugin in a few lines.
