//! Leader election: the decision as a table and as a property, and the loop
//! against an API server of one Lease.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::apiserver::{Heard, Log, cluster, failure, slow_cluster};
use crate::{Cluster, ElectionOptions, Leadership, LeaseView, Seen, Step, elect, evaluate};

fn seen(holder: &str, duration: u64, since: Instant) -> Seen {
    let view =
        LeaseView { holder: holder.to_owned(), duration: Duration::from_secs(duration), renewed: None, transitions: 0 };
    Seen { view, since }
}

#[test]
fn the_decision() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    for (lease, now, expected) in [
        (None, 0, Step::Acquire),
        (Some(seen("", 15, start)), 0, Step::Acquire),
        (Some(seen("me", 15, start)), 0, Step::Renew),
        (Some(seen("me", 15, start)), 99, Step::Renew),
        (Some(seen("other", 15, start)), 0, Step::Yield(Duration::from_secs(15))),
        (Some(seen("other", 15, start)), 14, Step::Yield(Duration::from_secs(1))),
        (Some(seen("other", 15, start)), 15, Step::Acquire),
        (Some(seen("other", 15, start)), 99, Step::Acquire),
        (Some(seen("other", 0, start)), 0, Step::Acquire),
    ] {
        assert_eq!(evaluate(lease.as_ref(), "me", at(now)), expected, "{lease:?} at {now}");
    }
}

proptest! {
    /// Whoever renews within the duration is never pushed aside, however long it leads.
    #[test]
    fn a_living_holder_is_never_pushed_aside(gaps in prop::collection::vec(0u64..15_000, 1..50)) {
        let mut now = Instant::now();
        for gap in gaps {
            let record = seen("other", 15, now);
            now += Duration::from_millis(gap);
            let step = evaluate(Some(&record), "me", now);
            prop_assert!(matches!(step, Step::Yield(_)), "{:?} after {}", step, gap);
        }
    }

    /// A yield names a time after which the same record is taken.
    #[test]
    fn yielding_ends(duration in 1u64..60, age in 0u64..120_000) {
        let start = Instant::now();
        let record = seen("other", duration, start);
        let now = start + Duration::from_millis(age);
        if let Step::Yield(left) = evaluate(Some(&record), "me", now) {
            prop_assert_eq!(evaluate(Some(&record), "me", now + left), Step::Acquire);
        }
    }
}

type Stored = Arc<Mutex<Option<Value>>>;

/// One Lease with resource versions, as an API server keeps it.
fn apiserver(down: Arc<Mutex<bool>>) -> (Cluster, Stored, Log) {
    let stored = Stored::default();
    let inside = Arc::clone(&stored);
    let (cluster, log) = cluster(move |heard| {
        if *down.lock().expect("flag") {
            return failure(503, "ServiceUnavailable", "away");
        }
        answer(&inside, heard)
    });
    (cluster, stored, log)
}

fn answer(stored: &Stored, heard: &Heard) -> (u16, Value) {
    let mut stored = stored.lock().expect("lease");
    let version = stored.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
    match heard.method.as_str() {
        "GET" => stored.clone().map_or_else(|| failure(404, "NotFound", "none"), |lease| (200, lease)),
        "POST" if stored.is_some() => failure(409, "AlreadyExists", "there"),
        "PUT" if version.as_ref() != Some(&heard.body["metadata"]["resourceVersion"]) => {
            failure(409, "Conflict", "newer")
        }
        _ => {
            let number = version.and_then(|v| v.as_str()?.parse::<u64>().ok()).unwrap_or(0) + 1;
            let mut lease = heard.body.clone();
            lease["metadata"]["resourceVersion"] = json!(number.to_string());
            *stored = Some(lease.clone());
            (200, lease)
        }
    }
}

fn options(identity: &str) -> ElectionOptions {
    ElectionOptions::new("ns", "assay", identity)
}

