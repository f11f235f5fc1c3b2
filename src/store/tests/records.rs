//! Executions, progress, reports and conclusions.

use assay_api::{Reason, Verdict};
use assay_protocol::ingest::Commands;
use assay_protocol::rest::{Conclusion, DeliveryRecord};
use assay_report::TestReport;
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::{House, UID, begin, key, progress};
use crate::database::SQLITE;
use crate::{Begin, OpenError, RecordError, RunChange, Store};

fn conclusion() -> Conclusion {
    Conclusion {
        verdict: Verdict::Failed,
        reason: Reason::TestsFailed,
        message: "1 of 2 tests failed".into(),
        finished_at: Timestamp::now(),
    }
}

pub(super) async fn everything_is_there_after_reopening(house: House) {
    let store = &house.store;
    store.save_progress(&key(1), &progress(1, true)).await.expect("saved");
    store.save_report(&key(1), &TestReport::default()).await.expect("saved");
    let verdict = conclusion();
    store.conclude(UID, &verdict).await.expect("concluded");
    let house = house.reopen().await;
    let store = &house.store;
    let record = store.execution("team-a", "smoke-1").await.expect("asked").expect("found");
    assert_eq!(record.progress.map(|progress| progress.sequence), Some(1));
    assert_eq!(record.conclusion, Some(verdict));
    assert_eq!(store.report(UID).await.expect("asked"), Some(TestReport::default()));
    store.healthy().await.expect("healthy");
    store.close().await;
    assert!(store.healthy().await.is_err());
}

pub(super) async fn one_process_owns_the_folder(house: House) {
    assert!(matches!(Store::open(house.dir.path()).await, Err(OpenError::InUse)));
}

pub(super) async fn an_older_progress_does_not_replace_a_newer_one(house: House) {
    let store = &house.store;
    let mut changes = store.changes();
    for sequence in [1, 3, 2, 3] {
        store.save_progress(&key(1), &progress(sequence, sequence == 3)).await.expect("saved");
        let expected = RunChange { namespace: "team-a".into(), name: "smoke-1".into(), execution_uid: UID.into() };
        assert_eq!(changes.recv().await, Ok(expected));
    }
    let kept = store.execution_by_uid(UID).await.expect("asked").expect("found").progress.expect("spoke");
    assert_eq!((kept.sequence, kept.outcome.is_some()), (3, true));
}

pub(super) async fn only_the_newest_begun_attempt_may_speak(house: House) {
    let store = &house.store;
    store.save_progress(&key(1), &progress(7, false)).await.expect("saved");
    assert!(matches!(store.admit(&key(2)).await, Err(RecordError::Unknown)));
    store.begin(&begin("smoke-1", UID, 2)).await.expect("begun");
    store.begin(&begin("smoke-1", UID, 1)).await.expect("a repeat changes nothing");
    let refused = store.save_progress(&key(1), &progress(8, true)).await;
    assert!(matches!(refused, Err(RecordError::Superseded { newest: 2 })));
    assert!(matches!(store.enlist(&key(1)).await, Err(RecordError::Superseded { .. })));
    let record = store.execution_by_uid(UID).await.expect("asked").expect("found");
    assert_eq!((record.attempt, record.progress), (2, None), "attempt 2 has not spoken");
    store.save_progress(&key(2), &progress(1, false)).await.expect("saved");
    let mut stranger = key(1);
    stranger.execution_uid = "unknown".into();
    assert!(matches!(store.save_progress(&stranger, &progress(1, false)).await, Err(RecordError::Unknown)));
    stranger.pod_uid = "../../etc".into();
    assert!(matches!(store.enlist(&stranger).await, Err(RecordError::BadUid)));
}

pub(super) async fn executions_of_a_hook_are_counted_by_revision(house: House) {
    let store = &house.store;
    let hook = |name: &str, revision: &str, hook: &str| DeliveryRecord {
        kind: "Application".into(),
        namespace: "argocd".into(),
        name: name.into(),
        revision: revision.into(),
        hook: hook.into(),
        attempt: 7,
    };
    let rows = [
        ("u1", hook("web", "one", "PostSync"), 1),
        ("u2", hook("web", "one", "PostSync"), 2),
        ("u3", hook("web", "one", "PreSync"), 1),
        ("u4", hook("web", "two", "PostSync"), 1),
        ("u5", hook("api", "one", "PostSync"), 1),
        ("u6", hook("web", "one", "PostSync"), 3),
    ];
    for (uid, delivery, expected) in rows {
        let begun = Begin { delivery: Some(delivery.clone()), ..begin(uid, uid, 1) };
        store.begin(&begun).await.expect("begun");
        // A further attempt of the infrastructure is the same execution.
        store.begin(&Begin { attempt: 2, ..begun }).await.expect("begun");
        let record = store.execution_by_uid(uid).await.expect("asked").expect("found");
        assert_eq!(record.delivery, Some(DeliveryRecord { attempt: expected, ..delivery }), "{uid}");
    }
    let other = Begin { workflow: "load".into(), delivery: Some(hook("web", "one", "PostSync")), ..begin("l", "l", 1) };
    store.begin(&other).await.expect("begun");
    let record = store.execution("team-a", "l").await.expect("asked").expect("found");
    assert_eq!(record.delivery.map(|delivery| delivery.attempt), Some(1), "another workflow counts for itself");
    store.forget("u6").await.expect("forgotten");
    assert!(store.execution_by_uid("u6").await.expect("asked").is_none());
    let plain = store.execution_by_uid(UID).await.expect("asked").expect("found");
    assert_eq!(plain.delivery, None);
}

