//! The forms in which a revision is written, and the one in which it is compared.

/// Shortest prefix of a commit that names it.
const SHORTEST: usize = 7;

/// The commit that a revision of a Git source names, in full and in lower case: Argo CD writes the plain id,
/// Flux `main@sha1:<id>`, `sha1:<id>` or, formerly, `main/<id>`. `None` for everything else; then nothing can
/// be said of the revision.
pub fn commit_of(revision: &str) -> Option<String> {
    let (_, last) = revision.rsplit_once('@').unwrap_or(("", revision));
    let id = match last.split_once(':') {
        Some(("sha1", id)) if id.len() == 40 => id,
        Some(("sha256", id)) if id.len() == 64 => id,
        Some(_) => return None,
        None => last.rsplit_once('/').map_or(last, |(_, id)| id),
    };
    is_commit(id).then(|| id.to_ascii_lowercase())
}

/// Whether a text is the full id of a commit: 40 or, in a repository of SHA-256, 64 hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_hexadecimal(text)
}

/// Whether a text that somebody wrote names a commit: it is its id, or a prefix of at least seven digits.
pub fn names_commit(text: &str, commit: &str) -> bool {
    let text = commit_of(text).unwrap_or_else(|| text.to_ascii_lowercase());
    text.len() >= SHORTEST && is_hexadecimal(&text) && commit.to_ascii_lowercase().starts_with(&text)
}

pub(crate) fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "696f056df216eea4f9401adbee0ff744d4df390f";

    #[test]
    fn every_form_of_a_commit_gives_its_id() {
        let long = "a".repeat(64);
        for (form, id) in [
            (ID.to_owned(), ID),
            (ID.to_ascii_uppercase(), ID),
            (format!("main@sha1:{ID}"), ID),
            (format!("feature/a@b@sha1:{ID}"), ID),
            (format!("refs/heads/main@sha1:{ID}"), ID),
            (format!("sha1:{ID}"), ID),
            (format!("main/{ID}"), ID),
            (format!("team/main/{ID}"), ID),
            (long.clone(), long.as_str()),
            (format!("main@sha256:{long}"), long.as_str()),
        ] {
            assert_eq!(commit_of(&form).as_deref(), Some(id), "{form}");
        }
    }

    #[test]
    fn anything_else_gives_none() {
        for form in [
            "",
            "main",
            "HEAD",
            "1.2.3",
            "696f056",
            "main@sha1:696f056",
            "main@sha256:696f056",
            "@",
            ":",
            "/",
            "sha1:",
            "main@md5:696f056df216eea4f9401adbee0ff744d4df390f",
            "zzzz056df216eea4f9401adbee0ff744d4df390f",
        ] {
            assert_eq!(commit_of(form), None, "{form}");
        }
        assert_eq!(commit_of(&format!("main@sha256:{ID}")), None, "forty digits are no SHA-256");
        assert_eq!(commit_of(&"é".repeat(20)), None, "bytes are not digits");
    }

    #[test]
    fn a_prefix_of_seven_digits_names_a_commit() {
        assert!(names_commit(ID, ID) && names_commit(&ID[..7], ID) && names_commit(&ID[..12].to_uppercase(), ID));
        assert!(names_commit(&format!("main@sha1:{ID}"), ID));
        assert!(!names_commit(&ID[..6], ID) && !names_commit("", ID) && !names_commit("main", ID));
        assert!(!names_commit("796f056", ID) && !names_commit(&format!("{ID}0"), ID));
    }
}
