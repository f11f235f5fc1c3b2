//! What opens the repository and the forge of a grant, read from Secrets of Assay's own namespace each time, so
//! that a new credential works at once and none is kept.

use std::collections::BTreeMap;

use assay_api::{Forge, ForgeKind, GitWriteAccessSpec, SecretName};
use assay_cluster::{Cluster, ClusterError, SecretBytes};
use assay_git::{Credentials, ForgeClient, ForgeTarget, Remote, Secret};
use assay_gitops::access_mistakes;

use crate::git::Git;

/// In whose name commits are made where the grant does not say.
const AUTHOR: (&str, &str) = ("Assay", "assay@assay.dev");

/// A grant with everything that it names.
pub(crate) struct Opened {
    /// The repository.
    pub(crate) remote: Remote,
    /// Name and e-mail address of who commits.
    pub(crate) author: (String, String),
    /// The key that signs commits.
    pub(crate) signing: Option<Secret>,
    /// The forge; or why it cannot be used.
    pub(crate) forge: Result<Option<ForgeClient>, String>,
    /// Labels of pull requests.
    pub(crate) labels: Option<Vec<String>>,
}

/// The values of one Secret.
type Values = BTreeMap<String, SecretBytes>;

/// Reads what a grant names.
///
/// # Errors
/// When the API server does not answer. Inside: what is wrong with the grant or its Secrets, and the way out.
pub(crate) async fn open(
    cluster: &Cluster,
    git: &Git,
    spec: &GitWriteAccessSpec,
) -> Result<Result<Opened, String>, ClusterError> {
    if let Some(mistake) = access_mistakes(spec).first() {
        return Ok(Err(mistake.to_string()));
    }
    let own = match values(cluster, git, "spec.credentials", spec.credentials.as_ref()).await? {
        Ok(own) => own,
        Err(why) => return Ok(Err(why)),
    };
    let credentials = match credentials(spec, own.as_ref()) {
        Ok(credentials) => credentials,
        Err(why) => return Ok(Err(why)),
    };
    let signing = match &spec.signing {
        None => None,
        Some(signing) => match values(cluster, git, "spec.signing", Some(&signing.secret)).await? {
            Ok(found) => match found.as_ref().and_then(|values| text(values, "identity")) {
                Some(key) => Some(Secret::new(with_newline(key))),
                None => return Ok(Err(lacks(git, "spec.signing", &signing.secret, "identity"))),
            },
            Err(why) => return Ok(Err(why)),
        },
    };
    let ca = own.as_ref().and_then(|values| text(values, "ca.crt")).map(str::to_owned);
    let forge = match &spec.forge {
        None => Ok(None),
        Some(forge) => {
            let secret = values(cluster, git, "spec.forge.secret", forge.secret.as_ref()).await?;
            secret.and_then(|secret| client(spec, forge, secret.as_ref().or(own.as_ref()), ca.clone()).map(Some))
        }
    };
    let author = spec.author.as_ref().map(|author| (author.name.clone(), author.email.clone()));
    let author = author.unwrap_or_else(|| (AUTHOR.0.to_owned(), AUTHOR.1.to_owned()));
    let labels = spec.forge.as_ref().and_then(|forge| forge.labels.clone());
    let remote = Remote { url: spec.repository.clone(), credentials, ca };
    Ok(Ok(Opened { remote, author, signing, forge, labels }))
}

/// The secret that signs the webhooks of a grant's forge.
///
/// # Errors
/// When the API server does not answer.
pub(super) async fn webhook_secret(
    cluster: &Cluster,
    git: &Git,
    spec: &GitWriteAccessSpec,
) -> Result<Option<(ForgeKind, Secret)>, ClusterError> {
    let Some(forge) = &spec.forge else { return Ok(None) };
    let name = forge.secret.as_ref().or(spec.credentials.as_ref());
    let Ok(Some(values)) = values(cluster, git, "spec.forge.secret", name).await? else { return Ok(None) };
    let secret = text(&values, "webhook-secret").filter(|secret| !secret.is_empty());
    Ok(secret.map(|secret| (forge.kind, Secret::new(secret))))
}

async fn values(
    cluster: &Cluster,
    git: &Git,
    field: &str,
    name: Option<&SecretName>,
) -> Result<Result<Option<Values>, String>, ClusterError> {
    let Some(name) = name else { return Ok(Ok(None)) };
    let namespace = &git.namespace;
    let missing = || format!("`{field}` names the Secret {}, which does not exist in namespace {namespace}", name.name);
    Ok(cluster.secret(namespace, &name.name).await?.map(Some).ok_or_else(missing))
}

fn text<'a>(values: &'a Values, key: &str) -> Option<&'a str> {
    values.get(key).and_then(SecretBytes::expose_text)
}

fn lacks(git: &Git, field: &str, name: &SecretName, key: &str) -> String {
    format!("the Secret {}/{} of `{field}` has no key `{key}`", git.namespace, name.name)
}

/// OpenSSH takes no private key without its last newline.
fn with_newline(key: &str) -> String {
    format!("{key}\n")
}

