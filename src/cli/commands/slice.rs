//! `whyclosed slice`: the packets of a few connections, to be attached to a ticket.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use whyclosed::capture;
use whyclosed::catalog::{Language, Registries};
use whyclosed::error::Error;
use whyclosed::facts::Facts;
use whyclosed::report::selection::Selection;
use whyclosed::report::{Collected, Collection, Material, Pending, Report, redact};
use whyclosed::slice::{Located, Origin, Verdicts, Wanted};

use super::exit_code;
use super::included::Number;
use super::prepared::{Analysed, How, Prepared, analysed, file};
use crate::exit;
use crate::keys::KeyArgs;
use crate::locale::TextArgs;
use crate::output;
use crate::sandbox::Allowed;
use crate::sandboxing::Explained;
use crate::selecting::Selecting;

/// Copy the packets of some connections to a new capture, with comments at the packets that explain the end.
///
/// A connection is copied if it matches all of the options that select connections, as in reports, and --abnormal if that is
/// given. At least one of them has to be.
#[derive(Debug, Args)]
pub struct Slice {
    /// Capture files or directories; several are merged by time. They are read several times, so none of them may be a pipe.
    #[arg(required = true, value_name = "CAPTURE", value_parser = file)]
    captures: Vec<PathBuf>,

    #[command(flatten)]
    selecting: Selecting,

    /// Number the connections of several captures as `whyclosed --merge` does. Needed for --connection, unless the files are
    /// those of one rotated set.
    #[arg(long)]
    merge: bool,

    /// Take only connections that did not end normally.
    #[arg(long)]
    abnormal: bool,

    /// Also copy the other leg of each connection through a proxy (the one with the same Sec-WebSocket-Key).
    #[arg(long)]
    with_legs: bool,

    /// Replace secrets in payloads; lengths, masks, opcodes and close codes are kept.
    #[arg(long)]
    redact: bool,

    /// Keep the keys of these connections' TLS sessions (Decryption Secrets Blocks): anyone with the slice can decrypt them.
    #[arg(long, conflicts_with = "redact")]
    with_keys: bool,

    /// Write the slice to FILE, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    keylogs: KeyArgs,

    #[command(flatten)]
    sandboxing: Explained,

    #[command(flatten)]
    texts: TextArgs,
}

