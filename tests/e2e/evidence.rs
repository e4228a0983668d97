//! Evidence cannot be forged: whatever a step, a plugin, a model or a tree tries, nothing is delivered whose gates did not pass on exactly that tree.
