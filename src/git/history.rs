//! Commits: who made them, what they say, and which of them touch a path.

use assay_api::names::TRAILER_KEY;
use assay_gitops::CommitFacts;

use crate::error::GitError;
use crate::mirror::Mirror;

/// Commits that are listed.
pub(crate) const MOST: usize = 200;
/// Characters of a subject.
const SUBJECT: usize = 120;
/// Commits named by others that are looked up.
const NAMED: usize = 64;
/// Bytes of messages that are read.
const ROOM: usize = 8 << 20;
/// Commits back from the tip in which a key is looked for when nothing else bounds the search.
const BACK: usize = 2000;

/// Fields of a commit, each ended by NUL (the last one by `-z`).
fn format() -> String {
    format!(
        "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%s%x00%(trailers:key={TRAILER_KEY},valueonly,separator=%x2C)%x00%b"
    )
}

/// A commit with its message.
struct Commit {
    facts: CommitFacts,
    /// Every key that it carries: one commit may carry out the decisions of several gates.
    keys: Vec<String>,
    body: String,
}

/// Commits that `new` has and `old` has not and that touch the paths, newest first; and whether there are more.
///
/// A merge counts when it changed the paths of the branch that it was made on. A merge that brought nothing to them
/// does not, even where the merged branch began before a change.
pub(crate) async fn touching(
    mirror: &Mirror,
    old: &str,
    new: &str,
    paths: &[String],
) -> Result<(Vec<CommitFacts>, bool), GitError> {
    let most = format!("--max-count={}", MOST + 1);
    let without = format!("^{old}");
    let mut ids = Vec::new();
    for kind in [["--full-history", "--no-merges"], ["--first-parent", "--merges"]] {
        let mut arguments = vec!["rev-list", kind[0], kind[1], &most, new, &without, "--"];
        if !paths.iter().any(String::is_empty) {
            arguments.extend(paths.iter().map(String::as_str));
        }
        let out = mirror.call("read the history", arguments).room(ROOM).good().await?;
        ids.extend(String::from_utf8_lossy(&out).lines().map(str::to_owned));
    }
    let commits = read(mirror, &ids).await?;
    let cut = commits.len() > MOST;
    let mut facts = Vec::new();
    for commit in commits.into_iter().take(MOST) {
        facts.push(judged(mirror, commit).await?);
    }
    Ok((facts, cut))
}

/// One commit.
pub(crate) async fn commit(mirror: &Mirror, id: &str) -> Result<CommitFacts, GitError> {
    let commit = read(mirror, &[id.to_owned()]).await?.pop();
    let commit = commit.ok_or_else(|| GitError::NoCommit(id.to_owned()))?;
    judged(mirror, commit).await
}

/// The newest commit on the way from `old` (if given) to `new` that carries the key.
pub(crate) async fn carrying(
    mirror: &Mirror,
    old: Option<&str>,
    new: &str,
    key: &str,
) -> Result<Option<String>, GitError> {
    let grep = format!("--grep={TRAILER_KEY}: {key}");
    let without = old.map(|old| format!("^{old}"));
    let most = format!("--max-count={BACK}");
    let mut arguments = vec!["rev-list", "--fixed-strings", &grep, new];
    match &without {
        Some(without) => arguments.push(without),
        None => arguments.push(&most),
    }
    let out = mirror.call("look for the key of the decision", arguments).room(ROOM).good().await?;
    let ids: Vec<String> = String::from_utf8_lossy(&out).lines().take(MOST).map(str::to_owned).collect();
    let commits = read(mirror, &ids).await?;
    Ok(commits.into_iter().find(|commit| commit.keys.iter().any(|known| known == key)).map(|commit| commit.facts.id))
}

/// These commits, newest first.
async fn read(mirror: &Mirror, ids: &[String]) -> Result<Vec<Commit>, GitError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let format = format();
    let arguments = ["log", "--no-walk=sorted", "--no-color", "--no-decorate", "--no-notes", "-z", &format, "--stdin"];
    let list: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let out = mirror.call("read commits", arguments).input(list).room(ROOM).good().await?;
    Ok(parse(&String::from_utf8_lossy(&out)))
}

fn parse(text: &str) -> Vec<Commit> {
    let fields: Vec<&str> = text.split('\0').collect();
    let commit = |fields: &[&str]| {
        let [id, parents, author, email, subject, keys, body] = fields else { return None };
        let keys = keys.split(',').map(str::trim).filter(|key| !key.is_empty());
        let keys: Vec<String> = keys.map(str::to_owned).collect();
        let facts = CommitFacts {
            id: (*id).to_owned(),
            subject: crate::complaint::cut(subject, SUBJECT),
            author: crate::complaint::cut(author, SUBJECT),
            email: crate::complaint::cut(email, SUBJECT),
            parents: parents.split_whitespace().count(),
            rollback_key: keys.first().cloned(),
            reverts_rollback: false,
        };
        Some(Commit { facts, keys, body: (*body).to_owned() })
    };
    fields.chunks(7).filter_map(commit).collect()
}

/// With [`CommitFacts::reverts_rollback`].
async fn judged(mirror: &Mirror, commit: Commit) -> Result<CommitFacts, GitError> {
    let mut facts = commit.facts;
    let mut known = Vec::new();
    for id in reverted(&commit.body) {
        known.extend(mirror.resolve(&id).await?);
    }
    let reverted = read(mirror, &known).await?;
    facts.reverts_rollback = reverted.iter().any(|commit| commit.facts.rollback_key.is_some());
    Ok(facts)
}

/// The commits that a message says it reverts.
fn reverted(body: &str) -> Vec<String> {
    const WORDS: &str = "This reverts commit ";
    let ids = body.match_indices(WORDS).map(|(at, _)| {
        let rest = &body[at + WORDS.len()..];
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        rest[..end].to_ascii_lowercase()
    });
    ids.filter(|id| (7..=64).contains(&id.len())).take(NAMED).collect()
}

#[cfg(test)]
mod tests {
    use super::{parse, reverted};

    #[test]
    fn the_commits_that_are_reverted_are_read_from_a_message() {
        let body = "This reverts commit 0123456789abcdef, reversing\nchanges.\nThis reverts commit xyz.\n";
        assert_eq!(reverted(body), ["0123456789abcdef"]);
    }

    #[test]
    fn fields_may_be_empty() {
        let text = "id1\0p1 p2\0A\0a@b\0subject\0k1,k2\0body\n\0id2\0\0B\0\0\0\0\0";
        let commits = parse(text);
        assert_eq!(commits.len(), 2);
        assert_eq!((commits[0].facts.parents, commits[0].facts.rollback_key.as_deref()), (2, Some("k1")));
        assert_eq!(commits[0].keys, ["k1", "k2"]);
        assert_eq!((commits[1].facts.parents, commits[1].facts.rollback_key.as_deref()), (0, None));
    }
}
