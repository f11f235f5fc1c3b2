//! What Git says when something goes wrong, and what that means.

use crate::error::GitError;
use crate::secret::Secret;

/// Characters of it that are shown.
const SHOWN: usize = 300;

/// The mirror itself is wrong.
const DAMAGED: &[&str] = &[
    "not a git repository",
    "is corrupt",
    "bad object",
    "bad tree object",
    "inflate: data stream error",
    "unable to read tree",
    "does not match index",
    "file is far too short to be a packfile",
    "invalid index-pack output",
    "cannot lock ref 'HEAD'",
    "did not send all necessary objects",
    "unresolved deltas",
    "is not a GIT packfile",
    "cannot be accessed",
    "cannot be mapped",
    "bad pack",
    "bad index",
];

/// The server says no, and will go on saying so.
const DENIED: &[&str] = &[
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "Access denied",
    "Permission denied",
    "Host key verification failed",
    "HOST IDENTIFICATION HAS CHANGED",
    "invalid format",
    "error in libcrypto",
    "incorrect passphrase",
    "not found",
    "does not exist",
    "does not appear to be a git repository",
    "returned error: 400",
    "returned error: 401",
    "returned error: 403",
    "returned error: 404",
    "returned error: 410",
    "returned error: 3",
    "SSL certificate problem",
    "server certificate verification failed",
    "no alternative certificate subject name",
    "marked as read only",
    "Could not read from remote repository",
    "unable to update url base from redirection",
    "not valid: is this a git repository",
    "not allowed",
    "fsck error",
    "fsckObjects",
];

/// The server, or the way to it, is not as usual.
const UNAVAILABLE: &[&str] = &[
    "Could not resolve",
    "Failed to connect",
    "Couldn't connect",
    "unable to connect",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Connection closed",
    "Operation timed out",
    "No route to host",
    "Network is unreachable",
    "Temporary failure",
    "kex_exchange_identification",
    "Empty reply from server",
    "early EOF",
    "unexpected disconnect",
    "the remote end hung up",
    "remote hung up",
    "RPC failed",
    "returned error: 408",
    "returned error: 429",
    "returned error: 5",
    "transfer closed",
    "Recv failure",
    "Send failure",
    "GnuTLS recv error",
    "gnutls_handshake() failed",
    "timed out",
    "Operation too slow",
    "unpacker error",
    "No space left on device",
    "Cannot allocate memory",
    "unable to create thread",
    "index-pack failed",
    "died of signal",
    "Out of memory",
    "out of memory",
    "fetch-pack: unexpected",
    "unable to write file",
];

/// Contents of files were left out, and are not given one by one: an old protocol, or a server that forbids it.
const WHOLE_ONLY: &[&str] = &["unadvertised object", "not our ref"];

/// One object is larger than Git may ask memory for.
const OVER_LIMIT: &[&str] = &["over limit"];

/// What an exit code that is not 0 means.
pub(crate) fn judge(doing: &'static str, said: &str) -> GitError {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let line = line(said);
    // A server that went away while it sent leaves half a pack, which is no damage of ours; and ssh says last, of
    // everything, that it could not read from the repository.
    if has(OVER_LIMIT) {
        GitError::TooLarge { doing, limit: 96 << 20 }
    } else if has(WHOLE_ONLY) {
        GitError::WholeOnly(line)
    } else if has(UNAVAILABLE) {
        GitError::Unavailable { doing, said: line }
    } else if has(DAMAGED) && !said.contains("does not appear to be") {
        GitError::Damaged(line)
    } else if has(DENIED) {
        GitError::Denied { doing, said: line }
    } else {
        GitError::Odd { doing, said: line }
    }
}

/// What says most, the best first.
const TELLING: &[&str] = &[
    "Permission denied",
    "ost key verification failed",
    "Could not resolve",
    "timed out",
    "Connection refused",
    "Connection closed",
    "Connection reset",
    "invalid format",
    "passphrase",
    "does not appear to be",
    "remote: ERROR",
    "remote: error",
    "remote: GitLab",
    "remote: HTTP Basic",
];

