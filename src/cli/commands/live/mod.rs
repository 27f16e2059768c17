//! `whyclosed live`: watches interfaces or a pipe, reports each opening and close as it happens, and writes a report at the
//! end.

mod opened;
mod outlet;
pub(super) mod screen;
pub(super) mod session;
mod storage;
#[cfg(feature = "view")]
mod viewing;

use std::io::{self, Write};
#[cfg(feature = "view")]
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use whyclosed::capture::live::Settings;
use whyclosed::capture::pcapng::Description;
use whyclosed::capture::recording::Ring;
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::live::Watch;
use whyclosed::render::ndjson;
use whyclosed::report::phrase::word;
use whyclosed::report::{Material, Pending, Report};
use whyclosed::target::Target;
#[cfg(feature = "view")]
use whyclosed::{catalog::Registries, view::Options};

use self::opened::Opened;
use self::outlet::Outlet;
use self::screen::Screen;
use self::session::{Ended, Session, Until};
use self::storage::Storage;
#[cfg(feature = "view")]
use self::viewing::Viewing;
#[cfg(feature = "view")]
use super::view;
use super::{absent, exit_code};
use crate::exit;
use crate::keys::KeyArgs;
use crate::reporting::{Format, Reporting};
use crate::sandbox::Allowed;
use crate::selecting::duration;
use crate::signals::Stop;
use crate::{output, privileges};

/// Watch interfaces or a pipe: print each opening, refusal and close as it happens, and a report at the end.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Live {
    /// Capture on this interface (repeatable); `any` is all of them (default: the interface of the default route).
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,

    /// Capture only packets from and to this TCP port (repeatable).
    #[arg(short, long, value_name = "PORT")]
    port: Vec<u16>,

    /// A pcap filter, as in tcpdump: host 10.0.0.1 and not port 22. Syntax errors are highlighted.
    ///
    /// If the first word is -, the packets are those of a pcap or pcapng stream on standard input, and no interface is opened.
    #[arg(value_name = "[-] FILTER")]
    filter: Vec<String>,

    /// Stop after this time: 30s, 5m, 1h.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    duration: Option<Duration>,

    /// Stop once N connections have closed or were refused.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    count: Option<u64>,

    /// Stop once a connection has closed with this code (1006: without a Close frame).
    #[arg(long, value_name = "CODE")]
    until: Option<u16>,

    /// Write what is captured to FILE, as pcapng.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Write to FILE_00001, FILE_00002, … and keep the last ones: 10x64MB, 24x1h.
    #[arg(long, requires = "write", value_name = "NxLIMIT")]
    write_ring: Option<Ring>,

    /// Write only connections of this kind, each once its verdict is known.
    ///
    /// Until then the first 64 KiB and the last 1 MiB of its packets are held, 48 MiB of all connections together.
    #[arg(long, requires = "write", value_enum, value_name = "WHAT")]
    write_only: Option<Kind>,

    /// Move about in the connections while they are captured, in the terminal view: `?` in it explains its keys. The report
    /// follows when you leave.
    #[cfg(feature = "view")]
    #[arg(long)]
    view: bool,

    #[command(flatten)]
    keys: KeyArgs,

    #[command(flatten)]
    reporting: Reporting,

    #[command(flatten)]
    capturing: Capturing,
}

/// The connections that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Those that ended as connections should not.
    Abnormal,
}

/// The settings of libpcap.
#[derive(Debug, Args)]
#[command(next_help_heading = "Capturing")]
struct Capturing {
    /// Keep this many bytes of each packet (default: all, since a Close frame may be at the end of a long segment).
    #[arg(long, default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(64..=262_144), value_name = "BYTES")]
    snaplen: u32,

    /// Size of the system's buffer in MiB, for each interface. It holds packets while the program is busy; when it is full,
    /// packets are dropped, and the report says so.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024), value_name = "MiB")]
    buffer: u32,

    /// See packets to other machines too, as on a mirror port or a bridge between containers (default).
    #[arg(long, overrides_with = "no_promisc")]
    promisc: bool,

    /// See only packets from and to this machine.
    #[arg(long)]
    no_promisc: bool,

    /// Deliver each packet at once. By default the system collects packets for up to 10 ms, which makes far better use of
    /// the buffer.
    #[arg(long)]
    immediate: bool,

    /// Stay root. By default root is used only to open the interfaces; whyclosed then drops to the user who ran `sudo` (or
    /// `nobody`), without capabilities.
    #[arg(long)]
    keep_privileges: bool,
}

