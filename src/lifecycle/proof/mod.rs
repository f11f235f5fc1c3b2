//! Proof of the whole room: tables of single cases, and properties that hold
//! for any order of events.

mod build;
mod kstatus;
mod table;
mod world;
