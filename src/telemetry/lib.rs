//! What every process of Assay says about itself: log set-up, and the one way
//! in which an error is printed with its causes. Imports nothing of ours.
#![forbid(unsafe_code)]

mod chain;
#[cfg(feature = "crash-points")]
pub mod crash;
mod logging;

pub use chain::error_chain;
pub use logging::{Format, InitError, UnknownFormat, init};
