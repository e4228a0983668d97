//! wasmtime host: the stages from a file to an outcome.
