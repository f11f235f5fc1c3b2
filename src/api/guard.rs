//! The closed list of guards: what must hold before a revert is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! guards {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// A guard of the chain that every rollback goes through, in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Guard { $($(#[doc = $doc])+ $name,)+ }

        impl Guard {
            /// Every guard, in the order of the chain.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The guard as it stands in records.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What the guard asks for, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }
        }
    };
}

guards! {
    /// The verdict is a definitive failure: errored, timed out and cancelled judge nothing.
    DefinitiveFailure,
    /// The failure was confirmed as often as the gate asks.
    ConfirmedFailure,
    /// The failure is fresh.
    FreshFailure,
    /// A last good revision is known.
    LastGoodKnown,
    /// The good revision came from the same path on the same branch of the same repository.
    SameSource,
    /// The source is a branch, which a commit can move; tags, versions and pinned commits are not.
    SourceIsBranch,
    /// The repository could be read, and has both revisions.
    RepositoryReadable,
    /// The delivery still has the content that failed.
    StillDeployed,
    /// Good is an ancestor of bad, and bad of the branch's tip: nobody rewrote history.
    HistoryIntact,
    /// Nothing newer touches the delivered paths.
    NothingNewer,
    /// The delivered paths differ between good and bad: the commit can be the culprit.
    CulpritInPaths,
    /// Nothing outside the delivered paths, that they refer to, changed between good and bad.
    SharedBaseUnchanged,
    /// No commit between good and bad is a merge.
    NoMerge,
    /// No commit between good and bad is a rollback, or the revert of one.
    NotARollback,
    /// No change is among those that are never reverted.
    Revertible,
    /// Restoring removes no definition, namespace or volume claim.
    NothingPrecious,
    /// No other program writes to these paths.
    NoOtherWriter,
    /// A `GitWriteAccess` of the cluster's administrator allows it.
    Granted,
    /// The branch takes a push.
    BranchWritable,
    /// Nobody paused it.
    NotPaused,
    /// Whoever must approve has done so.
    Approved,
    /// The last rollback of this delivery is long enough ago.
    CooledDown,
    /// The repository's budget of rollbacks is not used up.
    WithinBudget,
    /// Not so many gates fail at once that it is rather the cluster.
    NoMassFailure,
    /// The other gates that the same commit concerns have been heard, so that one commit reverts them all.
    Coalesced,
    /// The same decision was not carried out before.
    NotDoneBefore,
}

impl std::fmt::Display for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
