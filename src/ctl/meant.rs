//! Arguments as meant: what was typed, checked against itself.

use std::path::PathBuf;

use anstream::ColorChoice;
use assay_api::ConfigValues;
use assay_cluster::ConnectOptions;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::args::{self, Args, Artifacts, Color, Command, GetOutput, RenderOutput, ReportOutput};
use crate::failure::Failure;

/// All that was asked for.
#[derive(Debug)]
pub(crate) struct Meant {
    /// How to reach the cluster, should that be needed.
    pub(crate) place: Place,
    /// What to do.
    pub(crate) task: Task,
}

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The way to the cluster.
    pub(crate) connect: ConnectOptions,
    /// Namespace that was named; `None` for that of the context.
    pub(crate) namespace: Option<String>,
    /// Namespace in which Assay is installed.
    pub(crate) system: String,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Task {
    Run(RunTask),
    Get { what: GetWhat, output: Option<GetOutput> },
    Describe { name: String },
    Logs { name: String, step: Option<String>, follow: bool, timestamps: bool },
    ListArtifacts { name: String },
    GetArtifacts { name: String, paths: Vec<String>, directory: PathBuf },
    Report { name: String, output: ReportOutput },
    Validate { files: Vec<Input> },
    Render(RenderTask),
    Version,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Standard,
    File(PathBuf),
}

/// Which executions to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GetWhat {
    One(String),
    Namespace,
    Everywhere,
}

/// What to run, and how to stay with it.
#[derive(Debug, PartialEq)]
pub(crate) struct RunTask {
    pub(crate) source: Source,
    pub(crate) config: ConfigValues,
    pub(crate) revision: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) mode: Mode,
}

/// Where the workflow comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Workflow(String),
    Manifest(Input),
}

/// How long to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Leave,
    Wait,
    Watch,
}

/// What to render.
#[derive(Debug, PartialEq)]
pub(crate) struct RenderTask {
    pub(crate) input: Input,
    pub(crate) config: ConfigValues,
    pub(crate) revision: Option<String>,
    pub(crate) output: RenderOutput,
    pub(crate) runner_image: String,
    pub(crate) restricted: bool,
    pub(crate) image_volumes: bool,
}

/// Colours as they were asked for.
pub(crate) fn colours(args: &Args) -> ColorChoice {
    match args.global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

/// What was meant by what was typed.
///
/// # Errors
/// When it contradicts itself, or a value is not acceptable.
pub(crate) fn meant(args: Args) -> Result<Meant, Failure> {
    let global = args.global;
    let connect = ConnectOptions {
        kubeconfig: global.kubeconfig,
        context: global.context,
        impersonate: global.impersonate,
        impersonate_groups: global.impersonate_groups,
        field: "assay-cli".to_owned(),
        retry: false,
    };
    let place = Place { connect, namespace: global.namespace, system: global.assay_namespace };
    Ok(Meant { place, task: task(args.command)? })
}

fn task(command: Command) -> Result<Task, Failure> {
    Ok(match command {
        Command::Run(run) => Task::Run(run_task(run)?),
        Command::Get(get) => {
            let what = match (get.name, get.all_namespaces) {
                (Some(name), _) => GetWhat::One(execution_name(name)?),
                (None, true) => GetWhat::Everywhere,
                (None, false) => GetWhat::Namespace,
            };
            Task::Get { what, output: get.output }
        }
        Command::Describe(named) => Task::Describe { name: execution_name(named.name)? },
        Command::Logs(logs) => Task::Logs {
            name: execution_name(logs.name)?,
            step: logs.step,
            follow: logs.follow,
            timestamps: logs.timestamps,
        },
        Command::Artifacts(Artifacts::Ls(named)) => Task::ListArtifacts { name: execution_name(named.name)? },
        Command::Artifacts(Artifacts::Get(get)) => {
            Task::GetArtifacts { name: execution_name(get.name)?, paths: get.paths, directory: get.directory }
        }
        Command::Report(report) => Task::Report { name: execution_name(report.name)?, output: report.output },
        Command::Validate(validate) => Task::Validate { files: validate.files.into_iter().map(input).collect() },
        Command::Render(render) => Task::Render(RenderTask {
            input: input(render.file),
            config: config(&render.config)?,
            revision: render.revision,
            output: render.output,
            runner_image: render.runner_image,
            restricted: render.restricted,
            image_volumes: !render.no_image_volumes,
        }),
        Command::Version => Task::Version,
    })
}

fn run_task(run: args::Run) -> Result<RunTask, Failure> {
    let source = match (run.workflow, run.file) {
        (Some(workflow), _) => Source::Workflow(name("workflow", strip_kind(workflow, WORKFLOW_KINDS))?),
        (None, Some(file)) => Source::Manifest(input(file)),
        (None, None) => return Err(Failure::usage("name a workflow, or a manifest with -f")),
    };
    let mode = match (run.wait, run.watch) {
        (_, true) => Mode::Watch,
        (true, false) => Mode::Wait,
        (false, false) => Mode::Leave,
    };
    let name = run.name.map(|given| name("execution", given)).transpose()?;
    Ok(RunTask { source, config: config(&run.config)?, revision: run.revision, name, mode })
}

fn input(path: PathBuf) -> Input {
    if path.as_os_str() == "-" { Input::Standard } else { Input::File(path) }
}

/// `name=value` pairs as values of parameters. They stay text: the parameter's type is the workflow's affair.
fn config(pairs: &[String]) -> Result<ConfigValues, Failure> {
    let mut values = ConfigValues::new();
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            return Err(Failure::usage(format!("--config {pair}: must be NAME=VALUE")));
        };
        if values.insert(name.to_owned(), IntOrString::String(value.to_owned())).is_some() {
            return Err(Failure::usage(format!("--config {name} is given twice")));
        }
    }
    Ok(values)
}

