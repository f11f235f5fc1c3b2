//! An expression as text that reads back as the same expression.

use crate::lex::is_word;
use crate::node::{Argument, Kind, Node, Operator, level};
use crate::value::{Value, write_quoted};

/// The text of an expression, without white space.
pub(crate) fn print(node: &Node) -> String {
    let mut text = String::new();
    write(node, level::CHOICE, &mut text);
    text
}

/// Writes what binds at least as tightly as `least`, in parentheses if need be.
fn write(node: &Node, least: u8, text: &mut String) {
    if level_of(node) < least {
        text.push('(');
        write_bare(node, text);
        text.push(')');
    } else {
        write_bare(node, text);
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

fn write_bare(node: &Node, text: &mut String) {
    match &node.kind {
        // Nothing reads this back: a broken expression is printed as it was written.
        Kind::Broken => text.push('?'),
        Kind::Value(value) => text.push_str(&value.literal()),
        Kind::Name(name) => {
            for (index, part) in name.parts.iter().enumerate() {
                if index == 0 { text.push_str(part) } else { write_key(part, text) }
            }
        }
        Kind::List(items) => {
            text.push('[');
            write_separated(items.iter().map(|item| (None, item, false)), text);
            text.push(']');
        }
        Kind::Map(entries) => {
            text.push('{');
            write_separated(entries.iter().map(|(key, item)| (Some(key.as_str()), item, false)), text);
            text.push('}');
        }
        Kind::Property(base, key) => {
            write_base(base, text);
            write_key(key, text);
        }
        Kind::Index(base, key) => {
            write_base(base, text);
            text.push('[');
            write(key, level::CHOICE, text);
            text.push(']');
        }
        Kind::Each(base, rest) => {
            write_base(base, text);
            text.push_str(".*");
            for part in rest {
                if part == "*" { text.push_str(".*") } else { write_key(part, text) }
            }
        }
        Kind::Call(function, arguments) => {
            text.push_str(function);
            text.push('(');
            write_separated(arguments.iter().map(|Argument { node, spread }| (None, node, *spread)), text);
            text.push(')');
        }
        Kind::Not(inner) => write_prefixed('!', inner, text),
        Kind::Negate(inner) => write_prefixed('-', inner, text),
        Kind::Binary(operator, left, right) => write_binary(*operator, left, right, text),
        Kind::Choice(nodes) => {
            write(&nodes[0], level::DEFAULT, text);
            text.push('?');
            write(&nodes[1], level::CHOICE, text);
            text.push(':');
            write(&nodes[2], level::CHOICE, text);
        }
    }
}

fn write_prefixed(sign: char, inner: &Node, text: &mut String) {
    text.push(sign);
    write(inner, level::PREFIX, text);
}

fn write_binary(operator: Operator, left: &Node, right: &Node, text: &mut String) {
    let own = operator.level();
    // Comparisons do not chain, powers group to the right, everything else to the left.
    let (of_left, of_right) = match own {
        level::COMPARE => (own + 1, own + 1),
        level::POWER => (own + 1, level::PREFIX),
        _ => (own, own + 1),
    };
    write(left, of_left, text);
    text.push_str(operator.sign());
    write(right, of_right, text);
}

/// What a property or an index follows. A number would take the dot for its own.
fn write_base(base: &Node, text: &mut String) {
    let is_number = matches!(&base.kind, Kind::Value(Value::Number(_)));
    write(base, if is_number { level::POSTFIX + 1 } else { level::POSTFIX }, text);
}

/// `.key`, or `["key"]` where the key is no word.
fn write_key(key: &str, text: &mut String) {
    if !key.is_empty() && key.chars().all(is_word) {
        text.push('.');
        text.push_str(key);
    } else {
        text.push('[');
        write_quoted(key, text);
        text.push(']');
    }
}

fn write_separated<'a>(items: impl Iterator<Item = (Option<&'a str>, &'a Node, bool)>, text: &mut String) {
    for (index, (key, item, spread)) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if let Some(key) = key {
            write_quoted(key, text);
            text.push(':');
        }
        write(item, level::CHOICE, text);
        if spread {
            text.push_str("...");
        }
    }
}
