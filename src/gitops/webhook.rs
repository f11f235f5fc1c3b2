//! Webhooks of forges: whether one is genuine, and which branch moved.
//!
//! | forge | proof of the sender |
//! |---|---|
//! | GitHub | `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 of the body |
//! | Gitea, Forgejo | `X-Gitea-Signature`, `X-Forgejo-Signature` (bare hex) or the one of GitHub |
//! | GitLab | `webhook-signature` after Standard Webhooks, or the secret itself in `X-Gitlab-Token` |

use assay_api::ForgeKind;
use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Bytes that a webhook's body may have.
pub const WEBHOOK_LIMIT: usize = 1024 * 1024;
/// Shorter secrets can be guessed; they prove nothing.
const SHORTEST_SECRET: usize = 8;
/// How far the sender's clock, and the way here, may be off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Signatures in one header: one for each key while keys are changed.
const SIGNATURES: usize = 8;
/// Characters of a branch's name, an id, a URL.
const TEXT_LIMIT: usize = 2048;

/// Why a webhook is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header that proves the sender is not there.
    #[error("the header {0} is missing; give the webhook of the forge the secret of the grant")]
    NoSignature(&'static str),
    /// It is there, and wrong.
    #[error("the signature is not that of the grant's secret")]
    BadSignature,
    /// It is right, but of another time.
    #[error("the webhook was signed more than five minutes ago, or the clocks differ")]
    Stale,
    /// The grant's secret is too short to prove anything.
    #[error("the grant's `webhook-secret` is shorter than eight bytes; use a longer one")]
    WeakSecret,
    /// The body is longer than any that concerns us.
    #[error("the body has more than {WEBHOOK_LIMIT} bytes")]
    TooLarge,
    /// The body is not what the forge sends.
    #[error("the body is not the JSON of a push; let the forge send `application/json`")]
    Malformed,
}

/// What a webhook says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookEvent {
    /// A branch moved.
    Push(PushEvent),
    /// The forge tries whether the webhook works.
    Ping,
    /// Anything else: tags, branches that were deleted, events that nobody asked for.
    Other,
}

/// A branch that moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushEvent {
    /// The URLs by which the forge knows the repository.
    pub repositories: Vec<String>,
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit it was at; zeros when it is new.
    pub before: String,
    /// The commit it is at now.
    pub after: String,
    /// The forge's own id of this delivery, when it gives one.
    pub delivery: Option<String>,
}

/// Whether the body comes from somebody who knows the secret. Equality is found out in constant time, and every
/// way takes about as long for the same body.
///
/// `header` answers with the value of a header by its name in small letters.
///
/// # Errors
/// When it does not.
pub fn verify<'a>(
    forge: ForgeKind,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    secret: &[u8],
    now: Timestamp,
) -> Result<(), WebhookError> {
    if body.len() > WEBHOOK_LIMIT {
        return Err(WebhookError::TooLarge);
    }
    let key = Key::new(HMAC_SHA256, secret);
    let signed = match forge {
        ForgeKind::GitHub => by_hex(&key, body, header("x-hub-signature-256"), "X-Hub-Signature-256"),
        ForgeKind::Gitea => {
            let names = ["x-gitea-signature", "x-forgejo-signature", "x-hub-signature-256"];
            by_hex(&key, body, names.into_iter().find_map(&header), "X-Gitea-Signature")
        }
        ForgeKind::GitLab => match header("webhook-signature") {
            Some(signatures) => standard(&header, signatures, body, secret, now),
            None => by_token(&key, body, header("x-gitlab-token")),
        },
    };
    // Last, so that a weak secret takes as long as a good one.
    if secret.len() < SHORTEST_SECRET { Err(WebhookError::WeakSecret) } else { signed }
}

fn by_hex(key: &Key, body: &[u8], value: Option<&str>, name: &'static str) -> Result<(), WebhookError> {
    let text = value.map(|value| value.strip_prefix("sha256=").unwrap_or(value).trim());
    let tag = text.and_then(from_hex).unwrap_or_default();
    let genuine = hmac::verify(key, body, &tag).is_ok();
    match (text, genuine) {
        (None, _) => Err(WebhookError::NoSignature(name)),
        (Some(_), true) => Ok(()),
        (Some(_), false) => Err(WebhookError::BadSignature),
    }
}

/// 32 bytes in hexadecimal.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect()
}

/// The plain secret: two secrets are equal when they sign the same text in the same way, which is found out in
/// constant time whatever their lengths.
fn by_token(key: &Key, body: &[u8], token: Option<&str>) -> Result<(), WebhookError> {
    let theirs = hmac::sign(&Key::new(HMAC_SHA256, token.unwrap_or_default().as_bytes()), body);
    let equal = hmac::verify(key, body, theirs.as_ref()).is_ok();
    match (token, equal) {
        (None, _) => Err(WebhookError::NoSignature("X-Gitlab-Token")),
        (Some(_), true) => Ok(()),
        (Some(_), false) => Err(WebhookError::BadSignature),
    }
}

