//! The administrator's account of the Gitea beside the cluster: made once, then read by
//! tests and demonstrations.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::addons::GiteaPlace as Place;
use crate::addresses::{NODE_IP, on_node, port};
use crate::http::{HttpError, Request, Server};
use crate::layout::Layout;
use crate::secret;

/// Name of the administrator.
const USER: &str = "assay-admin";

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Gitea was not asked for.
    #[error("there is no Gitea in this cluster; start it with `devcluster up --with gitea`")]
    None,
    /// A file of it could not be used.
    #[error("cannot use {0}")]
    File(PathBuf, #[source] io::Error),
    /// The file is not what was written.
    #[error("{0} is broken; remove it and `devcluster up` makes it anew")]
    Broken(PathBuf, #[source] serde_json::Error),
    /// Gitea's program could not be run.
    #[error("cannot run gitea")]
    Run(#[source] io::Error),
    /// Gitea's program failed.
    #[error("gitea {command} failed:\n{output}")]
    Failed {
        /// Its words.
        command: String,
        /// What it said.
        output: String,
    },
    /// Gitea does not answer.
    #[error("Gitea does not answer")]
    Silent(#[from] HttpError),
    /// Gitea refused the password.
    #[error("Gitea refused to set the password of {USER}: {0}")]
    Refused(u16),
}

/// Where Gitea is, and who may do everything in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Where it is reached over HTTP by pods and by the host, without a slash at the end.
    pub url: String,
    /// Where it is reached over SSH.
    pub ssh: String,
    /// The line for OpenSSH's `known_hosts`.
    pub known_hosts: String,
    /// The administrator's name.
    pub user: String,
    /// The administrator's password.
    pub password: String,
    /// A token of the administrator that may do everything; as the password over HTTP too.
    pub token: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("url", &self.url).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Account {
    /// That of the cluster of this layout.
    ///
    /// # Errors
    /// When Gitea was never started with this cluster, or the file cannot be read.
    pub fn read(layout: &Layout) -> Result<Self, AccountError> {
        let path = Place::of(layout).account();
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|source| AccountError::Broken(path, source)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(AccountError::None),
            Err(error) => Err(AccountError::File(path, error)),
        }
    }
}

/// Makes the account, unless its file is there. Gitea must be running. Whatever an
/// interrupted attempt left is used or replaced.
///
/// # Errors
/// When Gitea refuses or the file cannot be written.
pub fn ensure_account(layout: &Layout) -> Result<(), AccountError> {
    let place = Place::of(layout);
    let path = place.account();
    if path.exists() {
        return Ok(());
    }
    let at = |source| AccountError::File(path.clone(), source);
    let server = Server::plain(on_node(port::GITEA));
    if !server.send(&Request::get(&format!("/api/v1/users/{USER}")))?.ok() {
        make_user(&place)?;
    }
    let token = make_token(&place)?;
    let password = secret::random().map_err(at)?;
    set_password(&server, &token, &password)?;
    let key = place.host_key().map_err(at)?;
    let account = Account {
        url: Place::url(),
        ssh: format!("ssh://git@{}", on_node(port::GITEA_SSH)),
        known_hosts: format!("[{NODE_IP}]:{} {}", port::GITEA_SSH, key.trim()),
        user: USER.to_owned(),
        password,
        token,
    };
    secret::write(&path, &serde_json::to_string(&account).expect("an account is plain data")).map_err(at)
}

/// The password that it makes up is thrown away: it would have to be read from its
/// words to people.
fn make_user(place: &Place) -> Result<(), AccountError> {
    let mail = format!("{USER}@example.invalid");
    let words = ["admin", "user", "create", "--username", USER, "--email", &mail, "--admin", "--random-password"];
    run(place, &words, &["--must-change-password=false"]).map(drop)
}

/// A name can be given once only, so each token has its own.
fn make_token(place: &Place) -> Result<String, AccountError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!("devcluster-{}", since.as_nanos());
    let words = ["admin", "user", "generate-access-token", "--username", USER, "--scopes", "all", "--raw"];
    Ok(run(place, &words, &["--token-name", &name])?.trim().to_owned())
}

/// By the interface, because what stands on a command line can be read by everybody.
fn set_password(server: &Server, token: &str, password: &str) -> Result<(), AccountError> {
    let body = json!({"source_id": 0, "login_name": USER, "password": password, "must_change_password": false});
    let body = body.to_string();
    let answer = server.send(&Request {
        method: "PATCH",
        path: &format!("/api/v1/admin/users/{USER}"),
        headers: &[("Content-Type", "application/json"), ("Authorization", &format!("token {token}"))],
        body: body.as_bytes(),
        patience: Duration::from_secs(10),
    })?;
    if answer.ok() { Ok(()) } else { Err(AccountError::Refused(answer.status)) }
}

fn run(place: &Place, words: &[&str], more: &[&str]) -> Result<String, AccountError> {
    let all = [words, more].concat();
    let output = place.command(&all).output().map_err(AccountError::Run)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(AccountError::Failed { command: words[..3].join(" "), output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_shown_without_its_secrets() {
        let account = Account {
            url: "http://a".into(),
            ssh: "ssh://b".into(),
            known_hosts: String::new(),
            user: "c".into(),
            password: "hidden-1".into(),
            token: "hidden-2".into(),
        };
        assert!(!format!("{account:?}").contains("hidden"));
    }

    #[test]
    fn without_gitea_the_way_out_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let error = Account::read(&layout).unwrap_err();
        assert!(error.to_string().contains("--with gitea"), "{error}");
    }
}
