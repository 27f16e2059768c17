//! The user's configuration, `config.toml`: values that options have if they are not given.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::ArgPredicate;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::word;

use crate::nearest::nearest;

/// An option that the configuration may set, under the name that it has on the command line.
#[derive(Debug)]
struct Key {
    name: &'static str,
    /// True if it takes a list, too.
    is_list: bool,
    /// The environment variables that say the same for one run, and win.
    environment: &'static [&'static str],
}

impl Key {
    const fn one(name: &'static str) -> Self {
        Self { name, is_list: false, environment: &[] }
    }

    const fn list(name: &'static str) -> Self {
        Self { is_list: true, ..Self::one(name) }
    }

    const fn unless(self, environment: &'static [&'static str]) -> Self {
        Self { environment, ..self }
    }
}

/// The options, in alphabetical order.
const KEYS: [Key; 8] = [
    Key::one("color").unless(&["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"]),
    Key::one("flavor"),
    Key::one("format"),
    Key::list("interface"),
    // The other variables of the locale are always set, so they are only asked where nothing is configured.
    Key::one("lang").unless(&["LC_ALL"]),
    Key::one("threads"),
    Key::one("time"),
    Key::list("wss"),
];

/// The option that marks a command which writes reports, the only ones for which `format` is meant.
const OF_REPORTS: &str = "flavor";

/// A configuration file that was read.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    /// The values of the options that it sets.
    defaults: Vec<(&'static Key, Vec<String>)>,
}

/// Returns the folder of this program below the folder of the user's configuration, whether or not it exists; `None` if the
/// user has no home. A relative `XDG_CONFIG_HOME` is ignored, as its specification demands; otherwise whoever made the current
/// folder could set options.
pub fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let given = set("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let folder = given.or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("whyclosed"))
}

/// Returns whether the configuration may set options of the command that was parsed.
pub fn concerns(matches: &ArgMatches) -> bool {
    KEYS.iter().any(|key| matches.try_contains_id(key.name).is_ok())
}

impl Config {
    /// Reads the user's configuration for a command line. Returns `None` if there is no file, or none that this user may read.
    /// Fails with the first fault in it.
    pub fn read(command: &Command) -> Result<Option<Self>, Error> {
        let Some(path) = folder().map(|folder| folder.join("config.toml")) else { return Ok(None) };
        match std::fs::read_to_string(&path) {
            Ok(text) => match parse(&text, command) {
                Ok(defaults) => Ok(Some(Self { path, defaults })),
                Err(fault) => Err(fault.of(&path, &text)),
            },
            Err(source) => match source.kind() {
                // With `su` or `sudo -u`, HOME may be that of somebody else, whose configuration is of no concern.
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => Ok(None),
                _ => Err(Error::Open { path, source }),
            },
        }
    }

    /// Prints on standard error that the configuration was read.
    #[expect(clippy::print_stderr, reason = "it is not part of the report")]
    pub fn tell(&self, language: Language) {
        let values = [("path", &*self.path.display().to_string())];
        eprintln!("{}", sanitized(&word("configuration_read", &values, language)));
    }

    /// Returns the command line with the values of the configuration as defaults.
    pub fn apply(&self, command: Command) -> Command {
        let command = command.mut_subcommands(|subcommand| self.apply(subcommand));
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let defaults = self.defaults.iter().filter(|(key, _)| !key.environment.iter().any(is_set));
        defaults.fold(command, |command, (key, values)| {
            let has = |name: &str| command.get_arguments().any(|argument| argument.get_id() == name);
            match key.name {
                "format" if !has(OF_REPORTS) => command,
                "format" => command.mut_arg(key.name, |option| {
                    let format = values.concat();
                    // A file has the format that its name says.
                    option
                        .default_value_if("output", ArgPredicate::Equals("-".into()), &format)
                        .default_value_if("output", ArgPredicate::IsPresent, None)
                        .default_value(format)
                }),
                name if has(name) => command.mut_arg(name, |argument| argument.default_values(values)),
                _ => command,
            }
        })
    }
}

