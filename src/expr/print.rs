//! An expression as text that reads back as the same expression.

use crate::lex::is_word;
use crate::node::{Argument, Kind, Node, Operator, level};
use crate::value::{Value, write_quoted};

/// The text of an expression, without white space.
pub(crate) fn print(node: &Node) -> String {
    let mut page = Page { text: String::new(), wide: false };
    write(node, level::CHOICE, &mut page);
    page.text
}

/// The same as people write it: with blanks around operators and behind commas.
pub(crate) fn print_wide(node: &Node) -> String {
    let mut page = Page { text: String::new(), wide: true };
    write(node, level::CHOICE, &mut page);
    page.text
}

/// What is written so far.
struct Page {
    text: String,
    wide: bool,
}

impl Page {
    fn push(&mut self, sign: char) {
        self.text.push(sign);
    }

    fn push_str(&mut self, words: &str) {
        self.text.push_str(words);
    }

    /// A sign between two things.
    fn between(&mut self, sign: &str) {
        self.blank();
        self.push_str(sign);
        self.blank();
    }

    /// A sign that belongs to what is before it.
    fn behind(&mut self, sign: char) {
        self.push(sign);
        self.blank();
    }

    fn blank(&mut self) {
        if self.wide {
            self.push(' ');
        }
    }
}

/// Writes what binds at least as tightly as `least`, in parentheses if need be.
fn write(node: &Node, least: u8, page: &mut Page) {
    if level_of(node) < least {
        page.push('(');
        write_bare(node, page);
        page.push(')');
    } else {
        write_bare(node, page);
    }
}

fn level_of(node: &Node) -> u8 {
    match &node.kind {
        Kind::Choice(_) => level::CHOICE,
        Kind::Binary(operator, ..) => operator.level(),
        Kind::Not(_) | Kind::Negate(_) => level::PREFIX,
        Kind::Value(Value::Number(number)) if number.as_f64() < 0.0 => level::PREFIX,
        _ => level::POSTFIX,
    }
}

fn write_bare(node: &Node, page: &mut Page) {
    match &node.kind {
        // Nothing reads this back: a broken expression is printed as it was written.
        Kind::Broken => page.push('?'),
        Kind::Value(value) => page.push_str(&value.literal()),
        Kind::Name(name) => {
            for (index, part) in name.parts.iter().enumerate() {
                if index == 0 { page.push_str(part) } else { write_key(part, page) }
            }
        }
        Kind::List(items) => {
            page.push('[');
            write_separated(items.iter().map(|item| (None, item, false)), page);
            page.push(']');
        }
        Kind::Map(entries) => {
            page.push('{');
            write_separated(entries.iter().map(|(key, item)| (Some(key.as_str()), item, false)), page);
            page.push('}');
        }
        Kind::Property(base, key) => {
            write_base(base, page);
            write_key(key, page);
        }
        Kind::Index(base, key) => {
            write_base(base, page);
            page.push('[');
            write(key, level::CHOICE, page);
            page.push(']');
        }
        Kind::Each(base, rest) => {
            write_base(base, page);
            page.push_str(".*");
            for part in rest {
                if part == "*" { page.push_str(".*") } else { write_key(part, page) }
            }
        }
        Kind::Call(function, arguments) => {
            page.push_str(function);
            page.push('(');
            write_separated(arguments.iter().map(|Argument { node, spread }| (None, node, *spread)), page);
            page.push(')');
        }
        Kind::Not(inner) => write_prefixed('!', inner, page),
        Kind::Negate(inner) => write_prefixed('-', inner, page),
        Kind::Binary(operator, left, right) => write_binary(*operator, left, right, page),
        Kind::Choice(nodes) => {
            write(&nodes[0], level::DEFAULT, page);
            page.between("?");
            write(&nodes[1], level::CHOICE, page);
            page.between(":");
            write(&nodes[2], level::CHOICE, page);
        }
    }
}

fn write_prefixed(sign: char, inner: &Node, page: &mut Page) {
    page.push(sign);
    write(inner, level::PREFIX, page);
}

fn write_binary(operator: Operator, left: &Node, right: &Node, page: &mut Page) {
    let own = operator.level();
    // Comparisons do not chain, powers group to the right, everything else to the left.
    let (of_left, of_right) = match own {
        level::COMPARE => (own + 1, own + 1),
        level::POWER => (own + 1, level::PREFIX),
        _ => (own, own + 1),
    };
    write(left, of_left, page);
    page.between(operator.sign());
    write(right, of_right, page);
}

/// What a property or an index follows. A number would take the dot for its own.
fn write_base(base: &Node, page: &mut Page) {
    let is_number = matches!(&base.kind, Kind::Value(Value::Number(_)));
    write(base, if is_number { level::POSTFIX + 1 } else { level::POSTFIX }, page);
}

/// `.key`, or `["key"]` where the key is no word.
fn write_key(key: &str, page: &mut Page) {
    if !key.is_empty() && key.chars().all(is_word) {
        page.push('.');
        page.push_str(key);
    } else {
        page.push('[');
        write_quoted(key, &mut page.text);
        page.push(']');
    }
}

fn write_separated<'a>(items: impl Iterator<Item = (Option<&'a str>, &'a Node, bool)>, page: &mut Page) {
    for (index, (key, item, spread)) in items.enumerate() {
        if index > 0 {
            page.behind(',');
        }
        if let Some(key) = key {
            write_quoted(key, &mut page.text);
            page.behind(':');
        }
        write(item, level::CHOICE, page);
        if spread {
            page.push_str("...");
        }
    }
}
