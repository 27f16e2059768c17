//! `whyclosed verify-redaction`: the secrets of a capture that are still in a report or a slice of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use whyclosed::analyzer::Analyzer;
use whyclosed::capture;
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::limits;
use whyclosed::render::sanitized;
use whyclosed::report::phrase::{counted, pair, word};
use whyclosed::sink::Sink;
use whyclosed::slice::leaks::{Form, Gathering, LEAST, Leak, Secrets};
use whyclosed::slice::{Locating, Origin, Read, Remember, Survey, Wanted};

use super::prepared::{located, survey};
use super::unpacked;
use crate::exit;
use crate::locale::TextArgs;
use crate::output::{self, Spool};
use crate::sandbox::Allowed;
use crate::sandboxing::Explained;

/// List the secrets of a capture that are still in a report or slice made from it; exit with 1 if there are any.
#[derive(Debug, Args)]
pub struct VerifyRedaction {
    /// The report, slice or bundle to check.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The capture that it was made from.
    #[arg(long, required = true, value_name = "CAPTURE")]
    against: Vec<PathBuf>,

    #[command(flatten)]
    sandboxing: Explained,

    #[command(flatten)]
    texts: TextArgs,
}

/// The first bytes of a ZIP file (APPNOTE.TXT §4.3.7).
const ZIP: &[u8] = b"PK\x03\x04";

/// Characters of a secret that are printed: enough to find it, too few to reveal it.
const SHOWN: usize = 3;

/// The parts of the input that were not searched, and the values that were not searched for.
#[derive(Clone, Copy, Debug, Default)]
struct Unseen {
    /// Connections that are known only in part.
    lacking: u64,
    /// Messages that are too large.
    unread: u64,
    /// Connections of HTTP/2 in the clear.
    http2: u64,
    /// Set if there are more values than can be searched for.
    values: bool,
}

impl VerifyRedaction {
    /// Searches the file, and prints the leaks.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let language = self.texts.language();
        let captures = Allowed::default().captures(&self.against, false).files(std::slice::from_ref(&self.file));
        self.sandboxing.enter(&captures.temporary_files(), language);
        // Gathering secrets takes long: a mistyped name must not wait for it.
        let file = File::open(&self.file).map_err(|source| Error::Open { path: self.file.clone(), source })?;
        let mut unseen = Unseen::default();
        let secrets = secrets(&self.against, &mut unseen)?;
        let (mut lines, mut leaked) = (Vec::new(), BTreeSet::new());
        self.readable(file, |entry, output| {
            for leak in leaks(&secrets, output, &mut unseen)? {
                let line = line(&leak, language);
                lines.push(if entry.is_empty() { line } else { pair(&sanitized(entry), &line, language) });
                if leak.is_sure {
                    leaked.insert(leak.value);
                }
            }
            Ok(())
        })?;
        let (all, short) = secrets.counts();
        let unseen = unseen.sentences(language);
        output::to_stdout(|out| {
            lines.iter().chain(&unseen).try_for_each(|line| writeln!(out, "{line}"))?;
            let name = if leaked.is_empty() { "leaks_none" } else { "leaks" };
            let values = [
                ("count", &*leaked.len().to_string()),
                ("all", &all.to_string()),
                ("short", &short.to_string()),
                ("least", &LEAST.to_string()),
            ];
            writeln!(out, "{}", word(name, &values, language))
        })?;
        Ok(match (leaked.is_empty(), unseen.is_empty()) {
            (false, _) => exit::MATCHED,
            (true, false) => exit::ERROR,
            (true, true) => exit::SUCCESS,
        })
    }

    /// Calls `look` with the file; for a ZIP file, with the name and the bytes of each entry, under the entry's name.
    fn readable(
        &self,
        mut file: File,
        mut look: impl FnMut(&str, Output<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut magic = [0; ZIP.len()];
        let begun = file.read(&mut magic).map_err(|source| Error::Open { path: self.file.clone(), source })?;
        if magic.get(..begun) != Some(ZIP) {
            return look("", Output::File(&self.file));
        }
        unpacked::entries(&self.file, file, |name, path| {
            look(name, Output::Name(name))?;
            look(name, Output::File(path))
        })
    }
}

