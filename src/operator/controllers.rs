//! All controllers together.

use std::sync::Arc;

use crate::context::Context;
use crate::definition::{templates, workflows};
use crate::finished::Listeners;
use crate::gitops::Gitops;
use crate::hands::Hands;
use crate::refresh::follow_pushes;
use crate::{access, execution, gate, gitops, retention, rollback, storage};

/// Runs all controllers, until the future is dropped. Only the leader may do
/// so: dropping it ends every look that is under way.
pub async fn run(context: Context) {
    let context = Arc::new(context);
    let (workflows_hear, ended) = tokio::sync::mpsc::unbounded_channel();
    let (retention_hears, superfluous) = tokio::sync::mpsc::unbounded_channel();
    let (templates_tell, changed) = tokio::sync::mpsc::unbounded_channel();
    let (storage_tells, store) = tokio::sync::watch::channel(None);
    let (controller, watches) = execution::prepare(&context, Listeners(vec![workflows_hear, retention_hears]), store);
    let executions = controller.executions.clone();
    let (gitops, gitops_watches) = gitops::prepare(&context, executions.clone());
    let gates = gate::prepare(&context, &gitops);
    let heard = Arc::clone(&gitops);
    let looked_after = context.settings.gitops;
    let judges = looked_after.then(|| gitops.gates.clone());
    let of_git = of_git(&context, &gitops);
    let of_gitops = async move {
        if looked_after {
            tokio::join!(gate::run(gates), of_git, gitops::run(gitops, gitops_watches));
        }
    };
    tokio::join!(
        execution::run(controller, watches, move |change| heard.hear(change)),
        of_gitops,
        workflows::run(Arc::clone(&context), ended, changed),
        templates::run(Arc::clone(&context), templates_tell),
        retention::run(Arc::clone(&context), executions, judges, superfluous),
        storage::run(context, storage_tells),
    );
}

/// Everything that reads or writes Git. From the call on no news are missed.
fn of_git(context: &Arc<Context>, gitops: &Arc<Gitops>) -> impl Future<Output = ()> + use<> {
    let news = [gitops.listen(), gitops.listen(), gitops.listen(), gitops.listen()];
    let (context, gitops) = (Arc::clone(context), Arc::clone(gitops));
    async move {
        let Some(git) = context.git.clone() else { return };
        let [grants, rollbacks, verdicts, pushes] = news;
        let hands = Hands { context, git: Arc::clone(&git), gitops: Arc::clone(&gitops) };
        tokio::join!(
            access::run(hands.clone(), grants),
            rollback::run(hands.clone(), rollbacks),
            access::show_verdicts(hands.clone(), verdicts),
            follow_pushes(hands, pushes),
            access::hear_forges(git, gitops),
        );
    }
}
