//! Options of every command that writes text: its language, and the files that define a team's own close codes.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use whyclosed::catalog::{Language, Registries, Registry};
use whyclosed::error::Error;

use crate::config;
use crate::warning::warn;

/// The language of the output, and the registries of close codes.
#[derive(Clone, Debug, Default, Args)]
pub struct TextArgs {
    #[command(flatten)]
    locale: LocaleArgs,

    /// Read definitions of your own close codes from a TOML file, see `whyclosed codes --template` (repeatable).
    ///
    /// The files of `$XDG_CONFIG_HOME/whyclosed/codes.d/` are read as well.
    #[arg(long, value_name = "FILE")]
    codes: Vec<PathBuf>,
}

/// The language of the output.
#[derive(Clone, Debug, Default, Args)]
pub struct LocaleArgs {
    /// Language of the report: en, es, fr, id, th or vi (default: your locale's language, or English).
    #[arg(long, value_name = "LANG", value_parser = languages(), hide_possible_values = true)]
    lang: Option<Language>,
}

/// The variables in which POSIX looks for the language of messages, in this order.
const LOCALES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

impl LocaleArgs {
    /// Returns the language to write in.
    pub fn language(&self) -> Language {
        // The first one that is set decides, even if its language is not supported.
        let locale = || LOCALES.iter().filter_map(|name| std::env::var(name).ok()).find(|locale| !locale.is_empty());
        self.lang.or_else(|| Language::of_locale(&locale()?)).unwrap_or_default()
    }
}

impl TextArgs {
    /// Returns the language to write in.
    pub fn language(&self) -> Language {
        self.locale.language()
    }

    /// Returns the files that codes are read from: those given, and those of the user's configuration.
    pub fn files(&self) -> Result<Vec<PathBuf>, Error> {
        Ok(self.codes.iter().cloned().chain(configured()?).collect())
    }

    /// Reads the registries to name codes by. Prints a warning for a file of the user's configuration that has a fault, and does
    /// without it. Fails if that is the `needed` registry, and for a file that was given.
    pub fn registries(&self, needed: Option<&str>) -> Result<Registries, Error> {
        let mut own = self.codes.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
        for path in configured()? {
            match read(&path) {
                Ok(registry) => own.push(registry),
                Err(fault) if needed.is_some_and(|needed| id_of(&path).eq_ignore_ascii_case(needed)) => {
                    return Err(fault);
                }
                Err(fault) => warn(&fault),
            }
        }
        Ok(Registries::new(own))
    }
}

fn languages() -> impl TypedValueParser<Value = Language> {
    let codes = Language::ALL.map(Language::code);
    PossibleValuesParser::new(codes).map(|code| Language::of_locale(&code).unwrap_or_default())
}

/// Returns the files of the user's configuration, sorted by name. Returns none if the folder cannot be read.
fn configured() -> Result<Vec<PathBuf>, Error> {
    let Some(folder) = config::folder().map(|folder| folder.join("codes.d")) else { return Ok(Vec::new()) };
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|source| Error::Open { path: folder, source })?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

/// Returns the id of the registry in a file, unless it has one of its own.
fn id_of(path: &Path) -> Cow<'_, str> {
    path.file_stem().unwrap_or_default().to_string_lossy()
}

fn read(path: &Path) -> Result<Registry, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    Registry::parse(&text, &id_of(path))
        .map_err(|fault| Error::Codes { path: path.to_owned(), fault: fault.to_string() })
}
