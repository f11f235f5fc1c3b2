//! Where the runner finds its files, and how patient it is. In a pod these are
//! the paths of [`assay_api::names`]; environment names let it run elsewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_api::names;

/// The surroundings of one runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder of go, done and spool files.
    pub control: PathBuf,
    /// The plan.
    pub plan_file: PathBuf,
    /// The leader's token.
    pub token_file: PathBuf,
    /// Where the seal is written.
    pub termination_log: PathBuf,
    /// Where the container's control group is mounted.
    pub cgroup: PathBuf,
    /// Time between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// How long the leader tries to deliver what is left at the end.
    pub delivery: Duration,
}

impl Settings {
    /// The surroundings that the environment describes, with the paths of a pod
    /// where it says nothing: `ASSAY_CONTROL_DIR`, `ASSAY_PLAN_FILE`,
    /// `ASSAY_TOKEN_FILE`, `ASSAY_TERMINATION_LOG`, `ASSAY_CGROUP_DIR`,
    /// `ASSAY_KILL_GRACE_SECONDS` and `ASSAY_DELIVERY_SECONDS`.
    pub fn from_env() -> Self {
        let plan = Path::new(names::PATH_PLAN_DIR).join(names::PLAN_KEY);
        let token = Path::new(names::PATH_TOKEN_DIR).join(names::TOKEN_KEY);
        Self {
            control: path("ASSAY_CONTROL_DIR", Path::new(names::PATH_CONTROL)),
            plan_file: path("ASSAY_PLAN_FILE", &plan),
            token_file: path("ASSAY_TOKEN_FILE", &token),
            termination_log: path("ASSAY_TERMINATION_LOG", Path::new("/dev/termination-log")),
            cgroup: path("ASSAY_CGROUP_DIR", Path::new("/sys/fs/cgroup")),
            kill_grace: seconds("ASSAY_KILL_GRACE_SECONDS", 5.0),
            delivery: seconds("ASSAY_DELIVERY_SECONDS", 60.0),
        }
    }
}

fn path(name: &str, default: &Path) -> PathBuf {
    std::env::var_os(name).filter(|value| !value.is_empty()).map_or_else(|| default.to_owned(), PathBuf::from)
}

fn seconds(name: &str, default: f64) -> Duration {
    let given = std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    Duration::try_from_secs_f64(given.unwrap_or(default)).unwrap_or(Duration::from_secs(60))
}
