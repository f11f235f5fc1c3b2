//! The scripts of the image `git`, tried with real Git, real HTTP and a real
//! SSH server on this machine.
#![expect(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

mod archives;
mod http;
mod https;
mod repository;
mod script;
mod ssh;
mod web;
