//! Names for the completion of shells, asked of the cluster. A cluster that
//! does not answer at once completes nothing.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use assay_api::{Rollback, TestExecution, TestGate, TestWorkflow};
use assay_cluster::{Cluster, ClusterError, ConnectOptions};
use clap_complete::engine::CompletionCandidate;

/// Who presses Tab does not wait longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// More names help nobody.
const LIMIT: usize = 200;

/// Names of executions, the newest first.
pub(crate) fn executions(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(current, async |cluster: &Cluster, namespace: &str| {
        let mut found = cluster.list::<TestExecution>(Some(namespace), None).await?;
        found.sort_by_key(|one| std::cmp::Reverse(one.metadata.creation_timestamp.as_ref().map(|time| time.0)));
        let described = found.into_iter().filter_map(|one| {
            let status = one.status.unwrap_or_default();
            let state = status.verdict.map_or_else(|| status.phase.to_string(), |verdict| verdict.to_string());
            one.metadata.name.map(|name| (name, Some(state)))
        });
        Ok(described.collect())
    })
}

/// Names of workflows.
pub(crate) fn workflows(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(current, async |cluster: &Cluster, namespace: &str| {
        let found = cluster.list::<TestWorkflow>(Some(namespace), None).await?;
        Ok(found.into_iter().filter_map(|one| one.metadata.name.map(|name| (name, None))).collect())
    })
}

/// Names of gates, each with its verdict.
pub(crate) fn gates(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(current, async |cluster: &Cluster, namespace: &str| {
        let found = cluster.list::<TestGate>(Some(namespace), None).await?;
        let described = found.into_iter().filter_map(|one| {
            let verdict = one.status.and_then(|status| status.current).and_then(|current| current.verdict);
            one.metadata.name.map(|name| (name, verdict.map(|verdict| verdict.to_string())))
        });
        Ok(described.collect())
    })
}

/// Names of rollbacks, each with its phase.
pub(crate) fn rollbacks(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(current, async |cluster: &Cluster, namespace: &str| {
        let found = cluster.list::<Rollback>(Some(namespace), None).await?;
        let described = found.into_iter().filter_map(|one| {
            let phase = one.status.unwrap_or_default().phase.to_string();
            one.metadata.name.map(|name| (name, Some(phase)))
        });
        Ok(described.collect())
    })
}

type Described = Vec<(String, Option<String>)>;

fn candidates(
    current: &OsStr,
    ask: impl AsyncFnOnce(&Cluster, &str) -> Result<Described, ClusterError>,
) -> Vec<CompletionCandidate> {
    let Some(begin) = current.to_str() else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let typed: Vec<String> = std::env::args().collect();
    let asked = async {
        let (options, namespace) = place(&typed);
        let cluster = Cluster::connect(&options).await.ok()?;
        let namespace = namespace.unwrap_or_else(|| cluster.default_namespace().to_owned());
        ask(&cluster, &namespace).await.ok()
    };
    let names = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.ok().flatten() });
    runtime.shutdown_background();
    let fitting = names.unwrap_or_default().into_iter().filter(|(name, _)| name.starts_with(begin)).take(LIMIT);
    fitting.map(|(name, state)| CompletionCandidate::new(name).help(state.map(Into::into))).collect()
}

/// Where to ask, from the words that are typed already.
fn place(typed: &[String]) -> (ConnectOptions, Option<String>) {
    let value = |names: &[&str]| {
        typed.iter().enumerate().find_map(|(at, word)| {
            names.iter().find_map(|name| match word.strip_prefix(name)? {
                "" => typed.get(at + 1).cloned(),
                rest => rest.strip_prefix('=').map(str::to_owned),
            })
        })
    };
    let options = ConnectOptions {
        kubeconfig: value(&["--kubeconfig"]).map(PathBuf::from),
        context: value(&["--context"]),
        impersonate: value(&["--as"]),
        ..ConnectOptions::default()
    };
    (options, value(&["--namespace", "-n"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_says_where() {
        let typed = ["assay", "-n", "ns", "logs", "--context=c", "--kubeconfig", "/k", ""].map(str::to_owned);
        let (options, namespace) = place(&typed);
        assert_eq!(namespace.as_deref(), Some("ns"));
        assert_eq!(options.context.as_deref(), Some("c"));
        assert_eq!(options.kubeconfig.as_deref(), Some(std::path::Path::new("/k")));
        assert_eq!(place(&["assay".to_owned(), "-n".to_owned()]).1, None);
    }
}
