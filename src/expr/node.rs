//! The tree of an expression.

use crate::diagnostic::Span;
use crate::value::Value;

/// A part of an expression, with its place in the source. Places do not count
/// when trees are compared.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A mistake that was reported.
    Broken,
    Value(Value),
    Name(Name),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// `base.key`
    Property(Box<Node>, String),
    /// `base[key]`
    Index(Box<Node>, Box<Node>),
    /// `base.*.rest` for every item of the base.
    Each(Box<Node>, Vec<String>),
    Call(String, Vec<Argument>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    /// Condition, value if it holds, value otherwise.
    Choice(Box<[Node; 3]>),
}

/// A dotted name. Parts that are no words were written in brackets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub parts: Vec<String>,
    pub dotted: String,
}

impl Name {
    pub fn new(parts: Vec<String>) -> Self {
        Self { dotted: parts.join("."), parts }
    }
}

/// An argument; a spread one is a list of arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument {
    pub node: Node,
    pub spread: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Default,
    Or,
    And,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Operator {
    /// As it is printed.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Default => "??",
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
        }
    }

    /// The operator of a sign.
    pub fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "??" => Self::Default,
            "||" => Self::Or,
            "&&" => Self::And,
            "=" | "==" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            "**" => Self::Power,
            _ => return None,
        })
    }

    /// How tightly it binds.
    pub fn level(self) -> u8 {
        match self {
            Self::Default => level::DEFAULT,
            Self::Or => level::OR,
            Self::And => level::AND,
            Self::Equal | Self::NotEqual | Self::Greater | Self::GreaterEqual | Self::Less | Self::LessEqual => {
                level::COMPARE
            }
            Self::Add | Self::Subtract => level::ADD,
            Self::Multiply | Self::Divide | Self::Remainder => level::MULTIPLY,
            Self::Power => level::POWER,
        }
    }
}

/// Levels of binding, loosest first.
pub(crate) mod level {
    pub const CHOICE: u8 = 0;
    pub const DEFAULT: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const COMPARE: u8 = 4;
    pub const ADD: u8 = 5;
    pub const MULTIPLY: u8 = 6;
    pub const PREFIX: u8 = 7;
    pub const POWER: u8 = 8;
    pub const POSTFIX: u8 = 9;
}

/// What is known of a value that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bool,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Node {
    pub fn new(span: Span, kind: Kind) -> Self {
        Self { span, kind }
    }

    pub fn value(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Value(value) => Some(value),
            _ => None,
        }
    }

    pub fn binary(operator: Operator, left: Self, right: Self) -> Self {
        Self::new(left.span.to(right.span), Kind::Binary(operator, Box::new(left), Box::new(right)))
    }

    /// A call of `function` with one argument.
    pub fn call(function: &str, argument: Self) -> Self {
        let span = argument.span;
        Self::new(span, Kind::Call(function.to_owned(), vec![Argument { node: argument, spread: false }]))
    }

    /// `base.key`. A key of a name makes a longer name, one behind `*` is
    /// taken of every item.
    pub fn property(base: Self, key: String, span: Span) -> Self {
        let kind = match base.kind {
            Kind::Name(name) => {
                let mut parts = name.parts;
                parts.push(key);
                Kind::Name(Name::new(parts))
            }
            Kind::Each(inner, mut rest) => {
                rest.push(key);
                Kind::Each(inner, rest)
            }
            kind => Kind::Property(Box::new(Self::new(base.span, kind)), key),
        };
        Self::new(span, kind)
    }

    /// `base[key]`. A known text or position is a property.
    pub fn index(base: Self, key: Self, span: Span) -> Self {
        match &key.kind {
            Kind::Value(Value::Text(text)) => Self::property(base, text.clone(), span),
            Kind::Value(Value::Number(number)) if number.as_i64().is_some_and(|position| position >= 0) => {
                Self::property(base, number.to_string(), span)
            }
            _ => Self::new(span, Kind::Index(Box::new(base), Box::new(key))),
        }
    }

    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Broken | Kind::Value(_) | Kind::Name(_) => Vec::new(),
            Kind::List(items) => items.iter().collect(),
            Kind::Map(entries) => entries.iter().map(|(_, item)| item).collect(),
            Kind::Property(base, _) | Kind::Each(base, _) | Kind::Not(base) | Kind::Negate(base) => vec![base],
            Kind::Index(left, right) | Kind::Binary(_, left, right) => vec![left, right],
            Kind::Call(_, arguments) => arguments.iter().map(|argument| &argument.node).collect(),
            Kind::Choice(nodes) => nodes.iter().collect(),
        }
    }

    fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            Kind::Broken | Kind::Value(_) | Kind::Name(_) => Vec::new(),
            Kind::List(items) => items.iter_mut().collect(),
            Kind::Map(entries) => entries.iter_mut().map(|(_, item)| item).collect(),
            Kind::Property(base, _) | Kind::Each(base, _) | Kind::Not(base) | Kind::Negate(base) => vec![base],
            Kind::Index(left, right) | Kind::Binary(_, left, right) => vec![left, right],
            Kind::Call(_, arguments) => arguments.iter_mut().map(|argument| &mut argument.node).collect(),
            Kind::Choice(nodes) => nodes.iter_mut().collect(),
        }
    }

    /// Gives the whole tree one place: that of the text it came from.
    pub fn placed(mut self, span: Span) -> Self {
        self.span = span;
        for child in self.children_mut() {
            let moved = std::mem::replace(child, Self::new(span, Kind::Broken)).placed(span);
            *child = moved;
        }
        self
    }

    /// The same tree, `bytes` further on in a larger text.
    pub fn move_by(&mut self, bytes: usize) {
        self.span = self.span.moved(bytes);
        self.children_mut().into_iter().for_each(|child| child.move_by(bytes));
    }

    /// Visits the tree in the order of the source.
    pub fn visit<'a>(&'a self, to: &mut impl FnMut(&'a Self)) {
        to(self);
        for child in self.children() {
            child.visit(to);
        }
    }

    /// The type of its value, where that is certain.
    pub fn type_of(&self) -> Option<Type> {
        match &self.kind {
            Kind::Value(Value::Text(_)) => Some(Type::Text),
            Kind::Value(Value::Bool(_)) | Kind::Not(_) => Some(Type::Bool),
            Kind::Call(function, _) => match function.as_str() {
                "string" | "shellquote" | "tojson" | "toyaml" | "upper" | "lower" | "replace" | "trim" | "base64"
                | "unbase64" | "date" | "relpath" | "abspath" | "makepath" => Some(Type::Text),
                "bool" | "startsWith" | "endsWith" | "contains" | "matches" => Some(Type::Bool),
                _ => None,
            },
            Kind::Binary(operator, left, right) => match operator.level() {
                level::COMPARE => Some(Type::Bool),
                level::AND | level::OR | level::DEFAULT => left.type_of().filter(|left| Some(*left) == right.type_of()),
                level::ADD => [left, right].into_iter().find_map(|side| side.type_of().filter(|t| *t == Type::Text)),
                _ => None,
            },
            Kind::Choice(nodes) => nodes[1].type_of().filter(|first| Some(*first) == nodes[2].type_of()),
            _ => None,
        }
    }
}
