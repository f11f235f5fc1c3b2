//! Putting a commit onto a branch, when the branch is where it is expected to be.
//!
//! The push is a plain one, never forced. Before anything is sent, Git tells a hook of ours what the server said the
//! branch is at; if that is not what is expected, the push ends. The server itself then moves the branch only from
//! there. So neither a branch that moved, forwards or backwards, nor one that was deleted, is written to.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::ask::{Checked, Push, Pushed};
use crate::complaint::{self, cut};
use crate::error::GitError;
use crate::limits::Limits;
use crate::mirror::Mirror;
use crate::names;
use crate::program::Answer;
use crate::session::Session;

/// Folder of our hook, beside the mirrors.
const HOOKS: &str = "hooks";
/// What the hook says when the branch is elsewhere; the place follows.
const MOVED: &str = "assay-moved ";
const HOOK: &str = r#"#!/bin/sh
# Ends a push to a branch that is not where it is expected to be.
while read -r local new remote old; do
    if [ "$old" != "$ASSAY_GIT_EXPECTED" ]; then
        echo "assay-moved $old" >&2
        exit 1
    fi
done
"#;
/// Characters of what a server says that are shown.
const SHOWN: usize = 400;

/// A [`Push`] whose names can be handed to Git.
pub(crate) struct Order {
    pub(crate) branch: String,
    pub(crate) commit: String,
    pub(crate) expected: Option<String>,
}

impl Order {
    pub(crate) fn new(push: &Push) -> Result<Self, GitError> {
        let full = |given: &str| {
            let id = names::commit(given)?;
            let why = "the full id is needed";
            if matches!(id.len(), 40 | 64) {
                Ok(id)
            } else {
                Err(GitError::Name { what: "the commit", value: id, why })
            }
        };
        Ok(Self {
            branch: names::branch(&push.branch)?.to_owned(),
            commit: full(&push.commit)?,
            expected: push.expected.as_deref().map(full).transpose()?,
        })
    }
}

pub(crate) async fn push(
    mirror: &Mirror,
    session: &Session,
    folder: &Path,
    limits: &Limits,
    order: &Order,
) -> Result<Pushed, GitError> {
    let commit = mirror.resolve(&order.commit).await?.ok_or_else(|| GitError::NoCommit(order.commit.clone()))?;
    if let Some(expected) = &order.expected
        && !mirror.is_ancestor(expected, &commit).await?
    {
        // It would have to be forced.
        let why = "the commit does not stand on the expected tip";
        return Err(GitError::Name { what: "the commit", value: commit, why });
    }
    let hooks = hooks(folder).await?;
    let arguments = ["push", "--porcelain", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", "origin"];
    let what = format!("{commit}:refs/heads/{}", order.branch);
    let arguments = arguments.into_iter().map(str::to_owned).chain([what]);
    let expected = order.expected.clone().unwrap_or_else(|| "0".repeat(commit.len()));
    let call = session
        .through(mirror.call("push the commit", arguments))
        .set("core.hooksPath", hooks.display().to_string())
        .with("ASSAY_GIT_EXPECTED", expected)
        .time(limits.push);
    let answer = call.run().await?;
    #[cfg(feature = "crash-points")]
    assay_telemetry::crash::point(&format!("push to the branch {}", order.branch));
    match judge(&answer) {
        Verdict::Done => Ok(Pushed::Done),
        Verdict::Moved(tip) => Ok(Pushed::Moved { tip }),
        Verdict::MovedSomewhere => Ok(Pushed::Moved { tip: tip(mirror, session, limits, &order.branch).await? }),
        Verdict::Refused(why) => Ok(Pushed::Refused { why }),
        Verdict::Error(error) => Err(error),
    }
}

/// Writes the hook, and sees to it that it would be run: Git passes over one that it may not run.
async fn hooks(folder: &Path) -> Result<PathBuf, GitError> {
    let machine = |source| GitError::Machine { doing: "write the hook that guards a push", source };
    let hooks = folder.join(HOOKS);
    let hook = hooks.join("pre-push");
    if tokio::fs::read(&hook).await.is_ok_and(|text| text == HOOK.as_bytes()) {
        return runnable(hooks, &hook);
    }
    tokio::fs::create_dir_all(&hooks).await.map_err(machine)?;
    let new = tempfile::Builder::new().prefix("new-").tempfile_in(&hooks).map_err(machine)?.into_temp_path();
    tokio::fs::write(&new, HOOK).await.map_err(machine)?;
    tokio::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o700)).await.map_err(machine)?;
    new.persist(&hook).map_err(|error| machine(error.error))?;
    runnable(hooks, &hook)
}

fn runnable(hooks: PathBuf, hook: &Path) -> Result<PathBuf, GitError> {
    rustix::fs::access(hook, rustix::fs::Access::EXEC_OK).map(|()| hooks).map_err(|error| GitError::Machine {
        doing: "run programs from the folder of the mirrors",
        source: error.into(),
    })
}

enum Verdict {
    Done,
    Moved(Option<String>),
    /// It moved, and nobody said where to.
    MovedSomewhere,
    Refused(String),
    Error(GitError),
}

