//! Error answers after RFC 9457. What went wrong inside goes to the log of the
//! manager, never into an answer.

use assay_protocol::rest::Problem;
use assay_store::{AppendError, ArtifactError, ReadError, RecordError};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::identities::IdentityError;

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Refusal {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into() }
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the request cannot be understood", detail)
    }

    /// 401: no token, or one that is not good.
    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "a valid token is needed", detail)
    }

    /// 403: the token is good but does not allow this.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not allowed", detail)
    }

    /// 404.
    pub(crate) fn absent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", detail)
    }

    /// 405.
    pub(crate) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "the path exists, but not for this method")
    }

    /// 410: a newer attempt has taken over.
    pub(crate) fn superseded(newest: u32) -> Self {
        let detail = format!("attempt {newest} of the execution has begun; this one has nothing more to say");
        Self::new(StatusCode::GONE, "the attempt was replaced", detail)
    }

    /// 425: of what somebody speaks, we have not heard yet. A Job is made even while the store takes nothing, so its
    /// runner may come before word of it does.
    fn too_early() -> Self {
        let detail =
            "the execution, or this attempt of it, has not begun as far as the store knows; try again in a moment";
        Self::new(StatusCode::TOO_EARLY, "not known yet", detail)
    }

    /// 413.
    pub(crate) fn too_large(limit: u64) -> Self {
        let detail = format!("the body may have at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large", detail)
    }

    /// 429: more at once than is taken.
    pub(crate) fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too many at once", "try again in a moment")
    }

    /// 503: something we depend on does not answer; the cause is logged.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        log(error);
        let detail = "something that the server depends on does not answer; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not available at the moment", detail)
    }

    /// 500: the cause is logged.
    fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        log(error);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "an error of the server", "the log of the manager says more")
    }
}

/// Writes an error and its causes to the log, once.
pub(crate) fn log(error: &(dyn std::error::Error + 'static)) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = chain, "a request failed");
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem { status: self.status.as_u16(), title: self.title.to_owned(), detail: self.detail };
        let body = serde_json::to_vec(&problem).expect("a problem is plain data");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS, StatusCode::TOO_EARLY];
        if later.contains(&self.status) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Unknown => Self::too_early(),
            RecordError::Superseded { newest } => Self::superseded(newest),
            RecordError::BadUid => Self::bad("a uid may only have letters, digits and dashes"),
            RecordError::Database(_) => Self::unavailable(&error),
            RecordError::Unreadable(_) => Self::broken(&error),
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Record(error) => error.into(),
            ReadError::Io(_) => Self::broken(&error),
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Run(error) => error.into(),
            AppendError::NotFrames => Self::bad("the body must consist of whole log frames"),
            // The handler answers a gap itself, with what is held.
            AppendError::Gap { .. } | AppendError::Io(_) => Self::unavailable(&error),
        }
    }
}

impl From<ArtifactError> for Refusal {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::Record(error) => error.into(),
            ArtifactError::BadName => Self::bad(error.to_string()),
            ArtifactError::Source(_) => Self::bad("the body broke off before its end"),
            ArtifactError::Blob(_) => Self::unavailable(&error),
        }
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        Self::unavailable(&error)
    }
}
