//! The cases of the suite `gitops`, in words, with what was measured when it ran last: `docs/gitops-results.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct GitopsCase {
    /// Its name in the suite.
    pub name: &'static str,
    /// What is done.
    pub done: &'static str,
    /// What must come of it.
    pub comes: &'static str,
}

/// What was measured: by case, each figure with what it is, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Measured(pub BTreeMap<String, Vec<(String, f64)>>);

/// Figures of the last complete run.
const MEASURED: &str = include_str!("../fixtures/gitops-measured.json");

const fn case(name: &'static str, done: &'static str, comes: &'static str) -> GitopsCase {
    GitopsCase { name, done, comes }
}

/// Every case, by what it is about.
pub const CASES: &[(&str, &[GitopsCase])] = &[
    ("An execution as a hook of Argo CD", HOOKS),
    ("A gate, from the bad commit to the recovery", LOOPS),
    ("The three traps, and operations that hold on", TRAPS),
    ("What is refused, and by which guard", REFUSALS),
    ("Races and faults", RACES),
];

const HOOKS: &[GitopsCase] = &[
    case("hook-passes", "a PostSync execution passes", "the operation is `Succeeded`, with our message at the hook"),
    case("hook-fails", "a PostSync execution fails", "the operation is `Failed`, with our message at the hook"),
    case(
        "hook-before",
        "a PreSync execution fails",
        "the operation is `Failed`, and nothing of the revision is applied",
    ),
    case(
        "hook-after-failure",
        "PostSync fails, and a SyncFail execution is there",
        "the SyncFail execution runs and passes",
    ),
    case(
        "hook-retries",
        "a failing PostSync execution under `retry.limit: 1`",
        "two executions, attempts 1 and 2 of one revision; the operation is `Failed`",
    ),
    case(
        "hook-evidence",
        "`generateName` and delete policy `HookSucceeded`",
        "Argo CD deletes the execution; its log, with the verdict, and its files can be read afterwards",
    ),
];

const LOOPS: &[GitopsCase] = &[
    case(
        "argo-push",
        "Argo CD; a commit breaks a test",
        "the gate is red; one revert on the branch; synced, `Healthy`, the record is `Recovered`",
    ),
    case(
        "flux-push",
        "Flux; a commit breaks a test",
        "gate and Kustomization fail; one revert on the branch; applied, ready, the record is `Recovered`",
    ),
    case(
        "pull-request",
        "mode `PullRequest` on Gitea; a person merges it",
        "nothing is pushed to the branch before; `Recovered` after the merge",
    ),
    case(
        "webhook",
        "Flux looks once an hour; the forge tells the manager of each push, signed",
        "the commit is judged at once, and reverted",
    ),
    case("signed", "the grant names an SSH key", "`git verify-commit` agrees with the revert's signature"),
    case(
        "multi-source",
        "an Application of two sources; the gate judges the first",
        "one revert in the first; the second source is as it was",
    ),
    case("monorepo", "two apps in one repository; one fails", "only the files of the failing app change"),
    case(
        "two-apps-one-commit",
        "one commit breaks both apps",
        "one revert takes both back; both records are `Recovered`",
    ),
    case(
        "never-ready",
        "the pods of a commit never become ready, and those of before answer the tests",
        "verdict `errored` for `WorkloadsNotReady`; the last good revision stays, no record",
    ),
    case(
        "same-content-argo",
        "a commit elsewhere in the repository; then the Application renders the folder in another way, which breaks the app",
        "the verdict is taken over without a run; then the same commit is tested again, once that is deployed, and `failed`; `CulpritInPaths` refuses",
    ),
    case("same-content-flux", "the same with a Kustomization, which gets patches that break the app", "the same"),
    case("flaky", "a test fails once and passes when it is run again", "verdict `flaky`, `Ready=True`, no record"),
    case(
        "control",
        "a failure is confirmed, and the control run with the last good revision fails too",
        "verdict `errored` for `EnvironmentBroken`, no record",
    ),
    case("errored", "the tests cannot reach the service", "verdict `errored`, no record"),
];

const TRAPS: &[GitopsCase] = &[
    case(
        "stale-pass-argo",
        "a bad revision in an app of two waves, the gate in the last and green from before, and a PostSync hook",
        "the hook never runs",
    ),
    case(
        "stale-pass-flux",
        "a bad revision with `wait: true`, the gate green from before",
        "`lastAppliedRevision` never names it",
    ),
    case(
        "stale-fail-argo",
        "the revert in an app of two waves, the gate in the last and red from before",
        "the revert's operation is `Succeeded` at its first try",
    ),
    case(
        "stale-fail-flux",
        "the revert with `wait: true`, the gate red from before",
        "the revert is applied, and was never reported as failed",
    ),
    case(
        "deadlock",
        "a good revision in an app of two waves, the gate in the last, and a PostSync hook",
        "the tests run while the operation waits for them; then the hook runs",
    ),
    case(
        "stuck-operation",
        "the operation of the bad revision waits ten minutes for its next try; `policy.unblock` is set",
        "that operation and no other is ended; the revert is deployed, `Recovered`",
    ),
    case(
        "stuck-operation-kept",
        "the same without `policy.unblock`",
        "the record says what it waits for; once a person ended the operation: `Recovered`",
    ),
];