/// The one line of many that says most.
pub(crate) fn line(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = || TELLING.iter().find_map(|word| lines().find(|line| line.contains(word)));
    let plain = |line: &&str| {
        let line = line.strip_prefix("remote: ").unwrap_or(line);
        ["fatal:", "error:", "ERROR"].iter().any(|word| line.starts_with(word))
    };
    let chosen = telling().or_else(|| lines().find(plain)).or_else(|| lines().next_back());
    let text = chosen.unwrap_or("git gave no reason");
    let text = text.strip_prefix("remote: ").unwrap_or(text);
    let text = text.strip_prefix("fatal: ").unwrap_or(text);
    cut(text, SHOWN)
}

/// Without control characters, and not longer than that.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(longest).collect::<String>().trim().to_owned()
}

/// Without the secrets, and without what may stand before the `@` of an address.
pub(crate) fn scrub(said: &[u8], secrets: &[Secret]) -> String {
    let mut text = String::from_utf8_lossy(said).into_owned();
    for secret in secrets {
        let whole = secret.reveal();
        // A key of many lines is not shown in one piece.
        for piece in std::iter::once(whole).chain(whole.lines()) {
            let piece = piece.trim();
            if piece.len() >= 4 {
                text = text.replace(piece, "***").replace(&encoded(piece), "***");
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '\'').unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(sign) if after[..sign].contains(':') => {
                out.push_str("***");
                &after[sign..]
            }
            _ => after,
        };
    }
    out.push_str(rest);
    out
}

/// As it would stand in a URL.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{judge, line, scrub};
    use crate::error::Disposition;
    use crate::secret::Secret;

    #[test]
    fn what_git_says_is_understood() {
        for (said, expected) in [
            ("fatal: Authentication failed for 'https://h/r/'", Disposition::Stalled),
            ("remote: HTTP Basic: Access denied\nfatal: Authentication failed", Disposition::Stalled),
            ("fatal: unable to access 'https://h/r/': The requested URL returned error: 403", Disposition::Stalled),
            ("fatal: unable to access 'https://h/r/': The requested URL returned error: 503", Disposition::Transient),
            ("fatal: unable to access 'http://h/': Could not resolve host: h", Disposition::Transient),
            (
                "fatal: unable to access 'http://h/': Failed to connect to h port 1: Connection refused",
                Disposition::Transient,
            ),
            (
                "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.",
                Disposition::Transient,
            ),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Disposition::Stalled,
            ),
            (
                "No ED25519 host key is known for h\nHost key verification failed.\nfatal: Could not read from remote repository.",
                Disposition::Stalled,
            ),
            ("fatal: not a git repository: '/x'", Disposition::Transient),
            (
                "error: inflate: data stream error (incorrect header check)\nfatal: loose object x is corrupt",
                Disposition::Transient,
            ),
            ("fatal: something new", Disposition::Bug),
        ] {
            assert_eq!(judge("fetch", said).disposition(), expected, "{said}");
        }
    }

    #[test]
    fn the_telling_line_is_shown() {
        assert_eq!(
            line("Cloning\nremote: HTTP Basic: Access denied\nfatal: Authentication failed"),
            "HTTP Basic: Access denied"
        );
        assert_eq!(line("warning: x\nfatal: it is so"), "it is so");
        assert_eq!(line(""), "git gave no reason");
        assert_eq!(line("fatal: a\x1b[31mb"), "a [31mb");
    }

    #[test]
    fn secrets_do_not_come_through() {
        let secrets = [Secret::from("p@ss/word"), Secret::from("line one\nline two")];
        let said = b"https://user:p@ss/word@h/r and p%40ss%2Fword and line two and https://a:b@h/x http://h/ok";
        let text = scrub(said, &secrets);
        for word in ["p@ss", "p%40", "line two", "a:b"] {
            assert!(!text.contains(word), "{text}");
        }
        assert!(text.contains("http://h/ok"), "{text}");
    }
}
