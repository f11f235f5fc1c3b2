//! The manager's and people's rights over gates, deliveries and Git, step by step as the chart gives them.

use assay_cluster_tests::{Namespace, Place, PodSecurity, SYSTEM};
use serde_json::Value;

/// What the chart renders with these settings.
fn rendered(settings: &str) -> Vec<Value> {
    let arguments = ["template", "assay", "charts/assay", "--namespace", SYSTEM, "--set", settings];
    let text = Place::shared().helm().run(&arguments).unwrap_or_else(|error| panic!("{settings}: {error}"));
    let documents = text.split("\n---").map(|text| serde_yaml::from_str(text).expect("YAML"));
    documents.filter(|object: &Value| object.is_object()).collect()
}

/// Whether a role of this kind and name allows something to every object of a kind, or to the one that is named.
fn allows(objects: &[Value], role: (&str, &str), verb: &str, resource: &str, name: Option<&str>) -> bool {
    let (group, resource) = resource.rsplit_once('/').unwrap_or(("", resource));
    let has = |rule: &Value, field: &str, value: &str| {
        rule[field].as_array().is_some_and(|list| list.iter().any(|one| one == value))
    };
    let roles = objects.iter().filter(|object| object["kind"] == role.0 && object["metadata"]["name"] == role.1);
    let rules = roles.flat_map(|role| role["rules"].as_array().into_iter().flatten());
    rules.into_iter().any(|rule| {
        has(rule, "apiGroups", group)
            && has(rule, "resources", resource)
            && has(rule, "verbs", verb)
            && (rule.get("resourceNames").is_none() || name.is_some_and(|name| has(rule, "resourceNames", name)))
    })
}

const MANAGER: (&str, &str) = ("ClusterRole", "assay");
const OWN_NAMESPACE: (&str, &str) = ("Role", "assay");
const APPLICATION: &str = "argoproj.io/applications";
const REPOSITORY: &str = "source.toolkit.fluxcd.io/gitrepositories";

#[test]
fn each_step_gives_its_right_and_no_other() {
    // Settings; may it: read deliveries, annotate Flux, annotate or end Argo CD's, read any Secret of its namespace.
    for (settings, expected) in [
        ("gitops.enabled=false", [false, false, false, false]),
        ("gitops.enabled=false,gitops.refresh=true,gitops.write=true,gitops.unblock=true", [false; 4]),
        ("gitops.enabled=true", [true, false, false, false]),
        ("gitops.refresh=true", [true, true, true, false]),
        ("gitops.unblock=true", [true, false, true, false]),
        ("gitops.write=true", [true, false, false, true]),
        ("gitops.write=true,gitops.secrets={shop-git}", [true, false, false, false]),
    ] {
        let objects = rendered(settings);
        let may = [
            allows(&objects, MANAGER, "watch", APPLICATION, None)
                && allows(&objects, MANAGER, "list", REPOSITORY, None),
            allows(&objects, MANAGER, "patch", REPOSITORY, None),
            allows(&objects, MANAGER, "patch", APPLICATION, None),
            allows(&objects, OWN_NAMESPACE, "get", "secrets", None),
        ];
        assert_eq!(may, expected, "{settings}");
        assert!(!allows(&objects, MANAGER, "get", "secrets", None), "{settings}: Secrets of other namespaces");
        for verb in ["list", "watch", "delete"] {
            assert!(!allows(&objects, OWN_NAMESPACE, verb, "secrets", None), "{settings}: {verb} Secrets");
        }
        for verb in ["create", "update", "delete"] {
            assert!(!allows(&objects, MANAGER, verb, APPLICATION, None), "{settings}: {verb} Applications");
            assert!(!allows(&objects, ("ClusterRole", "assay-cluster"), verb, "assay.dev/gitwriteaccesses", None));
        }
    }
    let named = rendered("gitops.write=true,gitops.secrets={shop-git}");
    assert!(allows(&named, OWN_NAMESPACE, "get", "secrets", Some("shop-git")));
    assert!(!allows(&named, OWN_NAMESPACE, "get", "secrets", Some("other")));
}

