//! The way to the server: logs, progress, artifacts and reports, each by a
//! task with connections of its own, so that none waits behind another. All of
//! it survives a server that is away for a while.

mod artifacts;
mod backoff;
mod body;
mod client;
mod commands;
mod link;
mod logs;
mod mailbox;
mod meter;
mod news;
mod provider;
mod tail;

pub(crate) use link::{Heard, Undelivered, Uplink, UplinkError};
