//! `whyclosed view CAPTURE…`: a terminal view of the report, which fills while the captures are read.
//!
//! ```text
//! reading thread ─ connections, progress, report ─┐
//! writing thread ─ what was written ──────────────┼─→ State ─ draw ─→ screen
//! keys, mouse, signals ───────────────────────────┘     └─ Effect ─→ clipboard, files, writing thread
//! ```

mod reading;
pub(super) mod screen;
mod writing;

use std::io::{self, IsTerminal};
use std::mem::take;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Connection, Report};
use whyclosed::view::{Effect, Options, State, Ticket, word};

use self::screen::Screen;
use self::writing::Job;
use super::exit_code;
use super::read::Read;
use crate::exit;
use crate::output;
use crate::reporting::Reporting;
use crate::sandbox::Allowed;

/// Options of a report that is written, which has no place on a screen.
const ELSEWHERE: [&str; 11] =
    ["all", "bundle", "expect", "fail_on", "files", "format", "output", "quiet", "sensor", "top", "verbose"];

/// Move about in the report: causes, connections, and for each why it ended, its last moments and the proof.
///
/// Takes the options of reports that select, redact and name. `?` in the view explains its keys.
#[derive(Debug)]
pub struct View {
    read: Read,
}

/// The options are those of reports. The ones of a written report are hidden, and refused.
impl Args for View {
    fn augment_args(command: Command) -> Command {
        let about =
            "Move about in the report: causes, connections, and for each why it ended, its last moments and the proof";
        let long = format!(
            "{about}.\n\nTakes the options of reports that select, redact and name. `?` in the view explains its keys."
        );
        let hide = |command: Command, name| command.mut_arg(name, |arg| arg.hide(true));
        ELSEWHERE.into_iter().fold(Read::augment_args(command), hide).about(about).long_about(long)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for View {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given = |name: &&&str| matches.value_source(name) == Some(ValueSource::CommandLine);
        if let Some(name) = ELSEWHERE.iter().find(is_given) {
            let text = format!("--{} is for reports that are written, not for `view`\n", name.replace('_', "-"));
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text));
        }
        Read::from_arg_matches(matches).map(|read| Self { read })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|view| *self = view)
    }
}

/// What the other threads have to tell.
enum Message {
    /// How far reading is.
    Progress(String),
    /// Everything has been read.
    Read(Result<Box<Done>, Error>),
    /// A file was written, or not.
    Written(PathBuf, Result<Vec<String>, Error>),
}

/// Connections that were judged early, and that the view has not shown yet.
type Waiting = Mutex<Vec<Box<Connection>>>;

/// What was read.
struct Done {
    report: Report,
    selection: Selection,
    faults: Vec<Error>,
    /// The files of each capture.
    files: Vec<Vec<PathBuf>>,
}

/// The end of the view.
enum End {
    /// The user has left; these are the faults of the captures.
    Left(Vec<Error>),
    /// Nothing could be read.
    Failed(Vec<Error>),
}

impl View {
    /// Shows the captures until the user leaves.
    pub fn run(&self) -> Result<exit::Code, Error> {
        if !io::stdout().is_terminal() {
            return Err(Error::NoTerminal);
        }
        if self.read.has_no_input() {
            return Err(Error::NoCapture);
        }
        let mut read = self.read.clone();
        // Nothing may be printed across the screen.
        read.reporting.quiet = true;
        // Slices and bundles are written to the current folder, with parts in temporary files. Keys come from the terminal even if
        // the capture comes from standard input.
        let here = Path::new(".").join("whyclosed");
        let also = Allowed::default().output(Some(&here)).output(Some(Path::new("/dev/tty"))).temporary_files();
        let begun = read.begin(also)?;
        let registries = begun.registries.clone();
        let options = Options { refused: writing::refused(&read), ..options(&read.reporting, &registries) };
        let mut screen = Screen::open().map_err(screen::fault)?;
        let size = screen.size().map_err(screen::fault)?;
        let ((sender, receiver), waiting) = (channel(), Waiting::default());
        let code = thread::scope(|scope| {
            let (read, waiting, to_view) = (&read, &waiting, sender.clone());
            scope.spawn(move || drop(to_view.send(Message::Read(reading::all(read, begun, waiting, &to_view)))));
            let state = State::new(options, size);
            let (files, faults, pending) = Default::default();
            let session = Session { state, read, registries, waiting, sender, receiver, files, faults, pending };
            let end = session.run(&mut screen, scope);
            screen.close();
            match &end {
                Ok(End::Left(faults)) => exit_code(false, faults),
                Ok(End::Failed(faults)) => {
                    faults.iter().for_each(output::print_error);
                    exit::ERROR
                }
                Err(error) => {
                    output::print_error(error);
                    exit::ERROR
                }
            }
        });
        Ok(code)
    }
}

