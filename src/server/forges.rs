//! What forges send, judged and bounded.
//!
//! Nobody behind the route `/hooks/v1/{grant}` is known before the body is read, so everything is bounded: bodies at a time, their
//! length, the time that one may take to come, the requests of a second. A grant that does not exist, one
//! without a secret and a wrong signature have one answer, after one length of time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use assay_api::ForgeKind;
use assay_gitops::webhook::{WEBHOOK_LIMIT, WebhookError, WebhookEvent, verify, webhook_event};
use axum::body::Body;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::ask::whole;
use crate::hooks::{HookMetrics, HookSecret, Hooks};
use crate::problem::Refusal;

/// Bodies at a time: each may take a mebibyte.
const BODIES: usize = 16;
/// Time that a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests that may come at once, and how many more each second.
const BURST: f64 = 200.0;
const PER_SECOND: f64 = 50.0;
/// Before this time no signature is refused: how long it took to find out tells nothing.
const REFUSAL: Duration = Duration::from_millis(250);
/// Characters that the name of a grant may have.
const NAME_LIMIT: usize = 253;

/// Whom forges speak to, and the bounds of that.
pub(crate) struct Forges {
    hooks: Arc<dyn Hooks>,
    metrics: HookMetrics,
    bodies: Semaphore,
    bucket: Mutex<Bucket>,
}

/// Requests that may come at once; it fills again by the second.
struct Bucket {
    left: f64,
    at: Instant,
}

impl Forges {
    pub(crate) fn new(hooks: Arc<dyn Hooks>, metrics: HookMetrics) -> Self {
        let bucket = Mutex::new(Bucket { left: BURST, at: Instant::now() });
        Self { hooks, metrics, bodies: Semaphore::new(BODIES), bucket }
    }

    /// Takes one request out of the bucket, if there is one.
    fn admit(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = passed.mul_add(PER_SECOND, bucket.left).min(BURST);
        bucket.at = now;
        let admitted = bucket.left >= 1.0;
        if admitted {
            bucket.left -= 1.0;
        }
        admitted
    }

    /// What a forge sent: `push`, `ping`, or `nothing` of what concerns us.
    pub(crate) async fn receive(&self, grant: &str, headers: &HeaderMap, body: Body) -> Result<&'static str, Refusal> {
        let outcome = self.judge(grant, headers, body).await;
        self.metrics.count(outcome.as_ref().map_or_else(Refused::outcome, |accepted| *accepted));
        outcome.map_err(Refused::refusal)
    }

    async fn judge(&self, grant: &str, headers: &HeaderMap, body: Body) -> Result<&'static str, Refused> {
        let begun = Instant::now();
        let place = self.bodies.try_acquire().ok().filter(|_| self.admit(begun));
        let Some(place) = place else { return Err(Refused::Busy) };
        let read = tokio::time::timeout(PATIENCE, whole(body, WEBHOOK_LIMIT)).await;
        let body = read.map_err(|_| Refused::Slow)?.map_err(Refused::Body)?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let known = if is_name(grant) { self.hooks.secret(grant).await } else { None };
        let is_known = known.is_some();
        let (forge, HookSecret(secret)) = known.unwrap_or_else(|| nobody(headers));
        let genuine = verify(forge, header, &body, &secret, Timestamp::now());
        if !is_known || genuine.is_err() {
            if let (true, Err(error)) = (is_known, genuine) {
                tracing::warn!(grant, %error, "a webhook is not obeyed");
            }
            // Whoever is refused waits, and nobody waits for it.
            drop((place, body));
            tokio::time::sleep_until((begun + REFUSAL).into()).await;
            return Err(Refused::Unsigned);
        }
        match webhook_event(forge, header, &body).map_err(Refused::Malformed)? {
            WebhookEvent::Ping => Ok("ping"),
            WebhookEvent::Other => Ok("nothing"),
            WebhookEvent::Push(push) => {
                tracing::debug!(grant, branch = push.branch, after = push.after, "a forge says that a branch moved");
                self.hooks.pushed(grant, push);
                Ok("push")
            }
        }
    }
}

/// What a webhook of a grant that does not exist is compared with: something of the same length of work.
fn nobody(headers: &HeaderMap) -> (ForgeKind, HookSecret) {
    let forge = if headers.contains_key("x-gitlab-event") { ForgeKind::GitLab } else { ForgeKind::Gitea };
    (forge, HookSecret(b"nobody knows this one".to_vec()))
}

/// A name as Kubernetes takes it.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(plain)
}

enum Refused {
    Busy,
    Slow,
    Body(Refusal),
    Unsigned,
    Malformed(WebhookError),
}

impl Refused {
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Busy => "limited",
            Self::Slow | Self::Body(_) => "unread",
            Self::Unsigned => "unsigned",
            Self::Malformed(_) => "malformed",
        }
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Busy => Refusal::too_many(),
            Self::Slow => Refusal::bad("the body did not come in time"),
            Self::Body(refusal) => refusal,
            Self::Unsigned => Refusal::unauthenticated(
                "the signature is not that of a grant of this name; give the webhook of the forge the secret \
                 `webhook-secret` of the `GitWriteAccess` that the path names",
            ),
            Self::Malformed(error) => Refusal::bad(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::BoxFuture;

    use super::*;

    struct Nobody;

    impl Hooks for Nobody {
        fn secret<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<(ForgeKind, HookSecret)>> {
            Box::pin(std::future::ready(None))
        }

        fn pushed(&self, _: &str, _: assay_gitops::webhook::PushEvent) {}
    }

    #[test]
    fn the_bucket_empties_and_fills_again() {
        let forges = Forges::new(Arc::new(Nobody), HookMetrics::default());
        let start = Instant::now();
        let admitted = |at: Instant| (0..1000).filter(|_| forges.admit(at)).count();
        assert_eq!(admitted(start), 200);
        assert_eq!(admitted(start + Duration::from_secs(1)), 50);
        assert_eq!(admitted(start + Duration::from_secs(3600)), 200);
        assert_eq!(admitted(start), 0, "time does not run backwards");
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for (name, expected) in
            [("shop", true), ("a.b-1", true), ("", false), ("Shop", false), ("a/b", false), ("a\n", false)]
        {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
        assert!(!is_name(&"a".repeat(254)));
    }
}
