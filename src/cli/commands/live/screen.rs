//! The output during a capture: a line for each update, and below them, on a terminal, a status line.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice::Never;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use whyclosed::analyzer::Analyzer;
use whyclosed::catalog::Language;
use whyclosed::live::{Update, Watch, line};
use whyclosed::render::json;
use whyclosed::report::document::{Clock, Times};
use whyclosed::report::phrase::word;

use super::outlet::{Outlet, Status};
use crate::output;
use crate::reporting::{Format, Reporting};

/// The output of a session: its lines and its status.
pub struct Screen {
    lines: Lines,
    times: Times,
    /// The time at which the session began, by RFC 3339.
    start: String,
    language: Language,
    status: Option<ProgressBar>,
}

/// The form in which updates are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// Not at all: only the report is wanted.
    None,
    /// As text, on standard output, before a report that is text, too.
    Text { color: bool },
    /// As text, on standard error: standard output is for the report alone.
    Aside { color: bool },
    /// As JSON, on standard output.
    Json,
}

impl Screen {
    /// Creates the screen that these options ask for.
    pub fn new(reporting: &Reporting) -> Self {
        let lines = match reporting.format() {
            _ if reporting.quiet => Lines::None,
            Format::Terminal => Lines::Text { color: output::look(reporting.color, io::stdout().is_terminal()).color },
            Format::Ndjson => Lines::Json,
            _ => Lines::Aside { color: anstream::AutoStream::choice(&io::stderr()) != Never },
        };
        let has_status = !reporting.quiet && io::stderr().is_terminal();
        Self {
            lines,
            times: reporting.time.clone(),
            start: Timestamp::now().to_string(),
            language: reporting.texts.language(),
            status: has_status.then(status),
        }
    }

    /// Returns the screen without lines or status, for the report alone.
    pub fn silent(self) -> Self {
        Self { lines: Lines::None, status: None, ..self }
    }

    /// Returns the clock for the times of the lines.
    fn clock(&self) -> Clock<'_> {
        Clock::new(&self.times, Some(&self.start))
    }

    /// Prints what is captured, in the words of this name, and the user that the program runs as, on standard error.
    #[expect(clippy::print_stderr, reason = "it is not part of the report")]
    pub fn begin(&self, (name, interfaces): &(&'static str, String), user: Option<&str>) {
        let word = |name, values: &[(&str, &str)]| word(name, values, self.language);
        let on = match user {
            Some(user) => word("live_as_user", &[("interfaces", &**interfaces), ("user", user)]),
            None => interfaces.clone(),
        };
        if self.lines != Lines::None {
            eprintln!("{}", word(name, &[("interfaces", &on), ("zone", &self.clock().zone(self.language))]));
        }
    }
}

impl Outlet for Screen {
    fn language(&self) -> Language {
        self.language
    }

    /// Prints an update. An error means that the reader has closed the pipe, or that writing failed.
    fn tell(&mut self, told: Update) -> io::Result<()> {
        let text = match self.lines {
            Lines::None => return Ok(()),
            Lines::Text { color } | Lines::Aside { color } => line(&told, self.clock(), self.language, color),
            Lines::Json => {
                let mut object = Vec::new();
                json::line(&told, &mut object)?;
                String::from_utf8_lossy(object.trim_ascii_end()).into_owned()
            }
        };
        let aside = matches!(self.lines, Lines::Aside { .. });
        let print = || {
            if aside {
                writeln!(io::stderr(), "{text}")
            } else {
                let mut out = io::stdout().lock();
                writeln!(out, "{text}").and_then(|()| out.flush())
            }
        };
        match &self.status {
            Some(status) => status.suspend(print),
            None => print(),
        }
    }

    /// Shows the status below the lines.
    fn beat(&mut self, now: Status, _: &mut Watch, _: &Analyzer) {
        if let Some(status) = &self.status {
            status.set_message(now.text(self.language));
        }
    }

    /// Removes the status, and separates the report from the lines.
    fn finish(&mut self) {
        if let Some(status) = self.status.take() {
            status.finish_and_clear();
        }
        if let Lines::Text { .. } = self.lines {
            // The reader may be gone.
            let _ = writeln!(io::stdout());
        }
    }
}

fn status() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} · {msg}") {
        bar.set_style(style);
    }
    bar
}
