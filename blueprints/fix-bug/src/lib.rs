//! Standard blueprint: mend a bug, verified by lint and test.
