//! The one .wasm file: reading and writing its sections, building it from source.
