//! Rules of repositories and archives. What is said about an address never
//! repeats credentials in it.

use std::collections::BTreeMap;

use assay_api::{Content, GitContent, Tarball, TestWorkflowSpec};
use k8s_openapi::api::core::v1::EnvVarSource;

use super::durations;
use crate::content::target;
use crate::diagnostic::Findings;
use crate::path::{absolute, is_below_workspace};
use crate::tree::written;

const BELOW: &str = "write a folder below /data, for example /data/repo";
const SCHEMES: &str = "write `https://`, `http://`, `ssh://` or `user@host:path`";
/// Parameters of an address that carry credentials.
const TELLING: [&str; 6] = ["access_token", "private_token", "token", "api_key", "password", "x-amz-signature"];

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    let own = spec.content.iter().map(|content| ("spec.content".to_owned(), content));
    let of_steps = written(spec).into_iter();
    let of_steps = of_steps.filter_map(|(path, step)| Some((format!("{path}.content"), step.content.as_ref()?)));
    let contents: Vec<(String, &Content)> = own.chain(of_steps).collect();
    let mut folders: BTreeMap<String, (String, &GitContent)> = BTreeMap::new();
    for (path, content) in &contents {
        if let Some(git) = &content.git {
            let path = format!("{path}.git");
            check_git(&path, git, findings);
            check_folder(&path, git, &mut folders, findings);
        }
    }
    for (path, content) in &contents {
        for (index, tarball) in content.tarball.iter().enumerate() {
            check_tarball(&format!("{path}.tarball[{index}]"), tarball, &folders, findings);
        }
    }
}

fn check_git(path: &str, git: &GitContent, findings: &mut Findings) {
    for (field, value, from) in [("token", &git.token, "tokenFrom"), ("sshKey", &git.ssh_key, "sshKeyFrom")] {
        if value.is_some() {
            let hint = format!("put it into a Secret, and name that in `{from}.secretKeyRef`");
            findings.error(format!("{path}.{field}"), "credentials do not belong into a manifest", hint);
        }
    }
    let kind = check_uri(&format!("{path}.uri"), &git.uri, findings);
    check_credentials(path, git, kind, findings);
    if git.depth.is_some_and(|depth| depth < 0) {
        findings.error(format!("{path}.depth"), "is less than 0", "write 0 for the whole history");
    }
    let revision = git.revision.as_deref().unwrap_or_default();
    if revision.starts_with('-') || revision.contains(char::is_whitespace) {
        let message = format!("`{revision}` is no branch, tag or commit");
        findings.error(format!("{path}.revision"), message, "write its name, without white space and leading `-`");
    }
    for (index, place) in git.paths.iter().enumerate() {
        let mistake = match place.as_str() {
            place if place.trim().is_empty() => Some("the path is empty".to_owned()),
            place if place.contains('\n') => Some("the path has a line break in it".to_owned()),
            place if place.split('/').any(|part| part == "..") => Some(format!("`{place}` contains `..`")),
            _ => None,
        };
        if let Some(message) = mistake {
            findings.error(format!("{path}.paths[{index}]"), message, "write a path inside the repository");
        }
    }
    if git.cone && git.paths.is_empty() {
        let message = "says how `paths` are read, and there are none";
        findings.warning(format!("{path}.cone"), message, "add `paths`, or remove it");
    }
    durations::check_retry(&format!("{path}.retry"), git.retry.as_ref(), findings);
}

/// What an address speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Https,
    Http,
    Ssh,
}

fn check_uri(path: &str, uri: &str, findings: &mut Findings) -> Option<Kind> {
    if findings.is_open(uri) {
        return None;
    }
    let Some((scheme, rest)) = uri.split_once("://") else {
        return check_scp(path, uri, findings);
    };
    let kind = match scheme {
        "https" => Kind::Https,
        "http" => Kind::Http,
        "ssh" => Kind::Ssh,
        _ => {
            findings.error(path, format!("`{}` cannot be cloned from", shown_scheme(scheme)), SCHEMES);
            return None;
        }
    };
    let user = user_of(rest);
    if holds_secret(rest) || user.is_some_and(|user| user.contains(':') || kind != Kind::Ssh) {
        refuse_credentials(path, "use `username` and `tokenFrom` instead", findings);
        return None;
    }
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if host.is_empty() || host.starts_with('/') || uri.contains(char::is_whitespace) {
        findings.error(path, format!("`{uri}` names no host and path"), SCHEMES);
        return None;
    }
    Some(kind)
}

/// `user@host:path`, as SSH knows it.
fn check_scp(path: &str, uri: &str, findings: &mut Findings) -> Option<Kind> {
    let host = uri.split_once(':').map(|(host, _)| host);
    let right = host.is_some_and(|host| host.contains('@') && !host.starts_with('@') && !host.contains('/'));
    if right && !uri.contains(char::is_whitespace) && !uri.starts_with('-') {
        return Some(Kind::Ssh);
    }
    // What stands before an `@` may be a password.
    let said = if uri.contains('@') { "the address".to_owned() } else { format!("`{uri}`") };
    findings.error(path, format!("{said} is no address of a repository"), SCHEMES);
    None
}

