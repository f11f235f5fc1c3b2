//! A genuine one-node Kubernetes cluster for development, tests and benchmarks:
//! engines built once from Go modules, processes of this machine, no container
//! runtime or download needed beforehand.

mod addons;
mod addresses;
mod api;
mod attach;
mod cleanup;
mod cluster;
mod compile;
mod component;
mod components;
mod down;
mod engines;
pub mod gitea;
mod http;
mod images;
mod kubeconfig;
mod launch;
mod layout;
mod leftovers;
mod network;
mod objects;
mod owner;
mod packages;
mod pki;
mod process;
mod progress;
mod revive;
mod secret;
mod status;
mod up;

pub use addons::{
    ARGOCD_CONTROLLER, ARGOCD_REDIS, ARGOCD_REPOSITORIES, ARGOCD_SERVER, Addon, FLUX_KUSTOMIZE, FLUX_SOURCE, GATES_ENV,
    GITEA, WAVE_DELAY_ENV,
};
pub use addresses::argocd_url;
pub use cluster::{Cluster, ClusterError, KUBECONFIG_ENV};
pub use components::{APISERVER, CONTAINERD, CONTROLLERS, DNS, ETCD, KUBELET, PROXY, REGISTRY, SCHEDULER, Settings};
pub use images::{BUSYBOX, Image};
pub use layout::{CACHE_ENV, Layout};
pub use packages::{
    PackagesError, ensure_for_images as install_image_packages, ensure_for_tests as install_test_packages,
};
pub use process::Life;
pub use progress::Progress;
pub use rustix::process::Signal;
pub use status::{ComponentStatus, Status};
pub use up::Outcome;
