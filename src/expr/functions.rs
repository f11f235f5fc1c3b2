//! The standard library: what every function is called, how many arguments it
//! takes, and what it does.

mod call;
mod data;
#[cfg(feature = "text")]
mod date;
mod list;
mod number;
mod path;
#[cfg(feature = "text")]
mod pattern;
mod shell;
mod text;
#[cfg(feature = "text")]
mod yaml;

use self::call::Call;
use crate::diagnostic::Fault;
use crate::node::Argument;
use crate::suggest::closest;
use crate::value::Value;

/// As many arguments as one likes.
const ANY: usize = usize::MAX;

/// Units of work for every byte that a pattern looks at.
const PATTERN_EFFORT: usize = 64;
/// The same of YAML, whose aliases may make much of little.
const YAML_EFFORT: usize = 16;

/// A function of the language.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    name: &'static str,
    least: usize,
    most: usize,
    /// How it is called, for hints.
    usage: &'static str,
    body: Body,
}

#[derive(Clone, Copy)]
enum Body {
    Values(fn(&Call<'_>) -> Result<Value, Fault>),
    Special(Special),
    /// Not here: what to do instead.
    Refused(&'static str, &'static str),
}

/// Functions that are more than their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    Any,
    Map,
    Filter,
    Eval,
    #[cfg_attr(not(feature = "text"), expect(dead_code, reason = "without the feature there are no dates"))]
    Date,
    Refused,
}

type Row = (&'static str, usize, usize, &'static str, fn(&Call<'_>) -> Result<Value, Fault>);

const PLAIN: &[Row] = &[
    ("abspath", 1, 2, "abspath(path, folder)", path::abspath),
    ("at", 2, 2, "at(list, 0)", list::at),
    ("base64", 1, 1, "base64(text)", data::base64),
    ("bool", 1, 1, "bool(value)", data::bool),
    ("ceil", 1, 1, "ceil(number)", number::ceil),
    ("chunk", 2, 2, "chunk(list, size)", list::chunk),
    ("contains", 2, 2, "contains(text, part)", list::contains),
    ("endsWith", 2, 2, "endsWith(text, end)", text::ends_with),
    ("entries", 1, 1, "entries(map)", list::entries),
    ("float", 1, 1, "float(value)", number::float),
    ("floor", 1, 1, "floor(number)", number::floor),
    ("int", 1, 1, "int(value)", number::int),
    ("join", 1, 2, "join(list, \",\")", list::join),
    ("json", 1, 1, "json(text)", data::json),
    ("len", 1, 1, "len(value)", list::len),
    ("list", 0, ANY, "list(a, b)", list::list),
    ("lower", 1, 1, "lower(text)", text::lower),
    ("makepath", 2, 2, "makepath(parent, path)", path::makepath),
    ("max", 1, 1, "max(list)", number::max),
    ("min", 1, 1, "min(list)", number::min),
    ("range", 1, 2, "range(from, to)", number::range),
    ("relpath", 1, 2, "relpath(path, folder)", path::relpath),
    ("replace", 3, 3, "replace(text, part, by)", text::replace),
    ("round", 1, 1, "round(number)", number::round),
    ("shellparse", 1, 1, "shellparse(text)", shell::parse),
    ("shellquote", 0, ANY, "shellquote(word, word)", shell::quote),
    ("sort", 1, 1, "sort(list)", list::sort),
    ("split", 1, 2, "split(text, \",\")", list::split),
    ("startsWith", 2, 2, "startsWith(text, start)", text::starts_with),
    ("string", 0, ANY, "string(a, b)", text::string),
    ("sum", 1, 1, "sum(list)", number::sum),
    ("tojson", 1, 1, "tojson(value)", data::to_json),
    ("trim", 1, 1, "trim(text)", text::trim),
    ("unbase64", 1, 1, "unbase64(text)", data::unbase64),
    ("unique", 1, 1, "unique(list)", list::unique),
    ("upper", 1, 1, "upper(text)", text::upper),
    #[cfg(feature = "text")]
    ("matches", 2, 2, "matches(text, pattern)", pattern::matches),
    #[cfg(feature = "text")]
    ("toyaml", 1, 1, "toyaml(value)", yaml::to_yaml),
    #[cfg(feature = "text")]
    ("yaml", 1, 1, "yaml(text)", yaml::yaml),
];

const SPECIAL: &[(&str, usize, usize, &str, Special)] = &[
    ("any", 0, ANY, "any(a, b)", Special::Any),
    ("eval", 1, 1, "eval(\"1 + 1\")", Special::Eval),
    ("filter", 2, 2, "filter(list, \"_.value > 1\")", Special::Filter),
    ("map", 2, 2, "map(list, \"_.value + 1\")", Special::Map),
    #[cfg(feature = "text")]
    ("date", 0, 1, "date(\"2006-01-02\")", Special::Date),
];

const FILES: &str = "reads files, which are there only where the step runs";
const SECRETS: &str = "would put a secret into text";
const SECRET_HINT: &str = "give the step an `env` entry with `valueFrom.secretKeyRef`, and use the variable";
/// Only the operator and the command line know these.
#[cfg(not(feature = "text"))]
const PLANNED: &str = "is known only when a workflow is planned";
#[cfg(not(feature = "text"))]
const PLANNED_HINT: &str = "use it with values that are known before the execution starts";

const REFUSED: &[(&str, &str, &str)] = &[
    ("credential", SECRETS, SECRET_HINT),
    ("file", FILES, "read the file in the step's command, for example with `$(cat path)` in `shell`"),
    ("glob", FILES, "find the files in the step's command, for example with `find` in `shell`"),
    (
        "jq",
        "has no bounds in time and memory, and is not part of the language",
        "use `map`, `filter`, `sort`, `max` and `a.*.b`, or run jq in the step",
    ),
    ("secret", SECRETS, SECRET_HINT),
    #[cfg(not(feature = "text"))]
    ("date", PLANNED, PLANNED_HINT),
    #[cfg(not(feature = "text"))]
    ("matches", PLANNED, PLANNED_HINT),
    #[cfg(not(feature = "text"))]
    ("toyaml", PLANNED, PLANNED_HINT),
    #[cfg(not(feature = "text"))]
    ("yaml", PLANNED, PLANNED_HINT),
];

/// Functions whose values must be there when a workflow is planned, because
/// the runner does not have them.
pub const PLANNED_FUNCTIONS: [&str; 4] = ["date", "matches", "toyaml", "yaml"];

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<Function> {
    let plain = PLAIN.iter().find(|row| row.0 == name).map(|&(name, least, most, usage, run)| Function {
        name,
        least,
        most,
        usage,
        body: Body::Values(run),
    });
    let special = || {
        let row = SPECIAL.iter().find(|row| row.0 == name);
        row.map(|&(name, least, most, usage, special)| Function {
            name,
            least,
            most,
            usage,
            body: Body::Special(special),
        })
    };
    let refused = || {
        let row = REFUSED.iter().find(|row| row.0 == name);
        row.map(|&(name, why, instead)| Function {
            name,
            least: 0,
            most: ANY,
            usage: name,
            body: Body::Refused(why, instead),
        })
    };
    plain.or_else(special).or_else(refused)
}

/// How a function is called.
pub(crate) fn usage(name: &str) -> &'static str {
    find(name).map_or("", |function| function.usage)
}

impl Function {
    pub fn special(self) -> Option<Special> {
        match self.body {
            Body::Values(_) => None,
            Body::Special(special) => Some(special),
            Body::Refused(..) => Some(Special::Refused),
        }
    }

    pub fn run(&self, values: &[Value]) -> Result<Value, Fault> {
        self.check_count(values.len())?;
        match self.body {
            Body::Values(run) => run(&Call { function: self.name, values }),
            Body::Special(_) | Body::Refused(..) => Ok(Value::Null),
        }
    }

    /// Units of work beside those for its arguments and its value.
    pub fn effort(&self, values: &[Value]) -> usize {
        match (self.name, values) {
            ("matches", [Value::Text(text), ..]) => text.len() * PATTERN_EFFORT,
            ("yaml", [Value::Text(text), ..]) => text.len() * YAML_EFFORT,
            _ => 0,
        }
    }

    fn check_count(&self, given: usize) -> Result<(), Fault> {
        if (self.least..=self.most).contains(&given) {
            return Ok(());
        }
        let takes = match (self.least, self.most) {
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, ANY) => format!("{least} arguments or more"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        let message = format!("`{}` takes {takes}, and {given} are given", self.name);
        Err(Fault::new(message, format!("write `{}`", self.usage)))
    }
}

/// Whether a call can be right; a fault comes with whether the whole call is
/// the place of it, or only the name.
pub(crate) fn check(name: &str, arguments: &[Argument]) -> Result<(), (Fault, bool)> {
    let Some(function) = find(name) else { return Err((unknown(name), false)) };
    if let Body::Refused(why, instead) = function.body {
        return Err((Fault::new(format!("`{name}` {why}"), instead), false));
    }
    if arguments.iter().any(|argument| argument.spread) {
        return Ok(());
    }
    function.check_count(arguments.len()).map_err(|fault| (fault, true))
}

fn unknown(name: &str) -> Fault {
    let mut names: Vec<&str> = PLAIN.iter().map(|row| row.0).chain(SPECIAL.iter().map(|row| row.0)).collect();
    names.sort_unstable();
    let meant = closest(name, names.iter().copied());
    let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = match meant {
        Some(meant) => format!("did you mean `{}`? Known: {listed}", usage(meant)),
        None => format!("known: {listed}"),
    };
    Fault::new(format!("there is no function `{name}`"), hint)
}

/// The time `now`, in a layout.
#[cfg(feature = "text")]
pub(crate) fn date(now: &Value, values: &[Value]) -> Result<Value, Fault> {
    date::date(now, &Call { function: "date", values })
}

#[cfg(not(feature = "text"))]
pub(crate) fn date(_now: &Value, _values: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Null)
}
