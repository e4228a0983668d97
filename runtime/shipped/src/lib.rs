//! The standard plugins, built into the binary.
