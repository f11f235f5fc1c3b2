//! Whole runs of a pod with the real binary, with and without a server.
#![expect(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

mod container;
mod delivery;
mod full_size;
mod handing_on;
mod images;
mod ingest;
mod nested;
mod offline;
mod online;
mod pauses;
mod pod;
