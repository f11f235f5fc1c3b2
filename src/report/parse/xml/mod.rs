//! XML of any size, read element by element.

pub(super) mod attributes;
mod driver;
mod element;
mod outline;

pub(super) use driver::{Handler, read};
pub(super) use element::Element;
pub(super) use outline::{Outline, Take, read_outline};
