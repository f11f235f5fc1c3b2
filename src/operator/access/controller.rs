//! The controller of grants: does the credential work, and which branches refuse its pushes?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use assay_api::{GitWriteAccess, GitWriteAccessSpec};
use assay_cluster::ClusterError;
use assay_git::{Disposition, ForgeClient};
use assay_gitops::{AccessFound, concerns, fold_access, try_access_again};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::{broadcast, mpsc};

use super::opened::{Opened, open, webhook_secret};
use crate::context::Context;
use crate::failure::LookError;
use crate::git::Git;
use crate::gitops::{Gitops, News, hear};
use crate::hands::Hands;
use crate::webhooks::Signer;
use crate::work::{self, Next, Trigger};

/// Most branches that a forge is asked about.
const BRANCHES: usize = 16;

/// Looks after all grants.
pub(crate) async fn run(hands: Hands, news: broadcast::Receiver<News>) {
    let Hands { context, git, gitops } = hands;
    let (send, triggers) = mpsc::unbounded_channel();
    let written = Arc::new(Written::default());
    let feed = hear(news, |news| {
        let names = match news {
            Some(News::Access(name)) => vec![name],
            Some(_) => Vec::new(),
            None => gitops.grants.all().iter().map(|grant| grant.name_any()).collect(),
        };
        // Our own status is no news. Nobody receives only when everything ends.
        names
            .into_iter()
            .filter(|name| is_due(&gitops, &written, name))
            .for_each(|name| drop(send.send(Trigger::Now(name))));
    });
    let metrics = context.metrics.of_loop("grants");
    let looks = work::run(triggers, 4, metrics, |name: String| {
        let (context, git, written) = (Arc::clone(&context), Arc::clone(&git), Arc::clone(&written));
        async move {
            look(&context, &git, &written, &name).await.unwrap_or_else(|error| {
                tracing::warn!(name, error = error_chain(&error), "a look at a grant failed");
                Next::Failed(error.failure())
            })
        }
    });
    tokio::join!(feed, looks);
}

/// When this process wrote the status of each grant last.
type Written = Mutex<HashMap<String, Timestamp>>;

/// Whether the change is somebody else's: a new spec, a grant that is gone, a status of another process.
fn is_due(gitops: &Gitops, written: &Written, name: &str) -> bool {
    let Some(grant) = gitops.grants.get("", name) else { return true };
    let Some(status) = &grant.status else { return true };
    let own = written.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
    Some(status.observed_generation) != grant.metadata.generation || own.is_none() || status.checked_at != own
}

async fn look(context: &Context, git: &Git, written: &Written, name: &str) -> Result<Next, LookError> {
    let Some(grant) = context.cluster.get_cluster_wide::<GitWriteAccess>(name).await? else {
        git.webhooks.learn(name, None);
        written.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        return Ok(Next::OnChange);
    };
    if !concerns(&grant.spec, &context.settings.namespaces) {
        return Ok(Next::OnChange);
    }
    let found = find_out(context, git, &grant.spec).await?;
    let signs = if git.write { webhook_secret(&context.cluster, git, &grant.spec).await? } else { None };
    let repository = grant.spec.repository.clone();
    git.webhooks.learn(name, signs.map(|(forge, secret)| Signer { forge, secret, repository }));
    let previous = grant.status.clone().unwrap_or_default();
    let generation = grant.metadata.generation.unwrap_or(0);
    let now = Timestamp::now();
    let status = fold_access(&previous, &found, generation, now);
    if let Some(at) = status.checked_at {
        written.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), at);
    }
    let uid = grant.metadata.uid.as_deref();
    match context.cluster.patch_status_cluster_wide::<GitWriteAccess>(name, uid, &status).await {
        Err(error) if error.not_found() || error.conflict() => Ok(Next::OnChange),
        other => Ok(other.map(|_| Next::Within(try_access_again(&status, now)))?),
    }
}

async fn find_out(context: &Context, git: &Git, spec: &GitWriteAccessSpec) -> Result<AccessFound, ClusterError> {
    if !git.write {
        let why = "the manager may not write to Git, nor read the Secrets of grants; set `gitops.write` of the chart";
        return Ok(AccessFound::Broken(why.to_owned()));
    }
    let opened = match open(&context.cluster, git, spec).await? {
        Ok(opened) => opened,
        Err(why) => return Ok(AccessFound::Broken(why)),
    };
    let branches: Vec<String> = spec.branches.iter().filter(|branch| !branch.contains('*')).cloned().collect();
    Ok(tried(git, &opened, &branches).await)
}

async fn tried(git: &Git, opened: &Opened, branches: &[String]) -> AccessFound {
    let checked = match git.repositories.check(&opened.remote, branches).await {
        Ok(checked) => checked,
        Err(error) => {
            let why = error_chain(&error);
            return match error.disposition() {
                Disposition::Stalled => AccessFound::Broken(why),
                Disposition::Transient | Disposition::Bug => AccessFound::Unavailable(why),
            };
        }
    };
    if checked.writable == Some(false) {
        let why = "the credential reads the repository and may not write to it; give it the right to";
        return AccessFound::Broken(why.to_owned());
    }
    match &opened.forge {
        Ok(None) => AccessFound::Works { protected: Vec::new() },
        Ok(Some(forge)) => protected(forge, branches).await,
        Err(why) => AccessFound::Broken(why.clone()),
    }
}

async fn protected(forge: &ForgeClient, branches: &[String]) -> AccessFound {
    let mut protected = Vec::new();
    for branch in branches.iter().take(BRANCHES) {
        match forge.protected(branch).await {
            Ok(true) => protected.push(branch.clone()),
            Ok(false) => {}
            Err(error) => {
                let why = error_chain(&error);
                return match error.disposition() {
                    Disposition::Stalled => AccessFound::Broken(why),
                    Disposition::Transient | Disposition::Bug => AccessFound::Unavailable(why),
                };
            }
        }
    }
    AccessFound::Works { protected }
}
