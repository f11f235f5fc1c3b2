//! What the command line and the environment may say of the GitOps loop.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs};

use crate::store_args::duration;

/// How far the manager goes with gates and rollbacks. Each needs rights that the chart gives with the value of the
/// same name.
#[derive(Clone, Debug, ClapArgs)]
pub struct GitopsArgs {
    /// Look after gates, and read the objects of Argo CD and Flux.
    #[arg(long = "gitops", env = "ASSAY_GITOPS", default_value_t = true, action = ArgAction::Set)]
    pub enabled: bool,
    /// Ask Argo CD and Flux to look at Git when something was written to it.
    #[arg(long = "gitops-refresh", env = "ASSAY_GITOPS_REFRESH", default_value_t = false, action = ArgAction::Set)]
    pub refresh: bool,
    /// End operations of Argo CD that hold on to a bad revision, where the policy of a gate asks for it.
    #[arg(long = "gitops-unblock", env = "ASSAY_GITOPS_UNBLOCK", default_value_t = false, action = ArgAction::Set)]
    pub unblock: bool,
    /// Read the Secrets of grants, and write to Git what grants allow.
    #[arg(long = "gitops-write", env = "ASSAY_GITOPS_WRITE", default_value_t = false, action = ArgAction::Set)]
    pub write: bool,
    /// Folder for mirrors of repositories, which may be lost at any time; without it `git` in the data folder.
    #[arg(long = "git-dir", env = "ASSAY_GIT_DIR")]
    pub git_dir: Option<PathBuf>,
    /// Where people read more: commit statuses, commits and pull requests link to it.
    #[arg(long, env = "ASSAY_EXTERNAL_URL")]
    pub external_url: Option<String>,
    /// Longest time that the record of a rollback is kept after it was over, for example 2160h; without it for ever.
    #[arg(long, env = "ASSAY_ROLLBACK_RETENTION_AGE", value_parser = duration)]
    pub rollback_retention_age: Option<Duration>,
    /// How many records of each gate are kept, the newest first; without it all.
    #[arg(long, env = "ASSAY_ROLLBACK_RETENTION_COUNT")]
    pub rollback_retention_count: Option<u32>,
}

impl GitopsArgs {
    /// Folder for mirrors of repositories.
    pub(crate) fn mirrors(&self, data: &Path) -> PathBuf {
        self.git_dir.clone().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| data.join("git"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: GitopsArgs,
    }

    #[test]
    fn nothing_is_written_unless_somebody_says_so() {
        let args = Line::try_parse_from(["manager"]).expect("arguments").args;
        assert!(args.enabled && !args.refresh && !args.unblock && !args.write);
        assert_eq!(args.mirrors(Path::new("/data")), Path::new("/data/git"));
        let said = ["manager", "--gitops", "false", "--gitops-write", "true", "--git-dir", "/mirrors"];
        let args = Line::try_parse_from(said).expect("arguments").args;
        assert!(!args.enabled && args.write);
        assert_eq!(args.mirrors(Path::new("/data")), Path::new("/mirrors"));
    }
}
