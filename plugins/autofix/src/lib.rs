//! Standard plugin: formats and mends what the tools can mend.
