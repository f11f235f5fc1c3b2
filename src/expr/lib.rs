//! The expression language of workflows: `{{ ... }}` inside text, whole
//! expressions, and the words of conditions.
//!
//! The parser recovers: it reports every mistake of a text with its byte span
//! and what would be right, and never fails. Evaluation is partial: what a
//! [`Scope`] knows takes the place of what was written, and the rest stays an
//! expression for a later stage. Neither panics, and both are bounded in
//! depth, size and work, whatever the text is.
//!
//! - Values are null, booleans, numbers (whole ones exact), texts, lists and
//!   maps. Lists and maps are written as in JSON and may hold expressions.
//! - Names are dotted: `config.url`, `a["odd key"].b`, `list[0]`. `a.*.b` is
//!   `b` of every item of `a`.
//! - Operators, loosest first: `c ? a : b`, `??` (the right side if the left is
//!   null), `||`, `&&` (both give the operand that decides), `==` `!=` `<`
//!   `<=` `>` `>=` (`=` and `<>` are `==` and `!=`), `+` `-`, `*` `/` `%`, the
//!   prefixes `-` and `!`, `**`.
//! - `+` joins texts as soon as one side is a text. Values are equal when their
//!   texts are; order compares numbers.
//! - Functions are called as `join(list, ",")`; `f(list...)` makes the items
//!   of a list its arguments. In `map` and `filter`, `_.value` and `_.index`
//!   are the item and its position (of a map, its key).
//! - A literal `{{` is written `{{"{{"}}`.
//!
//! ```
//! use assay_expr::{Scope, Template};
//!
//! let mut scope = Scope::new();
//! scope.set("config.workers", 4);
//! scope.declare_prefix("env");
//! let (template, mistakes) = Template::parse("--workers={{ config.workers * 2 }} --token={{ env.TOKEN }}");
//! assert!(mistakes.is_empty());
//! let resolved = template.resolve(&scope);
//! assert!(resolved.waits);
//! assert_eq!(resolved.text, "--workers=8 --token={{ env.TOKEN }}");
//! ```
//!
//! Without the feature `text`, which is how the runner links this crate, the
//! [`PLANNED_FUNCTIONS`] are not there.
//!
//! Absent here: what a name means (that is the scope of the caller), files,
//! clocks, secrets, and shell text such as `${NAME}`, which is left as it is.

mod chunks;
mod condition;
mod diagnostic;
mod evaluate;
mod expression;
mod functions;
mod lex;
mod limits;
mod node;
mod number;
mod operators;
mod parse;
mod print;
mod scope;
mod suggest;
mod template;
mod value;

pub use condition::{ConditionWord, parse_condition};
pub use diagnostic::{Diagnostic, Span};
pub use expression::Expression;
pub use functions::PLANNED_FUNCTIONS;
pub use number::Number;
pub use scope::Scope;
pub use suggest::closest;
pub use template::{Resolved, Template};
pub use value::Value;
