//! What a step starts.

use assay_api::{ContainerConfig, Step};

use crate::expressions::LateText;

/// The command of a step. Its texts are templates, see [`LateText`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// A script for `/bin/sh -e`.
    Script(String),
    /// A program and its arguments.
    Program(Vec<String>),
}

/// Letters that need no quotes on a command line.
const PLAIN: &str = "-_./:=@%+,";
/// Letters of a script or command line that serve as the name of a step without one.
const NAME_LENGTH: usize = 60;

impl Command {
    /// The command of a step whose container settings are `container`; none
    /// when it starts nothing, or does not say what.
    pub(crate) fn of(step: &Step, container: &ContainerConfig) -> Option<Self> {
        if let Some(script) = &step.shell {
            return Some(Self::Script(script.clone()));
        }
        let run = step.run.as_ref()?;
        if let Some(script) = &run.shell {
            return Some(Self::Script(script.clone()));
        }
        let command = container.command.as_ref().filter(|command| !command.is_empty())?;
        let args = container.args.iter().flatten();
        Some(Self::Program(command.iter().chain(args).cloned().collect()))
    }

    /// Program and arguments to start.
    pub(crate) fn argv(&self) -> Vec<String> {
        match self {
            Self::Script(script) => ["/bin/sh", "-e", "-c", script].map(str::to_owned).to_vec(),
            Self::Program(argv) => argv.clone(),
        }
    }

    /// What people read.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Script(script) => LateText::of(script).text.trim_end().to_owned(),
            Self::Program(argv) => {
                argv.iter().map(|word| quote(&LateText::of(word).text)).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// A name for a step that has none: the first line, shortened.
    pub(crate) fn short_name(&self) -> Option<String> {
        let display = self.display();
        let line = display.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        let mut name: String = line.chars().take(NAME_LENGTH).collect();
        if line.chars().nth(NAME_LENGTH).is_some() {
            name.push('…');
        }
        Some(name)
    }
}

fn quote(word: &str) -> String {
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || PLAIN.contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_reads_as_it_would_be_typed() {
        let words = ["npm", "run", "a b", "", "it's", "--x=1"].map(str::to_owned).to_vec();
        assert_eq!(Command::Program(words).display(), r"npm run 'a b' '' 'it'\''s' --x=1");
    }

    #[test]
    fn a_step_without_a_name_is_called_after_its_first_line() {
        let name = |script: &str| Command::Script(script.to_owned()).short_name();
        assert_eq!(name("\n# install\n  npm ci\nnpm test\n").as_deref(), Some("npm ci"));
        assert_eq!(name("# nothing\n"), None);
        assert_eq!(name(&"x".repeat(70)), Some(format!("{}…", "x".repeat(60))));
    }
}
