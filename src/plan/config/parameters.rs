//! Values of parameters: checked against their declarations, and made into the
//! names `config.NAME` that expressions use.

use std::collections::{BTreeMap, BTreeSet};

use assay_api::names::env::CONFIG_PREFIX;
use assay_api::{ParameterSchema, ParameterType};
use assay_expr::{Expression, Scope, closest};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::rules::Rules;
use super::schema;
use super::value::{text, typed};
use crate::diagnostic::Findings;

/// Names that a message lists.
const LISTED: usize = 20;

/// What was given for a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    /// A value.
    Value(IntOrString),
    /// An expression whose value is known only where the steps run.
    Later {
        /// What takes the place of the parameter.
        expression: Expression,
        /// Whether it brings the value of a Secret, and nothing else.
        secret: bool,
    },
    /// Something whose value an execution will bring.
    Open,
}

/// Whose parameters they are, and how messages speak of them.
pub(crate) struct Parameters<'a> {
    /// The declarations.
    pub(crate) schemas: &'a BTreeMap<String, ParameterSchema>,
    /// `workflow` or `template`.
    pub(crate) of: &'static str,
    /// Where the declarations stand.
    pub(crate) declared_at: String,
    /// Where the values stand.
    pub(crate) given_at: String,
    /// What was given.
    pub(crate) given: BTreeMap<String, Given>,
    /// Whether this is all that will ever be given.
    pub(crate) complete: bool,
}

/// Environment variable that carries the value of a parameter from a Secret.
pub(crate) fn secret_variable(name: &str) -> String {
    format!("{CONFIG_PREFIX}{name}")
}

impl Parameters<'_> {
    /// Judges declarations and values, and adds the names to `scope`.
    pub(crate) fn add_to(&self, scope: &mut Scope, findings: &mut Findings) {
        for (name, schema) in self.schemas {
            schema::check(&format!("{}.{name}", self.declared_at), name, schema, findings);
        }
        for name in self.given.keys().filter(|name| !self.schemas.contains_key(*name)) {
            let message = format!("the {} has no parameter of this name", self.of);
            findings.error(self.place(name), message, self.known(name));
        }
        for (name, schema) in self.schemas {
            self.add(name, schema, scope, findings);
        }
    }

    /// Parameters whose values may hold anything, also what a shell obeys.
    pub(crate) fn free_text(&self) -> BTreeSet<String> {
        let texts = self.schemas.iter().filter(|(_, schema)| schema.type_ == ParameterType::String);
        let open = texts.filter(|(_, schema)| schema.enum_.is_empty() && schema.pattern.is_none());
        open.map(|(name, _)| format!("config.{name}")).collect()
    }

    fn add(&self, name: &str, schema: &ParameterSchema, scope: &mut Scope, findings: &mut Findings) {
        let dotted = format!("config.{name}");
        let path = self.place(name);
        match self.given.get(name) {
            Some(Given::Value(_)) if schema.sensitive => {
                let message = "the parameter is sensitive, and its value is not taken in the clear";
                findings.error(path, message, self.by_reference(name));
            }
            Some(Given::Value(value)) => {
                let value = text(value);
                match Rules::of(schema).mistake(&value) {
                    Some((message, hint)) => findings.error(path, message, hint),
                    None => return scope.set(dotted, typed(&value, schema.type_)),
                }
            }
            Some(Given::Later { expression, secret }) => {
                if schema.sensitive && !secret {
                    let message = "the parameter is sensitive, and what is given here is no secret";
                    findings.error(path, message, self.by_reference(name));
                }
                return scope.define(dotted, expression);
            }
            Some(Given::Open) => {}
            None => return self.add_missing(name, schema, scope, findings),
        }
        scope.declare(dotted);
    }

    fn add_missing(&self, name: &str, schema: &ParameterSchema, scope: &mut Scope, findings: &mut Findings) {
        let dotted = format!("config.{name}");
        match &schema.default {
            Some(value) if !schema.sensitive => return scope.set(dotted, typed(&text(value), schema.type_)),
            _ if !self.complete && schema.sensitive => {
                let (expression, _) = Expression::parse(&format!("env.{}", secret_variable(name)));
                return scope.define(dotted, &expression);
            }
            _ if !self.complete => {}
            _ => findings.error(
                self.place(name),
                format!("required: the {} gives no default", self.of),
                if schema.sensitive { self.by_reference(name) } else { self.by_value(name) },
            ),
        }
        scope.declare(dotted);
    }

    /// Where the value of a parameter stands.
    fn place(&self, name: &str) -> String {
        match (self.given.get(name), self.of) {
            (Some(Given::Later { .. }), "workflow") => format!("{}From.{name}", self.given_at),
            _ => format!("{}.{name}", self.given_at),
        }
    }

    fn by_value(&self, name: &str) -> String {
        match self.of {
            "workflow" => format!("set it in the execution's spec.config or with --config {name}=..."),
            _ => format!("set `{name}` in the `config` of the reference"),
        }
    }

    fn by_reference(&self, name: &str) -> String {
        match self.of {
            "workflow" => format!("name a key of a Secret in the execution's spec.configFrom.{name}.secretKeyRef"),
            _ => {
                "give it a sensitive parameter of the workflow, as in `{{ config.token }}`, and nothing else".to_owned()
            }
        }
    }

    fn known(&self, name: &str) -> String {
        let names: Vec<&str> = self.schemas.keys().map(String::as_str).collect();
        if names.is_empty() {
            return format!("remove it: the {} has no parameters", self.of);
        }
        let mut listed = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if names.len() > LISTED {
            listed.push_str(&format!(" and {} more", names.len() - LISTED));
        }
        match closest(name, names) {
            Some(meant) => format!("did you mean `{meant}`? Known: {listed}"),
            None => format!("known: {listed}"),
        }
    }
}
