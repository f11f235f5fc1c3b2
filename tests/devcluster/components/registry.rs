//! The image registry of the Debian package `docker-registry`.

use std::path::PathBuf;

use crate::addresses::{local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let config = layout.config().join("registry.yaml");
    let probe = Probe::Http(local(port::REGISTRY), "/v2/");
    let mut registry = Component::new("registry", PathBuf::from("/usr/bin/docker-registry"), probe);
    registry.args = vec!["serve".to_owned(), config.display().to_string()];
    let text = include_str!("../manifests/registry.yaml")
        .replace("@DATA@", &layout.registry_data().display().to_string())
        .replace("@ADDRESS@", &local(port::REGISTRY).to_string());
    registry.files.push((config, text));
    registry.folders.push(layout.registry_data());
    registry.ports = vec![local(port::REGISTRY)];
    registry
}
