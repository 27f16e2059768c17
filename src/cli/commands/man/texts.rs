//! The texts of manual pages that the definition of the command line does not contain.

/// A term and its description.
pub type Term = (&'static str, &'static str);

/// The exit codes of commands that write reports.
pub const FAILS: &[Term] = &[
    ("0", "The packets were analysed, and nothing that --fail-on or --expect names was found."),
    ("1", "--fail-on or --expect matched."),
    (
        "2",
        "An error: a mistake on the command line or in the configuration, a file that is unreadable or damaged, a connection that \
         does not exist. The report covers what could be read.",
    ),
];

/// The exit codes of `run`.
pub const RUNS: &[Term] = &[
    ("0 to 255", "That of the command; 128+N if signal N ended it."),
    ("0", "The command succeeded, and nothing that --fail-on or --expect names was found."),
    ("1", "The command succeeded, and --fail-on or --expect matched."),
    (
        "2",
        "A mistake on the command line or in the configuration, or no right to capture: the command was not started. Or the command \
         succeeded, and the capture or the report failed.",
    ),
    ("126", "The command cannot be run."),
    ("127", "The command is not found."),
];

/// The exit codes of `verify-redaction`.
pub const LEAKS: &[Term] = &[
    ("0", "No secret of the capture is in the file."),
    ("1", "There are secrets in it."),
    ("2", "An error, or a part of the files that could not be searched."),
];

/// The exit codes of the other commands.
pub const SUCCEEDS: &[Term] = &[("0", "Done."), ("2", "An error, which standard error names.")];

/// Environment variables.
pub const ENVIRONMENT: &[Term] = &[
    (
        "LC_ALL, LC_MESSAGES, LANG",
        "The language of the output, unless --lang is given: the first of them that is set decides. LC_ALL also wins over the \
         configuration, the other two do not.",
    ),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Whether a terminal gets colours, unless --color is given."),
    (
        "COLUMNS",
        "The width of reports in columns. Without it, reports are as wide as the terminal, or 100 columns where there is none.",
    ),
    ("XDG_CONFIG_HOME", "The folder of the configuration, ~/.config if it is not set."),
    (
        "SUDO_UID, SUDO_GID",
        "The user that whyclosed live and run drop to once the interfaces are open. The command of run runs as that user.",
    ),
    (
        "SSLKEYLOGFILE, NODE_OPTIONS",
        "Where programs and Node write their TLS keys. run sets them for its command, and reads a file that they name already.",
    ),
    (
        "TMPDIR",
        "The folder for temporary files: connections that wait for their report, parts of bundles, and what redacted slices need.",
    ),
];

/// Files.
pub const FILES: &[Term] = &[
    (
        "~/.config/whyclosed/config.toml",
        "Values for options that are not given, in TOML, under their names on the command line: color, flavor, format, interface \
         (of live), lang, threads, time and wss. The command line wins, and so do LC_ALL and the variables for colours. format is \
         that of reports on standard output; a file has the format that its name says. interface and wss may be lists. \
         An example: lang = \"fr\"",
    ),
    (
        "~/.config/whyclosed/codes.d/*.toml",
        "Your own close codes, as for --codes; whyclosed codes --template prints an example. A fault in one of them is a warning, \
         unless its registry was asked for.",
    ),
];