/// The tip is elsewhere, as the client, or the server, puts it.
const RACES: &[&str] = &[
    "fetch first",
    "non-fast-forward",
    "needs force",
    "already exists",
    "stale info",
    "cannot lock ref",
    "failed to lock",
    "incorrect old value",
    "failed to update ref",
    "but expected",
];

/// The server could not, for reasons of its own.
const FAILURES: &[&str] = &["unpacker error", "remote failure", "internal", "Internal", "unable to migrate", "timeout"];

/// A hook of the server that could not ask the server itself: Gitea's words.
const OWN_TROUBLE: &[&str] = &["Internal Server", "Internal API", "internal API"];

fn judge(answer: &Answer) -> Verdict {
    if let Some(at) = answer.said.lines().find_map(|line| line.trim().strip_prefix(MOVED)) {
        let absent = at.bytes().all(|byte| byte == b'0');
        return Verdict::Moved((!absent).then(|| at.to_owned()));
    }
    let out = String::from_utf8_lossy(&answer.out);
    // FLAG TAB FROM:TO TAB SUMMARY
    let line = out.lines().find(|line| line.matches('\t').count() == 2);
    let flag = line.and_then(|line| line.chars().next());
    match (answer.code, flag) {
        (0, Some(' ' | '*' | '=')) => Verdict::Done,
        (_, Some('!')) => rejected(line.unwrap_or_default(), answer),
        _ if refuses_the_credential(&answer.said) => Verdict::Refused(said_by_server(&answer.said)),
        (0, _) => Verdict::Error(GitError::Odd { doing: "push the commit", said: cut(&out, SHOWN) }),
        _ => Verdict::Error(answer.bad()),
    }
}

fn rejected(line: &str, answer: &Answer) -> Verdict {
    let summary = line.rsplit('\t').next().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| summary.contains(word));
    if has(RACES) {
        return Verdict::MovedSomewhere;
    }
    let server = said_by_server(&answer.said);
    let why = if server.is_empty() { cut(summary, SHOWN) } else { cut(&format!("{summary}: {server}"), SHOWN) };
    if has(FAILURES) || OWN_TROUBLE.iter().any(|words| server.contains(words)) {
        return Verdict::Error(GitError::Unavailable { doing: "push the commit", said: why });
    }
    Verdict::Refused(why)
}

/// It lets us in, but not to write.
fn refuses_the_credential(said: &str) -> bool {
    ["returned error: 403", "marked as read only", "not allowed to push", "GH006", "Write access", "write access"]
        .iter()
        .any(|word| said.contains(word))
}

/// What the server says for people.
fn said_by_server(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let text = lines.filter(|line| !line.is_empty() && !line.chars().all(|c| "=-*".contains(c))).collect::<Vec<_>>();
    if text.is_empty() { complaint::line(said) } else { cut(&text.join(" "), SHOWN) }
}

/// Where the branch is on the server now.
async fn tip(mirror: &Mirror, session: &Session, limits: &Limits, branch: &str) -> Result<Option<String>, GitError> {
    let name = format!("refs/heads/{branch}");
    let call = mirror.call("ask where the branch is", ["ls-remote", "--heads", "origin", &name]).time(limits.fetch);
    let out = session.through(call).good().await?;
    let text = String::from_utf8_lossy(&out);
    let tips = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(tips.filter(|(_, found)| *found == name).map(|(id, _)| id.to_owned()).next())
}

/// Tries whether the server takes pushes at all: one that changes nothing, and is not even sent.
pub(crate) async fn check(
    mirror: &Mirror,
    session: &Session,
    limits: &Limits,
    branches: &[String],
) -> Result<Checked, GitError> {
    let mut checked = Checked::default();
    for branch in branches {
        checked.tips.insert(branch.clone(), mirror.tip(branch).await?);
    }
    let asked =
        checked.tips.iter().find_map(|(branch, tip)| tip.clone().map(|tip| (format!("refs/heads/{branch}"), tip)));
    let Some((name, tip)) = (match asked {
        Some(asked) => Some(asked),
        None => any_branch(mirror).await?,
    }) else {
        return Ok(checked);
    };
    let what = format!("{tip}:{name}");
    let arguments =
        ["push", "--dry-run", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "origin", &what];
    let call = session.through(mirror.call("try the credential", arguments)).time(limits.push);
    let answer = call.run().await?;
    checked.writable = match judge(&answer) {
        Verdict::Done | Verdict::Moved(_) | Verdict::MovedSomewhere => Some(true),
        Verdict::Refused(_) => Some(false),
        // It may be read by everybody, and written by nobody whom we know.
        Verdict::Error(GitError::Denied { .. }) if answer.said.contains("could not read Username") => Some(false),
        Verdict::Error(error) => return Err(error),
    };
    Ok(checked)
}

async fn any_branch(mirror: &Mirror) -> Result<Option<(String, String)>, GitError> {
    let arguments = ["for-each-ref", "--count=1", "--format=%(refname) %(objectname)", "refs/heads"];
    let out = mirror.call("list the branches", arguments).good().await?;
    let text = String::from_utf8_lossy(&out);
    Ok(text.trim().split_once(' ').map(|(name, id)| (name.to_owned(), id.to_owned())))
}
