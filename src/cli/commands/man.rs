//! `whyclosed man`: manual pages, generated from the definition of the command line.

mod texts;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use whyclosed::error::Error;

use self::texts::{ENVIRONMENT, FAILS, FILES, LEAKS, RUNS, SUCCEEDS, Term};
use crate::exit;
use crate::nearest::nearest;
use crate::output;

/// Print the manual page of the program or of a command, or write all pages.
#[derive(Debug, Args)]
pub struct Man {
    /// The command; without one, the program.
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Option<String>,

    /// Write a page for the program and one for each command to this directory, as packages install them.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    /// Prints or writes the pages of a command line.
    pub fn run(&self, command: Command) -> Result<exit::Code, Error> {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        let commands = || command.get_subcommands();
        match (&self.dir, &self.command) {
            (Some(folder), _) => {
                std::iter::once(&command).chain(commands()).try_for_each(|command| write(command, folder))?;
            }
            (None, Some(name)) => {
                let similar = || nearest(name, commands().map(Command::get_name)).map(str::to_owned);
                let unknown = || Error::UnknownCommand { given: name.clone(), similar: similar() };
                let page = page(commands().find(|command| command.get_name() == name).ok_or_else(unknown)?);
                output::to_stdout(|out| out.write_all(&page))?;
            }
            (None, None) => output::to_stdout(|out| out.write_all(&page(&command)))?,
        }
        Ok(exit::SUCCESS)
    }
}

/// Writes the page of a command to a folder.
fn write(command: &Command, folder: &Path) -> Result<(), Error> {
    let path = folder.join(format!("{}.1", name(command)));
    std::fs::write(&path, page(command)).map_err(|source| Error::Write { path, source })
}

/// Returns the name of a command's page: `whyclosed-live`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// Returns the page of a command.
fn page(command: &Command) -> Vec<u8> {
    let mut page = Vec::new();
    // Nothing fails that is written to memory.
    _ = render(command, &mut page);
    ascii(&String::from_utf8_lossy(&page))
}

/// Returns a page without characters that groff reads only with the right option.
fn ascii(page: &str) -> Vec<u8> {
    let escaped = page.chars().map(|character| match character {
        '\0'..='\x7f' => character.to_string(),
        _ => format!("\\[u{:04X}]", u32::from(character)),
    });
    escaped.collect::<String>().into_bytes()
}

fn render(command: &Command, out: &mut dyn Write) -> io::Result<()> {
    // Without a date, since that of a build says nothing; without hyphens, which would cut names of options.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, ".TH {} 1 \"\" \"whyclosed {version}\" \"User Commands\"\n.nh\n.ad l", name(command))?;
    let man = clap_mangen::Man::new(command.clone().subcommand_help_heading("COMMANDS"));
    man.render_name_section(out)?;
    synopsis(command).to_writer(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let is_program = command.has_subcommands();
    if is_program {
        man.render_subcommands_section(out)?;
    }
    let mut more = Roff::new();
    more.control("SH", ["EXIT STATUS"]);
    let has = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
    let status = if has("fail_on") && has("command") {
        RUNS
    } else if has("fail_on") {
        FAILS
    } else if has("against") {
        LEAKS
    } else {
        SUCCEEDS
    };
    terms(&mut more, status);
    if is_program {
        more.control("SH", ["ENVIRONMENT"]);
        terms(&mut more, ENVIRONMENT);
        more.control("SH", ["FILES"]);
        terms(&mut more, FILES);
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if let Some(examples) = help.strip_prefix("Examples:\n") {
        more.control("SH", ["EXAMPLES"]);
        self::examples(&mut more, examples);
    }
    see_also(&mut more, command);
    more.to_writer(out)
}

/// Returns the section of the forms that a command line has.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let mut section = Roff::new();
    section.control("SH", ["SYNOPSIS"]);
    for form in usage.trim_start_matches("Usage:").lines().map(str::trim) {
        section.text([bold(form)]);
        section.control("br", []);
    }
    section
}

/// Adds terms and their descriptions.
fn terms(page: &mut Roff, terms: &[Term]) {
    for (names, text) in terms {
        page.control("TP", []);
        page.text([bold(*names)]);
        page.text([roman(*text)]);
    }
}

/// Adds the examples of a help text, whose lines are a command line and what it does, up to the next paragraph.
fn examples(page: &mut Roff, text: &str) {
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let (line, does) = line.trim_start().split_once("  ").unwrap_or((line, ""));
        page.control("TP", []);
        page.text([bold(line)]);
        page.text([roman(does.trim_start())]);
    }
}

/// Adds the names of other pages.
fn see_also(page: &mut Roff, command: &Command) {
    let own = command.get_subcommands().map(|command| (name(command).to_owned(), "(1)"));
    let parent = (!command.has_subcommands()).then(|| ("whyclosed".to_owned(), "(1)"));
    let others = [("pcap-filter", "(7)"), ("tcpdump", "(8)"), ("tshark", "(1)")];
    let all = own.chain(parent).chain(others.map(|(name, section)| (name.to_owned(), section)));
    let pages = all.map(|(name, section)| vec![italic(name), roman(section)]).collect::<Vec<_>>();
    let separated: Vec<Inline> = pages.join(&roman(", "));
    page.control("SH", ["SEE ALSO"]);
    page.text(separated);
}
