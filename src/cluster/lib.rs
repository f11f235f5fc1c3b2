//! The cluster as the rest of the house sees it. This is the only room that
//! names a Kubernetes client: others hold a [`Cluster`] and ask it for objects
//! ([`Cluster::get`], [`Cluster::apply`], ...), watches ([`Cluster::watch_pods`], ...),
//! the identity behind a token ([`Cluster::review_token`]), leadership
//! ([`elect`]), the objects of Argo CD and Flux ([`Cluster::watch_deliveries`]), and the server behind the service proxy ([`Cluster::service_get`]).
//!
//! Every request has a deadline, and every error answers
//! [`ClusterError::disposition`].
#![forbid(unsafe_code)]

mod cluster_wide;
mod connect;
mod deliveries;
mod error;
mod events;
mod identity;
mod lease;
mod namespaces;
mod objects;
mod probe;
mod proxy;
mod readiness;
mod recorders;
mod restricted_cache;
mod secrets;
mod shelf;
mod slim;
mod survey;
mod token;
mod watch;
mod webhook;
mod words;

#[cfg(test)]
mod tests;

pub use cluster_wide::ClusterObject;
pub use connect::{Cluster, ConnectError, ConnectOptions};
pub use deliveries::{DeliveryKey, DeliveryShelf, DeliveryWatch, Termination};
pub use error::{ClusterError, Disposition};
pub use events::{EventKind, Events};
pub use identity::{Access, Identity};
pub use lease::{Elected, ElectionOptions, Fence, Leadership, LeaseView, Seen, Step, elect, evaluate};
pub use objects::{Cascade, Created, Object};
pub use probe::{ImageVolumes, Probe, ProbePod};
pub use proxy::{ProxyAnswer, ProxyRequest};
pub use readiness::{NotReady, WorkloadName};
pub use secrets::SecretBytes;
pub use shelf::Shelf;
pub use slim::{ContainerState, SlimCondition, SlimContainer, SlimJob, SlimPod};
pub use token::TokenError;
pub use watch::{Change, Watch, WatchOptions};
pub use webhook::Trust;
