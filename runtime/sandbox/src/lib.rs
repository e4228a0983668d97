//! Kernel sandbox for commands and the toolchain profiles.