/// The holders that were written, one after another.
fn written(log: &Log) -> Vec<String> {
    let log = log.lock().expect("log");
    let writes = log.iter().filter(|heard| matches!(heard.method.as_str(), "POST" | "PUT"));
    writes.map(|heard| heard.body["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_hands_over() {
    let (cluster, _stored, log) = apiserver(Arc::default());
    let first = elect(&cluster, options("first"));
    assert!(first.leading().await);
    let second = elect(&cluster, options("second"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(*first.state().borrow(), Leadership::Leading, "it renews");
    assert_eq!(*second.state().borrow(), Leadership::Waiting);
    first.release().await;
    // The other one may have taken it in the same moment.
    let written = written(&log);
    assert!(written.contains(&String::new()), "{written:?}");
    let handed = tokio::time::timeout(Duration::from_secs(3), second.leading()).await;
    assert_eq!(handed, Ok(true), "a released lease is taken at the next look, long before it would expire");
    second.release().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_stops_before_another_begins() {
    let down = Arc::new(Mutex::new(false));
    let (cluster, ..) = apiserver(Arc::clone(&down));
    let leader = elect(&cluster, options("first"));
    assert!(leader.leading().await);
    *down.lock().expect("flag") = true;
    let begun = Instant::now();
    leader.lost().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "before the lease expires: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_look_that_takes_its_time_leaves_less_of_it_for_the_renewal() {
    let (slow, stored) = (Arc::new(Mutex::new(false)), Stored::default());
    let is_slow = Arc::clone(&slow);
    let delay = move |heard: &Heard| match heard.method.as_str() {
        _ if !*is_slow.lock().expect("flag") => None,
        // The look begins 2 s after the renewal and is answered just before the deadline of 10 s.
        "GET" => Some(Duration::from_millis(7900)),
        _ => Some(Duration::from_secs(3600)),
    };
    let (cluster, _) = slow_cluster(delay, move |heard| answer(&stored, heard));
    let leader = elect(&cluster, options("first"));
    assert!(leader.leading().await);
    *slow.lock().expect("flag") = true;
    let begun = Instant::now();
    leader.lost().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "before the lease expires: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stolen_lease_is_lost_at_once() {
    let (cluster, stored, _) = apiserver(Arc::default());
    let leader = elect(&cluster, options("first"));
    assert!(leader.leading().await);
    {
        let mut stored = stored.lock().expect("lease");
        let lease = stored.as_mut().expect("a lease");
        lease["spec"]["holderIdentity"] = json!("thief");
        lease["metadata"]["resourceVersion"] = json!("99");
    }
    tokio::time::timeout(Duration::from_secs(3), leader.lost()).await.expect("noticed by the next look");
}

#[tokio::test(start_paused = true)]
async fn a_fence_opens_only_for_who_leads_right_now() {
    let down = Arc::new(Mutex::new(false));
    let (cluster, stored, _) = apiserver(Arc::clone(&down));
    // A look every ten seconds: what happens meanwhile only the fence can notice.
    let slow =
        ElectionOptions { retry: Duration::from_secs(10), renew_deadline: Duration::from_secs(9), ..options("first") };
    let leader = elect(&cluster, slow);
    let fence = leader.fence();
    assert!(leader.leading().await);
    assert!(fence.still_held());
    assert!(fence.confirm().await.expect("an answer"));
    *down.lock().expect("flag") = true;
    assert!(fence.confirm().await.is_err(), "what is not known is no yes");
    *down.lock().expect("flag") = false;
    stored.lock().expect("lease").as_mut().expect("a lease")["spec"]["holderIdentity"] = json!("thief");
    assert_eq!(*leader.state().borrow(), Leadership::Leading, "the election has not looked yet");
    assert!(!fence.confirm().await.expect("an answer"));
    leader.release().await;
    assert!(!fence.still_held());
}

/// Short enough to be waited for with a stopped thread.
fn hasty() -> ElectionOptions {
    let (duration, renew_deadline) = (Duration::from_secs(60), Duration::from_secs(1));
    ElectionOptions { duration, renew_deadline, retry: Duration::from_secs(10), ..options("first") }
}

#[tokio::test]
async fn a_fence_closes_when_nobody_renews() {
    let (cluster, ..) = apiserver(Arc::default());
    let waiting = elect(&cluster, hasty());
    let fence = waiting.fence();
    assert!(waiting.leading().await);
    // The thread of the election is held up, as when the process is stopped.
    std::thread::sleep(Duration::from_millis(1100));
    assert!(!fence.still_held());
    assert!(!fence.confirm().await.expect("no question is asked"));
}

#[tokio::test]
async fn who_is_stopped_while_it_takes_the_lease_looks_again_before_it_leads() {
    let stored = Stored::default();
    let (cluster, log) = cluster(move |heard| {
        if heard.method == "POST" {
            std::thread::sleep(Duration::from_millis(1100));
        }
        answer(&stored, heard)
    });
    let leader = elect(&cluster, ElectionOptions { retry: Duration::from_millis(10), ..hasty() });
    assert!(leader.leading().await);
    assert!(written(&log).len() > 1, "the answer to the first write came too late to be believed");
}
