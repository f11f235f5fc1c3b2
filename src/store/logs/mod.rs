//! Logs: one append-only file per (execution, attempt, pod, group), holding
//! exactly the bytes that the runner spooled. What is acknowledged is what the
//! file holds, so sender and server agree without any record in between. Some time
//! after the end a file is replaced by an archive of the same bytes.

mod archive;
mod attic;
mod ending;
mod file;
mod folder;
mod lane;
mod position;
mod read_error;
mod reader;
mod shelf;
mod source;
mod tail;
mod walk;

pub use file::AppendError;
pub use lane::READ_BYTES;
pub use position::{Position, PositionError};
pub use read_error::ReadError;
pub use reader::{LogPiece, LogReader, ReadOptions};
pub use shelf::Logs;
pub use tail::Tail;
