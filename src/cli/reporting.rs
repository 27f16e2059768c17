//! Options of every command that ends with a report: the contents, the format, and what counts as a failure.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use whyclosed::analyzer::Named;
use whyclosed::render::markdown;
use whyclosed::report::Report;
use whyclosed::report::redact::Privacy;
use whyclosed::report::selection::Selection;

use crate::locale::TextArgs;
use crate::sandbox::Allowed;
use crate::sandboxing::Sandboxing;

/// The options of a report.
#[derive(Debug, Args)]
pub struct Reporting {
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = Format::Terminal, value_name = "FORMAT")]
    pub format: Format,

    /// Tracker that the Markdown is written for.
    #[arg(long, value_enum, default_value_t = Flavor::Github, value_name = "TRACKER")]
    pub flavor: Flavor,

    /// Write the report to FILE, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Also show connections that ended normally.
    #[arg(long)]
    pub all: bool,

    /// Report only this connection (repeatable).
    #[arg(long, value_name = "N")]
    pub connection: Vec<usize>,

    /// Report only connections in which this close code occurred (repeatable).
    #[arg(long, value_name = "N")]
    pub code: Vec<u16>,

    /// The encrypted connections to this server, or to this port, are WebSockets (repeatable; HOST is a name that clients ask
    /// for, or an address). Without keys, the report says what can be seen from outside.
    #[arg(long, value_name = "HOST[:PORT]|PORT")]
    pub wss: Vec<Named>,

    /// Colour the report.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,

    /// Print only the answer: no table, no sections, no progress.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Also print what each endpoint reports, and what else may explain the end.
    #[arg(short, long)]
    pub verbose: bool,

    /// Show secrets as they were captured, instead of [redacted:kind#n].
    #[arg(long)]
    pub show_secrets: bool,

    /// Show the first N characters of the last messages in the timeline.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub previews: usize,

    /// Replace addresses and host names, one to one; addresses that share a prefix still do.
    #[arg(long)]
    pub anonymize: bool,

    /// Exit with 1 if a connection ended abnormally, or with one of these codes.
    #[arg(long, value_delimiter = ',', value_name = "abnormal|CODE,…")]
    pub fail_on: Vec<Failure>,

    #[command(flatten)]
    pub sandboxing: Sandboxing,

    #[command(flatten)]
    pub texts: TextArgs,
}

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Terminal,
    /// For programs: every connection.
    Json,
    /// For programs: a connection a line.
    Ndjson,
    /// For spreadsheets: a connection a row.
    Csv,
    /// To be pasted into a ticket.
    Markdown,
    /// To look at: one page with charts and diagrams, which needs no network.
    Html,
}

/// An issue tracker, by its markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Flavor {
    /// GitHub Flavored Markdown; GitLab reads it, too.
    Github,
    /// Jira's wiki markup.
    Jira,
}

/// The choice of when to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A condition of `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Any end but a normal one.
    Abnormal,
    /// A close code.
    Code(u16),
}

impl FromStr for Failure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "abnormal" => Ok(Self::Abnormal),
            code => {
                code.parse().map(Self::Code).map_err(|_| format!("`{code}` is neither `abnormal` nor a close code"))
            }
        }
    }
}

impl Reporting {
    /// Returns the selection of connections.
    pub fn selection(&self) -> Selection {
        Selection { all: self.all, ids: self.connection.clone(), codes: self.code.clone() }
    }

    /// Returns the flavour of the Markdown.
    pub const fn flavor(&self) -> markdown::Flavor {
        match self.flavor {
            Flavor::Github => markdown::Flavor::Github,
            Flavor::Jira => markdown::Flavor::Jira,
        }
    }

    /// Returns what the report may show of secrets, addresses and messages.
    pub const fn privacy(&self) -> Privacy {
        Privacy { show_secrets: self.show_secrets, anonymize: self.anonymize, previews: self.previews }
    }

    /// Enters the sandbox, and with `--verbose` prints what it enforces.
    pub fn enter_sandbox(&self, allowed: Allowed) {
        let allowed = allowed.output(self.output.as_deref());
        let enforced = self.sandboxing.enter(&allowed);
        if self.verbose {
            self.sandboxing.tell(enforced, self.texts.language());
        }
    }

    /// Returns whether a report contains what `--fail-on` names.
    pub fn fails(&self, report: &Report) -> bool {
        let selection = self.selection();
        report.connections.iter().filter(|connection| selection.matches(connection)).any(|connection| {
            self.fail_on.iter().any(|failure| match failure {
                Failure::Abnormal => connection.is_abnormal(),
                Failure::Code(code) => connection.has_code(*code),
            })
        })
    }
}
