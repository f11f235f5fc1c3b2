//! Odd answers of a closure in place of an API server.

mod apiserver;
mod deliveries;
mod election;
mod identities;
mod readiness;
mod requests;
mod slimness;
mod watching;
