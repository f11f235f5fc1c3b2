//! A delivery from Git to be seen and spoiled: a repository on a forge, an app in it,
//! Argo CD or Flux that delivers it, a gate that judges it, and a grant to revert it.

mod app;
mod delivery;
mod engines;
mod forge;
mod live;
mod object;
mod repository;
mod results;
mod round;
mod world;

pub use app::{App, Behaviour, Price};
pub use delivery::{ARGOCD, Engine, merged};
pub use engines::{FORGE, cluster_forge, teach_argocd};
pub use forge::{Bot, Forge};
pub use live::{Board, Live, Moment};
pub use object::Object;
pub use repository::{Commit, Repository};
pub use results::{CASES, GitopsCase, Measured, gitops_case, gitops_page};
pub use round::Round;
pub use world::{Plan, World};

use crate::Outcome;
