//! `whyclosed run`: runs a command, captures meanwhile, and says why the WebSocket connections of the command closed.
//!
//! ```text
//! interfaces ─ root is given up ─ keys ─ command ─┬─ watcher: signals, sockets, exit code   (outside the sandbox)
//!                                                 └─ sandbox ─ session ─ report
//! ```
//!
//! The order matters: the command gets none of the rights that capturing takes, but is not in the sandbox either, and the
//! thread that looks after it has to reach it from outside the sandbox.

mod command;
mod guardian;
mod keylog;
#[cfg(target_os = "linux")]
mod processes;
mod sockets;
mod watcher;

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use whyclosed::capture::live::{LOOPBACK, Live as Interfaces, Settings, default_interface};
use whyclosed::catalog::Registries;
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::live::Watch;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::{counted, word};
use whyclosed::report::{Material, Pending, Report};

use self::command::Failure;
use self::keylog::KeyLog;
use self::sockets::Owner;
use self::watcher::{Observed, Watcher};
use super::live::screen::Screen;
use super::live::session::{Ended, Session, Until};
use super::{absent, exit_code};
use crate::exit;
use crate::keys::KeyArgs;
use crate::privileges::Caller;
use crate::reporting::Reporting;
use crate::sandbox::Allowed;
use crate::signals::{Passing, Stop};
use crate::{output, privileges};

/// Run a command, and say why its WebSocket connections closed.
///
/// The command has standard input and output to itself; the report goes to standard error. Programs that write their TLS keys
/// where SSLKEYLOGFILE says, and Node, are read over wss, too: the keys are in a private temporary file, which is removed. Node
/// warns of the file on standard error.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Capture on this interface (repeatable) [default: that of the default route, and loopback].
    #[arg(short, long = "interface", value_name = "IFACE")]
    interfaces: Vec<String>,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    reporting: Reporting,

    /// The command and its arguments. Through `sudo`, it runs as the user who called that, and not as root.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  sudo whyclosed run -- npm test                    the tests run as you, not as root
  sudo env \"PATH=$PATH\" whyclosed run -- npm test  the same where sudo replaces PATH
  sudo whyclosed run -o why.html -- ./client        the report as a page
  sudo whyclosed run --fail-on abnormal -- ./check  exit 1 if a connection ended badly

On Linux, only connections of the command and of the processes that it starts are reported.

The exit code is that of the command, 128+N if signal N ended it. If it succeeds, it is 1 if --fail-on or --expect matched, and \
2 after an error. 127: the command is not found; 126: it cannot be run. Without the right to capture, it is not started (2).";

/// The settings of libpcap. Packets between other machines are not the command's.
const SETTINGS: Settings = Settings { snaplen: 262_144, buffer: 32 << 20, promiscuous: false, immediate: false };

/// The time for which the capture goes on after the command has ended: its last packets, and the answers to them.
const LINGER: Duration = Duration::from_millis(300);

impl Run {
    /// Runs the command, and writes the report once it has ended.
    pub fn run(&mut self) -> Result<exit::Code, Error> {
        self.reporting.aside = true;
        output::check_format(&self.reporting)?;
        let others = [self.keys.files(), &self.reporting.texts.files()?].concat();
        output::check((&[], false), &others, &[self.reporting.output()])?;
        let registries = self.reporting.texts.registries(None)?;
        let names = self.names()?;
        let interfaces = Interfaces::open(&names, SETTINGS, "")?;
        let caller = privileges::become_caller()?;
        self.reporting.output().map_or(Ok(()), output::can_write)?;
        let wait = |source| Error::Wait { source };
        let passing = Passing::catch().map_err(wait)?;
        let (stop, to_stop) = Stop::called().map_err(wait)?;
        let log = KeyLog::prepare()?;
        let keys = self.keys.with(log.files().iter().cloned());
        let key_logs = keys.await_all()?;
        self.tell_beginning(&names, caller.as_ref());
        let child = match command::start(&self.command, log.variables(), caller.as_ref()) {
            Ok(child) => child,
            Err(Failure { error, code }) => {
                output::print_error(&error);
                return Ok(code);
            }
        };
        let watcher = Watcher::start(child, passing, log, to_stop)?;
        self.reporting.enter_sandbox(Allowed::default().growing(keys.files()).counters_of(&names));
        let watch = Watch::new(self.reporting.texts.language(), registries.clone(), self.reporting.privacy());
        let (until, screen) = (Until { linger: LINGER, ..Until::default() }, Screen::new(&self.reporting).silent());
        let mut session = Session::new(Box::new(interfaces), None, key_logs, Box::new(screen), (watch, until));
        session.name(self.reporting.wss.clone());
        let ended = session.run(stop);
        let observed = watcher.finish();
        let own = match ended {
            Ok(ended) => self.report(ended, registries, &observed),
            Err(error) => exit_code(false, &[error]),
        };
        Ok(if observed.code == 0 { own } else { observed.code })
    }