fn credentials(spec: &GitWriteAccessSpec, values: Option<&Values>) -> Result<Credentials, String> {
    let Some(values) = values else { return Ok(Credentials::None) };
    let url = spec.repository.trim().to_ascii_lowercase();
    if url.starts_with("https://") || url.starts_with("http://") {
        let password = text(values, "password").or_else(|| text(values, "token"));
        let password = password.filter(|password| !password.is_empty());
        let password = password.ok_or("the Secret of `spec.credentials` has neither `password` nor `token`")?;
        let username = text(values, "username").filter(|name| !name.is_empty()).unwrap_or_else(|| user(spec));
        return Ok(Credentials::Basic { username: username.to_owned(), password: Secret::new(password) });
    }
    let need = |key: &str| text(values, key).ok_or_else(|| format!("the Secret of `spec.credentials` has no `{key}`"));
    let (identity, known_hosts) = (need("identity")?, need("known_hosts")?);
    Ok(Credentials::Ssh { identity: Secret::new(with_newline(identity)), known_hosts: known_hosts.to_owned() })
}

/// The name under which forges take a token.
fn user(spec: &GitWriteAccessSpec) -> &'static str {
    match spec.forge.as_ref().map(|forge| forge.kind) {
        Some(ForgeKind::GitHub) => "x-access-token",
        Some(ForgeKind::GitLab) => "oauth2",
        Some(ForgeKind::Gitea) | None => "git",
    }
}

fn client(
    spec: &GitWriteAccessSpec,
    forge: &Forge,
    values: Option<&Values>,
    ca: Option<String>,
) -> Result<ForgeClient, String> {
    let token = values.and_then(|values| text(values, "token").or_else(|| text(values, "password")));
    let token = token.filter(|token| !token.is_empty());
    let token = token.ok_or("the forge needs a token: the Secret of `spec.forge.secret` has no key `token`")?;
    let own_ca = values.and_then(|values| text(values, "ca.crt")).map(str::to_owned);
    let target = ForgeTarget {
        kind: forge.kind,
        url: forge.url.clone(),
        repository: spec.repository.clone(),
        token: Secret::new(token),
        ca: own_ca.or(ca),
    };
    ForgeClient::new(&target).map_err(|error| format!("`spec.forge`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(repository: &str, forge: Option<ForgeKind>) -> GitWriteAccessSpec {
        let forge = forge.map(|kind| Forge { kind, ..Forge::default() });
        GitWriteAccessSpec { repository: repository.to_owned(), forge, ..GitWriteAccessSpec::default() }
    }

    fn secret(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(value.as_bytes().to_vec()))).collect()
    }

    fn opens(repository: &str, forge: Option<ForgeKind>, pairs: &[(&str, &str)]) -> Result<Credentials, String> {
        credentials(&spec(repository, forge), Some(&secret(pairs)))
    }

    fn basic(username: &str, password: &str) -> Credentials {
        Credentials::Basic { username: username.to_owned(), password: Secret::new(password) }
    }

    #[test]
    fn what_the_secret_holds_opens_the_repository() {
        let https = "https://git.example.com/a/b";
        for (forge, pairs, expected) in [
            (None, &[("username", "bot"), ("password", "p4ss")][..], basic("bot", "p4ss")),
            (None, &[("token", "t0k\n")], basic("git", "t0k")),
            (Some(ForgeKind::GitHub), &[("token", "t")], basic("x-access-token", "t")),
            (Some(ForgeKind::GitLab), &[("token", "t")], basic("oauth2", "t")),
        ] {
            assert_eq!(opens(https, forge, pairs), Ok(expected), "{forge:?}");
        }
        assert_eq!(credentials(&spec(https, None), None), Ok(Credentials::None));
        let ssh = opens("git@git.example.com:a/b", None, &[("identity", "KEY"), ("known_hosts", "h ssh-ed25519 A")]);
        let identity = Secret::new("KEY\n");
        assert_eq!(ssh, Ok(Credentials::Ssh { identity, known_hosts: "h ssh-ed25519 A".to_owned() }));
    }

    #[test]
    fn what_is_missing_is_named_and_what_is_there_is_not_told() {
        for (repository, pairs, words) in [
            ("https://h/a/b", &[("username", "canary")][..], "neither `password` nor `token`"),
            ("https://h/a/b", &[("token", "")], "neither `password` nor `token`"),
            ("ssh://git@h/a/b", &[("password", "canary")], "no `identity`"),
            ("ssh://git@h/a/b", &[("identity", "canary")], "no `known_hosts`"),
        ] {
            let why = opens(repository, None, pairs).unwrap_err();
            assert!(why.contains(words) && !why.contains("canary"), "{repository}: {why}");
        }
        let why = client(&spec("https://h/a/b", None), &Forge::default(), None, None).unwrap_err();
        assert!(why.contains("`token`"), "{why}");
        let odd = Forge { url: Some("ssh://h".to_owned()), ..Forge::default() };
        let canary = secret(&[("token", "canary")]);
        let why = client(&spec("https://h/a/b", None), &odd, Some(&canary), None).unwrap_err();
        assert!(why.starts_with("`spec.forge`") && !why.contains("canary"), "{why}");
    }
}
