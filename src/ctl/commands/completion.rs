//! `assay completion`: a script that teaches a shell to complete commands,
//! flags, and the names that are in the cluster.

use std::ffi::OsString;

use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;

/// With this variable the shell asks the program for completions.
pub(crate) const VARIABLE: &str = "ASSAY_COMPLETE";

/// Arguments of `completion`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
#[command(after_help = HELP)]
pub(crate) struct Completion {
    /// The shell.
    shell: Shell,
}

const HELP: &str = "bash:       echo 'source <(assay completion bash)' >> ~/.bashrc
zsh:        echo 'source <(assay completion zsh)' >> ~/.zshrc
fish:       assay completion fish > ~/.config/fish/completions/assay.fish
powershell: assay completion powershell >> $PROFILE
For `kubectl assay` put a file `kubectl_complete-assay` into PATH: #!/bin/sh, then `exec assay __complete \"$@\"`.";

/// Shells that can be taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// Prints the script.
///
/// # Errors
/// When nobody reads.
pub(crate) fn completion(task: &Completion, screen: &mut Screen) -> Result<u8, Failure> {
    let shell: &dyn EnvCompleter = match task.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
    };
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "assay", "assay", "assay", &mut script)?;
    screen.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::PASSED)
}

/// What kubectl wants of the plugin `kubectl_complete-assay`: candidates line
/// by line, then a directive (4: no files).
///
/// # Errors
/// When nobody reads.
pub(crate) fn for_kubectl(command: &mut clap::Command, typed: &[OsString], screen: &mut Screen) -> Result<u8, Failure> {
    let mut words = vec![OsString::from("assay")];
    words.extend(typed.iter().cloned());
    if words.len() == 1 {
        words.push(OsString::new());
    }
    let at = words.len() - 1;
    let found = clap_complete::engine::complete(command, words, at, None)?;
    for candidate in found {
        let value = candidate.get_value().to_string_lossy();
        match candidate.get_help() {
            Some(help) => screen.line(&format!("{value}\t{}", help.to_string().lines().next().unwrap_or_default()))?,
            None => screen.line(&value)?,
        }
    }
    screen.line(":4")?;
    screen.flush()?;
    Ok(exit::PASSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_has_its_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Powershell] {
            let (mut screen, data, _) = Screen::memory();
            completion(&Completion { shell }, &mut screen).expect("memory");
            assert!(data.text().contains(VARIABLE) && data.text().contains("assay"), "{shell:?}: {}", data.text());
        }
    }
}