const WORKFLOW_KINDS: &[&str] = &["twf", "testworkflow", "testworkflows", "testworkflow.assay.dev"];
const EXECUTION_KINDS: &[&str] = &["tex", "testexecution", "testexecutions", "testexecution.assay.dev"];

/// `tex/NAME`, as `-o name` prints it, is as good as `NAME`.
fn strip_kind(text: String, kinds: &[&str]) -> String {
    match text.split_once('/') {
        Some((kind, name)) if kinds.contains(&kind) => name.to_owned(),
        _ => text,
    }
}

fn execution_name(text: String) -> Result<String, Failure> {
    name("execution", strip_kind(text, EXECUTION_KINDS))
}

/// Names go into paths of requests: only what Kubernetes accepts as a name is let through.
fn name(what: &str, text: String) -> Result<String, Failure> {
    if is_name(&text) {
        return Ok(text);
    }
    let hint = "names have lower-case letters, digits, `-` and `.`, and begin and end with a letter or digit";
    Err(Failure::usage(format!("`{}` is not a name of a {what}", crate::terminal::plain(&text))).hint(hint))
}

/// Whether Kubernetes accepts the text as a name of an object.
pub(crate) fn is_name(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let labels = text.split('.');
    let fine =
        |label: &str| label.starts_with(edge) && label.ends_with(edge) && label.chars().all(|c| edge(c) || c == '-');
    !text.is_empty() && text.len() <= 253 && labels.into_iter().all(fine)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn read(line: &str) -> Result<Meant, u8> {
        let args = Args::try_parse_from(line.split(' ')).map_err(|error| u8::from(error.use_stderr()) * 2)?;
        meant(args).map_err(|failure| failure.code)
    }

    fn task_of(line: &str) -> Task {
        read(line).unwrap_or_else(|code| panic!("{line}: {code}")).task
    }

    #[test]
    fn what_is_meant() {
        let run = |source: Source, mode: Mode| RunTask {
            source,
            config: ConfigValues::new(),
            revision: None,
            name: None,
            mode,
        };
        let workflow = || Source::Workflow("first".to_owned());
        for (line, expected) in [
            ("assay run first", Task::Run(run(workflow(), Mode::Leave))),
            ("assay run twf/first --wait", Task::Run(run(workflow(), Mode::Wait))),
            ("assay -n ns run first --watch", Task::Run(run(workflow(), Mode::Watch))),
            ("assay run -f - --watch", Task::Run(run(Source::Manifest(Input::Standard), Mode::Watch))),
            ("assay get", Task::Get { what: GetWhat::Namespace, output: None }),
            ("assay get -A -o wide", Task::Get { what: GetWhat::Everywhere, output: Some(GetOutput::Wide) }),
            (
                "assay get tex/a-1 -o json",
                Task::Get { what: GetWhat::One("a-1".into()), output: Some(GetOutput::Json) },
            ),
            ("assay describe testexecution.assay.dev/a", Task::Describe { name: "a".into() }),
            ("assay artifacts list a", Task::ListArtifacts { name: "a".into() }),
            ("assay report a -o junit", Task::Report { name: "a".into(), output: ReportOutput::Junit }),
            ("assay version", Task::Version),
        ] {
            assert_eq!(task_of(line), expected, "{line}");
        }
        let Task::Run(run) =
            task_of("assay run first --config a=1 --config b=x=y --config c= --revision abc --name n-1")
        else {
            panic!("a run")
        };
        let text = |text: &str| IntOrString::String(text.to_owned());
        assert_eq!(
            run.config.into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), text("1")), ("b".to_owned(), text("x=y")), ("c".to_owned(), text("")),]
        );
        assert_eq!((run.revision.as_deref(), run.name.as_deref()), (Some("abc"), Some("n-1")));
    }

    #[test]
    fn where_it_is_meant() {
        let place = read("assay get -n ns --context c --assay-namespace sys --as jo --as-group g").expect("fine").place;
        assert_eq!(place.namespace.as_deref(), Some("ns"));
        assert_eq!(place.connect.context.as_deref(), Some("c"));
        assert_eq!(place.connect.impersonate.as_deref(), Some("jo"));
        assert_eq!(place.connect.impersonate_groups, ["g"]);
        assert_eq!(place.system, "sys");
    }

    #[test]
    fn what_cannot_be_meant() {
        for line in [
            "assay",
            "assay run",
            "assay run a -f b",
            "assay run a --wait --watch",
            "assay run a --config x",
            "assay run a --config =x",
            "assay run a --config x=1 --config x=2",
            "assay run Upper",
            "assay run ../a",
            "assay get a -A",
            "assay get -o junit",
            "assay report a -o yaml",
            "assay logs",
            "assay logs a/b",
            "assay validate",
            "assay render",
            "assay nothing",
            "assay get --as-group g",
            "assay describe a..b",
            "assay run a --name -x",
            "assay get --color sometimes",
        ] {
            assert_eq!(read(line).err(), Some(2), "{line}");
        }
        assert_eq!(read("assay --help").err(), Some(0));
        assert_eq!(read("assay run --help").err(), Some(0));
        assert_eq!(read("assay --version").err(), Some(0));
    }
}
