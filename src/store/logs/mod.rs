//! Logs: one append-only file per (execution, attempt, pod, group), holding
//! exactly the bytes that the runner spooled. What is acknowledged is what the
//! file holds, so sender and server agree without any record in between.

mod file;
mod lane;
mod position;
mod read_error;
mod reader;
mod shelf;
mod tail;
mod walk;

pub use file::AppendError;
pub use lane::READ_BYTES;
pub use position::{Position, PositionError};
pub use read_error::ReadError;
pub use reader::{LogPiece, LogReader, ReadOptions};
pub use shelf::Logs;
pub use tail::Tail;
