//! What steps hand on: outputs, resolved texts, files.

use std::collections::BTreeMap;

use assay_api::StepState;
use assay_protocol::control::{Ending, Go, StepFacts};
use assay_protocol::frame::Stream;
use assay_protocol::{PlanFile, Section};

use crate::container::Container;
use crate::pod::Pod;

fn facts(outputs: &[(&str, &str)]) -> Go {
    let outputs = outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let facts = StepFacts { status: StepState::Passed, exit_code: Some(0), outputs };
    Go { steps: BTreeMap::from([("deploy".to_owned(), facts)]) }
}

#[test]
fn outputs_of_one_attempt_reach_a_later_step() {
    let mut pod = Pod::new(1);
    pod.env = vec![("TOKEN", "correct-horse".into()), ("MODE", "fast".into())];
    pod.plan.groups[0].secrets = vec!["TOKEN".into()];
    pod.shell(
        Section::Steps,
        0,
        "printf %s http://web:8080 > $ASSAY_OUTPUTS/url; echo $TOKEN > $ASSAY_OUTPUTS/key; echo x > $ASSAY_OUTPUTS/a.b",
    );
    let step =
        pod.shell(Section::Steps, 0, "echo $URL {{ steps.deploy.status }} {{ env.MODE }}; pwd; ls $ASSAY_OUTPUTS");
    step.retry.attempts = 2;
    let action = step.action.as_mut().unwrap();
    (action.dynamic, action.needs) = (true, vec!["deploy".into()]);
    action.env.push(("URL".into(), "{{ steps.deploy.outputs.url }}/{{ env.MODE }}".into()));
    action.working_dir.push_str("/{{ env.MODE }}");
    let container = Container::start(pod);
    let first = container.done(0, 1);
    let given: Vec<_> = first.outputs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(given, [("key", "***"), ("url", "http://web:8080")]);
    assert!(first.notes.iter().any(|note| note.contains("\"a.b\"")), "{:?}", first.notes);
    let second = container.run(1, 1, &facts(&given));
    assert_eq!((second.ending, second.exit_code, second.outputs.len()), (Ending::Exited, Some(0), 0));
    let third = container.run(1, 2, &Go::default());
    assert_eq!(third.ending, Ending::NotStarted);
    let message = third.message.unwrap();
    assert!(
        message.starts_with("the variable URL cannot be resolved: `steps.deploy.outputs.url` is not known"),
        "{message}"
    );
    let remains = container.dismiss();
    let workspace = remains.path().join("data").display().to_string();
    assert_eq!(remains.stdout(0, 1), format!("http://web:8080/fast passed fast\n{workspace}/fast\n"));
    let said = String::from_utf8(remains.printed(0, 1, 2, Stream::Runner)).unwrap();
    assert!(said.contains("steps.deploy.outputs.url"), "{said}");
    let left = std::fs::read_dir(remains.path().join("control/g0")).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("outputs-")));
}

#[test]
fn files_of_a_step_are_there_before_its_process() {
    let mut pod = Pod::new(1);
    pod.env = vec![("HOST", "db".into())];
    let source = pod.path().join("mounted");
    std::fs::write(&source, "from a secret").unwrap();
    let workspace = pod.plan.workspace.clone();
    std::os::unix::fs::symlink(pod.path(), format!("{workspace}/out")).unwrap();
    let file = |path: &str, content: &str| PlanFile {
        path: format!("{workspace}/{path}"),
        content: content.into(),
        from: None,
        dynamic: false,
        mode: 0o755,
    };
    let files = vec![
        PlanFile { dynamic: true, ..file("conf/run", "#!/bin/sh\necho {{ env.HOST }} {{ env.OWN }}\n") },
        PlanFile { from: Some(source.display().to_string()), ..file("conf/copy", "") },
    ];
    let step = pod.shell(Section::Steps, 0, "conf/run; cat conf/copy");
    step.files = files.clone();
    step.action.as_mut().unwrap().env.push(("OWN".into(), "mine".into()));
    let only_files = pod.program(Section::Steps, 0, &[]);
    only_files.files = vec![file("late", "x")];
    pod.shell(Section::Steps, 0, "echo no > ran").files = vec![file("out/x", "y")];
    let container = Container::start(pod);
    assert_eq!(container.done(0, 1).exit_code, Some(0));
    let only_files = container.run(1, 1, &Go::default());
    assert_eq!((only_files.ending, only_files.message), (Ending::Exited, None));
    let escape = container.run(2, 1, &Go::default());
    assert_eq!(escape.ending, Ending::NotStarted);
    assert!(escape.message.as_ref().is_some_and(|it| it.contains("leads outside of the workspace")), "{escape:?}");
    let remains = container.dismiss();
    assert_eq!(remains.stdout(0, 0), "db mine\nfrom a secret");
    assert!(remains.exists("late") && !remains.exists("ran") && !remains.path().join("x").exists());
}

#[test]
fn a_repository_that_another_user_cloned_can_be_worked_in() {
    let mut pod = Pod::new(1);
    let repository = format!("{}/repo", pod.plan.workspace);
    let made = std::process::Command::new("git").args(["init", "-q", &repository]).status();
    assert!(made.is_ok_and(|status| status.success()), "git is needed (apt-get install git)");
    if rustix::process::getuid().is_root() {
        for path in [repository.clone(), format!("{repository}/.git")] {
            std::os::unix::fs::chown(path, Some(54_321), Some(54_321)).unwrap();
        }
    }
    pod.shell(Section::Setup, 0, "true").fetches = true;
    pod.shell(Section::Steps, 0, "git -C repo rev-parse --git-dir; echo $GIT_CONFIG_COUNT");
    let own = pod.shell(Section::Steps, 0, "echo $GIT_CONFIG_COUNT");
    own.action.as_mut().unwrap().env.push(("GIT_CONFIG_COUNT".into(), "0".into()));
    let container = Container::start(pod);
    container.done(0, 1);
    assert_eq!(container.run(1, 1, &Go::default()).exit_code, Some(0));
    container.run(2, 1, &Go::default());
    let remains = container.dismiss();
    assert_eq!((remains.stdout(0, 1).as_str(), remains.stdout(0, 2).as_str()), (".git\n1\n", "0\n"));
}
