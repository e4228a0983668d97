//! Standard plugin: the project's tests, a complete report or an error.