/// A fault in the text of a configuration.
struct Fault {
    /// The offset in the text.
    at: usize,
    message: String,
}

impl Fault {
    /// Returns the error for the file at `path` with this `text`.
    fn of(self, path: &Path, text: &str) -> Error {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        Error::Config { path: path.to_owned(), line, fault: self.message }
    }
}

/// Returns the values of the options that a text sets.
fn parse(text: &str, command: &Command) -> Result<Vec<(&'static Key, Vec<String>)>, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let message = error.message().lines().map(Cow::from).collect::<Vec<_>>().join(" ");
        Fault { at: error.span().map_or(0, |span| span.start), message }
    })?;
    let mut set: Vec<_> = table.get_ref().iter().collect();
    set.sort_by_key(|(name, _)| name.span().start);
    let value = |(name, value)| {
        let name: &Spanned<Cow<'_, str>> = name;
        let key = KEYS.iter().find(|key| key.name == name.get_ref()).ok_or_else(|| unknown(name))?;
        Ok((key, values(key, value, command)?))
    };
    set.into_iter().map(value).collect()
}

fn unknown(name: &Spanned<Cow<'_, str>>) -> Fault {
    let names = || KEYS.iter().map(|key| key.name);
    let similar = nearest(name.get_ref(), names()).map(|name| format!("; did you mean `{name}`?"));
    let all = || format!("; these can be: {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    let message = format!("`{}` is not an option that can be set here{}", name.get_ref(), similar.unwrap_or_else(all));
    Fault { at: name.span().start, message }
}

/// Returns the values of an option, each as the command line takes it.
fn values(key: &Key, value: &Spanned<DeValue<'_>>, command: &Command) -> Result<Vec<String>, Fault> {
    let fault = |value: &Spanned<DeValue<'_>>, message: String| Fault { at: value.span().start, message };
    let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => check(key, text, command).map_err(|message| fault(value, message)),
        DeValue::Integer(number) => check(key, number.as_str(), command).map_err(|message| fault(value, message)),
        other => Err(fault(value, format!("`{}` cannot be {}", key.name, described(other)))),
    };
    match value.get_ref() {
        DeValue::Array(all) if key.is_list => all.iter().map(one).collect(),
        _ => Ok(vec![one(value)?]),
    }
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Boolean(_) => "true or false",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => "a number",
    }
}

/// Returns a value that the command line takes for an option, or what is wrong with it.
fn check(key: &Key, value: &str, command: &Command) -> Result<String, String> {
    let Some(option) = option(key.name, command) else { return Ok(value.to_owned()) };
    let parser = option.get_value_parser().clone();
    let argument = Arg::new(key.name).value_parser(parser).action(ArgAction::Set);
    let parsed = Command::new("config").no_binary_name(true).arg(argument).try_get_matches_from(["--", value]);
    parsed.map(|_| value.to_owned()).map_err(|error| {
        let wrong = format!("`{}` cannot be `{value}`", key.name);
        let context = |kind| error.get(kind);
        match (error.kind(), context(ContextKind::ValidValue), context(ContextKind::SuggestedValue)) {
            (_, _, Some(ContextValue::String(similar))) => format!("{wrong}; did you mean `{similar}`?"),
            (ErrorKind::InvalidValue, Some(ContextValue::Strings(valid)), _) => {
                let valid: Vec<_> = valid.iter().map(|value| format!("`{value}`")).collect();
                format!("{wrong}; it can be {}", valid.join(", "))
            }
            _ => match std::error::Error::source(&error) {
                Some(source) => format!("{wrong}: {source}"),
                None => wrong,
            },
        }
    })
}

/// Returns the option of this name of the first command that has one.
fn option<'c>(name: &str, command: &'c Command) -> Option<&'c Arg> {
    let own = command.get_arguments().find(|argument| argument.get_id() == name);
    own.or_else(|| command.get_subcommands().find_map(|subcommand| option(name, subcommand)))
}
