//! Every guard by a table; the chain by properties.

mod cases;
mod chain;
pub(crate) mod evidence;
mod page;
mod properties;
mod together;
