//! `whyclosed completions` and `whyclosed man`, both generated from the definition of the command line.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;
use whyclosed::error::Error;

use crate::output;

/// Print completions for a shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page.
#[derive(Debug, Args)]
pub struct Man {}

impl Completions {
    /// Prints the completions of a command line.
    pub fn run(&self, mut command: Command) -> Result<ExitCode, Error> {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        output::to_stdout(|out| out.write_all(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    /// Prints the manual page of a command line, its commands included.
    pub fn run(&self, mut command: Command) -> Result<ExitCode, Error> {
        command.build();
        let own = command.clone().disable_help_flag(true);
        output::to_stdout(|out| {
            clap_mangen::Man::new(own).render(out)?;
            for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
                writeln!(out, ".SH {}", command.get_name().to_uppercase())?;
                let page = clap_mangen::Man::new(command.clone());
                page.render_description_section(out)?;
                page.render_options_section(out)?;
            }
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
