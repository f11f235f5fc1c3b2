//! Reads one file: its modules, what they define, import and refer to.

use std::path::{Path, PathBuf};

use proc_macro2::TokenTree;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use super::tokens;
use super::tree::{Import, Module, Reference};

/// A module whose file is still to be read.
pub(super) struct Child {
    pub(super) path: Vec<String>,
    /// The file, where it is known already.
    pub(super) file: Option<String>,
    /// The folder that the files of its own modules are in.
    pub(super) folder: PathBuf,
    pub(super) test: bool,
}

/// The module of a file and those written inside of it, and the modules whose
/// files are elsewhere.
pub(super) fn modules(text: &str, file: &str, this: &Child) -> syn::Result<(Vec<Module>, Vec<Child>)> {
    let parsed = syn::parse_file(text)?;
    let mut reader = Reader {
        modules: Vec::new(),
        children: Vec::new(),
        at: 0,
        test: this.test || is_test(&parsed.attrs),
        folder: this.folder.clone(),
    };
    reader.module(this.path.clone(), file, 1, &parsed.items);
    Ok((reader.modules, reader.children))
}

struct Reader {
    modules: Vec<Module>,
    children: Vec<Child>,
    /// The module that is read.
    at: usize,
    test: bool,
    folder: PathBuf,
}

impl Reader {
    fn module(&mut self, path: Vec<String>, file: &str, line: usize, items: &[Item]) {
        let outer = self.at;
        self.at = self.modules.len();
        let facade = items.iter().all(|item| match item {
            Item::Use(_) | Item::ExternCrate(_) => true,
            Item::Mod(inner) => inner.content.is_none() || is_test(&inner.attrs),
            other => is_test(attributes(other)),
        });
        let file = file.to_owned();
        self.modules.push(Module { path, file, line, test: self.test, facade, ..Module::default() });
        for item in items {
            if let Some(name) = defined(item) {
                self.here().items.insert(name);
            }
            self.visit_item(item);
        }
        self.at = outer;
    }

    fn here(&mut self) -> &mut Module {
        &mut self.modules[self.at]
    }

    /// The folder that a stated path counts from: that of the file, or in an
    /// inline module that of its modules.
    fn beside(&self) -> PathBuf {
        let module = &self.modules[self.at];
        let inline = self.at > 0;
        let own = Path::new(&module.file).parent().unwrap_or(Path::new(""));
        if inline { self.folder.clone() } else { own.to_path_buf() }
    }

    fn refer(&mut self, path: Vec<String>, line: usize) {
        let test = self.test;
        self.here().references.push(Reference { path, line, test });
    }

    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let line = tree.span().start().line;
        let (name, alias) = match tree {
            UseTree::Path(path) => {
                let path_so_far = [before, &[path.ident.to_string()]].concat();
                return self.import(&path.tree, &path_so_far);
            }
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, before)),
            UseTree::Name(name) => (Some(name.ident.to_string()), None),
            UseTree::Rename(rename) => (Some(rename.ident.to_string()), Some(rename.rename.to_string())),
            UseTree::Glob(_) => (None, None),
        };
        let itself = name.as_deref() == Some("self") && !before.is_empty();
        let path = if itself { before.to_vec() } else { before.iter().cloned().chain(name.clone()).collect() };
        let alias = alias.or_else(|| name.and(path.last().cloned()));
        let test = self.test;
        self.here().imports.push(Import { path, alias, line, test });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let outside = self.test;
        self.test |= is_test(attributes(item));
        visit::visit_item(self, item);
        self.test = outside;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        let path = [self.here().path.as_slice(), std::slice::from_ref(&name)].concat();
        let Some((_, items)) = &item.content else {
            let file = stated_path(&item.attrs).map(|stated| self.beside().join(stated));
            let folder = file.as_deref().and_then(Path::parent).unwrap_or(&self.folder).to_path_buf();
            let file = file.map(|file| file.to_string_lossy().into_owned());
            return self.children.push(Child { path, file, folder, test: self.test });
        };
        let file = self.here().file.clone();
        self.folder.push(&name);
        self.module(path, &file, item.span().start().line, items);
        self.folder.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.refer(segments, path.span().start().line);
        visit::visit_path(self, path);
    }

    // Who may see an item is no use of what is named there.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for (path, line) in tokens::paths(call.tokens.clone()) {
            self.refer(path, line);
        }
        visit::visit_macro(self, call);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(word) = &signature.asyncness {
            self.refer(vec!["async".to_owned()], word.span.start().line);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.refer(vec!["async".to_owned()], block.async_token.span.start().line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.refer(vec!["await".to_owned()], expression.await_token.span.start().line);
        visit::visit_expr_await(self, expression);
    }
}

/// `#[test]` and every `cfg` that asks for a test build.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("test") {
            return true;
        }
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let asks = |word: &str| {
            let is = |token: TokenTree| matches!(token, TokenTree::Ident(name) if name == word);
            list.tokens.clone().into_iter().flat_map(flat).any(is)
        };
        list.path.is_ident("cfg") && asks("test") && !asks("not")
    })
}

fn flat(token: TokenTree) -> Vec<TokenTree> {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().flat_map(flat).collect(),
        other => vec![other],
    }
}

fn stated_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(literal) = &pair.value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        Some(text.value())
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name under which others refer to an item.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
