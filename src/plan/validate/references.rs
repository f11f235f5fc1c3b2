//! Steps that other steps speak of: `steps.ID` names a step that has ended
//! when its facts are asked for.

use std::collections::BTreeMap;

use assay_api::Step;
use assay_expr::{Expression, Template, closest};
use serde_json::Value;

use crate::diagnostic::Findings;
use crate::expressions::step_of;
use crate::flat::{Flat, Work, flatten};
use crate::tree::{tree, written};
use crate::{Diagnostic, Resolved};

/// Handles that a message lists.
const LISTED: usize = 20;
/// Fields that other rules go through: nested steps, and what is no text of the step.
const ELSEWHERE: [&str; 5] = ["setup", "steps", "id", "use", "template"];

pub(super) fn check(resolved: &Resolved, findings: &mut Findings) {
    let spec = &resolved.spec;
    let mut places = Vec::new();
    if let Some(container) = &spec.container {
        collect(&serde_json::to_value(container).unwrap_or_default(), "spec.container", &mut places);
    }
    let of_container = places.len();
    if let Some(content) = &spec.content {
        collect(&serde_json::to_value(content).unwrap_or_default(), "spec.content", &mut places);
    }
    let of_workflow = places.len();
    for (path, step) in written(spec) {
        collect_step(step, &path, &mut places);
    }
    if places.is_empty() {
        return;
    }
    let refused: Vec<Diagnostic> = findings.list.clone();
    let is_refused = |place: &Place| {
        let (path, name) = (resolved.origins.of(&place.path), format!("`{}`", place.name));
        refused.iter().any(|known| known.path == path && known.message.starts_with(&name))
    };
    let flat = flatten(spec, tree(spec));
    let ends = ends(&flat);
    for (index, place) in places.iter().enumerate() {
        let asked = match index {
            // Whichever step inherits it.
            _ if index < of_container => usize::MAX,
            _ if index < of_workflow => flat.steps.iter().position(|step| step.path != "spec").unwrap_or(usize::MAX),
            _ => asked(&flat, place),
        };
        if !is_refused(place) {
            check_place(place, asked, &ends, findings);
        }
    }
}

/// A name that speaks of a step.
struct Place {
    /// The text that holds it.
    path: String,
    /// The step whose text it is.
    step: String,
    is_condition: bool,
    name: String,
}

fn collect_step(step: &Step, path: &str, places: &mut Vec<Place>) {
    let Ok(Value::Object(fields)) = serde_json::to_value(step) else { return };
    let before = places.len();
    for (field, value) in fields.iter().filter(|(field, _)| !ELSEWHERE.contains(&field.as_str())) {
        collect(value, &format!("{path}.{field}"), places);
    }
    for place in &mut places[before..] {
        path.clone_into(&mut place.step);
    }
}

fn collect(value: &Value, path: &str, places: &mut Vec<Place>) {
    match value {
        Value::String(text) if text.contains("step") => collect_text(text, path, places),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, &format!("{path}[{index}]"), places));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect(field, &format!("{path}.{name}"), places));
        }
        _ => {}
    }
}

fn collect_text(text: &str, path: &str, places: &mut Vec<Place>) {
    let is_condition = path.ends_with(".condition");
    let names: Vec<String> = if is_condition || path.ends_with(".retry.until") {
        Expression::parse(text).0.names().map(|(name, _)| name.to_owned()).collect()
    } else if text.contains("{{") {
        Template::parse(text).0.names().map(|(name, _)| name.to_owned()).collect()
    } else {
        return;
    };
    let named = names.into_iter().filter(|name| step_of(name).is_some());
    places.extend(named.map(|name| Place { path: path.to_owned(), step: String::new(), is_condition, name }));
}

/// The position of the instruction that ends each step, by its handle.
fn ends<'a>(flat: &'a Flat<'_>) -> BTreeMap<&'a str, usize> {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, step) in flat.steps.iter().enumerate() {
        ends.insert(&step.id, index);
        let mut around = step.block;
        while let Some(block) = around.and_then(|block| flat.blocks.get(block)) {
            ends.insert(&block.id, index);
            around = block.parent;
        }
    }
    ends
}

/// The position of the instruction for which a text of a step is read: the
/// first one of the step for its condition, its command for everything else.
fn asked(flat: &Flat<'_>, place: &Place) -> usize {
    let own = |path: &str| path == place.step;
    let inside =
        |path: &str| path.strip_prefix(&place.step).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let command = flat.steps.iter().position(|step| own(&step.path) && matches!(step.work, Work::Run { .. }));
    let first = flat.steps.iter().position(|step| inside(&step.path));
    command.filter(|_| !place.is_condition).or(first).unwrap_or(usize::MAX)
}

fn check_place(place: &Place, asked: usize, ends: &BTreeMap<&str, usize>, findings: &mut Findings) {
    let Some((handle, _)) = step_of(&place.name) else { return };
    let name = &place.name;
    match ends.get(handle) {
        Some(end) if *end < asked => {}
        Some(_) => {
            let message = format!("`{name}` is not known yet: the step `{handle}` has not ended when this is read");
            findings.error(&place.path, message, "name a step that ends before, or move this behind it");
        }
        None if findings.is_partial() => {}
        None => {
            let mut known = ends.keys().take(LISTED).map(|handle| format!("`{handle}`")).collect::<Vec<_>>().join(", ");
            if ends.len() > LISTED {
                known.push_str(&format!(" and {} more", ends.len() - LISTED));
            }
            let hint = match closest(handle, ends.keys().copied()) {
                Some(meant) => format!("did you mean `{meant}`? Known: {known}"),
                None => format!("known: {known}"),
            };
            findings.error(&place.path, format!("`{name}` names no step: there is no handle `{handle}`"), hint);
        }
    }
}
