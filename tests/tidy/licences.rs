//! Which licences the packages we ship may have.

use crate::cargo::Licensed;
use crate::finding::Finding;

/// Licences that ask for no more than a notice.
pub const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Every package without an allowed licence.
#[must_use]
pub fn check(packages: &[Licensed], allowed: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Licensed { name, version, license } in packages {
        let words = match license {
            None => "states no licence".to_owned(),
            Some(license) if !permits(license, allowed) => format!("is under {license}, which is not on the list"),
            Some(_) => continue,
        };
        let way_out = "use another package, or put the licence on the list in tests/tidy/licences.rs if it asks for no more than a notice";
        findings.push(Finding::new(format!("Cargo.lock ({name} {version})"), format!("{words}; {way_out}")));
    }
    findings
}

/// Does an SPDX expression leave us an allowed choice? `OR` (and the old `/`)
/// binds weaker than `AND`.
#[must_use]
pub fn permits(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, at: 0, allowed };
    let verdict = reader.any();
    verdict && reader.at == words.len()
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let here = self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(here);
        here
    }

    fn any(&mut self) -> bool {
        let mut verdict = self.all();
        while self.take("OR") {
            verdict |= self.all();
        }
        verdict
    }

    fn all(&mut self) -> bool {
        let mut verdict = self.one();
        while self.take("AND") {
            verdict &= self.one();
        }
        verdict
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let verdict = self.any();
            return self.take(")") && verdict;
        }
        let Some(name) = self.words.get(self.at) else { return false };
        self.at += 1;
        let mut licence = (*name).to_owned();
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.words.get(self.at).unwrap_or(&""));
            self.at += 1;
        }
        self.allowed.contains(&licence.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for (expression, want) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("MIT OR GPL-3.0 AND GPL-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("", false),
            ("(MIT", false),
            ("MIT)", false),
        ] {
            assert_eq!(permits(expression, ALLOWED), want, "{expression}");
        }
    }
}
