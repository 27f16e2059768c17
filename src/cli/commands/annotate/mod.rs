//! `whyclosed annotate`: a whole capture with the verdicts as comments on its packets, for Wireshark.

mod profile;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use whyclosed::capture::pcapng::{Relay, Writer};
use whyclosed::capture::{self, Copied};
use whyclosed::catalog::Language;
use whyclosed::error::Error;
use whyclosed::report::phrase::{counted, word};
use whyclosed::report::{Collected, Collection, Material, Pending, Report, redact};
use whyclosed::slice::{self, Annotations, Comments, Located, Origin, Survey, Wanted};

use self::profile::Profile;
use super::exit_code;
use super::prepared::{Analysed, analysed, changes, file, left_out, size, survey};
use crate::exit;
use crate::keys::KeyArgs;
use crate::locale::TextArgs;
use crate::output;
use crate::sandbox::Allowed;
use crate::sandboxing::Explained;

/// Copy a whole capture, with comments at the packets that explain why connections ended, for Wireshark.
///
/// Of one pcapng file, everything else stays as it is, TLS keys included. Other captures become pcapng; several are merged by
/// time, and their connections have the numbers of `whyclosed --merge`.
#[derive(Debug, Args)]
pub struct Annotate {
    /// Capture files or directories. They are read several times, so none of them may be a pipe.
    #[arg(required = true, value_name = "CAPTURE", value_parser = file)]
    captures: Vec<PathBuf>,

    /// Also write a Wireshark profile to the folder DIR: a column for the comments, colours, and a filter button for each
    /// cause.
    #[arg(long, value_name = "DIR")]
    profile: Option<PathBuf>,

    /// Replace secrets in payloads as `slice --redact` does, and keep only the headers of other packets.
    #[arg(long)]
    redact: bool,

    /// Write the annotated capture to FILE, whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    keylogs: KeyArgs,

    #[command(flatten)]
    sandboxing: Explained,

    #[command(flatten)]
    texts: TextArgs,
}

impl Annotate {
    /// Reads the captures, judges the connections, and copies all packets.
    pub fn run(&self) -> Result<exit::Code, Error> {
        let others = [self.keylogs.files(), &self.texts.files()?].concat();
        let profile = self.profile.as_deref().map(Profile::create).transpose()?;
        let files = profile.as_ref().map(Profile::files).unwrap_or_default();
        let outputs: Vec<_> = files.iter().chain([&self.output]).map(|path| Some(&**path)).collect();
        output::check((&self.captures, false), &others, &outputs)?;
        let language = self.texts.language();
        let registries = self.texts.registries(None)?;
        let allowed = Allowed::default().captures(&self.captures, false).files(self.keylogs.files());
        let allowed = outputs.iter().fold(allowed, |allowed, output| allowed.output(*output));
        // No file can be created inside the sandbox.
        let collection = Collection::prepared(redact::Secrets::default());
        self.sandboxing.enter(&if self.redact { allowed.temporary_files() } else { allowed }, language);
        let faults = capture::find(&self.captures, false).faults;

        let Analysed { collection, located, captures } =
            analysed(&self.captures, &self.keylogs, collection, self.redact)?;
        let Collected { facts, secrets, outside, unanswered } = collection.finish();
        let (inside, seen) = (facts.iter(), outside.iter());
        let origins: Vec<_> =
            inside.map(|facts| Origin::new(&facts)).chain(seen.map(|facts| Origin::new(facts))).collect();
        let secrets = Some(secrets);
        let material = Material { captures, facts, secrets, outside, unanswered, registries, ..Material::default() };
        let pending = Pending::new(material, language);
        let spill = pending.spill();
        let (mut annotations, mut causes) = (Annotations::default(), profile::Causes::default());
        let report = pending.for_each(|connection| {
            annotations.add(&connection, language);
            causes.add(connection.verdict.rule);
        });
        for connection in &report.encrypted {
            annotations.add_encrypted(connection, language);
            causes.add(connection.verdict.rule);
        }
        let unmarked = annotations.unmarked();
        let comments = annotations.into_comments();
        let annotated = Annotated { command: self, report: &report, connections: origins.len(), language };
        let mut said = match located {
            Some(located) => annotated.write_redacted(origins, comments, located)?,
            None => annotated.write(&comments)?,
        };
        if unmarked > 0 {
            said.push(counted("annotated_unmarked", unmarked, &[], language));
        }
        said.iter().for_each(|sentence| output::print_remark(sentence));
        if let Some(profile) = profile {
            profile.write(&causes, language)?;
        }
        let faults: Vec<_> = faults.into_iter().chain(spill.take_error()).collect();
        Ok(exit_code(false, &faults))
    }
}

/// A capture that has been judged.
struct Annotated<'a> {
    command: &'a Annotate,
    report: &'a Report,
    connections: usize,
    language: Language,
}

impl Annotated<'_> {
    /// Copies all packets as they are. Returns what is to be said of it.
    fn write(&self, comments: &Comments) -> Result<Vec<String>, Error> {
        let Self { command: Annotate { captures, output, .. }, language, .. } = *self;
        let heading = self.heading(&Survey::default());
        let mut copied = Copied::default();
        output::to_file(output, |out| {
            copied =
                capture::copy(captures, &heading, &|packet| comments.on(packet), out).map_err(io::Error::other)??;
            Ok(())
        })?;
        let written = size(output, self.connections, (copied.packets, copied.bytes), language);
        let unplaced = Some(copied.unplaced).filter(|count| *count > 0);
        let unplaced = unplaced.map(|count| counted("annotated_unplaced", count, &[], language));
        Ok([written].into_iter().chain(unplaced).collect())
    }

    /// Copies all packets without secrets. Returns what is to be said of it.
    fn write_redacted(&self, origins: Vec<Origin>, comments: Comments, located: Located) -> Result<Vec<String>, Error> {
        let Self { command: Annotate { captures, output, .. }, language, .. } = *self;
        let mut wanted = Wanted::default();
        origins.into_iter().for_each(|origin| wanted.add(origin));
        wanted.annotate(comments);
        let mut survey = survey(captures, Survey::new(&wanted, Some(located)), &wanted)?;
        survey.finish(&wanted).map_err(output::unspooled)?;
        let lost = left_out(&survey, language);
        let heading = [vec![self.heading(&survey), word("annotated_others", &[], language)], lost.clone()].concat();
        let mut source = capture::open(captures)?;
        let mut written = (0, 0);
        output::to_file(output, |out: &mut dyn Write| {
            let mut out = Relay::new(Writer::commented(out, &heading.join(" "))?);
            let packets = slice::cut(&mut *source, &wanted, &mut survey, slice::Scope::All, &mut out);
            written = (packets.map_err(io::Error::other)??, out.written());
            Ok(())
        })?;
        Ok([size(output, self.connections, written, language)].into_iter().chain(lost).collect())
    }

    /// Returns the comment on the whole capture.
    fn heading(&self, survey: &Survey) -> String {
        let connections = counted("annotated_connections", self.connections as u64, &[], self.language);
        let values = [("program", &*self.report.generator), ("connections", &*connections)];
        format!("{} {}", word("annotated_section", &values, self.language), changes(survey, self.language))
    }
}