impl Slice {
    /// Reads the captures, chooses connections, and copies their packets.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let selection = self.selecting.selection(true);
        if !selection.is_narrow() && !self.abnormal {
            return Err(Error::NoSelection);
        }
        let others = [self.keylogs.files(), &self.texts.files()?].concat();
        output::check((&self.captures, false), &others, &[Some(&self.output)])?;
        let language = self.texts.language();
        let registries = self.texts.registries(None)?;
        let allowed = Allowed::default().captures(&self.captures, false).files(self.keylogs.files());
        let allowed = allowed.output(Some(&self.output));
        // No file can be created inside the sandbox.
        let collection = Collection::prepared(redact::Secrets::default());
        self.sandboxing.enter(&if self.redact { allowed.temporary_files() } else { allowed }, language);
        let (said, faults) = self.write(&selection, collection, (registries, language))?;
        said.iter().for_each(|sentence| output::print_remark(sentence));
        Ok(exit_code(false, &faults))
    }

    /// Returns the command that copies one connection of a capture, by its number in it. It may only be [written](Self::write).
    #[cfg(feature = "view")]
    pub(super) fn of(
        captures: Vec<PathBuf>,
        id: usize,
        redact: bool,
        output: PathBuf,
        given: (KeyArgs, TextArgs),
    ) -> Self {
        let (keylogs, texts) = given;
        Self {
            captures,
            selecting: Selecting::only(id),
            merge: true,
            abnormal: false,
            with_legs: false,
            redact,
            with_keys: false,
            output,
            keylogs,
            sandboxing: Explained::default(),
            texts,
        }
    }

    /// Writes the connections of a capture that were asked for.
    #[cfg(feature = "view")]
    pub(super) fn write_only(&self, registries: Registries) -> Result<(Vec<String>, Vec<Error>), Error> {
        let collection = Collection::prepared(redact::Secrets::default());
        self.write(&self.selecting.selection(true), collection, (registries, self.texts.language()))
    }

    /// Writes the slice. Returns what is to be said of it, and the faults on the way.
    fn write(
        &self,
        selection: &Selection,
        collection: Collection,
        (registries, language): (Registries, Language),
    ) -> Result<(Vec<String>, Vec<Error>), Error> {
        let mut inputs = capture::find(&self.captures, false);
        // Of files in directories: one that is named ends the command.
        let mut faults = std::mem::take(&mut inputs.faults);
        let Reading { pending, origins, located } =
            self.read(&inputs.into_sets(), collection, (registries, language))?;
        let spill = pending.spill();
        let Chosen { report, numbers, mut wanted, verdicts } = self.wanted(selection, pending, origins, language)?;
        let with_keys = self.with_keys.then(|| self.keylogs.files());
        let how = How { redact: self.redact, with_keys, language };
        let mut slice = Prepared::new(&self.captures, (&report, &numbers), (&mut wanted, verdicts), located, how)?;
        output::to_file(&self.output, |out| slice.write(out))?;
        let said = [slice.size(&self.output, language)].into_iter().chain(slice.losses(language)).collect();
        faults.extend(spill.take_error());
        Ok((said, faults))
    }

    /// Reads the captures as one. Fails if connections are asked for by their numbers, which would be others in a report,
    /// because that reads these `sets` of files as several captures.
    fn read(
        &self,
        sets: &[Vec<PathBuf>],
        collection: Collection,
        (registries, language): (Registries, Language),
    ) -> Result<Reading, Error> {
        let Analysed { collection, located, captures } =
            analysed(&self.captures, &self.keylogs, collection, self.redact)?;
        let is_one = matches!(sets, [one] if capture::confirmed(one, &captures).len() == 1);
        if !self.selecting.selection(true).ids.is_empty() && !self.merge && !is_one {
            return Err(Error::SeveralCaptures);
        }
        let Collected { facts, secrets, unanswered, .. } = collection.finish();
        let key = |facts: &Facts| facts.handshake.request.as_ref()?.key.clone();
        let key = |facts: &Facts| self.with_legs.then(|| key(facts)).flatten();
        let origins = facts.iter().map(|facts| (Origin::new(&facts), key(&facts))).collect();
        let secrets = Some(secrets);
        let material = Material { captures, facts, secrets, unanswered, registries, ..Material::default() };
        Ok(Reading { pending: Pending::new(material, language), origins, located })
    }

    /// Judges the connections, and chooses those that were asked for. Fails if one does not exist, or if none matches.
    fn wanted(
        &self,
        selection: &Selection,
        pending: Pending,
        origins: Vec<(Origin, Option<Box<str>>)>,
        language: Language,
    ) -> Result<Chosen, Error> {
        let (mut wanted, mut verdicts) = (Wanted::default(), Verdicts::default());
        let (mut numbers, mut chosen) = (Vec::new(), HashSet::new());
        let count = pending.count();
        let report = pending.for_each(|connection| {
            numbers.push(Number { of: connection.identity(), id: connection.id });
            if selection.matches(&connection) && (!self.abnormal || connection.is_abnormal()) {
                verdicts.add(&connection, language);
                chosen.insert(connection.identity());
            }
        });
        if let Some(id) = selection.absent(count).next() {
            return Err(Error::NoConnection { id, count });
        }
        if chosen.is_empty() {
            return Err(Error::NoMatch { count });
        }
        let is_chosen = |origin: &Origin| chosen.contains(&origin.id);
        let of_chosen = origins.iter().filter(|(origin, _)| is_chosen(origin));
        let of_chosen: HashSet<Box<str>> = of_chosen.filter_map(|(_, key)| key.clone()).collect();
        let is_leg = |key: &Option<Box<str>>| key.as_ref().is_some_and(|key| of_chosen.contains(key));
        let taken = origins.into_iter().filter(|(origin, key)| is_chosen(origin) || is_leg(key));
        taken.for_each(|(origin, _)| wanted.add(origin));
        Ok(Chosen { report, numbers, wanted, verdicts })
    }
}

/// A capture after reading.
struct Reading {
    /// Its connections, still to be judged.
    pending: Pending,
    /// The origin of each, and, if legs are asked for, its Sec-WebSocket-Key, which both legs of a proxy share.
    origins: Vec<(Origin, Option<Box<str>>)>,
    /// The positions of their frames, if payloads are to be redacted.
    located: Option<Located>,
}

/// The connections of a slice.
struct Chosen {
    /// The report without its connections, of which there may be a hundred thousand.
    report: Report,
    /// The numbers of all connections.
    numbers: Vec<Number>,
    /// Those that were asked for.
    wanted: Wanted,
    /// The verdicts on them.
    verdicts: Verdicts,
}
