//! `GET .../executions/{name}/logs?step=&follow=&timestamps=`.

use std::time::Duration;

use assay_protocol::Progress;
use assay_store::{Position, ReadOptions};
use axum::extract::State;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::access::Right;
use crate::ask::{Ask, At};
use crate::feed::Feed;
use crate::problem::Refusal;
use crate::state::Server;
use crate::{events, lines};

/// How long a follower waits for the steps to be known.
const STEPS: Duration = Duration::from_secs(60);
/// Proxies that buffer would hold a followed log back.
const NO_BUFFER: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What to show.
#[derive(Deserialize)]
pub(crate) struct Wish {
    step: Option<String>,
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    timestamps: bool,
}

/// The log of an execution: text, or events when the caller accepts those.
pub(crate) async fn read(
    State(server): State<Server>,
    At((namespace, name)): At<(String, String)>,
    Ask(wish): Ask<Wish>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let right = server.access.caller(&headers, &namespace, "log", Some(&name)).await?;
    let from = position(&headers)?;
    let (uid, step) = match &wish.step {
        Some(step) => {
            let (uid, index) = find_step(&server, &right, step, wish.follow).await?;
            (uid, Some(index))
        }
        None => (right.execution(&server.store).await?.uid, None),
    };
    let reader = server.store.logs().read(&uid, ReadOptions { step, follow: wish.follow, from }).await?;
    let (access, closing) = (server.access.clone(), server.closing.clone());
    let feed = Feed { reader, access, right, closing, checked: std::time::Instant::now() };
    let (body, media) = if wants_events(&headers) {
        (events::body(feed), "text/event-stream")
    } else {
        (lines::body(feed, wish.timestamps), "text/plain; charset=utf-8")
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(NO_BUFFER, HeaderValue::from_static("no"));
    Ok(response)
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT);
    accepted.iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/event-stream")))
}

fn position(headers: &HeaderMap) -> Result<Option<Position>, Refusal> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| Refusal::bad("Last-Event-ID must be an id that this server gave"))
}

/// The uid of the execution, and the index of a step by its handle, else the first of that name. A follower waits
/// until the runner has named its steps.
async fn find_step(server: &Server, right: &Right, step: &str, follow: bool) -> Result<(String, u16), Refusal> {
    // Listened to before the first look, so that no change falls between the two.
    let mut changes = server.store.changes();
    let until = Instant::now() + STEPS;
    let mut record = right.execution(&server.store).await?;
    while record.progress.is_none() && record.conclusion.is_none() && follow && Instant::now() < until {
        let change = async {
            // A lag may be a change too; the end of the store is seen by the next look.
            while changes.recv().await.is_ok_and(|change| change.execution_uid != record.uid) {}
        };
        let _ = timeout_at(until, change).await;
        record = right.execution(&server.store).await?;
    }
    let progress = record.progress.ok_or_else(|| Refusal::absent("no step of the execution has begun yet"))?;
    let index = index(&progress, step).ok_or_else(|| {
        let known: Vec<_> = progress.steps.iter().map(|step| step.id.as_str()).collect();
        Refusal::absent(format!("the execution has no such step; its steps are: {}", known.join(", ")))
    })?;
    Ok((record.uid, index))
}

fn index(progress: &Progress, step: &str) -> Option<u16> {
    let by_id = progress.steps.iter().position(|known| known.id == step);
    let found = by_id.or_else(|| progress.steps.iter().position(|known| known.name == step))?;
    u16::try_from(found).ok()
}
