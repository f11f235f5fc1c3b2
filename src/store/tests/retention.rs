//! What is kept, what need not be, and what is gone afterwards.

use std::time::{Duration, SystemTime};

use assay_api::{Reason, Verdict};
use assay_protocol::rest::Conclusion;
use assay_report::TestReport;
use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;

use super::{House, SOON, UID, begin, frame, key, progress};
use crate::chores::Chores;
use crate::{AppendError, Expired, ReadOptions, RecordError, RetentionRule, Store};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn concluded(store: &Store, uid: &str, at: Timestamp) {
    let conclusion =
        Conclusion { verdict: Verdict::Passed, reason: Reason::Passed, message: String::new(), finished_at: at };
    store.conclude(uid, &conclusion).await.expect("concluded");
}

fn rule(age: Option<Duration>, count: Option<u32>) -> RetentionRule {
    RetentionRule { namespace: "team-a".into(), workflow: "smoke".into(), age, count }
}

async fn names(store: &Store, rule: &RetentionRule, now: Timestamp) -> Vec<String> {
    let expired = store.expired(rule, now).await.expect("asked");
    expired.into_iter().map(|expired| expired.name).collect()
}

pub(super) async fn a_rule_names_what_is_old_or_too_much(house: House) {
    let store = &house.store;
    let now = Timestamp::now();
    for number in 2..=6_u32 {
        store.begin(&begin(&format!("smoke-{number}"), &format!("uid-{number}"), 1)).await.expect("begun");
        concluded(store, &format!("uid-{number}"), now - DAY * (7 - number)).await;
    }
    let mut other = begin("other-1", "uid-other", 1);
    other.workflow = "other".into();
    store.begin(&other).await.expect("begun");
    concluded(store, "uid-other", now - DAY * 100).await;
    for (age, count, expected) in [
        (None, None, vec![]),
        (None, Some(3), vec!["smoke-2", "smoke-3"]),
        (Some(DAY * 3 + DAY / 2), None, vec!["smoke-2", "smoke-3"]),
        (Some(DAY * 4 + DAY / 2), Some(2), vec!["smoke-2", "smoke-3", "smoke-4"]),
        (None, Some(0), vec!["smoke-2", "smoke-3", "smoke-4", "smoke-5", "smoke-6"]),
    ] {
        assert_eq!(names(store, &rule(age, count), now).await, expected, "{age:?} {count:?}");
    }
    let much_later = now + DAY * 50;
    let unconcluded = store.expired(&rule(Some(DAY * 10), None), much_later).await.expect("asked");
    let first = Expired { uid: UID.into(), namespace: "team-a".into(), name: "smoke-1".into(), concluded: false };
    assert_eq!((unconcluded.len(), &unconcluded[0]), (6, &first));
    let kept = store.workflows().await.expect("asked");
    let counts: Vec<_> = kept.iter().map(|kept| (kept.workflow.as_str(), kept.executions, kept.concluded)).collect();
    assert_eq!(counts, [("other", 1, 1), ("smoke", 6, 5)]);
    assert!(kept[1].oldest < kept[1].newest && kept[1].namespace == "team-a");
}

pub(super) async fn what_is_forgotten_is_gone(house: House) {
    let store = &house.store;
    store.begin(&begin("smoke-2", "uid-2", 1)).await.expect("begun");
    let piece = frame(0, 1, &[b'x'; 5000]);
    store.logs().append(&key(1), 0, 0, piece.clone().into()).await.expect("appended");
    store.save_progress(&key(1), &progress(1, true)).await.expect("saved");
    store.save_report(&key(1), &TestReport::default()).await.expect("saved");
    for name in ["a", "b"] {
        let bytes = stream::iter([Ok(Bytes::from_static(b"0123456789"))]);
        store.artifacts().put(&key(1), name, "test", bytes).await.expect("kept");
    }
    let used = store.usage().await.expect("measured");
    assert_eq!((used.executions, used.artifacts, used.artifact_bytes), (2, 2, 20));
    assert_eq!(used.log_bytes, piece.len() as u64);
    assert!(used.database_bytes > 0 && used.disk.free > 0);
    let follow = ReadOptions { follow: true, ..ReadOptions::default() };
    let mut follower = store.logs().read(UID, follow).await.expect("opened");
    assert!(store.forget(UID).await.expect("forgotten"));
    assert!(!store.forget(UID).await.expect("a repeat"));
    assert!(matches!(store.forget("../x").await, Err(RecordError::BadUid)));
    assert_eq!(store.execution_by_uid(UID).await.expect("asked"), None);
    assert_eq!(store.report(UID).await.expect("asked"), None);
    let refused = store.logs().append(&key(1), 0, piece.len() as u64, piece.into()).await;
    assert!(matches!(refused, Err(AppendError::Run(RecordError::Unknown))), "{refused:?}");
    while tokio::time::timeout(SOON, follower.next_batch()).await.expect("it ends").expect("read").is_some() {}
    assert!(!house.dir.path().join("logs").join(UID).exists());
    let used = store.usage().await.expect("measured");
    assert_eq!((used.executions, used.artifacts, used.artifact_bytes, used.log_bytes), (1, 0, 0, 0));
}

pub(super) async fn what_a_crash_left_of_a_log_is_swept(house: House) {
    let store = &house.store;
    store.logs().append(&key(1), 0, 0, frame(0, 1, b"kept\n").into()).await.expect("appended");
    let orphan = house.dir.path().join("logs/uid-gone/1-pod");
    std::fs::create_dir_all(&orphan).expect("made");
    std::fs::write(orphan.join("0.frames"), b"left").expect("written");
    let chores = Chores::of(&store.inner);
    assert_eq!(chores.logs(SystemTime::now() - DAY).await.expect("swept"), 0, "it is too young");
    assert_eq!(chores.logs(SystemTime::now() + DAY).await.expect("swept"), 1);
    assert!(!orphan.exists() && house.dir.path().join("logs").join(UID).exists());
}
