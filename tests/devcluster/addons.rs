//! What runs beside the node when it is asked for: genuine GitOps engines and a forge,
//! as further processes of this machine.

mod argocd;
mod flux;
mod gitea;

use std::path::PathBuf;

use crate::component::Component;
use crate::engines::{self, Engine};
use crate::layout::Layout;
use crate::process;

pub use argocd::{
    CONTROLLER as ARGOCD_CONTROLLER, NAMESPACE as ARGOCD_NAMESPACE, REDIS as ARGOCD_REDIS,
    REPOSITORIES as ARGOCD_REPOSITORIES, SERVER as ARGOCD_SERVER, WAVE_DELAY_ENV, objects as argocd_objects,
};
pub use flux::{GATES_ENV, KUSTOMIZE as FLUX_KUSTOMIZE, SOURCE as FLUX_SOURCE, objects as flux_objects};
pub use gitea::{COMPONENT as GITEA, Place as GiteaPlace};

/// Something that runs beside the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Addon {
    /// Gitea: a forge with pull requests, webhooks and protected branches
    Gitea,
    /// Flux: source-controller and kustomize-controller
    Flux,
    /// Argo CD: controller, repository server, server and Redis
    Argocd,
}

impl Addon {
    /// Every one, in start order: who is asked before who asks. They stop the other way round.
    pub const ALL: [Self; 3] = [Self::Gitea, Self::Flux, Self::Argocd];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gitea => "gitea",
            Self::Flux => "flux",
            Self::Argocd => "argocd",
        }
    }

    /// Its processes, in start order. Where a variable of the environment says something
    /// about them, it is what the environment says now.
    #[must_use]
    pub fn components(self, layout: &Layout) -> Vec<Component> {
        match self {
            Self::Gitea => vec![gitea::component(layout)],
            Self::Flux => flux::components(layout),
            Self::Argocd => argocd::components(layout),
        }
    }

    /// Names of its engines.
    #[must_use]
    pub fn engines(self) -> &'static [&'static str] {
        match self {
            Self::Gitea => &["gitea"],
            Self::Flux => &["source-controller", "kustomize-controller"],
            Self::Argocd => &["argocd"],
        }
    }

    /// The folders with the definitions of its kinds.
    #[must_use]
    pub fn crds(self, layout: &Layout) -> Vec<PathBuf> {
        let folder = |name: &&str| engines::of_addon(name).folder(layout).join("crds");
        self.engines().iter().map(folder).filter(|folder| folder.exists()).collect()
    }

    /// Whether it was asked for: it runs, or did when it was last seen.
    #[must_use]
    pub fn present(self, layout: &Layout) -> bool {
        let remembered = |component: &Component| process::remembered(&layout.pids(), component.name).is_some();
        self.components(layout).iter().any(remembered)
    }
}

/// The engines of some add-ons, in build order.
#[must_use]
pub fn engines(addons: &[Addon]) -> Vec<&'static Engine> {
    let wanted = |engine: &&Engine| addons.iter().any(|addon| addon.engines().contains(&engine.name));
    engines::ADDON_ENGINES.iter().filter(wanted).collect()
}

/// The components of every add-on that was asked for, in start order.
#[must_use]
pub fn present(layout: &Layout) -> Vec<Component> {
    let there = Addon::ALL.into_iter().filter(|addon| addon.present(layout));
    there.flat_map(|addon| addon.components(layout)).collect()
}

/// Names of all components of all add-ons, in start order.
pub const NAMES: [&str; 7] =
    [GITEA, FLUX_SOURCE, FLUX_KUSTOMIZE, ARGOCD_REDIS, ARGOCD_REPOSITORIES, ARGOCD_CONTROLLER, ARGOCD_SERVER];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::components::{self, Settings};
    use crate::process::Identity;

    fn layout() -> Layout {
        Layout::at("/cache".into()).unwrap()
    }

    fn everything() -> Vec<Component> {
        Addon::ALL.into_iter().flat_map(|addon| addon.components(&layout())).collect()
    }

    #[test]
    fn every_name_is_that_of_a_component() {
        let names: Vec<_> = everything().iter().map(|component| component.name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn no_port_is_that_of_another_or_of_the_node() {
        let node = components::all(&layout(), Settings::default());
        let ports: Vec<_> = everything().iter().chain(&node).flat_map(|c| c.ports.clone()).collect();
        let distinct: BTreeSet<_> = ports.iter().map(std::net::SocketAddr::port).collect();
        assert_eq!(distinct.len(), ports.len());
    }

    #[test]
    fn files_are_filled_and_lie_with_the_cluster() {
        for (path, text) in everything().iter().flat_map(|component| &component.files) {
            assert!(path.starts_with("/cache/cluster"), "{}", path.display());
            assert!(!text.contains('@'), "{} has an unfilled place", path.display());
        }
    }

    /// What runs is found again by a path of the cluster among its words or variables.
    #[test]
    fn every_process_can_be_told_from_others() {
        for component in everything() {
            let words = component.args.iter().chain(component.env.iter().map(|(_, value)| value));
            let marks = ["config/", "data/", "run/"].map(|folder| format!("/cache/cluster/{folder}"));
            let marked = words.into_iter().any(|word| marks.iter().any(|mark| word.contains(mark)));
            assert!(marked, "{} could not be swept away", component.name);
        }
    }

    #[test]
    fn each_addon_brings_the_engines_it_needs_in_build_order() {
        let names = |addons: &[Addon]| engines(addons).iter().map(|engine| engine.name).collect::<Vec<_>>();
        assert_eq!(names(&[Addon::Gitea, Addon::Flux]), ["source-controller", "kustomize-controller", "gitea"]);
        assert_eq!(names(&Addon::ALL).len(), engines::ADDON_ENGINES.len());
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn what_was_started_once_is_present() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        assert!(!Addon::Flux.present(&layout));
        let own = Identity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        process::remember(&layout.pids(), FLUX_SOURCE, &own).unwrap();
        assert!(Addon::Flux.present(&layout) && !Addon::Argocd.present(&layout));
        assert_eq!(present(&layout).len(), 2);
    }
}
