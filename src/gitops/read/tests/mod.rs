//! Deliveries as the controllers write them.

mod applications;
mod corpus;
mod kustomizations;
mod objects;
mod releases;
