//! The reference of all commands, from their own definitions.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};

use crate::args::Args;

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut root = Args::command().bin_name("assay").term_width(0);
    root.build();
    let mut out = String::from(
        "# The command line\n\nMade from the program itself (`assay reference`); changes here are overwritten.\n\
         `assay` is also `kubectl assay`, where it is installed as `kubectl-assay`.\n\n",
    );
    if let Some(about) = root.get_about() {
        out.push_str(&format!("{}\n\n", words(about)));
    }
    out.push_str("## Commands\n\n| command | does |\n|---|---|\n");
    let mut all = Vec::new();
    gather(&root, "assay", &mut all);
    for (name, command) in &all {
        let about = command.get_about().map(words).unwrap_or_default();
        out.push_str(&format!("| [`{name}`](#{}) | {} |\n", name.replace(' ', "-"), cell(&about)));
    }
    out.push_str(&format!("\n## Exit codes\n\n{}\n", words(root.get_after_help().unwrap_or(&StyledStr::new()))));
    out.push_str("\n## Options of every command\n\n");
    let globals: Vec<&Arg> = root.get_arguments().filter(|arg| arg.is_global_set()).collect();
    out.push_str(&arguments(&globals));
    for (name, command) in all {
        out.push_str(&section(&name, command));
    }
    out
}

/// Commands that do something, in the order of `--help`.
fn gather<'a>(command: &'a Command, path: &str, all: &mut Vec<(String, &'a Command)>) {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
        let path = format!("{path} {}", inner.get_name());
        let acts = !inner.is_subcommand_required_set();
        if acts {
            all.push((path.clone(), inner));
        }
        gather(inner, &path, all);
    }
}

fn section(name: &str, command: &Command) -> String {
    let mut out = format!("\n## {name}\n\n");
    if let Some(about) = command.get_about() {
        out.push_str(&format!("{}\n\n", words(about)));
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).replace("\n       ", "\n");
    out.push_str(&format!("```\n{}\n```\n", usage.trim()));
    let own: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_global_set()).collect();
    let rows = arguments(&own);
    if !rows.is_empty() {
        out.push_str(&format!("\n{rows}"));
    }
    if let Some(help) = command.get_after_help() {
        out.push_str(&format!("\n```\n{}\n```\n", help.to_string().trim()));
    }
    out
}

fn arguments(arguments: &[&Arg]) -> String {
    let rows =
        arguments.iter().filter(|arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()));
    let rows: String = rows.map(|arg| row(arg)).collect();
    if rows.is_empty() { rows } else { format!("| argument | meaning |\n|---|---|\n{rows}") }
}

fn row(arg: &Arg) -> String {
    let mut meaning = arg.get_help().map(words).unwrap_or_default();
    if !meaning.ends_with('.') {
        meaning.push('.');
    }
    let values = arg.get_possible_values();
    if !values.is_empty() && arg.get_action().takes_values() {
        let named: Vec<String> = values
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| match value.get_help() {
                Some(help) => format!("`{}`: {}", value.get_name(), words(help).trim_end_matches('.')),
                None => format!("`{}`", value.get_name()),
            })
            .collect();
        meaning.push_str(&format!(" One of {}.", named.join("; ")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        meaning.push_str(&format!(" Default `{}`.", defaults.join(" ")));
    }
    if let Some(variable) = arg.get_env() {
        meaning.push_str(&format!(" Environment `{}`.", variable.to_string_lossy()));
    }
    format!("| `{}` | {} |\n", written(arg), cell(&meaning))
}

/// `-o, --output <OUTPUT>`, or `<NAME>...`.
fn written(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default();
    let values: String = values.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" ");
    let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    let dots = if many { "..." } else { "" };
    let flags: Vec<String> =
        [arg.get_short().map(|short| format!("-{short}")), arg.get_long().map(|long| format!("--{long}"))]
            .into_iter()
            .flatten()
            .collect();
    match (flags.is_empty(), arg.get_action().takes_values()) {
        (true, _) => format!("{values}{dots}"),
        (false, true) => format!("{} {values}{dots}", flags.join(", ")),
        (false, false) => flags.join(", "),
    }
}

fn words(text: &StyledStr) -> String {
    text.to_string().trim().to_owned()
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_flag_is_in_it() {
        let text = reference();
        for part in [
            "## assay run\n",
            "## assay artifacts get\n",
            "## assay report parse\n",
            "--secret-config <NAME=SECRET/KEY>",
            "| `-n, --namespace <NAMESPACE>`",
            "Environment `ASSAY_NAMESPACE`",
            "8 cluster not reachable",
            "`wide`: The table with more columns",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("## assay __complete") && !text.contains('\x1b'));
        assert_eq!(text, reference());
    }
}
