//! Finding the facts that the guards judge.

use assay_api::names::BRANCH_PREFIX;
use assay_gitops::GitFacts;

use crate::ask::Look;
use crate::deployed::{self, Deployed};
use crate::error::GitError;
use crate::limits::Limits;
use crate::mirror::Mirror;
use crate::session::Session;
use crate::{content, history, names, objects, precious};

/// Files that are listed.
const FILES: usize = 1000;

/// A [`Look`] whose names can be handed to Git.
pub(crate) struct Question {
    branch: String,
    paths: Vec<String>,
    value_files: Vec<String>,
    bad: String,
    good: Option<String>,
    deployed: Option<String>,
    key: String,
}

impl Question {
    pub(crate) fn new(ask: &Look) -> Result<Self, GitError> {
        Ok(Self {
            branch: names::branch(&ask.branch)?.to_owned(),
            value_files: value_files(ask),
            paths: names::paths(&ask.paths)?,
            bad: names::commit(&ask.bad)?,
            good: ask.good.as_deref().map(names::commit).transpose()?,
            deployed: ask.deployed.as_deref().map(names::commit).transpose()?,
            key: names::key(&ask.key)?.to_owned(),
        })
    }
}

/// From the root of the repository; those that lead out of it, or are on another server, are nobody's here.
fn value_files(ask: &Look) -> Vec<String> {
    let folder = ask.paths.first().map_or("", |path| path.trim_matches('/'));
    let from_root = |file: &String| match file.strip_prefix('/') {
        Some(rooted) => deployed::resolve("", rooted),
        None => deployed::resolve(folder, file),
    };
    ask.value_files.iter().filter_map(from_root).collect()
}

pub(crate) async fn look(
    mirror: &Mirror,
    session: &Session,
    limits: &Limits,
    ask: &Question,
) -> Result<GitFacts, GitError> {
    let tip = mirror.tip(&ask.branch).await?.ok_or_else(|| GitError::NoBranch(ask.branch.clone()))?;
    let bad = seek(mirror, session, limits, Some(&ask.bad)).await?;
    let good = seek(mirror, session, limits, ask.good.as_deref()).await?;
    let deployed = seek(mirror, session, limits, ask.deployed.as_deref()).await?;
    let mut facts = GitFacts {
        tip_tree: hash(mirror, session, Some(&tip), &ask.paths).await?,
        bad_tree: hash(mirror, session, bad.as_deref(), &ask.paths).await?,
        good_tree: hash(mirror, session, good.as_deref(), &ask.paths).await?,
        deployed_tree: hash(mirror, session, deployed.as_deref(), &ask.paths).await?,
        done: history::carrying(mirror, good.as_deref(), &tip, &ask.key).await?,
        pull_request_branch: mirror.tip(&format!("{BRANCH_PREFIX}{}", ask.key)).await?,
        tip,
        ..GitFacts::default()
    };
    if let Some(bad) = &bad {
        facts.bad = Some(history::commit(mirror, bad).await?);
        facts.bad_before_tip = mirror.is_ancestor(bad, &facts.tip).await?;
        let (newer, cut) = history::touching(mirror, bad, &facts.tip, &ask.paths).await?;
        facts.newer = newer;
        facts.cut |= cut;
    }
    if let Some(good) = &good {
        facts.good = Some(history::commit(mirror, good).await?);
    }
    if let (Some(bad), Some(good)) = (&bad, &good) {
        compare(mirror, session, ask, (good, bad), &mut facts).await?;
    }
    Ok(facts)
}

/// The commit in full, also when no branch has it any more but the server still does.
async fn seek(
    mirror: &Mirror,
    session: &Session,
    limits: &Limits,
    revision: Option<&str>,
) -> Result<Option<String>, GitError> {
    let Some(revision) = revision else { return Ok(None) };
    let found = mirror.resolve(revision).await?;
    if found.is_some() || !matches!(revision.len(), 40 | 64) {
        return Ok(found);
    }
    // It may say no, and that is an answer too.
    match mirror.fetch_commit(session, revision, limits).await {
        Ok(()) => mirror.resolve(revision).await,
        Err(_) => Ok(None),
    }
}

async fn hash(
    mirror: &Mirror,
    session: &Session,
    commit: Option<&str>,
    paths: &[String],
) -> Result<Option<String>, GitError> {
    match commit {
        Some(commit) => content::hash(mirror, session, commit, paths).await.map(Some),
        None => Ok(None),
    }
}

/// What lies between good and bad.
async fn compare(
    mirror: &Mirror,
    session: &Session,
    ask: &Question,
    (good, bad): (&str, &str),
    facts: &mut GitFacts,
) -> Result<(), GitError> {
    facts.good_before_bad = mirror.is_ancestor(good, bad).await?;
    let (range, cut) = history::touching(mirror, good, bad, &ask.paths).await?;
    facts.range = range;
    facts.changed = objects::difference(mirror, good, bad, &ask.paths).await?;
    facts.cut |= cut || facts.changed.len() > FILES;
    facts.changed.truncate(FILES);
    let (at_bad, at_good) = match both(mirror, session, ask, (good, bad)).await {
        Ok(both) => both,
        // Fail closed: what is not known may be anything.
        Err(GitError::TooLarge { .. }) => {
            facts.cut = true;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    // A kustomization that cannot be read at bad may be what is wrong with it.
    facts.cut |= at_bad.cut || at_good.cut || at_good.unclear;
    facts.references = at_bad.outside.union(&at_good.outside).cloned().collect();
    facts.changed_outside = outside(mirror, ask, (good, bad), facts).await?;
    match precious::removed(mirror, session, &at_bad, &at_good).await {
        Ok(removed) => facts.precious_removed = removed,
        Err(GitError::TooLarge { .. }) => facts.cut = true,
        Err(error) => return Err(error),
    }
    Ok(())
}

async fn both(
    mirror: &Mirror,
    session: &Session,
    ask: &Question,
    (good, bad): (&str, &str),
) -> Result<(Deployed, Deployed), GitError> {
    let at_bad = deployed::find(mirror, session, bad, &ask.paths, &ask.value_files).await?;
    let at_good = deployed::find(mirror, session, good, &ask.paths, &ask.value_files).await?;
    Ok((at_bad, at_good))
}

/// Files beside the delivered paths that changed, those that are referred to first: only they must all be known.
async fn outside(
    mirror: &Mirror,
    ask: &Question,
    (good, bad): (&str, &str),
    facts: &mut GitFacts,
) -> Result<Vec<String>, GitError> {
    if ask.paths.iter().any(String::is_empty) {
        return Ok(Vec::new());
    }
    let all = match objects::difference(mirror, good, bad, &[String::new()]).await {
        Ok(all) => all,
        Err(GitError::TooLarge { .. }) => {
            facts.cut = true;
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let beside = all.into_iter().map(|change| change.path).filter(|path| !names::covers(&ask.paths, path));
    let (mut files, others): (Vec<String>, Vec<String>) =
        beside.partition(|path| names::covers(&facts.references, path));
    facts.cut |= files.len() > FILES;
    files.extend(others);
    files.truncate(FILES);
    Ok(files)
}
