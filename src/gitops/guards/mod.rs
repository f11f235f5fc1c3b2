//! What must hold before a revert is written, as a chain of pure functions: each answers with one sentence that
//! says what it looked at. What is not known is a no.

mod access;
mod answer;
mod chain;
mod change;
mod rate;
mod repository;
mod source;
mod together;
mod verdict;

pub use chain::{ask_again_at, ask_guard, judge};
pub(crate) use rate::{COOL_DOWN, WINDOW};
pub use together::{companions, concerns_all, leader};
pub(crate) use verdict::fresh_until;

#[cfg(test)]
pub(crate) mod tests;
