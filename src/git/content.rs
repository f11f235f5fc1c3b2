//! The hash by which equal content is known.

use std::collections::BTreeSet;

use crate::error::GitError;
use crate::mirror::Mirror;
use crate::session::Session;
use crate::{deployed, objects};

/// SHA-256 over the lines `path NUL id NEWLINE` of the delivered paths and of what they refer to beside them, sorted:
/// a commit that changes only a shared base delivers something else too. Where not all of it is known, the commit
/// itself is hashed along, so that no other equals it.
pub(crate) async fn hash(
    mirror: &Mirror,
    session: &Session,
    commit: &str,
    paths: &[String],
) -> Result<String, GitError> {
    let (outside, whole) = match deployed::find(mirror, session, commit, paths, &[]).await {
        Ok(found) => (found.outside, !found.cut && !found.unclear),
        Err(GitError::TooLarge { .. }) => (BTreeSet::new(), false),
        Err(error) => return Err(error),
    };
    let all: BTreeSet<String> = paths.iter().cloned().chain(outside).collect();
    objects::tree_hash(mirror, commit, &all, (!whole).then_some(commit)).await
}
