//! Git itself, on loopback.
