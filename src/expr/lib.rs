//! The expression language of workflows: `{{ path.to.value }}` inside text,
//! and the words of conditions. The parser recovers: it reports every mistake
//! of a text with its byte span, and never fails.
//!
//! Today a chunk holds one dotted name or one text literal. Operators and
//! functions will grow inside [`Template::parse`]; its shape stays.
//!
//! Absent here: what a name means (that is the [`Scope`] of the caller), and
//! shell text such as `${NAME}`, which is left as it is.

mod condition;
mod diagnostic;
mod parse;
mod scope;
mod suggest;
mod template;

pub use condition::{ConditionWord, parse_condition};
pub use diagnostic::{Diagnostic, Span};
pub use scope::Scope;
pub use suggest::closest;
pub use template::{Resolved, Template};