/// A text that may contain a secret.
#[derive(Clone, Copy, Debug)]
enum Output<'o> {
    Name(&'o str),
    File(&'o Path),
}

impl Unseen {
    /// Returns a sentence for each kind.
    fn sentences(self, language: Language) -> Vec<String> {
        let counts = [("leaks_lacking", self.lacking), ("leaks_unread", self.unread), ("leaks_http2", self.http2)];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let sentences = counts.map(|(name, count)| counted(name, count, &[], language));
        sentences.chain(self.values.then(|| word("leaks_unsought", &[], language))).collect()
    }
}

/// Gathers the secrets of a capture.
fn secrets(captures: &[PathBuf], unseen: &mut Unseen) -> Result<Secrets, Error> {
    // Both closures add values to it, never at the same time.
    let gathering = RefCell::new(Gathering::default());
    let mut found = |kind, value: &[u8]| gathering.borrow_mut().found(kind, value);
    read(captures, Some(&mut found), &mut |line| gathering.borrow_mut().plain(line), unseen)?;
    let secrets = gathering.into_inner().finish();
    unseen.values = !secrets.is_complete();
    Ok(secrets)
}

/// Returns the secrets that occur in an output: in its bytes and, if it is a capture, in the contents of its streams.
fn leaks(secrets: &Secrets, output: Output<'_>, unseen: &mut Unseen) -> Result<Vec<Leak>, Error> {
    let mut search = secrets.search();
    match output {
        Output::Name(name) => search.push(name.as_bytes()),
        Output::File(path) => {
            let failed = |source| Error::Open { path: path.to_owned(), source };
            let mut file = BufReader::with_capacity(limits::READ_BUFFER, File::open(path).map_err(failed)?);
            loop {
                let bytes = file.fill_buf().map_err(failed)?;
                if bytes.is_empty() {
                    break;
                }
                search.push(bytes);
                let read = bytes.len();
                file.consume(read);
            }
            let path = path.to_owned();
            let mut line = |line: &[u8]| [line, b"\n"].into_iter().for_each(|part| search.push(part));
            match read(std::slice::from_ref(&path), None, &mut line, unseen) {
                Ok(()) | Err(Error::NotACapture { .. } | Error::Empty { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(search.finish())
}

/// A sink that wants every connection.
#[derive(Default)]
struct All(Wanted);

impl Sink for All {
    fn connection(&mut self, facts: Box<Facts>) {
        self.0.add(Origin::new(&facts));
    }
}

/// Reads the streams of every connection of a capture.
fn read(
    captures: &[PathBuf],
    remember: Option<&mut Remember<'_>>,
    read: &mut Read<'_>,
    unseen: &mut Unseen,
) -> Result<(), Error> {
    let mut source = capture::open(captures)?;
    let mut analyzer = Analyzer::default();
    let mut sink = Locating::new(All::default(), Spool::new());
    analyzer.read(&mut *source, &mut sink, |_| {})?;
    drop(analyzer);
    let (All(wanted), written) = sink.finish();
    let mut survey = survey(captures, Survey::new(&wanted, Some(located(written)?)), &wanted)?;
    survey.read(&wanted, remember, read).map_err(output::unspooled)?;
    if let Some(redaction) = survey.redaction() {
        unseen.lacking += redaction.lacking();
        unseen.unread += redaction.losses().unread;
        unseen.http2 += redaction.unread_http2();
    }
    Ok(())
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
        ("begins", &*sanitized(&begins)),
        ("bytes", &*leak.value.len().to_string()),
        ("form", &*word(form, &[], language)),
    ];
    let line = counted("leak", leak.count as u64, &values, language);
    if leak.is_sure { line } else { pair(&word("leak_unsure", &[], language), &line, language) }
}
