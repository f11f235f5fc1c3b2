//! Every guard by a table; the chain by properties.

mod cases;
mod chain;
mod evidence;
mod page;
mod properties;
mod together;