    /// Writes the report on the connections of the command. Returns the exit code if the command has succeeded.
    fn report(&self, ended: Ended, registries: Registries, observed: &Observed) -> exit::Code {
        let Ended { material, mut faults, .. } = ended;
        let (material, notes) = self.narrowed(material, observed);
        let material = Material { privacy: self.reporting.privacy(), registries, ..material };
        let mut report = Pending::new(material, self.reporting.texts.language()).finish();
        report.times = self.reporting.time.clone();
        self.add_notes(&mut report, notes);
        faults.extend(absent(&self.reporting, report.connections.len()));
        let matched = self.reporting.fails(&report);
        let written = output::emit(&self.reporting, |out| output::render(&self.reporting, &mut report, out));
        faults.extend(written.err());
        exit_code(matched, &faults)
    }

    /// Leaves out the connections that other programs opened. Returns notes on what is left out, and on what may be.
    fn narrowed(&self, mut material: Material, observed: &Observed) -> (Material, Vec<String>) {
        let language = self.reporting.texts.language();
        let (mut others, mut unsure) = (0, 0);
        let mut is_reported = |facts: &Facts| match observed.owner(facts) {
            Owner::Command => true,
            Owner::Unknown => {
                unsure += 1;
                true
            }
            Owner::Other => {
                others += 1;
                false
            }
        };
        let facts: Vec<_> = material.facts.iter().filter(|facts| is_reported(facts)).collect();
        material.outside.retain(|facts| is_reported(facts));
        material.facts = facts.into();
        let mut notes = Vec::new();
        if !observed.tells_owners() {
            notes.push(word("run_all", &[], language));
        } else if unsure > 0 {
            notes.push(counted("run_unsure", unsure, &[], language));
        }
        if others > 0 {
            notes.push(counted("run_others", others, &[], language));
        }
        if observed.left > 0 {
            notes.push(counted("run_left", observed.left, &[], language));
        }
        (material, notes)
    }

    /// Adds notes to a report, the first of which says so if it has no connection.
    fn add_notes(&self, report: &mut Report, notes: Vec<String>) {
        if report.connections.is_empty() && report.encrypted.is_empty() {
            let command = self.command.first().map(|command| command.to_string_lossy()).unwrap_or_default();
            let none = word("run_none", &[("command", &command)], self.reporting.texts.language());
            report.notes.insert(0, sanitized(&none));
        }
        report.notes.extend(notes);
    }

    /// Returns the interfaces to capture on.
    fn names(&self) -> Result<Vec<String>, Error> {
        if !self.interfaces.is_empty() {
            return Ok(self.interfaces.clone());
        }
        let choice = default_interface()?;
        let others = (choice.is_default_route && choice.name != LOOPBACK).then_some(choice.name);
        Ok(others.into_iter().chain([LOOPBACK.to_owned()]).collect())
    }

    /// Prints with `--verbose` on standard error what is captured, and whom the command runs as.
    #[expect(clippy::print_stderr, reason = "it is not part of the report")]
    fn tell_beginning(&self, interfaces: &[String], caller: Option<&Caller>) {
        if !self.reporting.verbose {
            return;
        }
        let language = self.reporting.texts.language();
        let interfaces = interfaces.join(", ");
        let on = match caller {
            Some(Caller { name, .. }) => {
                word("live_as_user", &[("interfaces", &*interfaces), ("user", &**name)], language)
            }
            None => interfaces,
        };
        eprintln!("{}", sanitized(&word("run_begins", &[("interfaces", &on)], language)));
        if caller.is_none() && privileges::is_root() {
            eprintln!("{}", word("run_as_root", &[], language));
        }
    }
}
