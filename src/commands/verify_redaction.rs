//! `whyclosed verify-redaction`: which secrets of a capture still stand in a report or a slice of it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use whyclosed::capture::{self};
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::report::phrase::word;
use whyclosed::slice::leaks::{Form, LEAST, Leak, leaks};
use whyclosed::slice::{Redaction, Wanted};

use super::MATCHED;
use super::slice::{gather, read};
use crate::output;
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
    wording: Wording,
}

/// Characters of a secret that are printed, so that it can be found and not read.
const SHOWN: usize = 3;

impl VerifyRedaction {
    /// Looks, and tells.
    pub fn run(&self) -> Result<ExitCode, Error> {
        let language = self.wording.language();
        let original = streams(&self.against)?;
        let output = self.readable()?;
        let (leaks, short) = leaks(original.secrets(), &output);
        output::to_stdout(|out| {
            for leak in &leaks {
                writeln!(out, "{}", line(leak, language))?;
            }
            let mut different: Vec<_> = original.secrets().iter().map(|(_, value)| value).collect();
            different.sort();
            different.dedup();
            let name = if leaks.is_empty() { "leaks_none" } else { "leaks" };
            let (all, short) = (different.len().to_string(), short.to_string());
            let values = [
                ("count", &*leaks.len().to_string()),
                ("all", &*all),
                ("short", &*short),
                ("least", &*LEAST.to_string()),
            ];
            writeln!(out, "{}", word(name, &values, language))
        })?;
        Ok(if leaks.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(MATCHED) })
    }

    /// What can be read of the file: its bytes, and if it is a capture what its streams hold.
    fn readable(&self) -> Result<Vec<u8>, Error> {
        let open = |source| Error::Open { path: self.file.clone(), source };
        let mut bytes = std::fs::read(&self.file).map_err(open)?;
        match capture::open(std::slice::from_ref(&self.file)) {
            Ok(_) => bytes.extend_from_slice(streams(std::slice::from_ref(&self.file))?.plain()),
            Err(Error::NotACapture { .. } | Error::Empty { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(bytes)
    }
}

/// The streams of every connection of a capture.
fn streams(captures: &[PathBuf]) -> Result<Redaction, Error> {
    let (_, origins) = read(captures, Registries::default(), Language::default())?;
    let mut wanted = Wanted::default();
    origins.into_iter().for_each(|origin| wanted.add(origin));
    gather(captures, &wanted)
}

fn line(leak: &Leak, language: Language) -> String {
    let text = String::from_utf8_lossy(&leak.value);
    let begins: String = text.chars().take(SHOWN).collect();
    let form = match leak.form {
        Form::Plain => "leak_plain",
        Form::Escaped => "leak_escaped",
        Form::Hexadecimal => "leak_hexadecimal",
    };
    let values = [
        ("kind", &*leak.kind.to_string()),
        ("begins", &*whyclosed::render::harmless(&begins)),
        ("bytes", &*leak.value.len().to_string()),
        ("count", &*leak.count.to_string()),
        ("form", &*word(form, &[], language)),
    ];
    word("leak", &values, language)
}
