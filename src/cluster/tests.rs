//! Odd answers of a closure in place of an API server.

mod apiserver;
mod election;
mod identities;
mod requests;
mod slimness;
mod watching;
