//! Bodies as the forges send them, shortened, and signatures made by another program (`openssl dgst -hmac`).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SECRET: &[u8] = b"a-secret-of-the-grant";
const AFTER: &str = "9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928";

const GITHUB: &str = r#"{"ref":"refs/heads/main","before":"1111111111111111111111111111111111111111","after":"9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928","repository":{"id":1,"full_name":"team/shop","html_url":"https://github.com/team/shop","clone_url":"https://github.com/team/shop.git","ssh_url":"git@github.com:team/shop.git"},"pusher":{"name":"ann"},"commits":[{"id":"9d1f","modified":["apps/shop/web.yaml"]}]}"#;
const GITEA: &str = r#"{"ref":"refs/heads/release/1","before":"1111111111111111111111111111111111111111","after":"9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928","compare_url":"","total_commits":1,"repository":{"id":1,"full_name":"team/shop","html_url":"http://gitea:3000/team/shop","ssh_url":"ssh://git@gitea:2222/team/shop.git","clone_url":"http://gitea:3000/team/shop.git"}}"#;
const GITLAB: &str = r#"{"object_kind":"push","event_name":"push","before":"1111111111111111111111111111111111111111","after":"9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928","ref":"refs/heads/main","checkout_sha":"9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928","project":{"id":1,"git_ssh_url":"git@gitlab.com:team/shop.git","git_http_url":"https://gitlab.com/team/shop.git","web_url":"https://gitlab.com/team/shop"},"repository":{"name":"shop","git_http_url":"https://gitlab.com/team/shop.git"}}"#;

type Headers = BTreeMap<&'static str, String>;

