//! Checkouts, gate views, snapshots, tree ids and confined file access.
