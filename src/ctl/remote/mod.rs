//! The cluster and Assay's server, as the commands need them.

pub(crate) mod again;
pub(crate) mod decoder;
pub(crate) mod deliveries;
pub(crate) mod follow;
pub(crate) mod server;
pub(crate) mod session;
mod sse;
pub(crate) mod which;
