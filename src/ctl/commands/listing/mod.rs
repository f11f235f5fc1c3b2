//! Lists of objects, as kubectl shows them: a table, names, the objects, or a table that goes on.

mod listed;
mod watch;

pub(crate) use listed::{Columns, ListOutput, Listed, created, name, text};
pub(crate) use watch::{Fits, watch};
