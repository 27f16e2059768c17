//! What is seen while a capture goes on: a line an event, and below them, on a terminal, how it stands.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice::Never;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyclosed::catalog::Language;
use whyclosed::live::{Update, line};
use whyclosed::render::json;
use whyclosed::report::phrase::{number, word};

use crate::output;
use crate::reporting::{Format, Reporting};

/// Where lines go, and how.
pub struct Screen {
    lines: Lines,
    language: Language,
    status: Option<ProgressBar>,
}

/// How events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// Not at all: only the answer is wanted.
    None,
    /// As text, on standard output: before a report that is text, too.
    Text { color: bool },
    /// As text, on standard error: standard output is for the report alone.
    Aside { color: bool },
    /// As JSON.
    Json,
}

/// How a capture stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Status {
    /// Packets in the last second.
    pub packets_per_second: u64,
    /// Packets so far.
    pub packets: u64,
    /// WebSocket connections that are open.
    pub open: usize,
    /// Packets dropped so far.
    pub dropped: u64,
}

impl Screen {
    /// A screen for a way of reporting.
    pub fn new(reporting: &Reporting) -> Self {
        let lines = match reporting.format {
            _ if reporting.quiet => Lines::None,
            Format::Terminal => Lines::Text { color: output::look(reporting.color, io::stdout().is_terminal()).color },
            Format::Ndjson => Lines::Json,
            _ => Lines::Aside { color: anstream::AutoStream::choice(&io::stderr()) != Never },
        };
        let has_status = !reporting.quiet && io::stderr().is_terminal();
        Self { lines, language: reporting.texts.language(), status: has_status.then(status) }
    }

    /// The language of the lines.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Says on what the capture begins, on standard error.
    #[expect(clippy::print_stderr, reason = "it is no part of the report")]
    pub fn begin(&self, interfaces: &str, user: Option<&str>) {
        let word = |name, values: &[(&str, &str)]| word(name, values, self.language);
        let on = match user {
            Some(user) => word("live_as_user", &[("interfaces", interfaces), ("user", user)]),
            None => interfaces.to_owned(),
        };
        if self.lines != Lines::None {
            eprintln!("{}", word("live_begins", &[("interfaces", &on)]));
        }
    }

    /// Prints a line. An error means that nobody reads any more.
    pub fn tell(&mut self, told: &Update) -> io::Result<()> {
        let text = match self.lines {
            Lines::None => return Ok(()),
            Lines::Text { color } | Lines::Aside { color } => line(told, self.language, color),
            Lines::Json => {
                let mut object = Vec::new();
                json::line(told, &mut object)?;
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

    /// Shows how it stands, below the lines.
    pub fn status(&self, now: Status) {
        if let Some(status) = &self.status {
            let number = |count| number(count, self.language);
            let values = [
                ("rate", &*number(now.packets_per_second)),
                ("packets", &number(now.packets)),
                ("open", &number(now.open as u64)),
                ("dropped", &number(now.dropped)),
            ];
            status.set_message(word("live_status", &values, self.language));
        }
    }

    /// Takes the status away, and leaves room for the report.
    pub fn finish(&mut self) {
        if let Some(status) = self.status.take() {
            status.finish_and_clear();
        }
        if let Lines::Text { .. } = self.lines {
            // Whoever reads may have stopped.
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
