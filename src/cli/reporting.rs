//! Options of every command that ends with a report: the contents, the format, and what counts as a failure.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum, value_parser};
use whyclosed::analyzer::Named;
use whyclosed::render::markdown;
use whyclosed::report::Report;
use whyclosed::report::document::Times;
use whyclosed::report::redact::Privacy;
use whyclosed::report::selection::Selection;

use crate::locale::TextArgs;
use crate::sandbox::Allowed;
use crate::sandboxing::Sandboxing;
use crate::selecting::Selecting;
use crate::sorting::Sorting;
use crate::tables::TableArgs;
use crate::timing::{Ending, times};

/// The options of a report.
#[derive(Clone, Debug, Args)]
pub struct Reporting {
    /// Format of the report [default: that of FILE's extension, else terminal].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,

    /// Tracker that the Markdown is written for.
    #[arg(long, value_enum, default_value_t = Flavor::Github, value_name = "TRACKER")]
    pub flavor: Flavor,

    /// Shorten the Markdown to N characters, and count what is left out [default: what the tracker accepts, 65536 on GitHub
    /// and GitLab, 32767 on Jira].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1000..))]
    max_chars: Option<u32>,

    /// Write the report to FILE, whole or not at all; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Also show connections that ended normally.
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    selecting: Selecting,

    #[command(flatten)]
    sorting: Sorting,

    /// Whether the report goes to standard error if it goes to no file: that of `run`, since standard output is its command's.
    #[arg(skip)]
    pub aside: bool,

    /// The period in which connections ended: of the commands that read files, since `live` has an `--until` of its own.
    #[arg(skip)]
    pub ending: Ending,

    /// The tables: of the commands that read files.
    #[arg(skip)]
    pub tables: TableArgs,

    /// Form of the times in tables, lists and live lines; formats for programs have UTC.
    #[arg(long, value_parser = times(), default_value = "utc", value_name = "FORM")]
    pub time: Times,

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
    #[arg(long, conflicts_with = "host")]
    pub anonymize: bool,

    /// Exit with 1 if a connection ended abnormally or with one of these codes (as in --code), if there is no WebSocket, or
    /// if part of the capture could not be read.
    #[arg(long, value_delimiter = ',', value_name = "abnormal|CODE|nothing|unread,…")]
    pub fail_on: Vec<Failure>,

    /// Exit with 1 if the number of WebSocket connections, attempts included, is not N.
    #[arg(long, value_name = "N")]
    pub expect: Option<usize>,

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
    /// For grep: a connection a line.
    List,
    /// For programs: every connection.
    Json,
    /// For programs: a connection a line.
    Ndjson,
    /// For spreadsheets: a connection a row.
    Csv,
    /// For warehouses: a connection a row, as an Arrow IPC stream.
    Arrow,
    /// The same as a Parquet file.
    Parquet,
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
    /// No WebSocket connection.
    Nothing,
    /// Traffic that could not be read, and in which WebSockets may be.
    Unread,
}

impl FromStr for Failure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "abnormal" => Ok(Self::Abnormal),
            "nothing" => Ok(Self::Nothing),
            "unread" => Ok(Self::Unread),
            code => {
                let unknown = |_| format!("`{code}` is neither a close code nor `abnormal`, `nothing` or `unread`");
                code.parse().map(Self::Code).map_err(unknown)
            }
        }
    }
}

impl Format {
    /// Returns the format that a file has by its extension.
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "arrow" | "arrows" => Some(Self::Arrow),
            "parquet" => Some(Self::Parquet),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }
}

impl Reporting {
    /// Returns the format of the report.
    pub fn format(&self) -> Format {
        self.format.or_else(|| Format::of(self.output()?)).unwrap_or(Format::Terminal)
    }

    /// Returns whether another format was given, by name or by the extension of the output.
    pub fn has_other_format_than(&self, format: Format) -> bool {
        self.format.or_else(|| Format::of(self.output()?)).is_some_and(|given| given != format)
    }

    /// Returns the format of the table of files: that of its FILE's extension, else that of the report.
    pub fn format_of_files(&self) -> Format {
        self.tables.files().and_then(Format::of).unwrap_or_else(|| self.format())
    }

    /// Returns whether the report is a table for warehouses, whose reader expects a table even if no file could be read.
    pub fn is_table(&self) -> bool {
        self.tables.want_files() || matches!(self.format(), Format::Arrow | Format::Parquet)
    }

    /// Returns the file that the report is written to; `None` is standard output.
    pub fn output(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Returns the selection of connections in a capture whose first packet has this time (RFC 3339).
    pub fn selection(&self, start: Option<&str>) -> Selection {
        let period = self.ending.period(start, &self.time);
        let (order, top) = (self.sorting.order, self.sorting.top);
        Selection { period, order, top, ..self.selecting.selection(self.all) }
    }

    /// Selects one connection instead of those that were asked for.
    #[cfg(feature = "view")]
    pub fn select_only(&mut self, id: usize) {
        (self.selecting, self.sorting, self.ending) = (Selecting::only(id), Sorting::default(), Ending::default());
    }

    /// Returns the flavour of the Markdown.
    pub const fn flavor(&self) -> markdown::Flavor {
        match self.flavor {
            Flavor::Github => markdown::Flavor::Github,
            Flavor::Jira => markdown::Flavor::Jira,
        }
    }

    /// Returns the number of characters that the Markdown may have.
    pub fn max_chars(&self) -> usize {
        let accepted = match self.flavor {
            Flavor::Github => 65_536,
            Flavor::Jira => 32_767,
        };
        self.max_chars.map_or(accepted, |given| given as usize)
    }

    /// Returns what the report may show of secrets, addresses and messages.
    pub const fn privacy(&self) -> Privacy {
        Privacy { show_secrets: self.show_secrets, anonymize: self.anonymize, previews: self.previews }
    }

    /// Enters the sandbox, and with `--verbose` prints what it enforces.
    pub fn enter_sandbox(&self, allowed: Allowed) {
        let allowed = allowed.output(self.output()).output(self.tables.files()).output(self.tables.members());
        let enforced = self.sandboxing.enter(&allowed);
        if self.verbose {
            self.sandboxing.tell(enforced, self.texts.language());
        }
    }

    /// Returns whether the exit code depends on the report.
    pub const fn judges(&self) -> bool {
        !self.fail_on.is_empty() || self.expect.is_some()
    }

    /// Returns whether a report contains what `--fail-on` names, or not as many connections as `--expect` does.
    pub fn fails(&self, report: &Report) -> bool {
        let selection = self.selection(report.start());
        let selected = || report.connections.iter().filter(|connection| selection.matches(connection));
        self.expect.is_some_and(|expected| selected().count() != expected)
            || self.fail_on.iter().any(|failure| match *failure {
                Failure::Abnormal => selected().any(|connection| connection.is_abnormal()),
                Failure::Code(code) => selected().any(|connection| connection.code() == Some(code)),
                Failure::Nothing => selected().next().is_none(),
                Failure::Unread => !report.read.complete,
            })
    }
}
