//! Hash-chained records, the Store trait and its SQLite store.
