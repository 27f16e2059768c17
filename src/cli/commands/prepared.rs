//! The parts that all commands share which copy packets, and a slice that is ready to be written.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use whyclosed::analyzer::Analyzer;
use whyclosed::capture::pcapng::{Relay, Writer};
use whyclosed::capture::{self, Source, Summary};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::report::phrase::{bytes_of, counted, first, number, word};
use whyclosed::report::{Collection, Report};
use whyclosed::slice::{Located, Locating, Scope, Survey, Verdicts, Wanted, cut, session_of};

use super::included::Number;
use crate::keys::{KeyArgs, lines};
use crate::output::{self, Spool, Spooled};

/// The most captures and connections that a slice's comment names; there may be thousands.
const CAPTURES: usize = 3;
const IDS: usize = 20;

/// Returns the positions of frames that a [`Locating`] has written.
pub fn located(written: io::Result<Spool>) -> Result<Located, Error> {
    let read = written.and_then(Spool::finish).and_then(Spooled::into_reader);
    read.map(Located::new).map_err(output::unspooled)
}

/// Parses the path of a capture that is read several times, so that it may not be a pipe.
pub fn file(path: &str) -> Result<PathBuf, String> {
    if path == "-" { Err("this needs files: it reads them several times".to_owned()) } else { Ok(path.into()) }
}

/// Captures that have been read as one.
pub struct Analysed {
    /// Its connections.
    pub collection: Collection,
    /// The positions of their frames, if payloads are to be redacted.
    pub located: Option<Located>,
    /// The captures.
    pub captures: Vec<Summary>,
}

/// Reads captures as one, with the keys of these key logs, into an empty collection; with `redact`, locates all frames.
pub fn analysed(
    paths: &[PathBuf],
    keylogs: &KeyArgs,
    mut collection: Collection,
    redact: bool,
) -> Result<Analysed, Error> {
    let mut source = capture::open(paths)?;
    let (mut keys, mut analyzer) = (keylogs.open()?, Analyzer::default());
    let (collection, located) = if redact {
        let mut sink = Locating::new(collection, Spool::new());
        keys.read_all(&mut analyzer, paths, &mut sink)?;
        analyzer.read(&mut *source, &mut sink, |_| {})?;
        let (collection, written) = sink.finish();
        (collection, Some(located(written)?))
    } else {
        keys.read_all(&mut analyzer, paths, &mut collection)?;
        analyzer.read(&mut *source, &mut collection, |_| {})?;
        (collection, None)
    };
    Ok(Analysed { collection, located, captures: source.summaries() })
}

/// The options of a slice.
#[derive(Clone, Copy, Debug)]
pub struct How<'k> {
    /// Whether secrets in payloads are replaced.
    pub redact: bool,
    /// If the keys of TLS sessions are included: the key logs in which they are, besides the captures.
    pub with_keys: Option<&'k [PathBuf]>,
    /// The language of the comments.
    pub language: Language,
}

/// A slice that is ready to be written: only its packets are still to be copied.
pub struct Prepared<'w> {
    source: Box<dyn Source + Send>,
    wanted: &'w Wanted,
    survey: Survey,
    keys: String,
    comment: String,
    /// The packets and bytes that were written.
    written: (u64, u64),
}

impl<'w> Prepared<'w> {
    /// Surveys the wanted connections in the captures, and comments on them with the verdicts. `report` comes with the
    /// numbers of its connections, because they may already have been dropped from it. Payloads are redacted if their
    /// frames are `located`.
    pub fn new(
        captures: &[PathBuf],
        report: (&Report, &[Number]),
        (wanted, mut verdicts): (&'w mut Wanted, Verdicts),
        located: Option<Located>,
        how: How<'_>,
    ) -> Result<Self, Error> {
        let mut survey = survey(captures, Survey::new(wanted, located).counting(verdicts.packets()), wanted)?;
        survey.finish(wanted).map_err(output::unspooled)?;
        verdicts.mark(&survey.numbering(wanted), how.language, wanted);
        let keys = how.with_keys.map(|logs| keys(captures, logs, &survey)).transpose()?;
        let (keys, sessions) = keys.unwrap_or_default();
        let mut comment = comment(report, wanted, how, &survey, sessions);
        if verdicts.unmarked() > 0 {
            comment = format!("{comment} {}", counted("slice_unmarked", verdicts.unmarked(), &[], how.language));
        }
        Ok(Self { source: capture::open(captures)?, wanted, survey, keys, comment, written: (0, 0) })
    }

    /// Says what was written.
    pub fn size(&self, path: &Path, language: Language) -> String {
        size(path, self.wanted.connections().len(), self.written, language)
    }

    /// Says what had to be left out, if anything: a sentence for each kind of loss.
    pub fn losses(&self, language: Language) -> Vec<String> {
        left_out(&self.survey, language)
    }

    /// Writes the slice. An error of the captures is wrapped in that of the output.
    pub fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = Relay::new(Writer::commented(out, &self.comment)?);
        if !self.keys.is_empty() {
            writer.key_log(&self.keys)?;
        }
        let packets = cut(&mut *self.source, self.wanted, &mut self.survey, Scope::Wanted, &mut writer);
        let packets = packets.map_err(io::Error::other)??;
        self.written = (packets, writer.written());
        Ok(())
    }
}