#[test]
fn the_manager_is_told_what_it_may() {
    let told = |settings: &str| -> Vec<(String, String)> {
        let objects = rendered(settings);
        let deployment = objects.iter().find(|object| object["kind"] == "Deployment").expect("a Deployment");
        let env = deployment.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).expect("env");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = env.iter().map(|entry| (text(&entry["name"]), text(&entry["value"])));
        all.filter(|(name, _)| name.starts_with("ASSAY_GITOPS")).collect()
    };
    let expected = |values: [&str; 4]| -> Vec<(String, String)> {
        let names = ["ASSAY_GITOPS", "ASSAY_GITOPS_REFRESH", "ASSAY_GITOPS_UNBLOCK", "ASSAY_GITOPS_WRITE"];
        names.into_iter().zip(values).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    assert_eq!(told("gitops.enabled=true"), expected(["true", "false", "false", "false"]));
    assert_eq!(told("gitops.write=true,gitops.refresh=true"), expected(["true", "true", "false", "true"]));
    assert_eq!(told("gitops.enabled=false,gitops.write=true"), expected(["false", "false", "false", "false"]));
}

#[test]
fn egress_is_closed_but_for_what_is_named() {
    let objects = rendered(
        "networkPolicy.enabled=true,networkPolicy.egress.enabled=true,networkPolicy.egress.rules[0].ports[0].port=22",
    );
    let policy = objects.iter().find(|object| object["kind"] == "NetworkPolicy").expect("a policy");
    assert_eq!(policy["spec"]["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
    let ports: Vec<i64> = (policy["spec"]["egress"].as_array().into_iter().flatten())
        .flat_map(|rule| rule["ports"].as_array().into_iter().flatten())
        .filter_map(|port| port["port"].as_i64())
        .collect();
    assert_eq!(ports, [53, 53, 443, 6443, 22]);
}

/// The built-in roles as the cluster aggregates them, asked of the API server.
#[test]
fn people_make_gates_and_only_approvers_touch_rollbacks() {
    let namespace = Namespace::create(Place::shared(), "tiers", PodSecurity::Open).expect("a namespace");
    for (account, role) in [("viewer", "view"), ("editor", "edit"), ("approver", "assay-rollback-approver")] {
        namespace.kubectl(&["create", "serviceaccount", account]).expect("an account");
        let subject = format!("{}:{account}", namespace.name());
        let bind = ["create", "rolebinding", account, "--clusterrole", role, "--serviceaccount", &subject];
        namespace.kubectl(&bind).expect("a binding");
    }
    let may = |account: &str, verb: &str, what: &str| {
        let user = format!("--as=system:serviceaccount:{}:{account}", namespace.name());
        let asked = ["auth", "can-i", verb, what, "-n", namespace.name(), &user];
        Place::shared().kubectl().answer(&asked).expect("kubectl auth").stdout.trim() == "yes"
    };
    for (account, verb, what, expected) in [
        ("viewer", "list", "testgates.assay.dev", true),
        ("viewer", "watch", "rollbacks.assay.dev", true),
        ("viewer", "create", "testgates.assay.dev", false),
        ("editor", "create", "testgates.assay.dev", true),
        ("editor", "patch", "testgates.assay.dev", true),
        ("editor", "get", "rollbacks.assay.dev", true),
        ("editor", "create", "rollbacks.assay.dev", false),
        ("editor", "patch", "rollbacks.assay.dev", false),
        ("editor", "delete", "rollbacks.assay.dev", false),
        ("editor", "create", "gitwriteaccesses.assay.dev", false),
        ("approver", "patch", "rollbacks.assay.dev", true),
        ("approver", "create", "rollbacks.assay.dev", false),
        ("approver", "patch", "testgates.assay.dev", false),
    ] {
        assert_eq!(may(account, verb, what), expected, "{account} {verb} {what}");
    }
}