const REFUSALS: &[GitopsCase] = &[
    case("no-last-good", "the first revision ever is bad", "`LastGoodKnown` refuses"),
    case(
        "newer-commit",
        "a newer commit touches the path before the decision",
        "`NothingNewer` refuses; the newer commit stays",
    ),
    case(
        "merge-commit",
        "a merge lies between good and bad; the policy would push",
        "`NoMerge` lets a pull request be opened, and nothing else",
    ),
    case(
        "shared-base",
        "a base outside the path, that the app refers to, changed too",
        "`SharedBaseUnchanged` lets a pull request be opened, and nothing else",
    ),
    case("tag-target", "the delivery follows a tag", "`SourceIsBranch` refuses"),
    case(
        "no-longer-deployed",
        "a person has Argo CD deploy the revision before, and then approves",
        "`StillDeployed` refuses",
    ),
    case(
        "another-branch",
        "the delivery follows another branch by the time of the approval",
        "`SourceIsBranch` refuses; the bad revision is not judged anew as if that branch had brought it",
    ),
    case("no-grant", "there is no `GitWriteAccess`", "`Granted` refuses"),
    case("protected-branch", "the branch is protected, the policy has no way out", "`BranchWritable` refuses"),
    case(
        "protected-branch-pull-request",
        "the branch is protected, the policy allows a pull request",
        "a pull request is opened; nothing is pushed to the branch",
    ),
    case("cool-down", "a second failure soon after a recovery", "`CooledDown` holds"),
    case("budget", "a second failure in a repository with one rollback per half hour", "`WithinBudget` holds"),
    case(
        "revert-of-a-revert",
        "a person takes the revert back: the bad content is there again",
        "`NotARollback` refuses",
    ),
    case(
        "kargo",
        "the Application is promoted by Kargo",
        "`NoOtherWriter` lets a pull request be opened, and nothing else",
    ),
    case("paused", "the gate is paused by annotation, and released", "`NotPaused` holds; afterwards it is `Recovered`"),
    case(
        "one-of-two-paused",
        "one commit breaks both apps, and one gate is paused; it is released afterwards",
        "the revert takes back one path, `NotPaused` holds the other one; then a second revert takes that back",
    ),
    case(
        "approval",
        "the policy asks for an approval, and gets it",
        "gate and Application are `Degraded`, and `Approved` holds; afterwards it is `Recovered`",
    ),
    case(
        "observe",
        "mode `Observe`",
        "the record shows the commit that it would make, and a dry run what `Push` would do; nothing is pushed",
    ),
];

const RACES: &[GitopsCase] = &[
    case(
        "race",
        "somebody pushes another file between decision and push",
        "the revert stands on that commit; nothing of it is lost",
    ),
    case("race-on-the-path", "somebody pushes a fix of the path between decision and push", "no revert; the fix stays"),
    case(
        "force-push",
        "somebody rewrites the branch before the approval",
        "`HistoryIntact` refuses; nothing is pushed",
    ),
    case(
        "manager-killed-anywhere",
        "SIGKILL right after the k-th outside call that changed something, for every k of a whole rollback; then it is started again",
        "one revert, `Recovered`",
    ),
    case(
        "two-managers",
        "the leading manager gets SIGSTOP before its push, another takes over, the first goes on",
        "one revert, `Recovered`",
    ),
    case(
        "retention",
        "three failures of a gate, of whose records one is to be kept",
        "the oldest record goes; the newest, of which the gate speaks, stays in any case",
    ),
    case(
        "forge-away",
        "the Git server is stopped for a minute, and the rollback approved meanwhile",
        "one revert, `Recovered`",
    ),
];

/// The case of that name.
///
/// # Panics
/// When there is none: then suite and table do not belong together.
pub fn gitops_case(name: &str) -> &'static GitopsCase {
    let mut all = CASES.iter().flat_map(|(_, cases)| cases.iter());
    all.find(|case| case.name == name).unwrap_or_else(|| panic!("`{name}` is not in the table"))
}

/// The page for people.
pub fn gitops_page() -> String {
    let measured: Measured = serde_json::from_str(MEASURED).unwrap_or_default();
    let mut page = String::from(HEAD);
    for (what, cases) in CASES {
        page.push_str(&format!(
            "\n## {what}\n\n| case | what is done | what must come of it | measured |\n|---|---|---|---|\n"
        ));
        for case in *cases {
            let figures = measured.0.get(case.name).map(Vec::as_slice).unwrap_or_default();
            let figures: Vec<String> = figures.iter().map(|(what, seconds)| format!("{what} {seconds:.1} s")).collect();
            let figures = if figures.is_empty() { "–".to_owned() } else { figures.join("; ") };
            page.push_str(&format!("| `{}` | {} | {} | {figures} |\n", case.name, case.done, case.comes));
        }
    }
    page
}

const HEAD: &str = "# The loop around Git, tried\n
Each line is caused by the suite `gitops` of `tests/cluster` on a genuine cluster with Argo CD 3.5.3, Flux's source-controller and
kustomize-controller 1.9.6, and Gitea 1.26.0 as Git server and forge. Every case has a namespace and a repository of its own. At the end the
suite searches logs, events, objects, commits and pull requests for the password and the token with which Assay wrote: they must not be there.

The figures are those of the last run of each case on a machine with two cores, on which several cases ran side by side. They begin when the
engine says that the bad revision is deployed; the tests that judge it take about four seconds of them, twice. This page is made by
`make generate` from the suite's own table and `tests/cluster/fixtures/gitops-measured.json`, which the suite writes with `ASSAY_GITOPS_MEASURE=1`.
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_figures_have_a_case() {
        let all: Vec<_> = CASES.iter().flat_map(|(_, cases)| cases.iter()).map(|case| case.name).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        let measured: Measured = serde_json::from_str(MEASURED).unwrap();
        for name in measured.0.keys() {
            gitops_case(name);
        }
        assert!(gitops_page().contains("| `argo-push` |"));
    }
}
