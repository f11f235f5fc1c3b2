//! The HTTP side of the manager: what runners send in, what people and tools
//! read out. [`Server::router`] is the whole interface, [`serve`] puts it
//! behind TLS, [`Certificates`] makes what TLS needs.
//!
//! Who asks is decided by the API server: a runner's token leads to the one pod
//! it is bound to, a caller's token to a review of their rights on
//! `testexecutions`. There is no second permission system.
//!
//! | concern | file |
//! |---|---|
//! | runner to server | `ingest` |
//! | executions, logs, artifacts, report | the file of that name |
//! | what people apply, judged at once | `admission`, `definitions`, `cluster_definitions` |
//! | what forges say | `forge`, `forges`, `hooks` |
//! | who may | `access`, `identities`, `cluster_identities` |
//! | errors | `problem` |
#![forbid(unsafe_code)]

mod access;
mod admission;
mod artifacts;
mod ask;
mod authority;
mod cache;
mod cluster_definitions;
mod cluster_identities;
mod commands;
mod definitions;
mod events;
mod executions;
mod feed;
mod forge;
mod forges;
mod headers;
mod hooks;
mod identities;
mod ingest;
mod lines;
mod logs;
mod problem;
mod report;
mod routes;
mod serve;
mod state;

pub use authority::{Certificates, CertificatesError, service_names};
pub use cluster_definitions::ClusterDefinitions;
pub use cluster_identities::ClusterIdentities;
pub use definitions::{Definitions, DefinitionsError};
pub use hooks::{HookMetrics, HookSecret, Hooks};
pub use identities::{Caller, Identities, IdentityError, Question, RunnerIdentity};
pub use serve::{ServeError, ServeOptions, serve, tls_config};
pub use state::{Closing, Server};

#[cfg(test)]
mod tests;