/// Returns the settings of a view from which packets can be written.
pub(super) fn options(reporting: &Reporting, registries: &Registries) -> Options {
    let (flavor, most, command) = (reporting.flavor(), reporting.max_chars(), output::command(reporting));
    let mut selection = reporting.selection(None);
    // The numbers are those of the report, which are not known before.
    selection.ids.clear();
    Options {
        language: reporting.texts.language(),
        color: output::look(reporting.color, true).color,
        registries: registries.clone(),
        ticket: Ticket { flavor, most, command },
        selection,
        refused: None,
    }
}

/// A running view.
struct Session<'v> {
    state: State,
    read: &'v Read,
    registries: Registries,
    waiting: &'v Waiting,
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    files: Vec<Vec<PathBuf>>,
    faults: Vec<Error>,
    /// The number of files that are being written.
    pending: usize,
}

impl<'v> Session<'v> {
    /// Shows the state, and takes events, until the user leaves.
    fn run<'s>(mut self, screen: &mut Screen, scope: &'s Scope<'s, '_>) -> Result<End, Error>
    where
        'v: 's,
    {
        loop {
            let early = take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            // The complete report has them already.
            if !early.is_empty() && self.state.is_reading() {
                self.state.add(early);
            }
            while let Ok(message) = self.receiver.try_recv() {
                if let Some(end) = self.hear(message) {
                    return Ok(end);
                }
            }
            for effect in screen.turn(&mut self.state)? {
                match effect {
                    Effect::Quit => return self.leave(screen),
                    Effect::Write(product, chosen) => {
                        let Some(files) = self.files.get(chosen.capture as usize - 1) else { continue };
                        let job = Job::new(product, chosen, files.clone());
                        self.state.say(word("writing", &[("path", &job.name())], self.language()));
                        self.pending += 1;
                        let (read, sender, registries) = (self.read, self.sender.clone(), self.registries.clone());
                        scope.spawn(move || {
                            let written = job.write(read, registries);
                            drop(sender.send(Message::Written(job.path, written)));
                        });
                    }
                    // The screen has done these.
                    Effect::Copy(_) | Effect::Suspend => {}
                }
            }
        }
    }

    fn language(&self) -> Language {
        self.read.reporting.texts.language()
    }

    /// Takes what another thread has to tell. Returns the end if nothing could be read.
    fn hear(&mut self, message: Message) -> Option<End> {
        match message {
            Message::Progress(text) => self.state.progress(text),
            Message::Read(Ok(done)) => {
                let Done { report, selection, faults, files } = *done;
                if report.captures.is_empty() {
                    return Some(End::Failed(faults));
                }
                self.state.complete(report, selection);
                faults.first().into_iter().for_each(|fault| self.state.say(fault.to_string()));
                (self.faults, self.files) = (faults, files);
            }
            Message::Read(Err(error)) => return Some(End::Failed(vec![error])),
            Message::Written(path, written) => {
                self.pending -= 1;
                let said = match written {
                    Ok(said) if said.is_empty() => word("written", &[("path", &writing::name(&path))], self.language()),
                    Ok(said) => said.join(" "),
                    Err(error) => error.to_string(),
                };
                self.state.say(said);
            }
        }
        None
    }

    /// Ends the view. What other threads do is not waited for.
    fn leave(mut self, screen: &mut Screen) -> Result<End, Error> {
        if self.state.is_reading() || self.pending > 0 {
            screen.close();
            crate::signals::leave();
        }
        Ok(End::Left(take(&mut self.faults)))
    }
}
