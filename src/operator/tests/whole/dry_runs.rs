//! Dry runs with a real repository: everything is asked, and nothing is done.

use assay_api::RollbackMode;
use assay_gitops::DryRunAsk;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gates::GATE;
use crate::repository::Repository;
use crate::rollbacks::{failed, grant};
use crate::{House, found};

impl House {
    /// Somebody annotates the gate, or takes the annotation back.
    fn ask(&self, token: Option<&str>) {
        let mut gate = self.server.get(GATE).expect("a gate");
        gate["metadata"]["annotations"] = token.map_or(json!({}), |token| json!({ "assay.dev/dry-run": token }));
        self.server.put(GATE, gate);
    }

    fn dry_runs(&self) -> Vec<String> {
        let all = self.server.paths("rollbacks").into_iter();
        all.filter(|path| self.server.get(path).is_some_and(|record| !record["spec"]["dryRun"].is_null())).collect()
    }

    /// The answer to a question, once it is over.
    async fn answer(&self, token: &str) -> (String, Value) {
        let answers =
            |record: &Value| record["spec"]["dryRun"]["token"] == token && record["status"]["finishedAt"].is_string();
        let look = async || {
            let paths = self.dry_runs().into_iter();
            let mut records = paths.map(|path| (path.clone(), self.server.get(&path).unwrap_or_default()));
            records.find(|(_, record)| answers(record))
        };
        found(look, || format!("no answer among {:?}", self.server.paths("rollbacks"))).await
    }
}

fn answers(record: &Value, answer: &str) -> Vec<String> {
    let findings = record["status"]["findings"].as_array().expect("findings").iter();
    let of = findings.filter(|finding| finding["answer"] == answer);
    of.map(|finding| finding["guard"].as_str().expect("a guard").to_owned()).collect()
}

#[tokio::test]
async fn what_a_more_daring_policy_would_do_is_said_and_not_done() {
    let repository = Repository::start().await;
    let (house, good, bad) = failed(&repository, json!({ "mode": "Observe" }), grant(&repository)).await;
    let real = house.rollback("Observed").await;
    let told = house.until(GATE, |gate| gate["status"]["rollback"]["phase"] == "Observed").await;
    let summary = told["status"]["rollback"].clone();

    let asked = DryRunAsk::new(Timestamp::now(), Some(RollbackMode::Push));
    house.ask(Some(&asked.token));
    let (first, record) = house.answer(&asked.token).await;
    let status = &record["status"];
    assert_eq!(status["phase"], "Observed", "{record}");
    assert!(status["message"].as_str().is_some_and(|words| words.contains("would be pushed to main")), "{record}");
    assert_eq!((&status["commit"]["parent"], &status["commit"]["files"]), (&json!(bad), &json!(["apps/web/app.yaml"])));
    assert_eq!(answers(&record, "Pass").len(), assay_api::Guard::ALL.len(), "{record}");
    let spec = &record["spec"];
    assert_eq!((&spec["bad"]["revision"], &spec["good"]["revision"]), (&json!(bad), &json!(good)));
    assert_eq!((&spec["policy"]["mode"], &spec["dryRun"]["mode"]), (&json!("Observe"), &json!("Push")));
    assert_eq!(record["metadata"]["labels"]["assay.dev/dry-run"], "true");
    assert_eq!(record["metadata"]["ownerReferences"][0]["uid"], "uid-g");
    assert_eq!(status["conditions"].as_array().map(Vec::len), Some(1), "{record}");

    // Another question takes its place, and the first one speaks neither for nor against it.
    let asked = DryRunAsk::new(Timestamp::now(), Some(RollbackMode::PullRequest));
    house.ask(Some(&asked.token));
    let (second, record) = house.answer(&asked.token).await;
    assert_eq!(
        (record["status"]["phase"].as_str(), answers(&record, "Refuse")),
        (Some("Refused"), vec!["Granted".into()])
    );
    house.until(&first, Value::is_null).await;
    assert_eq!(house.dry_runs(), std::slice::from_ref(&second));

    house.ask(None);
    house.until(&second, Value::is_null).await;
    assert_eq!(repository.git(&["rev-parse", "main"]), bad, "nothing was written");
    assert_eq!(repository.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    assert_eq!(house.server.get(GATE).expect("a gate")["status"]["rollback"], summary);
    assert_eq!(house.rollback("Observed").await["metadata"]["uid"], real["metadata"]["uid"], "the record stays");
    let numbers = house.numbers();
    let counted = numbers.lines().filter(|line| line.starts_with("assay_rollbacks_total{")).collect::<Vec<_>>();
    assert_eq!(counted, [r#"assay_rollbacks_total{phase="Observed",reason="OnlyObserved"} 1"#]);
}

#[tokio::test]
async fn a_failure_that_was_taken_back_is_answered_as_it_is_now() {
    let repository = Repository::start().await;
    let (house, _, bad) = failed(&repository, json!({ "mode": "Push" }), grant(&repository)).await;
    house.rollback("Deploying").await;
    let revert = repository.git(&["rev-parse", "main"]);
    let asked = DryRunAsk::new(Timestamp::now(), None);
    house.ask(Some(&asked.token));
    let (_, record) = house.answer(&asked.token).await;
    assert_eq!(record["status"]["phase"], "Refused", "{record}");
    let refused = answers(&record, "Refuse");
    assert!(refused.contains(&"NotDoneBefore".to_owned()), "{refused:?}");
    assert!(answers(&record, "Hold").contains(&"CooledDown".to_owned()), "{record}");
    assert_eq!((&record["spec"]["dryRun"]["mode"], &record["spec"]["bad"]["revision"]), (&json!("Push"), &json!(bad)));
    assert_eq!(repository.git(&["rev-parse", "main"]), revert);
    // What nobody understands, and what was asked long ago, is asked by nobody.
    house.ask(Some("now"));
    let gone = async || house.dry_runs().is_empty().then_some(());
    found(gone, || format!("{:?} are still there", house.dry_runs())).await;
    house.ask(Some("2026-01-01T00:00:00Z"));
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(house.dry_runs(), Vec::<String>::new());
}
