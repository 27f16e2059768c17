//! `whyclosed verify-redaction`: which secrets of a capture still stand in a report or a slice of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use whyclosed::capture::{self};
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::render::harmless;
use whyclosed::report::phrase::{pair, word};
use whyclosed::slice::leaks::{Form, LEAST, Leak, Secrets};
use whyclosed::slice::{Redaction, Survey, Wanted};

use super::MATCHED;
use super::slice::{read, survey};
use super::unpacked;
use crate::output;
use crate::sandbox::Allowed;
use crate::sandboxing::Sandboxing;
use crate::wording::Wording;

/// List the secrets of a capture that still stand in a report or a slice of it; exit with 1 if there are any.
#[derive(Debug, Args)]
pub struct VerifyRedaction {
    /// The report, slice or bundle to look through.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The capture that it was made of.
    #[arg(long, required = true, value_name = "CAPTURE")]
    against: Vec<PathBuf>,

    #[command(flatten)]
    sandboxing: Sandboxing,

    #[command(flatten)]
    wording: Wording,
}

/// How a ZIP file begins (APPNOTE.TXT §4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";

/// Characters of a secret that are printed, so that it can be found and not read.
const SHOWN: usize = 3;

impl VerifyRedaction {
    /// Looks, and tells.
    pub fn run(&self) -> Result<ExitCode, Error> {
        let language = self.wording.language();
        let captures = Allowed::default().captures(&self.against).captures(std::slice::from_ref(&self.file));
        self.sandboxing.enter(&captures.temporary_files());
        let original = streams(&self.against)?;
        let redaction = original.redaction();
        let found = redaction.map(Redaction::secrets).unwrap_or_default();
        let secrets = Secrets::new(found, redaction.map(Redaction::plain).unwrap_or_default());
        let (mut lines, mut leaked) = (Vec::new(), BTreeSet::new());
        self.readable(|entry, output| {
            for leak in secrets.leaks(output) {
                let line = line(&leak, language);
                lines.push(if entry.is_empty() { line } else { pair(&harmless(entry), &line, language) });
                if leak.is_sure {
                    leaked.insert(leak.value);
                }
            }
        })?;
        let (all, short) = secrets.counts();
        output::to_stdout(|out| {
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            let name = if leaked.is_empty() { "leaks_none" } else { "leaks" };
            let values = [
                ("count", &*leaked.len().to_string()),
                ("all", &all.to_string()),
                ("short", &short.to_string()),
                ("least", &LEAST.to_string()),
            ];
            writeln!(out, "{}", word(name, &values, language))
        })?;
        Ok(if leaked.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MATCHED) })
    }

    /// Gives what can be read of the file; of a ZIP file that of each entry, under its name.
    fn readable(&self, mut look: impl FnMut(&str, &[u8])) -> Result<(), Error> {
        let failed = |source| Error::Open { path: self.file.clone(), source };
        let mut file = File::open(&self.file).map_err(failed)?;
        let mut magic = [0; ZIP.len()];
        let begun = file.read(&mut magic).map_err(failed)?;
        if magic.get(..begun) != Some(ZIP) {
            look("", &all_of(&self.file)?);
            return Ok(());
        }
        unpacked::entries(&self.file, file, |name, path| {
            look(name, name.as_bytes());
            look(name, &all_of(path)?);
            Ok(())
        })
    }
}

/// What can be read of a file: its bytes, and if it is a capture what its streams hold.
fn all_of(path: &Path) -> Result<Vec<u8>, Error> {
    let path = path.to_owned();
    let mut bytes = std::fs::read(&path).map_err(|source| Error::Open { path: path.clone(), source })?;
    match capture::open(std::slice::from_ref(&path)) {
        Ok(_) => {
            let survey = streams(std::slice::from_ref(&path))?;
            bytes.extend_from_slice(survey.redaction().map(Redaction::plain).unwrap_or_default());
        }
        Err(Error::NotACapture { .. } | Error::Empty { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(bytes)
}

/// The streams of every connection of a capture.
fn streams(captures: &[PathBuf]) -> Result<Survey, Error> {
    let (_, origins) = read(captures, Registries::default(), Language::default())?;
    let mut wanted = Wanted::default();
    origins.into_iter().for_each(|origin| wanted.add(origin));
    survey(captures, &wanted, true)
}

fn line(leak: &Leak, language: Language) -> String {
    let text = String::from_utf8_lossy(&leak.value);
    let begins: String = text.chars().take(SHOWN).collect();
    let form = match leak.form {
        Form::Plain => "leak_plain",
        Form::Escaped => "leak_escaped",
        Form::Hexadecimal => "leak_hexadecimal",
        Form::Base64 => "leak_base64",
    };
    let values = [
        ("kind", leak.kind.name()),
        ("begins", &*harmless(&begins)),
        ("bytes", &*leak.value.len().to_string()),
        ("count", &*leak.count.to_string()),
        ("form", &*word(form, &[], language)),
    ];
    let line = word("leak", &values, language);
    if leak.is_sure { line } else { pair(&word("leak_unsure", &[], language), &line, language) }
}
