//! Headers that keep a browser from believing what a test wrote.

use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};

const POLICY: &str = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// On every answer: no guessing of types, nothing kept by caches.
pub(crate) async fn plain(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    unless_set(headers, CACHE_CONTROL, "no-store");
    response
}

/// On every answer that shows what tests wrote, lists and errors included.
pub(crate) async fn sandbox(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn unless_set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// `Content-Disposition` of a file: shown in place only when a browser can do
/// no harm with it.
pub(crate) fn disposition(name: &str, media: &str) -> HeaderValue {
    let shown = matches!(media, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "text/plain");
    let kind = if shown { "inline" } else { "attachment" };
    let value = format!("{kind}; filename=\"{}\"", file_name(name));
    HeaderValue::from_str(&value).expect("a cleaned file name is ASCII without control characters")
}

/// The last part of a name, in letters that every system takes.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    let clean: String = last.chars().take(120).map(|character| if safe(character) { character } else { '_' }).collect();
    match clean.trim_start_matches('.') {
        "" => "artifact".to_owned(),
        rest => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn only_harmless_types_are_shown_and_names_are_clean() {
        for (name, media, expected) in [
            ("a/shot.png", "image/png", "inline; filename=\"shot.png\""),
            ("x.html", "text/html", "attachment; filename=\"x.html\""),
            ("x.svg", "image/svg+xml", "attachment; filename=\"x.svg\""),
            ("a/b\n\"><img", "application/octet-stream", "attachment; filename=\"b____img\""),
            ("../..", "text/plain", "inline; filename=\"artifact\""),
            ("ä.txt", "text/plain", "inline; filename=\"_.txt\""),
        ] {
            assert_eq!(disposition(name, media), expected, "{name:?}");
        }
    }
}