pub(super) async fn lists_come_in_pages_newest_first(house: House) {
    let store = &house.store;
    for number in 2..=5 {
        let mut begin = begin(&format!("smoke-{number}"), &format!("uid-{number}"), 1);
        if number == 4 {
            begin.workflow = "other".into();
        }
        store.begin(&begin).await.expect("begun");
    }
    let mut names = Vec::new();
    let mut before = None;
    loop {
        let page = store.executions("team-a", None, 2, before.as_deref()).await.expect("listed");
        names.extend(page.items.into_iter().map(|record| record.name));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(names, ["smoke-5", "smoke-4", "smoke-3", "smoke-2", "smoke-1"]);
    let other = store.executions("team-a", Some("other"), 50, None).await.expect("listed");
    assert_eq!(other.items.len(), 1);
    let none = store.executions("team-b", None, 50, None).await.expect("listed");
    assert_eq!((none.items.len(), none.next), (0, None));
    let by_uid = store.execution("team-a", "uid-3").await.expect("asked").expect("found");
    assert_eq!(by_uid.name, "smoke-3");
    assert_eq!(store.execution("team-b", "uid-3").await.expect("asked"), None);
}

pub(super) async fn an_unknown_execution_cannot_be_concluded(house: House) {
    let store = &house.store;
    assert!(matches!(store.conclude("unknown", &conclusion()).await, Err(RecordError::Unknown)));
}

fn asks(version: u64, pause: bool, resume: &[&str]) -> Commands {
    Commands { version, pause, resume: resume.iter().map(|step| (*step).to_owned()).collect() }
}

pub(super) async fn commands_count_up_with_every_change(house: House) {
    let store = &house.store;
    let mut changed = store.commands_changed();
    assert_eq!(store.commands(UID).await.expect("asked"), Commands::default());
    for (commands, expected, version) in [
        (asks(0, false, &[]), false, 0),
        (asks(0, true, &[]), true, 1),
        (asks(0, true, &[]), false, 1),
        (asks(7, true, &["build"]), true, 7),
        (asks(3, true, &["build", "test"]), true, 8),
        (asks(9, true, &["build", "test"]), false, 8),
        (asks(0, false, &[]), true, 9),
    ] {
        assert_eq!(store.set_commands(UID, &commands).await.expect("kept"), expected, "{commands:?}");
        let kept = store.commands(UID).await.expect("asked");
        assert_eq!((kept.version, kept.pause), (version, commands.pause));
        assert_eq!(kept.resume, commands.resume);
        if expected {
            assert_eq!(changed.recv().await.as_deref(), Ok(UID));
        }
    }
    assert!(changed.is_empty(), "nobody is told what is known");
    let unknown = store.set_commands("unknown", &asks(0, true, &[])).await;
    assert!(matches!(unknown, Err(RecordError::Unknown)));
    let house = house.reopen().await;
    assert_eq!(house.store.commands(UID).await.expect("asked").version, 9);
}

pub(super) async fn many_writers_of_one_execution_lose_nothing(house: House) {
    let writers = (1..=40).map(|number| {
        let store = house.store.clone();
        tokio::spawn(async move {
            store.save_progress(&key(1), &progress(number, number == 40)).await.expect("saved");
            store.save_report(&key(1), &TestReport::default()).await.expect("saved");
            store.set_commands(UID, &asks(0, true, &[&number.to_string()])).await.expect("kept");
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    let record = house.store.execution_by_uid(UID).await.expect("asked").expect("found");
    assert_eq!(record.progress.map(|progress| progress.sequence), Some(40));
    assert_eq!(house.store.commands(UID).await.expect("asked").version, 40);
}

#[tokio::test]
async fn a_database_of_an_older_version_is_brought_to_this_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = SqliteConnectOptions::new().filename(dir.path().join("assay.db")).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.expect("made");
    let first = SQLITE.iter().filter(|migration| migration.version == 1).cloned().collect();
    Migrator::with_migrations(first).run(&pool).await.expect("the first version");
    let verdict = serde_json::to_string(&conclusion()).expect("written");
    sqlx::query("INSERT INTO executions VALUES ('uid-1', 'team-a', 'smoke-1', 'smoke', 1, '00', 1000000, $1)")
        .bind(verdict)
        .execute(&pool)
        .await
        .expect("kept");
    pool.close().await;
    let store = Store::open(dir.path()).await.expect("opened");
    let kept = store.workflows().await.expect("asked");
    assert_eq!((kept[0].executions, kept[0].concluded), (1, 1));
    assert!(store.execution("team-a", "smoke-1").await.expect("asked").expect("found").conclusion.is_some());
    assert!(store.set_commands("uid-1", &asks(0, true, &[])).await.expect("kept"));
}
