//! Renderers: from a [`crate::TestReport`] to a file or to text for people.

mod junit;
mod text;

pub use junit::junit;
pub use text::text;
