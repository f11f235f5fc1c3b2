//! What a call needs to speak to a server: a folder of its own for keys, and the settings that go with them.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

use crate::address::{Address, Scheme};
use crate::error::GitError;
use crate::program::Call;
use crate::remote::{Credentials, Remote};
use crate::secret::Secret;

/// The question of Git is answered from the environment, and only for the server that the credential is for: Git
/// itself compares the addresses.
const HELPER: &str = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$ASSAY_GIT_USERNAME\" \"$ASSAY_GIT_PASSWORD\"; }; f";

/// A server that may be spoken to, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) address: Address,
    environment: Vec<(&'static str, String)>,
    settings: Vec<(String, String)>,
    secrets: Vec<Secret>,
    /// Removed with the keys in it when this is dropped.
    _folder: Option<TempDir>,
}

impl Session {
    pub(crate) fn open(remote: &Remote) -> Result<Self, GitError> {
        let address = Address::parse(&remote.url)?;
        let mut session = Self {
            address,
            environment: vec![
                ("GIT_ALLOW_PROTOCOL", "http:https:ssh".to_owned()),
                ("GIT_NO_LAZY_FETCH", "0".to_owned()),
            ],
            settings: Vec::new(),
            secrets: Vec::new(),
            _folder: None,
        };
        let needs_folder = remote.ca.is_some() || matches!(remote.credentials, Credentials::Ssh { .. });
        let folder = needs_folder.then(private_folder).transpose()?;
        let ssh = session.address.scheme == Scheme::Ssh;
        match &remote.credentials {
            Credentials::Basic { username, password } if !ssh => session.answer_questions(username, password)?,
            Credentials::Ssh { identity, known_hosts } if ssh => {
                let folder = folder.as_ref().expect("made for it");
                session.hold_key(folder.path(), identity, known_hosts)?;
            }
            Credentials::None if !ssh => {}
            Credentials::Basic { .. } | Credentials::None => {
                let words = "an ssh URL needs the keys `identity` and `known_hosts` in the Secret";
                return Err(GitError::Credential(words.to_owned()));
            }
            Credentials::Ssh { .. } => {
                let words = "an https URL needs the keys `username` and `password` in the Secret, not an SSH key";
                return Err(GitError::Credential(words.to_owned()));
            }
        }
        if let (Some(ca), Some(folder)) = (&remote.ca, &folder) {
            let file = folder.path().join("ca.crt");
            write_private(&file, ca)?;
            session.environment.push(("GIT_SSL_CAINFO", file.display().to_string()));
        }
        session._folder = folder;
        Ok(session)
    }

    fn answer_questions(&mut self, username: &str, password: &Secret) -> Result<(), GitError> {
        let odd = |text: &str| text.contains(['\n', '\r', '\0']);
        let password = Secret::new(password.reveal().trim_end_matches(['\n', '\r']));
        if odd(username) || odd(password.reveal()) || password.reveal().is_empty() {
            return Err(GitError::Credential("user and password are one line each".to_owned()));
        }
        self.settings.push((format!("credential.{}.helper", self.address.origin()), HELPER.to_owned()));
        self.environment.push(("ASSAY_GIT_USERNAME", username.to_owned()));
        self.environment.push(("ASSAY_GIT_PASSWORD", password.reveal().to_owned()));
        self.secrets.push(password);
        Ok(())
    }

    fn hold_key(&mut self, folder: &Path, identity: &Secret, known_hosts: &str) -> Result<(), GitError> {
        if known_hosts.trim().is_empty() {
            let words = "`known_hosts` is empty: without it nobody knows whom the key is shown to";
            return Err(GitError::Credential(words.to_owned()));
        }
        let (key, hosts) = (folder.join("identity"), folder.join("known_hosts"));
        write_private(&key, identity.reveal())?;
        write_private(&hosts, known_hosts)?;
        // The folder is ours, and its name has no quotes.
        let command = format!(
            "ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o ConnectTimeout=20 \
             -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o ForwardAgent=no -o ClearAllForwardings=yes \
             -o PermitLocalCommand=no -o ControlPath=none -o StrictHostKeyChecking=yes -o UpdateHostKeys=no \
             -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile='{}' -o LogLevel=ERROR -i '{}'",
            hosts.display(),
            key.display(),
        );
        self.environment.push(("GIT_SSH_COMMAND", command));
        self.environment.push(("GIT_SSH_VARIANT", "ssh".to_owned()));
        self.secrets.push(identity.clone());
        Ok(())
    }

    /// Lets a call speak to the server.
    pub(crate) fn through(&self, call: Call) -> Call {
        let mut call = call;
        for (name, value) in &self.environment {
            call = call.with(name, value.as_str());
        }
        for (name, value) in &self.settings {
            call = call.set(name.as_str(), value.as_str());
        }
        for secret in &self.secrets {
            call = call.hide(secret.clone());
        }
        call
    }
}

/// A folder that nobody else may look into.
pub(crate) fn private_folder() -> Result<TempDir, GitError> {
    tempfile::Builder::new()
        .prefix("assay-git-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(|source| GitError::Machine { doing: "make a folder for keys", source })
}

/// A file that nobody else may read, with one newline at its end, as keys need it.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<(), GitError> {
    let machine = |source| GitError::Machine { doing: "write a key into a file of its own", source };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(file).map_err(machine)?;
    let text = text.replace('\r', "");
    file.write_all(text.trim_end().as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(machine)
}