const EXAMPLES: &str = "\
Examples:
  sudo whyclosed live -i lo -p 8080            connections within this machine, to port 8080
  sudo whyclosed live -i any                   all interfaces
  sudo whyclosed live host 10.0.0.7            the default route's interface, one peer
  sudo whyclosed live -i lo --until 1006       until one ends without a Close frame
  sudo whyclosed live -i lo -w trace.pcapng    keep the packets, too
  sudo whyclosed live -i lo --format ndjson    for programs: one JSON object a line
  sudo whyclosed live -i lo --view             the open connections and the ended ones, to move about in
  ssh HOST tcpdump -U -w - | whyclosed live -  the packets of another machine, as they come

Ctrl-C ends it and prints the report; a second one ends it at once. So does the end of standard input.";

impl Live {
    /// Captures until something ends the session, then writes the report.
    pub fn run(&self) -> Result<exit::Code, Error> {
        #[cfg(feature = "view")]
        if self.view {
            viewing::check()?;
        }
        let outputs = [self.reporting.output(), self.write.as_deref()];
        output::check_format(&self.reporting)?;
        let others = [self.keys.files(), &self.reporting.texts.files()?].concat();
        output::check((&[], false), &others, &outputs)?;
        let registries = self.reporting.texts.registries(None)?;
        let language = self.reporting.texts.language();
        let opened = self.open(language)?;
        let keys = self.keys.await_all()?;
        // Root's file, where nobody else can have planted one; elsewhere, that of the user who goes on.
        let as_root = if self.writes_as_root() { self.storage(opened.descriptions())? } else { None };
        let user = if self.capturing.keep_privileges { None } else { privileges::give_up()? };
        let storage = match as_root {
            Some(storage) => Some(storage),
            None => self.storage(opened.descriptions()).map_err(|error| told_by(error, user.as_deref()))?,
        };
        self.reporting
            .output()
            .map_or(Ok(()), |path| output::can_write(path).map_err(|error| told_by(error, user.as_deref())))?;
        let allowed =
            Allowed::default().growing(self.keys.files()).output(self.write.as_deref()).counters_of(opened.names());
        // Keys come from the terminal even if the packets come from standard input.
        #[cfg(feature = "view")]
        let allowed = if self.view { allowed.output(Some(Path::new("/dev/tty"))) } else { allowed };
        self.reporting.enter_sandbox(allowed);
        let (beginning, linger) = (opened.beginning(), opened.linger());
        let feed = opened.into_feed()?;
        let (stop, to_stop) = Stop::at_signal().map_err(|source| Error::Wait { source })?;
        #[cfg(feature = "view")]
        let viewing = self.view.then(|| Viewing::open(self.view_options(&registries), to_stop)).transpose()?;
        #[cfg(not(feature = "view"))]
        drop(to_stop);
        let outlet = || -> Box<dyn Outlet> {
            let screen = Screen::new(&self.reporting);
            screen.begin(&beginning, user.as_deref());
            Box::new(screen)
        };
        #[cfg(feature = "view")]
        let outlet = viewing.as_ref().map_or_else(outlet, |viewing| viewing.outlet(beginning.1.clone(), language));
        #[cfg(not(feature = "view"))]
        let outlet = outlet();
        let until = Until { duration: self.duration, count: self.count, code: self.until, linger };
        let privacy = self.reporting.privacy();
        let watch = Watch::new(language, registries.clone(), privacy);
        let mut session = Session::new(feed, storage, keys, outlet, (watch, until));
        session.name(self.reporting.wss.clone());
        let Ended { material, faults, reader_left, is_called } = session.run(stop)?;
        let material = Material { privacy, registries, ..material };
        let mut report = Pending::new(material, language).finish();
        report.times = self.reporting.time.clone();
        #[cfg(feature = "view")]
        if let Some(viewing) = viewing {
            match is_called {
                true => viewing.leave()?,
                false => viewing.complete(&report, self.reporting.selection(report.start()))?,
            }
        }
        let absent = absent(&self.reporting, report.connections.len());
        let faults: Vec<_> = faults.into_iter().chain(absent).collect();
        let matched = self.reporting.fails(&report);
        self.write_report(&mut report, reader_left)?;
        Ok(exit_code(matched, &faults))
    }