fn headers(list: &[(&'static str, &str)]) -> Headers {
    list.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn proof(forge: ForgeKind, headers: &Headers, body: &str) -> Result<(), WebhookError> {
    verify(forge, |name| headers.get(name).map(String::as_str), body.as_bytes(), SECRET, now())
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a time")
}

fn event(forge: ForgeKind, headers: &Headers, body: &str) -> Result<WebhookEvent, WebhookError> {
    webhook_event(forge, |name| headers.get(name).map(String::as_str), body.as_bytes())
}

#[test]
fn genuine_webhooks_of_all_forges_are_known() {
    let bare = "5f5b45881c29063dd6c7a1020405cc1f3511a2129a05ccada74552bf4182499e";
    for (forge, headers, body) in [
        (
            ForgeKind::GitHub,
            headers(&[(
                "x-hub-signature-256",
                "sha256=b72b68277e0ec8fc9b878635c608425ed4bfe09339140919ed4d021cd76d3d75",
            )]),
            GITHUB,
        ),
        (ForgeKind::Gitea, headers(&[("x-gitea-signature", bare)]), GITEA),
        (ForgeKind::Gitea, headers(&[("x-forgejo-signature", bare)]), GITEA),
        (ForgeKind::Gitea, headers(&[("x-hub-signature-256", &format!("sha256={bare}"))]), GITEA),
        (ForgeKind::GitLab, headers(&[("x-gitlab-token", "a-secret-of-the-grant")]), GITLAB),
        (ForgeKind::GitLab, signed("v1,WQXrkcf5dNzr0w7Lamv64EAR3Ck5EHWspVhuFS79EKs="), GITLAB),
        (ForgeKind::GitLab, signed("v1,AAAA v2,x v1,WQXrkcf5dNzr0w7Lamv64EAR3Ck5EHWspVhuFS79EKs="), GITLAB),
    ] {
        assert_eq!(proof(forge, &headers, body), Ok(()), "{forge:?} {headers:?}");
    }
    let coded = b"whsec_YS1zZWNyZXQtb2YtdGhlLWdyYW50";
    let headers = signed("v1,WQXrkcf5dNzr0w7Lamv64EAR3Ck5EHWspVhuFS79EKs=");
    let header = |name: &str| headers.get(name).map(String::as_str);
    assert_eq!(verify(ForgeKind::GitLab, header, GITLAB.as_bytes(), coded, now()), Ok(()));
}

fn signed(signature: &str) -> Headers {
    headers(&[("webhook-id", "id-1"), ("webhook-timestamp", "1795000000"), ("webhook-signature", signature)])
}

#[test]
fn everything_else_is_refused() {
    use ForgeKind::{GitHub, GitLab, Gitea};
    use WebhookError::{BadSignature, NoSignature, Stale, TooLarge, WeakSecret};
    let github =
        headers(&[("x-hub-signature-256", "sha256=b72b68277e0ec8fc9b878635c608425ed4bfe09339140919ed4d021cd76d3d75")]);
    let at = |seconds: &str| {
        let mut headers = signed("v1,zA3iYdTTIHBaqpPA1YhMECVgUxs3Cjal5qmh4kQ2scs=");
        headers.insert("webhook-timestamp", seconds.to_owned());
        headers
    };
    for (forge, headers, body, error) in [
        (GitHub, headers(&[]), GITHUB, NoSignature("X-Hub-Signature-256")),
        (GitHub, github.clone(), GITEA, BadSignature),
        (GitHub, headers(&[("x-hub-signature-256", "")]), GITHUB, BadSignature),
        (GitHub, headers(&[("x-hub-signature-256", "sha256=00")]), GITHUB, BadSignature),
        (GitHub, headers(&[("x-hub-signature-256", &"ä".repeat(32))]), GITHUB, BadSignature),
        // That of SHA-1, which old forges send beside the other.
        (GitHub, headers(&[("x-hub-signature", "sha1=00")]), GITHUB, NoSignature("X-Hub-Signature-256")),
        (Gitea, headers(&[]), GITEA, NoSignature("X-Gitea-Signature")),
        (Gitea, headers(&[("x-gitlab-token", "a-secret-of-the-grant")]), GITEA, NoSignature("X-Gitea-Signature")),
        (GitLab, headers(&[]), GITLAB, NoSignature("X-Gitlab-Token")),
        (GitLab, headers(&[("x-gitlab-token", "")]), GITLAB, BadSignature),
        (GitLab, headers(&[("x-gitlab-token", "a-secret-of-the-gran")]), GITLAB, BadSignature),
        // A token that is right does not help a signature that is wrong.
        (
            GitLab,
            [signed("v1,AAAA"), headers(&[("x-gitlab-token", "a-secret-of-the-grant")])]
                .into_iter()
                .flatten()
                .collect(),
            GITLAB,
            BadSignature,
        ),
        (GitLab, signed("WQXrkcf5dNzr0w7Lamv64EAR3Ck5EHWspVhuFS79EKs="), GITLAB, BadSignature),
        (GitLab, signed("v1a,WQXrkcf5dNzr0w7Lamv64EAR3Ck5EHWspVhuFS79EKs="), GITLAB, BadSignature),
        (GitLab, at("1794999699"), GITLAB, Stale),
        (GitLab, at("x"), GITLAB, BadSignature),
        (GitLab, headers(&[("webhook-signature", "v1,AAAA")]), GITLAB, NoSignature("webhook-id")),
    ] {
        assert_eq!(proof(forge, &headers, body), Err(error), "{forge:?} {headers:?}");
    }
    let large = " ".repeat(WEBHOOK_LIMIT + 1);
    assert_eq!(proof(GitHub, &github, &large), Err(TooLarge));
    let weak = |secret: &[u8]| {
        let tag = hmac::sign(&Key::new(HMAC_SHA256, secret), b"{}");
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        verify(Gitea, |name| (name == "x-gitea-signature").then_some(hex.as_str()), b"{}", secret, now())
    };
    assert_eq!((weak(b""), weak(b"short"), weak(b"eightby8")), (Err(WeakSecret), Err(WeakSecret), Ok(())));
}

#[test]
fn pushes_of_all_forges_say_which_branch_moved() {
    let push = |repositories: &[&str], branch: &str, delivery: Option<&str>| {
        Ok(WebhookEvent::Push(PushEvent {
            repositories: repositories.iter().map(|url| (*url).to_owned()).collect(),
            branch: branch.to_owned(),
            before: "1".repeat(40),
            after: AFTER.to_owned(),
            delivery: delivery.map(str::to_owned),
        }))
    };
    let github = headers(&[("x-github-event", "push"), ("x-github-delivery", "d-1")]);
    let urls = ["https://github.com/team/shop.git", "git@github.com:team/shop.git", "https://github.com/team/shop"];
    assert_eq!(event(ForgeKind::GitHub, &github, GITHUB), push(&urls, "main", Some("d-1")));
    let gitea = headers(&[("x-gitea-event", "push")]);
    let urls = ["http://gitea:3000/team/shop.git", "ssh://git@gitea:2222/team/shop.git", "http://gitea:3000/team/shop"];
    assert_eq!(event(ForgeKind::Gitea, &gitea, GITEA), push(&urls, "release/1", None));
    let gitlab = headers(&[("x-gitlab-event", "Push Hook"), ("x-gitlab-event-uuid", "u-1")]);
    let urls = ["https://gitlab.com/team/shop.git", "git@gitlab.com:team/shop.git"];
    assert_eq!(event(ForgeKind::GitLab, &gitlab, GITLAB), push(&urls, "main", Some("u-1")));
}

#[test]
fn other_events_are_let_be_and_broken_ones_refused() {
    let github = |name: &str, body: &str| event(ForgeKind::GitHub, &headers(&[("x-github-event", name)]), body);
    let changed = |from: &str, to: &str| github("push", &GITHUB.replace(from, to));
    let broken = Err(WebhookError::Malformed);
    assert_eq!(github("ping", "{}"), Ok(WebhookEvent::Ping));
    assert_eq!(github("issues", "{"), Ok(WebhookEvent::Other));
    assert_eq!(event(ForgeKind::GitHub, &headers(&[]), GITHUB), Ok(WebhookEvent::Other));
    assert_eq!(changed("refs/heads/main", "refs/tags/v1"), Ok(WebhookEvent::Other));
    assert_eq!(changed(AFTER, &"0".repeat(40)), Ok(WebhookEvent::Other), "the branch was deleted");
    assert_eq!(changed("refs/heads/main", "refs/heads/"), broken);
    assert_eq!(changed(AFTER, "9d1f"), broken);
    assert_eq!(changed(AFTER, &format!("{}z", &AFTER[..39])), broken);
    assert_eq!(changed("\"repository\"", "\"elsewhere\""), broken);
    assert_eq!(github("push", "{"), broken);
    assert_eq!(github("push", "[]"), broken);
    assert_eq!(github("push", "payload=%7B%7D"), broken, "a form");
    assert_eq!(github("push", &format!("{{\"ref\":{}", "[".repeat(100_000))), broken);
    let sha256 = changed(AFTER, &"a".repeat(64));
    assert!(matches!(sha256, Ok(WebhookEvent::Push(_))), "{sha256:?}");
    let new = changed(&"1".repeat(40), "null");
    assert!(matches!(&new, Ok(WebhookEvent::Push(push)) if push.before.is_empty()), "{new:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_it(body in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,80}") {
        for forge in [ForgeKind::GitHub, ForgeKind::Gitea, ForgeKind::GitLab] {
            let every = |_: &str| Some(text.as_str());
            prop_assert!(verify(forge, every, &body, SECRET, now()).is_err());
            let _ = webhook_event(forge, |name| name.ends_with("event").then_some("push"), &body);
        }
    }

    #[test]
    fn one_other_byte_breaks_the_signature(at in 0..GITHUB.len()) {
        let mut body = GITHUB.as_bytes().to_vec();
        body[at] ^= 1;
        let header = |name: &str| (name == "x-hub-signature-256").then_some("sha256=b72b68277e0ec8fc9b878635c608425ed4bfe09339140919ed4d021cd76d3d75");
        prop_assert_eq!(verify(ForgeKind::GitHub, header, &body, SECRET, now()), Err(WebhookError::BadSignature));
    }
}
