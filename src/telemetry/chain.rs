//! Errors are printed once, at the boundary, with all their causes.

use std::error::Error;

/// The error and all its causes on one line, separated by `: `.
///
/// A cause whose text its predecessor already ends with is left out, because
/// foreign errors often print their source themselves.
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !text.is_empty() && !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Link(&'static str, Option<Box<Link>>);

    impl std::fmt::Display for Link {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Link {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
        }
    }

    fn chain(texts: &[&'static str]) -> String {
        let link = texts.iter().rev().fold(None, |cause, text| Some(Box::new(Link(text, cause))));
        error_chain(link.expect("at least one text").as_ref())
    }

    #[test]
    fn says_each_cause_once() {
        for (texts, line) in [
            (&["cannot start"][..], "cannot start"),
            (&["cannot start", "no such file"], "cannot start: no such file"),
            (&["cannot start", "read: refused", "refused"], "cannot start: read: refused"),
            (&["cannot start", "", "refused"], "cannot start: refused"),
        ] {
            assert_eq!(chain(texts), line);
        }
    }
}
