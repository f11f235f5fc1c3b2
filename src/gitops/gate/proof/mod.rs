//! Proof of the rules: single cases, the traps, and a world in which everything happens in any order.

mod kstatus;
mod revisions;
mod runs;
mod scene;
mod traps;
mod world;
