//! What whoever asks may do with our kinds.

use assay_api::names::{GROUP, SERVICE, SERVICE_PORT};
use assay_cluster::Access;
use assay_telemetry::error_chain;

use super::check::Check;
use crate::remote::session::Session;

const TOPIC: &str = "rights";

/// Rights that belong together, and what is not possible without them.
struct Need {
    what: &'static str,
    needed: bool,
    way_out: &'static str,
    rights: &'static [(&'static str, &'static str, &'static str)],
}

/// Verb, resource, part.
const NEEDS: [Need; 3] = [
    Need {
        what: "see executions and workflows",
        needed: true,
        way_out: "ask for the role `assay-view` (or `view`) in the namespace",
        rights: &[
            ("get", "testexecutions", ""),
            ("list", "testexecutions", ""),
            ("watch", "testexecutions", ""),
            ("get", "testworkflows", ""),
            ("list", "testworkflows", ""),
            ("get", "testworkflowtemplates", ""),
        ],
    },
    Need {
        what: "read logs, artifacts and reports",
        needed: true,
        way_out: "ask for the role `assay-view` (or `view`) in the namespace",
        rights: &[("get", "testexecutions", "log"), ("get", "testexecutions", "artifacts")],
    },
    Need {
        what: "run, cancel, pause and resume",
        needed: false,
        way_out: "to run tests ask for the role `assay-edit` (or `edit`) in the namespace",
        rights: &[
            ("create", "testexecutions", ""),
            ("patch", "testexecutions", ""),
            ("create", "testworkflows", ""),
            ("patch", "testworkflows", ""),
        ],
    },
];

/// Asks the API server about each right.
pub(super) async fn check(session: &Session) -> Vec<Check> {
    let mut checks = Vec::new();
    for need in &NEEDS {
        let mut missing = Vec::new();
        for (verb, resource, subresource) in need.rights {
            let namespace = &session.namespace;
            let access = Access { verb, group: GROUP, resource, subresource, namespace, name: "" };
            match session.cluster.can_i(&access).await {
                Ok(true) => {}
                Ok(false) => missing.push(words(verb, resource, subresource)),
                Err(error) => return vec![Check::warn(TOPIC, error_chain(&error), "try again")],
            }
        }
        checks.push(judge(need, &session.namespace, &missing));
    }
    checks.push(proxy(session).await);
    checks
}

fn words(verb: &str, resource: &str, subresource: &str) -> String {
    if subresource.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource}/{subresource}") }
}

fn judge(need: &Need, namespace: &str, missing: &[String]) -> Check {
    if missing.is_empty() {
        return Check::ok(TOPIC, format!("you may {} in namespace {namespace}", need.what));
    }
    let said = format!("you may not {} in namespace {namespace}: missing {}", need.what, missing.join(", "));
    if need.needed { Check::fail(TOPIC, said, need.way_out) } else { Check::warn(TOPIC, said, need.way_out) }
}

async fn proxy(session: &Session) -> Check {
    let name = format!("https:{SERVICE}:{SERVICE_PORT}");
    let access = Access {
        verb: "get",
        resource: "services",
        subresource: "proxy",
        namespace: &session.system,
        name: &name,
        group: "",
    };
    let system = &session.system;
    match session.cluster.can_i(&access).await {
        Ok(true) => Check::ok(TOPIC, format!("you may reach the server through the API server (namespace {system})")),
        Ok(false) => Check::fail(
            TOPIC,
            format!("you may not reach the server through the API server: missing get services/proxy {name}"),
            format!("ask for the role assay-proxy in namespace {system} (value rbac.proxySubjects of the chart)"),
        ),
        Err(error) => Check::warn(TOPIC, error_chain(&error), "try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Level;
    use super::*;

    #[test]
    fn who_may_only_look_is_warned_and_who_may_not_look_fails() {
        let missing = ["create testexecutions".to_owned()];
        for (need, missing, level) in [
            (&NEEDS[0], &missing[..0], Level::Ok),
            (&NEEDS[0], &missing[..], Level::Fail),
            (&NEEDS[2], &missing[..], Level::Warn),
        ] {
            assert_eq!(judge(need, "ns", missing).level, level, "{}", need.what);
        }
        assert_eq!(words("get", "testexecutions", "log"), "get testexecutions/log");
    }
}
