//! What people and programs see.

pub(crate) mod clock;
pub(crate) mod conditions;
pub(crate) mod github;
pub(crate) mod revision;
pub(crate) mod screen;
pub(crate) mod steps;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod yaml;
