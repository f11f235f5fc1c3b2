//! What `doctor` is asked to look at.

use assay_api::DeliveryKind;
use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::names;

/// Arguments of `doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Doctor {
    /// Looks at one delivery instead: an Application, Kustomization or HelmRelease of this name.
    #[arg(long, value_name = "NAME", value_parser = names::bare)]
    pub(super) app: Option<String>,
    /// Kind of the delivery, where a name alone is not clear.
    #[arg(long, value_enum, ignore_case = true, requires = "app")]
    pub(super) kind: Option<Kind>,
    /// Namespace of the delivery, where a name alone is not clear.
    #[arg(long, value_name = "NAMESPACE", requires = "app", value_parser = names::bare)]
    pub(super) app_namespace: Option<String>,
    /// Looks at what this gate judges instead.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "app",
        value_parser = names::gate,
        add = ArgValueCompleter::new(complete::gates)
    )]
    pub(super) gate: Option<String>,
    /// Namespace of Argo CD.
    #[arg(long, value_name = "NAMESPACE", default_value = "argocd", value_parser = names::bare)]
    pub(super) argocd_namespace: String,
    /// Namespace of Flux.
    #[arg(long, value_name = "NAMESPACE", default_value = "flux-system", value_parser = names::bare)]
    pub(super) flux_namespace: String,
}

/// Kinds of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Of Argo CD.
    Application,
    /// Of Flux.
    Kustomization,
    /// Of Flux.
    Helmrelease,
}

impl From<Kind> for DeliveryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Application => Self::Application,
            Kind::Kustomization => Self::Kustomization,
            Kind::Helmrelease => Self::HelmRelease,
        }
    }
}