/// `v1,<base64>` over `id.timestamp.body`, one for each key, separated by blanks. The secret may be written as
/// `whsec_<base64>`.
fn standard<'a>(
    header: &impl Fn(&str) -> Option<&'a str>,
    signatures: &str,
    body: &[u8],
    secret: &[u8],
    now: Timestamp,
) -> Result<(), WebhookError> {
    let id = header("webhook-id").ok_or(WebhookError::NoSignature("webhook-id"))?;
    let time = header("webhook-timestamp").ok_or(WebhookError::NoSignature("webhook-timestamp"))?;
    let coded = secret.strip_prefix(b"whsec_").and_then(|text| STANDARD.decode(text).ok());
    let key = Key::new(HMAC_SHA256, coded.as_deref().unwrap_or(secret));
    let mut context = hmac::Context::with_key(&key);
    for part in [id.as_bytes(), b".", time.as_bytes(), b".", body] {
        context.update(part);
    }
    let ours = context.sign();
    let versions = signatures.split_ascii_whitespace().filter_map(|text| text.strip_prefix("v1,")).take(SIGNATURES);
    let equal = |text: &str| {
        let theirs = STANDARD.decode(text).unwrap_or_default();
        aws_lc_rs::constant_time::verify_slices_are_equal(ours.as_ref(), &theirs).is_ok()
    };
    if !versions.fold(false, |known, text| known | equal(text)) {
        return Err(WebhookError::BadSignature);
    }
    let sent = time.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let sent = sent.ok_or(WebhookError::Stale)?;
    if now.duration_since(sent).abs() > TOLERANCE { Err(WebhookError::Stale) } else { Ok(()) }
}

/// What the webhook says. Only for a body that [`verify`] took for genuine.
///
/// # Errors
/// When the body is not what the forge sends for such an event.
pub fn webhook_event<'a>(
    forge: ForgeKind,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
) -> Result<WebhookEvent, WebhookError> {
    let (names, ids): (&[&str], &[&str]) = match forge {
        ForgeKind::GitHub => (&["x-github-event"], &["x-github-delivery"]),
        ForgeKind::Gitea => {
            (&["x-gitea-event", "x-forgejo-event", "x-github-event"], &["x-gitea-delivery", "x-forgejo-delivery"])
        }
        ForgeKind::GitLab => (&["x-gitlab-event"], &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"]),
    };
    let first = |names: &[&str]| names.iter().find_map(|name| header(name));
    match first(names) {
        Some("push" | "Push Hook") => {
            let mut event = push_event(body)?;
            if let WebhookEvent::Push(push) = &mut event {
                push.delivery = first(ids).filter(|id| id.len() <= 128).map(str::to_owned);
            }
            Ok(event)
        }
        Some("ping") => Ok(WebhookEvent::Ping),
        _ => Ok(WebhookEvent::Other),
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "ref")]
    reference: String,
    before: Option<String>,
    after: Option<String>,
    repository: Option<Repository>,
    project: Option<Repository>,
}

/// GitHub and Gitea name the first three, GitLab the others, under `project` or (older) `repository`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {
    clone_url: Option<String>,
    ssh_url: Option<String>,
    html_url: Option<String>,
    git_http_url: Option<String>,
    git_ssh_url: Option<String>,
}

/// The push that a body tells of.
///
/// # Errors
/// When it is none.
pub fn push_event(body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    if body.len() > WEBHOOK_LIMIT {
        return Err(WebhookError::TooLarge);
    }
    let body: Body = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    let Some(branch) = body.reference.strip_prefix("refs/heads/") else { return Ok(WebhookEvent::Other) };
    let (before, after) = (body.before.unwrap_or_default(), body.after.unwrap_or_default());
    let is_id = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let repositories = urls([body.project, body.repository]);
    if !is_id(&after) || branch.is_empty() || branch.len() > TEXT_LIMIT || repositories.is_empty() {
        return Err(WebhookError::Malformed);
    }
    if after.bytes().all(|byte| byte == b'0') {
        // The branch was deleted.
        return Ok(WebhookEvent::Other);
    }
    let before = if is_id(&before) { before } else { String::new() };
    Ok(WebhookEvent::Push(PushEvent { repositories, branch: branch.to_owned(), before, after, delivery: None }))
}

fn urls(repositories: [Option<Repository>; 2]) -> Vec<String> {
    let named = |repository: Repository| {
        let Repository { clone_url, ssh_url, html_url, git_http_url, git_ssh_url } = repository;
        [clone_url, ssh_url, git_http_url, git_ssh_url, html_url]
    };
    let mut urls: Vec<String> = Vec::new();
    for url in repositories.into_iter().flatten().flat_map(named).flatten() {
        if !url.is_empty() && url.len() <= TEXT_LIMIT && !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

#[cfg(test)]
mod tests;
