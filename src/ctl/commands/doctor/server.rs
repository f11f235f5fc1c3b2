//! Whether the server answers through the API server, and its store too.

use assay_protocol::rest::{ExecutionRecord, Page};
use assay_telemetry::error_chain;

use super::check::Check;
use crate::remote::server::{Remote, RemoteError};
use crate::remote::session::Session;

/// Asks the server for one record of the history.
pub(super) async fn check(session: &Session) -> Vec<Check> {
    let remote = Remote::of_namespace(session.cluster.clone(), &session.system, &session.namespace);
    judge(remote.json("/executions?limit=1").await, &session.system)
}

fn judge(answer: Result<Page<ExecutionRecord>, RemoteError>, system: &str) -> Vec<Check> {
    let error = match answer {
        Ok(_) => {
            return vec![
                Check::ok("server", "answers through the API server, and lets you in"),
                Check::ok("store", "its history can be read"),
            ];
        }
        Err(error) => error,
    };
    let said = error_chain(&error);
    let way_out = match &error {
        RemoteError::Away(words) if words.contains("store") => {
            let way = format!("`kubectl -n {system} logs deploy/assay` says what is wrong with the store");
            return vec![Check::ok("server", "answers through the API server"), Check::fail("store", said, way)];
        }
        RemoteError::Away(_) => format!(
            "is the Service there, with endpoints? `kubectl -n {system} get service,endpointslices`; may you use \
             it? role assay-proxy in namespace {system}"
        ),
        RemoteError::Refused(_) => format!(
            "ask for the role assay-proxy in namespace {system} (value rbac.proxySubjects of the chart), and for \
             assay-view in your own"
        ),
        RemoteError::Token(_) => "use a user with a token, or ask for the right that is named".to_owned(),
        RemoteError::Absent(_) | RemoteError::Odd(_) => {
            "this program and the server seem to be of different versions".to_owned()
        }
        RemoteError::Cluster(_) => "try again".to_owned(),
    };
    vec![Check::fail("server", said, way_out)]
}

#[cfg(test)]
mod tests {
    use super::super::check::Level;
    use super::*;

    #[test]
    fn each_answer_has_its_way_out() {
        let page = Page { items: Vec::new(), next: None };
        assert!(judge(Ok(page), "sys").iter().all(|check| check.level == Level::Ok));
        for (error, topic, part) in [
            (RemoteError::Away("no endpoints available".into()), "server", "endpointslices"),
            (RemoteError::Away("unavailable: the store does not answer".into()), "store", "deploy/assay"),
            (RemoteError::Refused("services \"https:assay:https\" is forbidden".into()), "server", "assay-proxy"),
            (RemoteError::Absent("there is nothing at this path".into()), "server", "different versions"),
        ] {
            let checks = judge(Err(error), "sys");
            let last = checks.last().expect("one at least");
            assert_eq!(last.level, Level::Fail);
            let lines = last.lines().join("\n");
            assert!(lines.contains(topic) && lines.contains(part), "{lines}");
        }
    }
}
