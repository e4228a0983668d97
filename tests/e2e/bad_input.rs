//! Bad input of every kind: a message that names the thing and the cure, the documented exit code, the repository as it was, no panic.
