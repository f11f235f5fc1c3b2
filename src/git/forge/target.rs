//! Where a forge is, and which of its repositories is meant.

use assay_api::ForgeKind;

use super::error::ForgeError;
use crate::address::{Address, Scheme};
use crate::secret::Secret;

/// A repository on a forge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgeTarget {
    /// Which forge.
    pub kind: ForgeKind,
    /// Base of its web pages; the scheme and host of the repository when absent.
    pub url: Option<String>,
    /// URL of the repository, as Git uses it.
    pub repository: String,
    /// The token.
    pub token: Secret,
    /// Certificates in PEM that it is judged by, instead of the well-known authorities.
    pub ca: Option<String>,
}

/// What follows from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Base of the interface, without `/` at the end.
    pub(super) base: String,
    /// `owner/name`, or more parts with GitLab.
    pub(super) project: String,
}

impl ForgeTarget {
    pub(super) fn place(&self) -> Result<Place, ForgeError> {
        let odd = |error: crate::GitError| ForgeError::Target(error.to_string());
        let repository = Address::parse(&self.repository).map_err(odd)?;
        let (web, prefix) = match &self.url {
            // As an address it needs a path; that of the web pages may be empty.
            Some(url) => {
                let address = Address::parse(&format!("{}/.", url.trim_end_matches('/'))).map_err(odd)?;
                if address.scheme == Scheme::Ssh {
                    return Err(ForgeError::Target("its URL begins with https:// or http://".to_owned()));
                }
                let prefix = address.path.trim_end_matches('.').trim_matches('/').to_owned();
                let web = if prefix.is_empty() { address.origin() } else { format!("{}/{prefix}", address.origin()) };
                (web, prefix)
            }
            None => (repository.origin(), String::new()),
        };
        let path = match repository.path.strip_prefix(&prefix).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) if !prefix.is_empty() => rest.to_owned(),
            _ => repository.path.clone(),
        };
        let parts = path.split('/').filter(|part| !part.is_empty()).count();
        let fits = if self.kind == ForgeKind::GitLab { parts >= 2 } else { parts == 2 };
        if !fits {
            return Err(ForgeError::Target(format!("{path:?} is not the owner and name of a repository")));
        }
        let base = match self.kind {
            ForgeKind::Gitea => format!("{web}/api/v1"),
            ForgeKind::GitLab => format!("{web}/api/v4"),
            ForgeKind::GitHub if web == "https://github.com" => "https://api.github.com".to_owned(),
            ForgeKind::GitHub => format!("{web}/api/v3"),
        };
        Ok(Place { base, project: path })
    }
}

#[cfg(test)]
mod tests {
    use assay_api::ForgeKind;

    use super::ForgeTarget;

    fn place(kind: ForgeKind, url: Option<&str>, repository: &str) -> Option<(String, String)> {
        let target =
            ForgeTarget { kind, url: url.map(str::to_owned), repository: repository.to_owned(), ..Default::default() };
        target.place().ok().map(|place| (place.base, place.project))
    }

    #[test]
    fn the_interface_is_found_beside_the_repository() {
        for (kind, url, repository, base, project) in [
            (ForgeKind::GitHub, None, "https://github.com/o/r.git", "https://api.github.com", "o/r"),
            (ForgeKind::GitHub, None, "git@github.com:o/r.git", "https://api.github.com", "o/r"),
            (
                ForgeKind::GitHub,
                Some("https://ghe.example.com/"),
                "ssh://git@ghe.example.com/o/r",
                "https://ghe.example.com/api/v3",
                "o/r",
            ),
            (ForgeKind::GitLab, None, "https://h:8443/a/b/c.git", "https://h:8443/api/v4", "a/b/c"),
            (ForgeKind::Gitea, Some("http://h:3000/git"), "http://h:3000/git/o/r", "http://h:3000/git/api/v1", "o/r"),
            (ForgeKind::Gitea, Some("http://web:3000"), "ssh://git@h:2222/o/r.git", "http://web:3000/api/v1", "o/r"),
        ] {
            assert_eq!(place(kind, url, repository), Some((base.to_owned(), project.to_owned())), "{repository}");
        }
        assert_eq!(place(ForgeKind::GitHub, None, "https://github.com/o"), None);
        assert_eq!(place(ForgeKind::Gitea, None, "https://h/a/b/c"), None);
        assert_eq!(place(ForgeKind::Gitea, Some("ssh://h"), "https://h/a/b"), None);
    }
}
