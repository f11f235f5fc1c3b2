//! What forges say, told to the controllers.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::git::Git;
use crate::gitops::{Gitops, News};

/// Tells the controllers what forges say, for ever.
pub(crate) async fn hear_forges(git: Arc<Git>, gitops: Arc<Gitops>) {
    let mut pushes = git.webhooks.listen();
    loop {
        match pushes.recv().await {
            Ok(push) => gitops.tell(News::Pushed(Arc::new(push))),
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            // It lives as long as `git` does.
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}
