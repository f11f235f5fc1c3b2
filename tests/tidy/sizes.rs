//! Files and functions small enough to be read at once.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::finding::Finding;

/// Lines that a file may have.
pub const FILE: usize = 500;
/// Lines that a function may have, from `fn` to its closing brace.
pub const FUNCTION: usize = 80;

/// The file, if it is too long, and every function of it that is. A file that
/// is no Rust is a finding too.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > FILE {
        findings.push(Finding::new(
            file,
            format!("has {lines} lines, more than {FILE}; split it by what its parts are about"),
        ));
    }
    match syn::parse_file(text) {
        Ok(parsed) => {
            let mut long = Long { file, findings };
            long.visit_file(&parsed);
            long.findings
        }
        Err(error) => {
            findings.push(Finding::at(file, error.span().start().line, format!("is not Rust: {error}")));
            findings
        }
    }
}

struct Long<'a> {
    file: &'a str,
    findings: Vec<Finding>,
}

impl Long<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.span().end().line + 1 - first;
        if lines > FUNCTION {
            let words = format!(
                "function `{}` has {lines} lines, more than {FUNCTION}; name its parts and make them functions",
                signature.ident
            );
            self.findings.push(Finding::at(self.file, first, words));
        }
    }
}

impl<'ast> Visit<'ast> for Long<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_functions_and_files_are_found() {
        let body = |lines: usize| "    g();\n".repeat(lines - 2);
        assert_eq!(check("a.rs", &format!("fn f() {{\n{}}}\n", body(FUNCTION))), []);
        let found =
            check("a.rs", &format!("struct S;\nimpl S {{\n/// Doc.\nfn f() {{\n{}}}\n}}\n", body(FUNCTION + 1)));
        assert_eq!(found[0].place, "a.rs:4");
        assert!(check("a.rs", &"\n".repeat(FILE + 1))[0].words.starts_with("has 501 lines"));
        assert!(check("a.rs", "fn {")[0].words.starts_with("is not Rust"));
    }
}
