//! Which addresses are spoken to.

use crate::error::GitError;

const LONGEST: usize = 2048;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    Ssh,
}

/// A URL that was looked at; it holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// The URL, for Git.
    pub(crate) url: String,
    /// The host, without brackets.
    pub(crate) host: String,
    /// The port, when it is given.
    pub(crate) port: Option<u16>,
    /// The path, without `/` at either end and without `.git`.
    pub(crate) path: String,
}

impl Address {
    /// Looks at a URL.
    ///
    /// # Errors
    ///
    /// It is not `https`, `http` or `ssh`, it holds a password, or a part of it is odd. The error does not show it.
    pub(crate) fn parse(given: &str) -> Result<Self, GitError> {
        let refuse = |why: &str| Err(GitError::Url(why.to_owned()));
        let text = given.trim();
        if text.is_empty() || text.len() > LONGEST {
            return refuse("it has 1 to 2048 bytes");
        }
        if text.starts_with('-') || !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'`\\<>|{}".contains(&byte))
        {
            return refuse("it holds a character that no address of a repository has");
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ssh") => (Scheme::Ssh, rest),
            Some(_) => return refuse("only https, http and ssh are spoken"),
            None => return Self::like_scp(text),
        };
        if rest.contains(['?', '#']) {
            return refuse("it has a query or a fragment");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return refuse("it holds a password: put it into the Secret of the grant");
        }
        let (host, port) = split_port(place)?;
        let path = trimmed(path)?;
        let shown = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = match scheme {
            // The user comes with the credential.
            Scheme::Https => format!("https://{shown}{port_text}/{}", path.0),
            Scheme::Http => format!("http://{shown}{port_text}/{}", path.0),
            Scheme::Ssh => {
                let user = checked_user(user.unwrap_or("git"))?;
                format!("ssh://{user}@{shown}{port_text}/{}", path.0)
            }
        };
        Ok(Self { scheme, url, host, port, path: path.1 })
    }

    /// `user@host:path`, where the path begins in the user's folder.
    fn like_scp(text: &str) -> Result<Self, GitError> {
        let odd = || GitError::Url("write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH".to_owned());
        let (place, path) = text.split_once(':').ok_or_else(odd)?;
        let (user, host) = place.split_once('@').ok_or_else(odd)?;
        let user = checked_user(user)?;
        let host = checked_host(host)?;
        if path.starts_with('-') || path.starts_with(':') {
            return Err(odd());
        }
        let rooted = if path.starts_with('/') { "/" } else { "" };
        let path = trimmed(path)?;
        Ok(Self {
            scheme: Scheme::Ssh,
            url: format!("{user}@{host}:{rooted}{}", path.0),
            host,
            port: None,
            path: path.1,
        })
    }

    /// Scheme, host and port, as Git matches credentials by.
    pub(crate) fn origin(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https | Scheme::Ssh => "https",
        };
        match self.port.filter(|_| self.scheme != Scheme::Ssh) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}

/// As it is given, and as repositories are named by it.
fn trimmed(path: &str) -> Result<(String, String), GitError> {
    let path = path.trim_matches('/');
    if path.is_empty() || path.split('/').any(|part| part == "..") {
        return Err(GitError::Url("it names no repository of its server".to_owned()));
    }
    Ok((path.to_owned(), path.strip_suffix(".git").unwrap_or(path).to_owned()))
}

fn split_port(place: &str) -> Result<(String, Option<u16>), GitError> {
    let odd = || GitError::Url("its port is none".to_owned());
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| GitError::Url("its host is none".to_owned()))?;
        if !host.contains(':') || !host.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)) {
            return Err(GitError::Url("its host is none".to_owned()));
        }
        match rest.strip_prefix(':') {
            Some(port) => (host.to_ascii_lowercase(), Some(port)),
            None if rest.is_empty() => (host.to_ascii_lowercase(), None),
            None => return Err(odd()),
        }
    } else {
        match place.split_once(':') {
            Some((host, port)) => (checked_host(host)?, Some(port)),
            None => (checked_host(place)?, None),
        }
    };
    let port = port.filter(|port| !port.is_empty()).map(|port| port.parse::<u16>().map_err(|_| odd())).transpose()?;
    Ok((host, port))
}

fn checked_host(host: &str) -> Result<String, GitError> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if host.is_empty() || host.len() > 253 || host.starts_with(['-', '.']) || !host.bytes().all(fine) {
        return Err(GitError::Url("its host is none".to_owned()));
    }
    Ok(host.to_ascii_lowercase())
}

fn checked_user(user: &str) -> Result<&str, GitError> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
    if user.is_empty() || user.len() > 64 || user.starts_with('-') || !user.bytes().all(fine) {
        return Err(GitError::Url("its user is none".to_owned()));
    }
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::{Address, Scheme};

    #[test]
    fn addresses_are_read_as_git_reads_them() {
        for (given, url, origin, path) in [
            ("https://Git.Example.com/a/b.git", "https://git.example.com/a/b.git", "https://git.example.com", "a/b"),
            ("http://user@h:8080/r/", "http://h:8080/r", "http://h:8080", "r"),
            ("ssh://git@h:2222/a/b", "ssh://git@h:2222/a/b", "https://h", "a/b"),
            ("ssh://h/a/b", "ssh://git@h/a/b", "https://h", "a/b"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git", "https://github.com", "o/r"),
            ("https://[::1]:3000/a", "https://[::1]:3000/a", "https://[::1]:3000", "a"),
        ] {
            let address = Address::parse(given).unwrap();
            assert_eq!((address.url.as_str(), address.origin().as_str(), address.path.as_str()), (url, origin, path));
        }
        assert_eq!(Address::parse("git@h:x").unwrap().scheme, Scheme::Ssh);
    }

    #[test]
    fn what_could_run_something_or_hide_a_password_is_refused() {
        for bad in [
            "",
            "file:///etc",
            "/srv/repo",
            "ext::sh -c x",
            "git://h/r",
            "ftp://h/r",
            "https://u:secret@h/r",
            "ssh://-oProxyCommand=x/r",
            "ssh://u@-x/r",
            "-u@h:r",
            "git@-h:r",
            "git@h:-r",
            "https://h",
            "https://h/../x",
            "https://h/r?x=1",
            "https://h:99999/r",
            "https://h/a b",
            "https://h/a'b",
            "u@h::r",
            "https://[zz]/r",
        ] {
            let error = Address::parse(bad).expect_err(bad);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
