//! The event stream of `go test -json`: one event a line, among lines that are none.

mod package;
mod stream;

pub(super) use stream::{is_event, read};
