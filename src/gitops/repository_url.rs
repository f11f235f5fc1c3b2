//! URLs of repositories: which two name the same one, and what may be shown of them.

/// Why a text is not the URL of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryUrlError {
    /// Neither a URL nor the short form of SSH.
    #[error("it has no host; write for example `https://git.example.com/shop.git` or `git@git.example.com:shop.git`")]
    NoHost,
    /// Another protocol than those of Git over a network.
    #[error("`{0}` is not a protocol for repositories; use https, http or ssh")]
    Scheme(String),
    /// The port is no number.
    #[error("the port is not a number between 1 and 65535")]
    Port,
    /// No repository on the host.
    #[error("it names a host but no repository on it")]
    NoPath,
    /// A character, or a step upwards, that no repository's URL needs.
    #[error("it contains {0}, which the URL of a repository may not")]
    Forbidden(&'static str),
    /// Longer than any repository's URL.
    #[error("it is longer than 2048 bytes")]
    TooLong,
}

const LIMIT: usize = 2048;

/// What a URL names, whoever asks and by whichever protocol: host and path. Two URLs with the same identity are
/// the same repository. The scheme, the user, the port when it is the scheme's own, a leading `/` and a trailing
/// `/` or `.git` do not count; capital letters count in the path only.
///
/// # Errors
/// When the text is no URL of a repository.
pub fn repository_identity(url: &str) -> Result<String, RepositoryUrlError> {
    let url = url.trim();
    check(url)?;
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => ("ssh".to_owned(), of_short_form(url)?),
    };
    let default_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        "ssh" | "git+ssh" | "ssh+git" => 22,
        other => return Err(RepositoryUrlError::Scheme(other.to_owned())),
    };
    let (authority, path) = rest.split_once('/').ok_or(RepositoryUrlError::NoPath)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port(host)?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    if path.is_empty() {
        return Err(RepositoryUrlError::NoPath);
    }
    if path.split('/').any(|part| matches!(part, "." | ".." | "")) {
        return Err(RepositoryUrlError::Forbidden("an empty part, `.` or `..` in its path"));
    }
    let port = port.filter(|port| *port != default_port).map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{host}{port}/{path}"))
}

