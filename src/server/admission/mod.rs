//! Admission: whoever applies a wrong workflow, template or execution hears at
//! once what is wrong, in the words of `assay validate`.
//!
//! The judgement is a courtesy. What cannot be judged now (the workflow of an
//! execution or a template that is not there yet, an API server that does not
//! answer) is let through and judged by the operator later; nothing is
//! written, so a dry run is like any other request. The API server does not
//! show who it is, so the answer tells nothing that the objects in the request
//! and the validity of their names do not.

mod judge;
mod review;

use axum::Json;
use axum::body::Body;
use axum::extract::State;

use crate::ask::json;
use crate::problem::Refusal;
use crate::state::Server;
use review::{Review, Verdict};

/// The API server sends no larger objects, and two of them in an update.
const LIMIT: usize = 8 * 1024 * 1024;

/// `POST /admission/v1/validate`: an `AdmissionReview`, and the answer to it.
pub(crate) async fn validate(State(server): State<Server>, body: Body) -> Result<Json<Review>, Refusal> {
    let review: Review = json(body, LIMIT).await?;
    let Some(request) = review.request else {
        return Err(Refusal::bad("an AdmissionReview with a request is expected"));
    };
    let verdict = match request.is_worth_judging() {
        true => judge::judge(&request, server.definitions.as_ref()).await,
        false => Verdict::default(),
    };
    Ok(Json(Review::answer(request.uid, verdict)))
}
