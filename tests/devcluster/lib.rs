//! A genuine one-node Kubernetes cluster for development, tests and benchmarks:
//! engines built once from Go modules, processes of this machine, no container
//! runtime or download needed beforehand.

mod addresses;
mod api;
mod cleanup;
mod cluster;
mod compile;
mod component;
mod components;
mod down;
mod engines;
mod http;
mod images;
mod kubeconfig;
mod launch;
mod layout;
mod leftovers;
mod network;
mod owner;
mod packages;
mod pki;
mod process;
mod progress;
mod status;
mod up;

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