    /// Writes the report. In `live | tee log`, Ctrl-C ends the reader, too: unless it `reader_left` before, the report then
    /// goes to standard error, or, if it is for programs, is said to be lost.
    fn write_report(&self, report: &mut Report, reader_left: bool) -> Result<(), Error> {
        let is_of_lines =
            self.reporting.format() == Format::Ndjson && self.reporting.output().is_none() && !self.has_view();
        let mut render = |out: &mut dyn Write| match is_of_lines {
            true => ndjson::render_last(report, out),
            false => output::render(&self.reporting, report, out),
        };
        if self.reporting.output().is_some() {
            return output::emit(&self.reporting, render);
        }
        let mut text = Vec::new();
        let failed = |source| Error::Write { path: "standard output".into(), source };
        render(&mut text).map_err(failed)?;
        let mut out = io::stdout();
        let written = out.write_all(&text).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                if !reader_left {
                    self.rescue(&text);
                }
                Ok(())
            }
            other => other.map_err(failed),
        }
    }

    /// Prints a report that standard output did not take. Nothing can be done if this fails, too.
    fn rescue(&self, report: &[u8]) {
        let language = self.reporting.texts.language();
        let _ = match self.reporting.format() {
            Format::Terminal | Format::List | Format::Markdown => io::stderr().write_all(report),
            _ => writeln!(io::stderr(), "{}", word("live_report_lost", &[], language)),
        };
    }

    /// Returns whether the file for packets is opened before privileges are given up. The files of a ring are not: there
    /// will be others.
    fn writes_as_root(&self) -> bool {
        let target = self.write.as_deref().map(Target::resolve);
        self.write_ring.is_none() && target.is_some_and(|target| target.is_ok_and(|target| target.is_guarded()))
    }

    /// Returns whether updates are shown in a view, and not as lines.
    const fn has_view(&self) -> bool {
        #[cfg(feature = "view")]
        let has_view = self.view;
        #[cfg(not(feature = "view"))]
        let has_view = false;
        has_view
    }

    /// Returns the settings of the view.
    #[cfg(feature = "view")]
    fn view_options(&self, registries: &Registries) -> Options {
        let mut options = view::options(&self.reporting, registries);
        options.refused = Some("not_live");
        options
    }

    /// Creates the output for packets, if they are to be written.
    fn storage(&self, interfaces: Vec<Description>) -> Result<Option<Storage>, Error> {
        let only_abnormal = self.write_only == Some(Kind::Abnormal);
        let create = |path| Storage::create(path, self.write_ring, only_abnormal, interfaces);
        self.write.as_deref().map(create).transpose()
    }

    /// Opens what is captured.
    fn open(&self, language: Language) -> Result<Opened, Error> {
        match self.filter.split_first() {
            Some((first, words)) if first == "-" => {
                if self.write.is_some() {
                    return Err(Error::WriteFromPipe);
                }
                Opened::stdin(&self.filter(words), language)
            }
            _ => Opened::interfaces(&self.interface, self.capturing.settings(), &self.filter(&self.filter), language),
        }
    }

    /// Returns the capture filter: these words, and one for the given ports.
    fn filter(&self, words: &[String]) -> String {
        let words = words.join(" ");
        let ports: Vec<_> = self.port.iter().map(|port| format!("tcp port {port}")).collect();
        match (words.is_empty(), ports.is_empty()) {
            (_, true) => words,
            (true, false) => ports.join(" or "),
            (false, false) => format!("({words}) and ({})", ports.join(" or ")),
        }
    }
}

impl Capturing {
    fn settings(&self) -> Settings {
        Settings {
            snaplen: self.snaplen,
            buffer: self.buffer.saturating_mul(1 << 20),
            promiscuous: self.promisc || !self.no_promisc,
            immediate: self.immediate,
        }
    }
}

/// Explains an error of permission: root could have written the file, but the user that the program has switched to
/// cannot.
fn told_by(error: Error, user: Option<&str>) -> Error {
    match (error, user) {
        (Error::Write { path, source }, Some(user)) if source.kind() == io::ErrorKind::PermissionDenied => {
            let source = io::Error::new(
                source.kind(),
                format!("user {user} may not write there; choose another place, or give --keep-privileges"),
            );
            Error::Write { path, source }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_parsed() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!((seconds("30s"), seconds("5m"), seconds("1h")), (Ok(30), Ok(300), Ok(3600)));
        for wrong in ["", "s", "5", "-1s", "1d", "1.5s", "99999999999999999999h", "5é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
