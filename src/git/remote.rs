//! A repository on a server, and what opens it.

use std::fmt;

use crate::address::Address;
use crate::secret::Secret;

/// A repository on a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its URL: `https://`, `http://`, `ssh://`, or `user@host:path`.
    pub url: String,
    /// What opens it.
    pub credentials: Credentials,
    /// Certificates in PEM that its server is judged by, instead of the well-known authorities.
    pub ca: Option<String>,
}

/// What opens a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing: it is open to everybody.
    #[default]
    None,
    /// For `https` and `http`.
    Basic {
        /// The user; forges take any with a token.
        username: String,
        /// The password or token.
        password: Secret,
    },
    /// For `ssh`.
    Ssh {
        /// The private key, in the form of OpenSSH and without a passphrase.
        identity: Secret,
        /// Lines of `known_hosts`. A host that is not among them is not spoken to.
        known_hosts: String,
    },
}

impl fmt::Debug for Remote {
    /// Without what a careless URL may hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Address::parse(&self.url).map(|address| address.url);
        f.debug_struct("Remote")
            .field("url", &url.as_deref().unwrap_or("(refused)"))
            .field("credentials", &self.credentials)
            .field("ca", &self.ca.is_some())
            .finish()
    }
}