/// Says that a capture was written: its connections, packets and bytes.
pub fn size(path: &Path, connections: usize, (packets, bytes): (u64, u64), language: Language) -> String {
    let values = [
        ("path", &*path.display().to_string()),
        ("connections", &number(connections as u64, language)),
        ("packets", &number(packets, language)),
        ("bytes", &bytes_of(bytes, language)),
    ];
    word("slice_written", &values, language)
}

/// Reads the captures for everything that must be known of the wanted connections before they are copied.
pub fn survey(captures: &[PathBuf], mut survey: Survey, wanted: &Wanted) -> Result<Survey, Error> {
    let mut source = capture::open(captures)?;
    while source.advance()? {
        survey.push(&source.packet(), wanted);
    }
    Ok(survey)
}

/// Returns the lines of the captures' and other key logs that belong to surveyed sessions, and the number of these
/// sessions.
fn keys(captures: &[PathBuf], logs: &[PathBuf], survey: &Survey) -> Result<(String, usize), Error> {
    let (mut keys, mut sessions) = (String::new(), BTreeSet::new());
    let mut take = |line: &str| {
        if let Some(session) = session_of(line).filter(|session| survey.sessions().contains(session)) {
            keys.extend([line, "\n"]);
            sessions.insert(session);
        }
    };
    capture::key_log_lines(captures, &mut take)?;
    logs.iter().try_for_each(|log| lines(log, &mut take))?;
    Ok((keys, sessions.len()))
}

/// Returns a sentence for each kind of loss: what could not be kept of the connections.
pub fn left_out(survey: &Survey, language: Language) -> Vec<String> {
    let (mut counts, mut said) = (vec![("slice_left_out", survey.left_out())], Vec::new());
    if let Some(redaction) = survey.redaction() {
        counts.extend([("slice_lacking", redaction.lacking()), ("slice_unread", redaction.losses().unread)]);
        said.extend(redaction.hides_all().then(|| word("slice_hidden", &[], language)));
    }
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    said.extend(counts.map(|(name, count)| counted(name, count, &[], language)));
    said
}

/// Returns a sentence that says how payloads were changed.
pub fn changes(survey: &Survey, language: Language) -> String {
    let Some(redaction) = survey.redaction() else { return word("slice_unchanged", &[], language) };
    let losses = redaction.losses();
    let values = [("redacted", &*losses.redacted.to_string()), ("shortened", &*losses.shortened.to_string())];
    word("slice_redacted", &values, language)
}

/// Returns the comment on the slice as a whole.
fn comment(
    (report, numbers): (&Report, &[Number]),
    wanted: &Wanted,
    how: How<'_>,
    survey: &Survey,
    sessions: usize,
) -> String {
    let paths: Vec<_> = report.captures.iter().map(|capture| capture.path.clone()).collect();
    // A path may reveal the owner of the capture.
    let captures = if how.redact {
        counted("slice_captures", paths.len() as u64, &[], how.language)
    } else {
        first(paths, CAPTURES)
    };
    let taken: HashSet<_> = wanted.connections().iter().map(|origin| origin.id).collect();
    let ids = numbers.iter().filter(|number| taken.contains(&number.of)).map(|number| number.id.to_string());
    let values = [("program", report.generator.as_str()), ("captures", &*captures), ("ids", &first(ids, IDS))];
    let mut said = vec![word("slice_section", &values, how.language), changes(survey, how.language)];
    if sessions > 0 {
        said.push(counted("slice_keys", sessions as u64, &[], how.language));
    }
    said.extend(left_out(survey, how.language));
    said.join(" ")
}
