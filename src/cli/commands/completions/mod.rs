//! `whyclosed completions`: scripts that complete command lines in shells.
//!
//! The scripts of Bash, fish and zsh ask this program for the candidates each time, so that these know the interfaces of the
//! machine and the user's own registries, and are the same in every shell. Files are completed by the shells themselves, which
//! know best how to quote them.

mod candidates;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_complete::engine::complete;
use whyclosed::error::Error;

use self::candidates::{is_files, with_candidates};
use crate::exit;
use crate::output;

/// Print the script that completes command lines in a shell.
///
/// Bash reads it from ~/.local/share/bash-completion/completions/whyclosed, fish from
/// ~/.config/fish/completions/whyclosed.fish, and zsh from _whyclosed in a folder of $fpath.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,

    /// The words of a command line up to the cursor: prints what may take the place of the last one.
    #[arg(last = true, hide = true, value_name = "WORD")]
    words: Vec<OsString>,
}

impl Completions {
    /// Prints the completions of a command line.
    pub fn run(&self, mut command: Command) -> Result<exit::Code, Error> {
        let script = match self.shell {
            Shell::Bash => include_str!("whyclosed.bash").into(),
            Shell::Fish => include_str!("whyclosed.fish").into(),
            Shell::Zsh => include_str!("_whyclosed").into(),
            other => {
                let (name, mut script) = (command.get_name().to_owned(), Vec::new());
                clap_complete::generate(other, &mut command, name, &mut script);
                script
            }
        };
        output::to_stdout(|out| match self.words.split_last() {
            Some((current, _)) => self.candidates(command, &current.to_string_lossy(), out),
            None => out.write_all(&script),
        })?;
        Ok(exit::SUCCESS)
    }

    /// Prints the candidates for the `current` word, the last one. A line is a candidate, a tab and a description. A line that
    /// begins with `/` stands for files; behind it is the beginning of the word that does not belong to their path.
    fn candidates(&self, command: Command, current: &str, out: &mut dyn Write) -> io::Result<()> {
        let at = self.words.len().saturating_sub(1);
        let found = complete(&mut with_candidates(command), self.words.clone(), at, None).unwrap_or_default();
        for candidate in found {
            let value = candidate.get_value().to_string_lossy();
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            // Dozens of options would hide the rest; a dash asks for them.
            if current.starts_with('-') != value.starts_with('-') {
                continue;
            }
            if is_files(&candidate) {
                writeln!(out, "/{value}")?;
            } else {
                writeln!(out, "{value}\t{}", help.lines().next().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}
