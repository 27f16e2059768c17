//! The command line.

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use whyclosed::error::Error;

use crate::commands::annotate::Annotate;
use crate::commands::codes::Codes;
use crate::commands::compare::Compare;
use crate::commands::completions::Completions;
use crate::commands::explain::Explain;
use crate::commands::fleet::Fleet;
#[cfg(all(feature = "live", unix))]
use crate::commands::interfaces::Interfaces;
#[cfg(all(feature = "live", unix))]
use crate::commands::live::Live;
use crate::commands::man::Man;
use crate::commands::read::Read;
use crate::commands::rules::Rules;
#[cfg(all(feature = "live", unix))]
use crate::commands::run::Run;
use crate::commands::schema::Schema;
use crate::commands::slice::Slice;
use crate::commands::verify_redaction::VerifyRedaction;
#[cfg(feature = "view")]
use crate::commands::view::View;
use crate::config::{self, Config};
use crate::exit;
use crate::locale::LocaleArgs;
use crate::nearest::nearest;

/// Why did each WebSocket connection in this packet capture close?
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Without a command: files.
    #[command(flatten)]
    read: Read,

    /// Do not read the values for options in `~/.config/whyclosed/config.toml`.
    #[arg(long, global = true)]
    no_config: bool,
}

/// A command. Its options and its `run` are in `commands/NAME.rs`. A capture with the name of a command is read as
/// `./NAME`.
#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "view")]
    View(Box<View>),
    #[cfg(all(feature = "live", unix))]
    Live(Box<Live>),
    #[cfg(all(feature = "live", unix))]
    Run(Box<Run>),
    #[cfg(all(feature = "live", unix))]
    Interfaces(Interfaces),
    Schema(Schema),
    Explain(Explain),
    Compare(Compare),
    Codes(Codes),
    Rules(Rules),
    Completions(Completions),
    Man(Man),
    Fleet(Box<Fleet>),
    Slice(Slice),
    Annotate(Annotate),
    VerifyRedaction(VerifyRedaction),
}

const EXAMPLES: &str = "\
Examples:
  whyclosed trace.pcapng                       why each connection closed
  whyclosed view trace.pcapng                  move about in the report
  whyclosed --all --code 1006 captures/        every connection without a Close frame
  tcpdump -w - port 8080 | whyclosed           read from a pipe
  whyclosed --format json trace.pcap | jq .    for programs
  whyclosed --fail-on abnormal trace.pcapng    for CI: exit 1 if any ended badly
  sudo whyclosed live -i lo -p 8080            report each close as it happens
  sudo whyclosed run -- npm test               run a command, and report on its connections
  whyclosed explain 1007                       what a close code means
  whyclosed compare 1007 1008                  how two differ, and when to use which

Exit codes: 0 analysed, 1 matched by --fail-on, 2 error (unreadable file, invalid filter).
`whyclosed man` describes the environment and the files, such as ~/.config/whyclosed/config.toml.";

impl Cli {
    /// Parses the command line. Options that are not given get the values of the user's configuration. Exits after printing
    /// help, or for a mistake on the command line. Fails for a fault in the configuration.
    pub fn read() -> Result<Self, Error> {
        let matches = Self::command().get_matches();
        let cli = Self::of(&matches);
        let of_command = matches.subcommand().map_or(&matches, |(_, of_command)| of_command);
        if cli.no_config || !config::concerns(of_command) {
            return Ok(cli);
        }
        let Some(config) = Config::read(&Self::command())? else { return Ok(cli) };
        let matches = config.apply(Self::command()).get_matches();
        let of_command = matches.subcommand().map_or(&matches, |(_, of_command)| of_command);
        if of_command.try_get_one::<bool>("verbose").is_ok_and(|is_verbose| is_verbose == Some(&true)) {
            config.tell(LocaleArgs::from_arg_matches(of_command).unwrap_or_default().language());
        }
        Ok(Self::of(&matches))
    }

    /// Returns the parsed command line.
    fn of(matches: &ArgMatches) -> Self {
        Self::from_arg_matches(matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command. Without one, reads the captures; without captures, prints the help.
    #[expect(clippy::print_stderr, reason = "help that was not asked for goes to standard error")]
    pub fn run(mut self) -> Result<exit::Code, Error> {
        match &mut self.command {
            Some(command) => command.run(),
            None if self.read.has_no_input() => {
                eprint!("{}", Self::command().render_help());
                Ok(exit::ERROR)
            }
            None => match self.read.word().and_then(mistyped) {
                Some(error) => Err(error),
                None => self.read.run(),
            },
        }
    }
}

/// Returns an error if a word, which stands where a file is expected, is the name of a command or nearly that.
fn mistyped(word: &str) -> Option<Error> {
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let near = nearest(word, names)?;
    if near == word {
        return Some(Error::Misplaced { command: near.to_owned() });
    }
    Some(Error::Mistyped { given: word.to_owned(), similar: near.to_owned() })
}

impl Command {
    fn run(&mut self) -> Result<exit::Code, Error> {
        match *self {
            #[cfg(feature = "view")]
            Self::View(ref view) => view.run(),
            #[cfg(all(feature = "live", unix))]
            Self::Live(ref live) => live.run(),
            #[cfg(all(feature = "live", unix))]
            Self::Run(ref mut run) => run.run(),
            #[cfg(all(feature = "live", unix))]
            Self::Interfaces(ref interfaces) => interfaces.run(),
            Self::Schema(ref schema) => schema.run(),
            Self::Explain(ref explain) => explain.run(),
            Self::Compare(ref compare) => compare.run(),
            Self::Codes(ref codes) => codes.run(),
            Self::Rules(ref rules) => rules.run(),
            Self::Completions(ref completions) => completions.run(Cli::command()),
            Self::Man(ref man) => man.run(Cli::command()),
            Self::Fleet(ref mut fleet) => fleet.run(),
            Self::Slice(ref slice) => slice.run(),
            Self::Annotate(ref annotate) => annotate.run(),
            Self::VerifyRedaction(ref verify) => verify.run(),
        }
    }
}
