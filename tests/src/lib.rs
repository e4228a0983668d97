//! End-to-end tests, hostile guests, fixtures.
