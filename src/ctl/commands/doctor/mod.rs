//! `assay doctor`: what is wrong with an installation, and the way out.

mod app;
mod check;
mod definitions;
mod manager;
mod rights;
mod server;
mod volumes;
mod webhook;

use assay_api::DeliveryKind;
use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;
use check::{Check, Level};

/// Arguments of `doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Doctor {
    /// Looks at one delivery instead: an Application, Kustomization or HelmRelease of this name.
    #[arg(long, value_name = "NAME", value_parser = names::bare)]
    app: Option<String>,
    /// Kind of the delivery, where a name alone is not clear.
    #[arg(long, value_enum, requires = "app")]
    kind: Option<Kind>,
    /// Namespace of the delivery, where a name alone is not clear.
    #[arg(long, value_name = "NAMESPACE", requires = "app", value_parser = names::bare)]
    app_namespace: Option<String>,
    /// Looks at what this gate judges instead.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "app",
        value_parser = names::gate,
        add = ArgValueCompleter::new(complete::gates)
    )]
    gate: Option<String>,
    /// Namespace of Argo CD.
    #[arg(long, value_name = "NAMESPACE", default_value = "argocd", value_parser = names::bare)]
    argocd_namespace: String,
    /// Namespace of Flux.
    #[arg(long, value_name = "NAMESPACE", default_value = "flux-system", value_parser = names::bare)]
    flux_namespace: String,
}

/// Kinds of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
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

/// Looks at everything that Assay needs, and says what is missing.
///
/// # Errors
/// When the cluster is not reachable at all.
pub(crate) async fn doctor(place: &Place, task: Doctor, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let reached = format!("{} at {}", session.cluster.version(), session.cluster.server());
    let mut worst = Level::Ok;
    let mut say = |checks: Vec<Check>, screen: &mut Screen| -> Result<(), Failure> {
        for check in checks {
            worst = worst.max(check.level);
            for line in check.lines() {
                screen.line(&line)?;
            }
        }
        Ok(screen.flush()?)
    };
    say(vec![Check::ok("cluster", reached)], screen)?;
    let deployment = manager::deployment(&session).await;
    if task.app.is_some() || task.gate.is_some() {
        say(app::check(&session, &task, &deployment).await?, screen)?;
        return Ok(if worst == Level::Fail { exit::FAILED } else { exit::PASSED });
    }
    say(definitions::check(&session).await, screen)?;
    say(manager::check(&session, &deployment).await, screen)?;
    say(server::check(&session).await, screen)?;
    say(webhook::check(&session).await, screen)?;
    say(rights::check(&session).await, screen)?;
    say(volumes::check(&session, &deployment).await, screen)?;
    Ok(if worst == Level::Fail { exit::FAILED } else { exit::PASSED })
}
