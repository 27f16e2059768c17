//! A Wireshark profile that shows the comments: a folder with three files, in the forms of Wireshark 3.6 and later.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use whyclosed::catalog::Language;
use whyclosed::diagnose::{Confidence, RULES, Rule};
use whyclosed::error::Error;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::word;

use crate::output;

/// The first line of each file, by which a profile of an earlier run is recognised.
const MARK: &str = "# Written by whyclosed annotate --profile, which writes it anew each time.";

/// The files of a profile.
const NAMES: [&str; 3] = ["preferences", "colorfilters", "dfilter_buttons"];

/// The columns: a name, and what Wireshark shows in it. The last but one is that of the comments.
const COLUMNS: [(&str, &str); 6] =
    [("No.", "%m"), ("Time", "%t"), ("Source", "%s"), ("Destination", "%d"), ("Protocol", "%p"), ("Length", "%L")];

/// Colours as Wireshark writes them: red, green and blue of 16 bits each.
const BLACK: &str = "[4626,10023,11822]";
const GREEN: &str = "[56797,62965,56797]";
const RED: &str = "[65535,54484,54484]";
const YELLOW: &str = "[65535,63479,51143]";

/// The number of connections that ended for each cause.
#[derive(Debug, Default)]
pub struct Causes(Vec<(&'static Rule, u64)>);

impl Causes {
    /// Counts a connection.
    pub fn add(&mut self, rule: &'static Rule) {
        match self.0.iter_mut().find(|(known, _)| known.name == rule.name) {
            Some((_, count)) => *count += 1,
            None => self.0.push((rule, 1)),
        }
    }

    /// Returns the rules, the most frequent first.
    fn in_order(&self) -> Vec<&'static Rule> {
        let mut all = self.0.clone();
        all.sort_by_key(|(_, count)| Reverse(*count));
        all.into_iter().map(|(rule, _)| rule).collect()
    }
}

/// The folder of a profile.
#[derive(Debug)]
pub struct Profile {
    folder: PathBuf,
}

impl Profile {
    /// Creates the folder if it does not exist. Fails if it holds files of the same names that another program has written.
    pub fn create(folder: &Path) -> Result<Self, Error> {
        let profile = Self { folder: folder.to_owned() };
        fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
        for path in profile.files() {
            match fs::read(&path) {
                Ok(bytes) if !bytes.starts_with(MARK.as_bytes()) => return Err(Error::ForeignProfile { path }),
                _ => {}
            }
        }
        Ok(profile)
    }

    /// Returns the paths of its files.
    pub fn files(&self) -> Vec<PathBuf> {
        NAMES.iter().map(|name| self.folder.join(name)).collect()
    }

    /// Writes the files, with a button for each of these causes, and says so on standard error.
    #[expect(clippy::print_stderr, reason = "it is not part of the capture")]
    pub fn write(&self, causes: &Causes, language: Language) -> Result<(), Error> {
        let texts = [preferences(language), colours(), buttons(causes, language)];
        for (path, text) in self.files().iter().zip(texts) {
            output::to_file(path, |out| write!(out, "{MARK}\n{text}"))?;
        }
        let path = self.folder.display().to_string();
        eprintln!("{}", sanitized(&word("profile_written", &[("path", &path)], language)));
        Ok(())
    }
}

/// Returns the preferences: the columns.
fn preferences(language: Language) -> String {
    let comments = word("profile_column", &[], language);
    let [columns @ .., length] = COLUMNS.map(|(name, content)| (name, content));
    let comments = [(&*comments, "%Cus:frame.comment:0:R"), length, ("Info", "%i")];
    let columns: Vec<_> =
        columns.into_iter().chain(comments).map(|(name, content)| format!("\t\"{name}\", \"{content}\"")).collect();
    format!("gui.column.format:\n{}\n", columns.join(",\n"))
}

/// Returns the colour rules. The first one that matches a packet decides.
fn colours() -> String {
    let normal: Vec<_> = RULES.iter().filter(|rule| rule.is_normal).map(|rule| of(rule.name)).collect();
    let guesses = [Confidence::High, Confidence::Medium, Confidence::Low].map(with);
    let rules = [
        ("normal", normal.join(" or "), GREEN),
        ("certain", with(Confidence::Certain), RED),
        ("guess", guesses.join(" or "), YELLOW),
    ];
    rules.map(|(name, filter, colour)| format!("@whyclosed: {name}@{filter}@{colour}{BLACK}\n")).concat()
}

/// Returns the filter buttons: for all comments, and for each cause.
fn buttons(causes: &Causes, language: Language) -> String {
    let all = (word("profile_all", &[], language), "frame.comment matches \", (certain|high|medium|low)]\"".to_owned());
    let of_each = causes.in_order().into_iter().map(|rule| (rule.name.to_owned(), of(rule.name)));
    let line =
        |(label, filter): (String, String)| format!("\"TRUE\",\"{label}\",\"{}\",\"\"\n", filter.replace('"', "\\x22"));
    std::iter::once(all).chain(of_each).map(line).collect()
}

/// Returns a display filter for the packets with comments of a rule.
fn of(rule: &str) -> String {
    format!("frame.comment contains \"[{rule},\"")
}

/// Returns a display filter for the packets with comments of a confidence.
fn with(confidence: Confidence) -> String {
    format!("frame.comment contains \", {}]\"", confidence.name())
}
