//! What runs in a step container: one thread, one poll loop. It waits for
//! its turn, starts the step's process, masks and spools its output, collects
//! files, and reaps whatever the process leaves behind, for it is PID 1.

mod attempt;
mod collect;
mod content;
mod environment;
mod globs;
mod launch;
mod lifeline;
mod mask;
mod memory;
mod output;
mod outputs;
mod place;
mod prepare;
mod redact;
mod resolve;
mod run;
mod secret_files;
mod secrets;
mod shelves;
mod signals;
mod spool;
mod wait;

pub use run::{StepError, run};