fn check_credentials(path: &str, git: &GitContent, kind: Option<Kind>, findings: &mut Findings) {
    if git.username.is_some() && git.username_from.is_some() {
        let message = "`username` and `usernameFrom` both give the name";
        findings.error(format!("{path}.usernameFrom"), message, "keep one of them");
    }
    for (field, source, secret) in [
        ("usernameFrom", &git.username_from, false),
        ("tokenFrom", &git.token_from, true),
        ("sshKeyFrom", &git.ssh_key_from, true),
        ("knownHostsFrom", &git.known_hosts_from, false),
    ] {
        if let Some(source) = source {
            check_source(&format!("{path}.{field}"), source, secret, findings);
        }
    }
    let (token, key) = (git.token_from.is_some(), git.ssh_key_from.is_some());
    let mut warn = |field: &str, message: &str, hint: &str| findings.warning(format!("{path}.{field}"), message, hint);
    match kind {
        Some(Kind::Ssh) if !key => {
            warn("sshKeyFrom", "no key is named, and SSH asks for one", "name the Secret with the private key");
        }
        Some(Kind::Ssh) if git.known_hosts_from.is_none() => {
            let message = "nothing says which host is the right one: any that answers gets what the key opens";
            warn("knownHostsFrom", message, "name the ConfigMap or Secret with its line of `known_hosts`");
        }
        Some(Kind::Https | Kind::Http) if key => {
            warn(
                "sshKeyFrom",
                "the address does not speak SSH, so the key is not used",
                "use `tokenFrom`, or `ssh://`",
            );
        }
        Some(Kind::Http) if token => {
            warn("uri", "the token travels in the clear", "use `https://`");
        }
        _ => {}
    }
}

/// A value from a Secret or, when it is no secret, from a ConfigMap.
fn check_source(path: &str, source: &EnvVarSource, secret: bool, findings: &mut Findings) {
    let of_secret = source.secret_key_ref.as_ref().map(|from| (&from.name, &from.key));
    let of_config_map = source.config_map_key_ref.as_ref().map(|from| (&from.name, &from.key));
    let what = if secret { "`secretKeyRef`" } else { "`secretKeyRef` or `configMapKeyRef`" };
    let other = source.field_ref.is_some() || source.resource_field_ref.is_some();
    match (of_secret, of_config_map) {
        (Some((name, key)), None) if !other => check_key(path, name, key, findings),
        (None, Some((name, key))) if !other && !secret => check_key(path, name, key, findings),
        _ => findings.error(path, "the source is not one that can be used here", format!("give it exactly one {what}")),
    }
}

fn check_key(path: &str, name: &str, key: &str, findings: &mut Findings) {
    if name.is_empty() || key.is_empty() {
        findings.error(path, "the source is named only in part", "give it name and key");
    }
}

fn check_folder<'a>(
    path: &str,
    git: &'a GitContent,
    folders: &mut BTreeMap<String, (String, &'a GitContent)>,
    findings: &mut Findings,
) {
    let field = format!("{path}.mountPath");
    if !check_place(&field, git.mount_path.as_deref().unwrap_or("repo"), findings) {
        return;
    }
    let folder = target(git);
    match folders.get(&folder) {
        Some((other, known)) if !is_same(known, git) => {
            let message = format!("`{folder}` is already the folder of {other}");
            findings.error(field, message, "give each repository a `mountPath` of its own");
        }
        Some(_) => {}
        None => {
            folders.insert(folder, (path.to_owned(), git));
        }
    }
}

/// Whether two clones leave the same files.
fn is_same(one: &GitContent, other: &GitContent) -> bool {
    one.uri == other.uri && one.revision == other.revision && one.paths == other.paths
}

fn check_place(path: &str, place: &str, findings: &mut Findings) -> bool {
    if findings.is_open(place) {
        return false;
    }
    if place.split('/').any(|part| part == "..") {
        findings.error(path, format!("`{place}` contains `..`"), BELOW);
    } else if !is_below_workspace(&absolute(place)) {
        findings.error(path, format!("`{place}` does not lie below the workspace"), BELOW);
    } else {
        return true;
    }
    false
}

fn check_tarball(
    path: &str,
    tarball: &Tarball,
    folders: &BTreeMap<String, (String, &GitContent)>,
    findings: &mut Findings,
) {
    let url = &tarball.url;
    if !findings.is_open(url) {
        let field = format!("{path}.url");
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        match rest {
            Some(rest) if user_of(rest).is_some() || holds_secret(rest) => {
                refuse_credentials(&field, "fetch it in a step whose environment has them from a Secret", findings);
            }
            Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !url.contains(char::is_whitespace) => {}
            _ if url.contains('@') => {
                findings.error(field, "the address is none that can be fetched", "write `https://` or `http://`");
            }
            _ => findings.error(field, format!("`{url}` cannot be fetched"), "write `https://` or `http://`"),
        }
    }
    let field = format!("{path}.path");
    if check_place(&field, &tarball.path, findings)
        && let Some((other, _)) = folders.get(&absolute(&tarball.path))
    {
        let message = format!("`{}` is already the folder of {other}", absolute(&tarball.path));
        findings.error(field, message, "unpack it into a folder of its own");
    }
    let digest = tarball.sha256.as_deref().filter(|digest| !findings.is_open(digest));
    if digest.is_some_and(|digest| !is_digest(digest)) {
        findings.error(format!("{path}.sha256"), "is not a SHA-256", "write its 64 hexadecimal digits");
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn refuse_credentials(path: &str, hint: &str, findings: &mut Findings) {
    findings.error(path, "the address has credentials in it, and a manifest is no place for them", hint);
}

/// What stands before the host in the rest of an address.
fn user_of(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map(|(user, _)| user)
}

fn holds_secret(rest: &str) -> bool {
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let names = query.split(['&', ';']).map(|pair| pair.split('=').next().unwrap_or_default().to_ascii_lowercase());
    names.into_iter().any(|name| TELLING.contains(&name.as_str()))
}

/// A scheme may be a password too, when an address is written wrong.
fn shown_scheme(scheme: &str) -> &str {
    if scheme.len() <= 10 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        scheme
    } else {
        "this address"
    }
}
