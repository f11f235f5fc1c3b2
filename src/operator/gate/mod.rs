//! The controller of gates. What is decided is in `assay-gitops`; here facts are carried there and actions back.

mod act;
mod controller;
mod known_trees;
mod look;
mod memory;
mod observe;
mod publish;
mod readers;
mod wakes;

pub(crate) use wakes::{prepare, run};
