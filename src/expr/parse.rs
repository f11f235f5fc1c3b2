//! Tokens to a tree. After a mistake the parser goes on at the next comma or
//! closing bracket, so that the mistakes behind it are found as well.

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::functions;
use crate::lex::{Token, excerpt, tokens};
use crate::limits::MOST_MISTAKES;
use crate::node::{Argument, Kind, Name, Node, Operator, level};
use crate::value::Value;

/// How deeply brackets and prefixes may be nested.
const DEEPEST: usize = 64;
/// Operators in one expression.
const MOST_OPERATORS: usize = 150;
const SIMPLER: &str = "split the expression, for example over several parameters";

/// What was read.
pub(crate) struct Parsed {
    pub node: Node,
    /// All mistakes, in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the tree is all of the expression. Calls that cannot be right
    /// are mistakes, but are read.
    pub is_whole: bool,
}

/// The tree of an expression and all its mistakes.
pub(crate) fn parse(source: &str) -> Parsed {
    let whole = Span::new(0, source.len());
    let (tokens, diagnostics) = tokens(source);
    if tokens.is_empty() {
        let fault = Fault::new("the expression is empty", "write a name such as `config.url`, or a value");
        let diagnostics = if diagnostics.is_empty() { vec![fault.at(whole)] } else { diagnostics };
        return Parsed { node: Node::new(whole, Kind::Broken), diagnostics, is_whole: false };
    }
    // What is no token was reported; what is missing because of it need not be.
    let quiet = !diagnostics.is_empty();
    let mut parser =
        Parser { source, tokens, at: 0, depth: 0, operators: 0, blamed: None, quiet, diagnostics, calls: Vec::new() };
    let node = parser.expression();
    if parser.at < parser.tokens.len() {
        parser.left_over();
    }
    let is_whole = parser.diagnostics.is_empty();
    parser.diagnostics.append(&mut parser.calls);
    parser.diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    parser.diagnostics.truncate(MOST_MISTAKES);
    Parsed { node, diagnostics: parser.diagnostics, is_whole }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
    operators: usize,
    /// The token at which the last mistake was found.
    blamed: Option<usize>,
    quiet: bool,
    diagnostics: Vec<Diagnostic>,
    /// Mistakes of calls.
    calls: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn peek_sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some((Token::Sign(sign), _)) => Some(sign),
            _ => None,
        }
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.peek_sign() == Some(sign);
        self.at += usize::from(found);
        found
    }

    /// The place of the next token, or the end of the text.
    fn here(&self) -> Span {
        self.tokens.get(self.at).map_or(Span::new(self.source.len(), self.source.len()), |(_, span)| *span)
    }

    /// The end of the token before.
    fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(Span::new(0, 0), |(_, span)| *span)
    }

    fn written(&self, span: Span) -> String {
        excerpt(&self.source[span.start..span.end])
    }

    /// Reports what is wrong at the next token, unless something was wrong there already.
    fn blame(&mut self, fault: Fault) {
        if !self.quiet && self.blamed != Some(self.at) {
            self.diagnostics.push(fault.at(self.here()));
        }
        self.blamed = Some(self.at);
    }

    /// Goes to the next comma, colon or closing bracket of this level.
    fn skip_operand(&mut self) {
        let mut open = 0usize;
        while let Some((token, _)) = self.tokens.get(self.at) {
            match token {
                Token::Sign("(" | "[" | "{") => open += 1,
                Token::Sign(")" | "]" | "}" | "," | ":") if open == 0 => break,
                Token::Sign(")" | "]" | "}") => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        self.blamed = Some(self.at);
    }

    fn left_over(&mut self) {
        let written = self.written(self.here());
        self.blame(match self.peek_sign() {
            Some(")" | "]" | "}") => Fault::new(format!("`{written}` closes nothing"), "remove it, or open it before"),
            Some(_) => Fault::new(format!("`{written}` does not belong here"), "remove it"),
            None => Fault::new(
                format!("nothing connects `{written}` to what stands before it"),
                "write an operator such as `+` or `&&` between them, or text in quotes",
            ),
        });
    }

    /// Runs `inner` one level deeper, or gives up on the rest of the text.
    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Node) -> Node {
        if self.depth >= DEEPEST {
            return self.give_up(format!("the expression is nested more than {DEEPEST} levels deep"));
        }
        self.depth += 1;
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn give_up(&mut self, message: String) -> Node {
        let here = self.here();
        self.blame(Fault::new(message, SIMPLER));
        self.quiet = true;
        self.at = self.tokens.len();
        Node::new(here, Kind::Broken)
    }

    /// Counts an operator; `false` when there are too many.
    fn count(&mut self) -> bool {
        self.operators += 1;
        if self.operators > MOST_OPERATORS {
            self.give_up(format!("the expression has more than {MOST_OPERATORS} operators"));
        }
        self.operators <= MOST_OPERATORS
    }

    fn expression(&mut self) -> Node {
        self.deeper(|parser| {
            let condition = parser.binary(level::DEFAULT);
            if !parser.eat("?") {
                return condition;
            }
            let yes = parser.expression();
            if !parser.eat(":") {
                parser.blame(Fault::new("`?` has no `:`", "write both values, as in `condition ? yes : no`"));
            }
            let no = parser.expression();
            let span = condition.span.to(no.span);
            Node::new(span, Kind::Choice(Box::new([condition, yes, no])))
        })
    }

    fn binary(&mut self, least: u8) -> Node {
        let mut left = self.prefix();
        let mut compared = false;
        while let Some(operator) = self.peek_sign().and_then(Operator::of).filter(|found| found.level() >= least) {
            if operator.level() == level::COMPARE && compared {
                self.blame(Fault::new("comparisons do not chain", "connect two of them, as in `a > b && b > c`"));
            }
            compared = operator.level() == level::COMPARE;
            if !self.count() {
                break;
            }
            self.at += 1;
            let right = self.binary(operator.level() + 1);
            left = Node::binary(operator, left, right);
        }
        left
    }

    fn prefix(&mut self) -> Node {
        let start = self.here();
        match self.peek_sign() {
            Some(sign @ ("!" | "-")) => {
                self.at += 1;
                let inner = self.deeper(Self::prefix);
                let span = start.to(inner.span);
                let kind = match inner.kind {
                    Kind::Value(Value::Number(number)) if sign == "-" => Kind::Value(number.negate().into()),
                    _ if sign == "-" => Kind::Negate(Box::new(inner)),
                    _ => Kind::Not(Box::new(inner)),
                };
                Node::new(span, kind)
            }
            _ => {
                let base = self.postfix();
                if self.peek_sign() != Some("**") || !self.count() {
                    return base;
                }
                self.at += 1;
                let exponent = self.deeper(Self::prefix);
                Node::binary(Operator::Power, base, exponent)
            }
        }
    }

    fn postfix(&mut self) -> Node {
        let mut node = self.primary();
        loop {
            match self.tokens.get(self.at) {
                Some((Token::Property(key), span)) => {
                    let (key, span) = (key.clone(), node.span.to(*span));
                    self.at += 1;
                    node = match (&node.kind, key.as_str()) {
                        (Kind::Each(..), _) => Node::property(node, key, span),
                        (_, "*") => Node::new(span, Kind::Each(Box::new(node), Vec::new())),
                        _ => Node::property(node, key, span),
                    };
                }
                Some((Token::Sign("["), _)) => {
                    self.at += 1;
                    let key = self.expression();
                    if !self.eat("]") {
                        self.blame(Fault::new("`[` has no `]`", "close it, as in `list[0]` or `map[\"key\"]`"));
                    }
                    let span = node.span.to(self.before());
                    node = Node::index(node, key, span);
                }
                _ => return node,
            }
            if !self.count() {
                return node;
            }
        }
    }

    fn primary(&mut self) -> Node {
        let span = self.here();
        let Some((token, _)) = self.tokens.get(self.at).cloned() else {
            self.blame(Fault::new("the expression ends too early", "write a value at its end"));
            return Node::new(span, Kind::Broken);
        };
        match token {
            Token::Number(number) => self.literal(number.into(), span),
            Token::Text(text) => self.literal(text.into(), span),
            Token::Name(parts) => self.name(parts, span),
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression();
                if !self.eat(")") {
                    self.blame(Fault::new("`(` has no `)`", "close it"));
                }
                Node::new(span.to(self.before()), inner.kind)
            }
            Token::Sign("[") => self.list(span),
            Token::Sign("{") => self.map(span),
            Token::Sign(_) | Token::Property(_) => {
                let written = self.written(span);
                self.blame(Fault::new(format!("a value is missing before `{written}`"), "write one, such as `0`"));
                self.skip_operand();
                Node::new(span, Kind::Broken)
            }
        }
    }

    fn literal(&mut self, value: Value, span: Span) -> Node {
        self.at += 1;
        Node::new(span, Kind::Value(value))
    }

    fn name(&mut self, mut parts: Vec<String>, span: Span) -> Node {
        self.at += 1;
        let is_call = self.peek_sign() == Some("(");
        let word = match parts.as_slice() {
            [word] => word.as_str(),
            _ => "",
        };
        let keyword = match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            _ => None,
        };
        match keyword {
            Some(value) => Node::new(span, Kind::Value(value)),
            None if is_call => self.call(&parts.join("."), span),
            None => {
                let Some(star) = parts.iter().position(|part| part == "*") else {
                    return Node::new(span, Kind::Name(Name::new(parts)));
                };
                let rest = parts.split_off(star + 1);
                parts.truncate(star);
                let base = Node::new(span, Kind::Name(Name::new(parts)));
                Node::new(span, Kind::Each(Box::new(base), rest))
            }
        }
    }

    fn call(&mut self, name: &str, at: Span) -> Node {
        self.at += 1;
        let mut arguments = Vec::new();
        self.items(")", |parser| {
            let node = parser.expression();
            let spread = parser.eat("...");
            arguments.push(Argument { node, spread });
        });
        let span = at.to(self.before());
        if let Err((fault, whole)) = functions::check(name, &arguments) {
            self.calls.push(fault.at(if whole { span } else { at }));
        }
        Node::new(span, Kind::Call(name.to_owned(), arguments))
    }

    fn list(&mut self, start: Span) -> Node {
        self.at += 1;
        let mut items = Vec::new();
        self.items("]", |parser| items.push(parser.expression()));
        let values: Option<Vec<Value>> = items.iter().map(|item| item.value().cloned()).collect();
        let kind = values.map_or(Kind::List(items), |values| Kind::Value(values.into()));
        Node::new(start.to(self.before()), kind)
    }

    fn map(&mut self, start: Span) -> Node {
        self.at += 1;
        let mut entries = Vec::new();
        self.items("}", |parser| {
            if let Some(key) = parser.key() {
                entries.push((key, parser.expression()));
            }
        });
        let values = entries.iter().map(|(key, item)| Some((key.clone(), item.value()?.clone())));
        let kind = match values.collect() {
            Some(values) => Kind::Value(Value::Map(values)),
            None => Kind::Map(entries),
        };
        Node::new(start.to(self.before()), kind)
    }

    /// `"key":`, or the same without quotes.
    fn key(&mut self) -> Option<String> {
        let key = match self.tokens.get(self.at) {
            Some((Token::Text(key), _)) => Some(key.clone()),
            Some((Token::Name(parts), _)) if parts.len() == 1 => Some(parts[0].clone()),
            _ => None,
        };
        self.at += usize::from(key.is_some());
        if key.is_some() && self.eat(":") {
            return key;
        }
        self.blame(Fault::new("a map needs keys", "write `{\"key\": value}`"));
        self.skip_operand();
        if self.eat(":") {
            self.skip_operand();
        }
        None
    }

    /// Reads items with commas between them, and the sign that closes them.
    fn items(&mut self, close: &str, mut item: impl FnMut(&mut Self)) {
        loop {
            if self.eat(close) {
                return;
            }
            item(self);
            if self.eat(",") {
                continue;
            }
            if self.eat(close) {
                return;
            }
            let found = if self.at < self.tokens.len() { self.written(self.here()) } else { String::new() };
            self.blame(match found.as_str() {
                "" => {
                    Fault::new(format!("`{close}` is missing at the end"), format!("write `{close}` to close the list"))
                }
                found => Fault::new(
                    format!("`{found}` stands where `,` or `{close}` is expected"),
                    format!("put `,` between two items and `{close}` behind the last"),
                ),
            });
            self.skip_operand();
            match self.peek_sign() {
                Some(",") => self.at += 1,
                Some(":") => {
                    self.at += 1;
                    self.skip_operand();
                    if !self.eat(",") {
                        self.at += usize::from(self.at < self.tokens.len());
                        return;
                    }
                }
                // Another bracket was meant to close this, or was forgotten before:
                // what follows says nothing for certain.
                Some(_) => {
                    self.at += 1;
                    self.blamed = Some(self.at);
                    return;
                }
                None => return,
            }
        }
    }
}
