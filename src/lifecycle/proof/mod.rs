//! Proof of the whole room: tables of single cases, and properties that hold
//! for any order of events.

mod attempts;
mod build;
mod deadlines;
mod kstatus;
mod store;
mod table;
mod tree;
mod world;
