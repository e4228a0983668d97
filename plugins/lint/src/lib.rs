//! Standard plugin: the project's linters, findings structured.
