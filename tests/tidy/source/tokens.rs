//! Paths inside macro calls, which are mere tokens to the parser.

use proc_macro2::{TokenStream, TokenTree};

/// A path of at least two segments, or a lone `async` or `await`, with its line.
pub(super) type Found = (Vec<String>, usize);

/// All paths in the tokens, nested groups included.
pub(super) fn paths(tokens: TokenStream) -> Vec<Found> {
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<Found>) {
    let mut path: Vec<String> = Vec::new();
    let mut line = 0;
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    flush(&mut path, line, found);
                }
                if path.is_empty() {
                    line = name.span().start().line;
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            other => {
                flush(&mut path, line, found);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    collect(group.stream(), found);
                }
            }
        }
    }
    flush(&mut path, line, found);
}

fn flush(path: &mut Vec<String>, line: usize, found: &mut Vec<Found>) {
    let path = std::mem::take(path);
    let lone = path.first().is_some_and(|word| matches!(word.as_str(), "async" | "await"));
    if path.len() > 1 || lone {
        found.push((path, line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_tokens() {
        let tokens: TokenStream = "a, b::c(d :: e, [crate::x::Y]), f: g::h, k.await".parse().expect("tokens");
        let found: Vec<String> = paths(tokens).into_iter().map(|(path, _)| path.join("::")).collect();
        assert_eq!(found, ["b::c", "d::e", "crate::x::Y", "g::h", "await"]);
    }
}
