//! What is fetched from elsewhere, and with which secret.

use assay_plan::Rendered;
use assay_protocol::Instruction;

use super::secrets::{Seen, seen_by};
use super::words::list;
use crate::output::terminal::plain;

/// Repositories and archives.
pub(super) fn fetched(rendered: &Rendered) -> String {
    let lines: String =
        rendered.plan.steps.iter().filter_map(|step| line(rendered, step)).map(|line| format!("  {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\nFetched:\n{lines}") }
}

/// What a step fetches; `None` when it fetches nothing.
fn line(rendered: &Rendered, step: &Instruction) -> Option<String> {
    let plan = &rendered.plan;
    let value = |name: &str| {
        let env = step.action.iter().flat_map(|action| &action.env);
        env.into_iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| plain(value))
            .filter(|value| !value.is_empty())
    };
    let mut out = match (value("ASSAY_GIT_URI"), value("ASSAY_FETCH_URL")) {
        (Some(uri), _) => {
            let revision = value("ASSAY_GIT_REVISION").unwrap_or_else(|| "its default branch".to_owned());
            let target = value("ASSAY_GIT_TARGET").unwrap_or_default();
            format!("Git repository {uri} at {revision} into {target}")
        }
        (None, Some(url)) => format!("archive {url} into {}", value("ASSAY_FETCH_TARGET").unwrap_or_default()),
        (None, None) => return None,
    };
    if let Some(paths) = value("ASSAY_GIT_PATHS") {
        out.push_str(&format!(", of it only {paths}"));
    }
    let container = plan.groups.get(usize::from(step.group)).map_or("", |group| &group.container);
    let keys: Vec<String> = seen_by(&rendered.job, container).iter().map(Seen::source).collect();
    out.push_str(&if keys.is_empty() { ", without a secret".to_owned() } else { format!(", with {}", list(&keys)) });
    Some(out)
}