/// Whether both URLs name the same repository. A text that is no URL of a repository is the same as nothing.
pub fn same_repository(a: &str, b: &str) -> bool {
    match (repository_identity(a), repository_identity(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn check(url: &str) -> Result<(), RepositoryUrlError> {
    if url.len() > LIMIT {
        return Err(RepositoryUrlError::TooLong);
    }
    if url.starts_with('-') {
        return Err(RepositoryUrlError::Forbidden("a leading `-`"));
    }
    if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(RepositoryUrlError::Forbidden("white space or control characters"));
    }
    if url.contains(['?', '#', '\\', '"', '\'', '`', '<', '>', '|', '^', '{', '}']) {
        return Err(RepositoryUrlError::Forbidden("a query, a fragment or quotes"));
    }
    Ok(())
}

/// `git@host:path` as `git@host/path`.
fn of_short_form(url: &str) -> Result<String, RepositoryUrlError> {
    // The colon that ends the host; those of an IPv6 address stand in brackets.
    let host_end = match url.find(']') {
        Some(end) if url[..end].contains('[') => end + 1,
        _ => 0,
    };
    let colon = url[host_end..].find(':').map(|at| at + host_end).ok_or(RepositoryUrlError::NoHost)?;
    let (host, path) = (&url[..colon], &url[colon + 1..]);
    if host.is_empty() || host.contains('/') {
        return Err(RepositoryUrlError::NoHost);
    }
    Ok(format!("{host}/{}", path.trim_start_matches('/')))
}

fn host_and_port(host: &str) -> Result<(String, Option<u16>), RepositoryUrlError> {
    let colon = match (host.rfind(']'), host.rfind(':')) {
        (Some(bracket), Some(colon)) if colon < bracket => None,
        (_, colon) => colon,
    };
    let (name, port) = match colon {
        // `host:` is the scheme's own port.
        Some(at) if at + 1 == host.len() => (&host[..at], None),
        Some(at) => {
            let digits = &host[at + 1..];
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            let port = digits.parse::<u16>().ok().filter(|port| is_number && *port > 0);
            (&host[..at], Some(port.ok_or(RepositoryUrlError::Port)?))
        }
        None => (host, None),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let names_nothing = name.is_empty() || name.split('.').any(str::is_empty);
    if names_nothing || name.contains(':') && !name.starts_with('[') {
        return Err(RepositoryUrlError::NoHost);
    }
    Ok((name.to_ascii_lowercase(), port))
}

/// The text without what stands between `://` and `@` in any URL within it: users and passwords. For messages of
/// others (Git, forges) before anybody sees them. Where it is not certain how far a password goes, more is hidden.
pub fn without_credentials(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        rest = after;
        // What is left may look like a user and a password again.
        while let Some(at) = end_of_user(rest) {
            rest = &rest[at + 1..];
        }
    }
    clean.push_str(rest);
    clean
}

/// The `@` behind a user and a password, if there are any.
fn end_of_user(after: &str) -> Option<usize> {
    let ends =
        |character: char| character.is_whitespace() || matches!(character, '/' | '?' | '#' | '"' | '\'' | '<' | '>');
    let authority = &after[..after.find(ends).unwrap_or(after.len())];
    let word = &after[..after.find(char::is_whitespace).unwrap_or(after.len())];
    match authority.rfind('@') {
        // A password that was not encoded may have both `@` and `/` in it, and then goes on behind the authority.
        Some(at) if authority[..at].contains(':') => word.rfind('@'),
        Some(at) => Some(at),
        None => hidden(authority, word),
    }
}

/// The `@` of a password that was not encoded and has a `/` or `#` in it: what then looks like the port is none.
fn hidden(authority: &str, word: &str) -> Option<usize> {
    let (host, port) = authority.split_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) || host.starts_with('[');
    if is_port { None } else { word.rfind('@') }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{RepositoryUrlError, repository_identity, same_repository, without_credentials};

    #[test]
    fn one_repository_has_one_identity_however_it_is_spelt() {
        for url in [
            "https://git.example.com/team/shop.git",
            "https://git.example.com/team/shop",
            "https://git.example.com/team/shop/",
            "https://git.example.com/team/shop.git/",
            "HTTPS://Git.Example.COM:443/team/shop.git",
            "http://git.example.com:80/team/shop",
            "https://bot:s3cret@git.example.com/team/shop",
            "https://a@b:c@git.example.com/team/shop",
            "ssh://git@git.example.com/team/shop.git",
            "ssh://git.example.com:22/team/shop",
            "git@git.example.com:team/shop.git",
            "git.example.com:/team/shop",
            "https://git.example.com./team/shop",
            "https://git.example.com:/team/shop",
            "  https://git.example.com/team/shop ",
        ] {
            assert_eq!(repository_identity(url).as_deref(), Ok("git.example.com/team/shop"), "{url}");
        }
        for (url, expected) in [
            ("http://gitea.git.svc:3000/Team/Shop.git", "gitea.git.svc:3000/Team/Shop"),
            ("ssh://git@gitea:2222/a/b", "gitea:2222/a/b"),
            ("https://[2001:DB8::1]:8443/a", "[2001:db8::1]:8443/a"),
            ("https://[2001:db8::1]/a", "[2001:db8::1]/a"),
            ("git@[2001:db8::1]:a/b.git", "[2001:db8::1]/a/b"),
            ("https://h/a.git.git", "h/a.git"),
        ] {
            assert_eq!(repository_identity(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_differs_is_not_the_same() {
        for (a, b) in [
            ("https://h/a", "https://h/A"),
            ("https://h/a", "https://h/ab"),
            ("https://h/a", "https://h:8443/a"),
            ("https://h/a", "https://h.evil/a"),
            ("https://h/a", "https://h@evil/a"),
            ("https://evil/h/a", "https://h/a"),
            ("not a url", "not a url"),
            ("", ""),
        ] {
            assert!(!same_repository(a, b), "{a} {b}");
        }
        assert!(same_repository("git@h:a/b", "https://h/a/b.git"));
    }

    #[test]
    fn what_is_no_repository_says_why() {
        use RepositoryUrlError::{Forbidden, NoHost, NoPath, Port, Scheme, TooLong};
        for (url, expected) in [
            ("", NoHost),
            ("shop", NoHost),
            ("/srv/git/shop:x", NoHost),
            ("https:///a", NoHost),
            ("https://h", NoPath),
            ("https://h/", NoPath),
            ("https://h/.git", NoPath),
            ("git@h:", NoPath),
            ("https://h:x/a", Port),
            ("https://h:+1/a", Port),
            ("https://h:0/a", Port),
            ("https://h:99999/a", Port),
            ("file:///srv/a", Scheme("file".to_owned())),
            ("ext::sh -c x", Forbidden("white space or control characters")),
            ("https://h/a\nb", Forbidden("white space or control characters")),
            ("-uhttps://h/a", Forbidden("a leading `-`")),
            ("https://h/a/../b", Forbidden("an empty part, `.` or `..` in its path")),
            ("https://h/a//b", Forbidden("an empty part, `.` or `..` in its path")),
            ("https://h/a?x=1", Forbidden("a query, a fragment or quotes")),
        ] {
            assert_eq!(repository_identity(url), Err(expected), "{url}");
        }
        assert_eq!(repository_identity(&format!("https://h/{}", "a".repeat(2048))), Err(TooLong));
    }

    #[test]
    fn nobody_sees_a_password() {
        for (text, expected) in [
            ("fatal: https://bot:s3cret@h/a: no", "fatal: https://h/a: no"),
            ("https://s3cret@h https://x:s3c@ret@h/b", "https://h https://h/b"),
            ("ssh://git@h/a", "ssh://h/a"),
            ("https://h/a@b", "https://h/a@b"),
            ("git@h:a", "git@h:a"),
            ("https://bot:s3/cr#et@h/a and b@c", "https://h/a and b@c"),
            ("https://bot:s3@cr/et@h/a", "https://h/a"),
            ("https://bot:s3@cr/e:t@h/a and b@c", "https://h/a and b@c"),
            ("https://git@h/a@b", "https://h/a@b"),
            ("://a@b:c/d@e", "://e"),
            ("https://h:8080/a@b", "https://h:8080/a@b"),
            ("https://[::1]/a@b", "https://[::1]/a@b"),
            ("://@", "://"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_has_one_identity_or_none(text in "[a-zA-Z0-9:/@.\\[\\]%~_+-]{0,40}|\\PC{0,40}") {
            if let Ok(identity) = repository_identity(&text) {
                let again = repository_identity(&format!("https://{identity}"));
                // Port 443 of SSH is not that of HTTPS.
                if !identity.contains(":443/") {
                    prop_assert_eq!(again.as_ref(), Ok(&identity), "{}", text);
                }
                prop_assert!(same_repository(&text, &text));
                prop_assert!(!identity.contains(['\n', ' ']), "{}", identity);
            }
            let clean = without_credentials(&text);
            prop_assert_eq!(without_credentials(&clean), clean);
        }

        #[test]
        fn no_password_is_left(user in "[a-z]{1,8}", password in "[!-~&&[^ ]]{1,20}") {
            let clean = without_credentials(&format!("https://{user}:p4ss{password}@h/a"));
            prop_assert_eq!(clean, "https://h/a");
        }
    }
}
